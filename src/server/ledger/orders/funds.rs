//! Filling from what no other order holds.

use crate::{
    domain::{
        account::{Fill, Refusal},
        money::{Money, Price, Quantity},
        order::Side,
        orders::{
            costs::Commission,
            hold::{Hold, Holds},
        },
        ticker::Ticker,
    },
    server::ledger::Books,
};

/// A fill to be made, and the hold of its order.
#[derive(Debug, Clone, Copy)]
pub struct Own {
    pub side: Side,
    pub ticker: Ticker,
    pub quantity: Quantity,
    pub price: Price,
    pub commission: Money,
    pub held: Hold,
}

/// Decides a fill from cash and shares that other orders do not hold. A refusal names the cash and shares that are free for
/// it.
///
/// # Errors
/// When these do not suffice, or a sum outgrows its type.
pub fn fill_from_free(books: &Books, own: Own) -> Result<Fill, Refusal> {
    let Own { side, ticker, quantity, price, commission, held } = own;
    let fill = books.account.fill_with(side, ticker, quantity, price, commission)?;
    let holds = books.orders.holds();
    if *holds == Holds::default() {
        return Ok(fill);
    }
    let mut others = holds.clone();
    others.replace(ticker, held, Hold::default()).ok_or(Refusal::TooLarge)?;
    match side {
        Side::Buy if fill.cash_after < others.cash => {
            let cost = fill.notional.checked_add(commission).ok_or(Refusal::TooLarge)?;
            let available = books.account.cash.checked_sub(others.cash).unwrap_or(Money::ZERO).max(Money::ZERO);
            Err(Refusal::InsufficientCash { cost, available })
        }
        Side::Buy => Ok(fill),
        Side::Sell => {
            let shares = books.account.holdings.get(&ticker).map(|holding| holding.quantity);
            let free = others.free_shares(ticker, shares);
            if free.is_none_or(|free| free < quantity) {
                Err(Refusal::InsufficientShares { held: free })
            } else {
                Ok(fill)
            }
        }
    }
}

/// The commission of an order that is filled at once.
pub fn charge(commission: Commission, quantity: Quantity, price: Price) -> Option<Money> {
    commission.on(quantity, i128::from(quantity.millionths()) * i128::from(price.units()))
}
