//! The books: cash, holdings, and what a fill does to them.
//!
//! # The identity
//! After any sequence of fills, splits and dividends, to the cent:
//! `cash + Σ cost_basis = initial_deposit + flows + realized_pnl + income`.
//! A buy moves its notional from cash to cost basis. A sell takes the sold part of the cost basis out (rounded half to
//! even; all of it when all is sold), puts the notional into cash, and books the difference as realised. A split changes
//! quantities alone. A dividend goes to cash and to income alike, a deposit or withdrawal to cash and to flows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    corporate_action::SplitRatio,
    money::{InvalidQuantity, Money, Price, Quantity, Remainder},
    order::Side,
    ticker::Ticker,
};

/// The deposit that every account starts with: $10,000.00.
pub const INITIAL_DEPOSIT: Money = Money::from_cents(1_000_000);

/// The most tickers that can be held at a time.
pub const POSITIONS_MAX: usize = 500;

/// The shares held of one ticker, and their cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holding {
    pub quantity: Quantity,
    pub cost_basis: Money,
}

/// Cash, holdings, realised P&L and income, without any price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    pub cash: Money,
    pub initial_deposit: Money,
    /// Deposits less withdrawals since then.
    pub flows: Money,
    pub realized_pnl: Money,
    /// Dividends received.
    pub income: Money,
    pub holdings: BTreeMap<Ticker, Holding>,
}

/// The effect of a fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fill {
    /// Value of the shares, without commission.
    pub notional: Money,
    /// Charged in addition: part of the cost basis of bought shares, or deducted from the proceeds of sold ones.
    pub commission: Money,
    pub realized_pnl: Money,
    /// The holding afterwards; `None` if all shares were sold.
    pub holding: Option<Holding>,
    /// The account's cash afterwards.
    pub cash_after: Money,
    /// Realised P&L of the account, this fill included.
    pub realized_pnl_after: Money,
}

/// Reason why an order cannot be filled from these books.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    InsufficientCash {
        cost: Money,
        available: Money,
    },
    InsufficientShares {
        held: Option<Quantity>,
    },
    /// [`POSITIONS_MAX`] other tickers are held.
    TooManyPositions,
    /// The holding, or an amount of money, would outgrow its type.
    TooLarge,
}

impl Account {
    /// A new account with `deposit` in cash.
    pub fn open(deposit: Money) -> Self {
        let (flows, realized_pnl, income) = (Money::ZERO, Money::ZERO, Money::ZERO);
        Self { cash: deposit, initial_deposit: deposit, flows, realized_pnl, income, holdings: BTreeMap::new() }
    }

    /// What was paid in, less what was withdrawn: the value at which there is neither gain nor loss.
    pub fn paid_in(&self) -> Money {
        Money::from_cents(self.initial_deposit.cents().saturating_add(self.flows.cents()))
    }

    /// Fills an order at `price`.
    ///
    /// # Errors
    /// If cash or shares are insufficient, or a sum overflows its type; the account is unchanged then.
    pub fn apply(&mut self, side: Side, ticker: Ticker, quantity: Quantity, price: Price) -> Result<Fill, Refusal> {
        let fill = self.fill(side, ticker, quantity, price)?;
        (self.cash, self.realized_pnl) = (fill.cash_after, fill.realized_pnl_after);
        match fill.holding {
            Some(holding) => self.holdings.insert(ticker, holding),
            None => self.holdings.remove(&ticker),
        };
        Ok(fill)
    }

    /// Computes the effect of filling an order at `price`, without applying it.
    ///
    /// # Errors
    /// If cash or shares are insufficient, or a sum overflows its type.
    pub fn fill(&self, side: Side, ticker: Ticker, quantity: Quantity, price: Price) -> Result<Fill, Refusal> {
        self.fill_with(side, ticker, quantity, price, Money::ZERO)
    }

    /// Computes the effect of a fill with a commission, which adds to the cost basis of a buy and reduces a sale's
    /// realised P&L.
    ///
    /// # Errors
    /// If cash or shares are insufficient, or a sum overflows its type.
    pub fn fill_with(
        &self,
        side: Side,
        ticker: Ticker,
        quantity: Quantity,
        price: Price,
        commission: Money,
    ) -> Result<Fill, Refusal> {
        match side {
            Side::Buy => self.buy(ticker, quantity, price, commission),
            Side::Sell => self.sell(ticker, quantity, price, commission),
        }
    }

    fn buy(&self, ticker: Ticker, quantity: Quantity, price: Price, commission: Money) -> Result<Fill, Refusal> {
        let notional = buying_cost(quantity, price).ok_or(Refusal::TooLarge)?;
        let cost = notional.checked_add(commission).ok_or(Refusal::TooLarge)?;
        if cost > self.cash {
            return Err(Refusal::InsufficientCash { cost, available: self.cash });
        }
        let holding = match self.holdings.get(&ticker) {
            None if self.holdings.len() >= POSITIONS_MAX => return Err(Refusal::TooManyPositions),
            None => Holding { quantity, cost_basis: cost },
            Some(held) => Holding {
                quantity: held.quantity.checked_add(quantity).ok_or(Refusal::TooLarge)?,
                cost_basis: held.cost_basis.checked_add(cost).ok_or(Refusal::TooLarge)?,
            },
        };
        Ok(Fill {
            notional,
            commission,
            realized_pnl: Money::ZERO,
            holding: Some(holding),
            cash_after: self.cash.checked_sub(cost).ok_or(Refusal::TooLarge)?,
            realized_pnl_after: self.realized_pnl,
        })
    }

    fn sell(&self, ticker: Ticker, quantity: Quantity, price: Price, commission: Money) -> Result<Fill, Refusal> {
        let held = *self.holdings.get(&ticker).ok_or(Refusal::InsufficientShares { held: None })?;
        let (cost_sold, rest) = match held.quantity.minus(quantity) {
            Remainder::Short => return Err(Refusal::InsufficientShares { held: Some(held.quantity) }),
            Remainder::None => (held.cost_basis, None),
            Remainder::Some(rest) => (held.cost_basis.share(quantity, held.quantity), Some(rest)),
        };
        let notional = Money::of(quantity, price).ok_or(Refusal::TooLarge)?;
        let proceeds = notional.checked_sub(commission).ok_or(Refusal::TooLarge)?;
        let cost_left = held.cost_basis.checked_sub(cost_sold).ok_or(Refusal::TooLarge)?;
        let realized_pnl = proceeds.checked_sub(cost_sold).ok_or(Refusal::TooLarge)?;
        let cash_after = self.cash.checked_add(proceeds).ok_or(Refusal::TooLarge)?;
        if cash_after < Money::ZERO {
            return Err(Refusal::InsufficientCash { cost: commission, available: self.cash });
        }
        Ok(Fill {
            notional,
            commission,
            realized_pnl,
            holding: rest.map(|quantity| Holding { quantity, cost_basis: cost_left }),
            cash_after,
            realized_pnl_after: self.realized_pnl.checked_add(realized_pnl).ok_or(Refusal::TooLarge)?,
        })
    }

    /// Splits the shares held when the day of the split began (`at_start`); shares traded since are new ones already.
    /// Returns the split shares. The cost basis stays, and nothing is realised.
    ///
    /// # Errors
    /// If the holding overflows its type; the account is unchanged then.
    pub fn split(&mut self, ticker: Ticker, at_start: Quantity, ratio: SplitRatio) -> Result<Quantity, Refusal> {
        let became = ratio.of_shares(at_start).ok_or(Refusal::TooLarge)?;
        let held = self.holdings.get(&ticker).copied();
        let (held, cost_basis) = held.map_or((0, Money::ZERO), |held| (held.quantity.millionths(), held.cost_basis));
        let millionths = held - at_start.millionths() + became.millionths();
        let after = match Quantity::from_millionths(millionths) {
            Ok(after) => after,
            // More was sold since than a reverse split would have left, so the whole present holding is split.
            Err(InvalidQuantity::NotPositive) => {
                let held = Quantity::from_millionths(held).map_err(|_| Refusal::InsufficientShares { held: None })?;
                ratio.of_shares(held).ok_or(Refusal::TooLarge)?
            }
            Err(_) => return Err(Refusal::TooLarge),
        };
        self.holdings.insert(ticker, Holding { quantity: after, cost_basis });
        Ok(became)
    }

    /// Adds a dividend to cash and income.
    ///
    /// # Errors
    /// If a sum overflows its type; the account is unchanged then.
    pub fn receive_income(&mut self, amount: Money) -> Result<(), Refusal> {
        let cash = self.cash.checked_add(amount).ok_or(Refusal::TooLarge)?;
        let income = self.income.checked_add(amount).ok_or(Refusal::TooLarge)?;
        (self.cash, self.income) = (cash, income);
        Ok(())
    }

    /// Adds a deposit to cash and flows, or takes a withdrawal, below 0, from both.
    ///
    /// # Errors
    /// If cash is insufficient or a sum overflows its type; the account is unchanged then.
    pub fn flow(&mut self, amount: Money) -> Result<(), Refusal> {
        let cash = self.cash.checked_add(amount).ok_or(Refusal::TooLarge)?;
        let flows = self.flows.checked_add(amount).ok_or(Refusal::TooLarge)?;
        self.initial_deposit.checked_add(flows).ok_or(Refusal::TooLarge)?;
        if amount < Money::ZERO && cash < Money::ZERO {
            let cost = Money::from_cents(amount.cents().saturating_neg());
            return Err(Refusal::InsufficientCash { cost, available: self.cash });
        }
        (self.cash, self.flows) = (cash, flows);
        Ok(())
    }

    /// Whether [the identity](self) holds, to the cent.
    pub fn is_balanced(&self) -> bool {
        let cost: i128 = self.holdings.values().map(|holding| i128::from(holding.cost_basis.cents())).sum();
        i128::from(self.cash.cents()) + cost
            == [self.initial_deposit, self.flows, self.realized_pnl, self.income]
                .map(|sum| i128::from(sum.cents()))
                .iter()
                .sum()
    }
}

/// The cost of a purchase: the notional, but at least one cent, so that no sum of tiny orders is free.
pub fn buying_cost(quantity: Quantity, price: Price) -> Option<Money> {
    Money::of(quantity, price).map(|notional| notional.max(Money::CENT))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ticker(text: &str) -> Ticker {
        text.parse().unwrap()
    }

    fn quantity(text: &str) -> Quantity {
        text.parse().unwrap()
    }

    fn price(units: i64) -> Price {
        Price::from_units(units).unwrap()
    }

    #[test]
    fn a_round_trip_realises_what_the_price_moved() {
        let mut account = Account::open(INITIAL_DEPOSIT);
        account.apply(Side::Buy, ticker("AAPL"), quantity("10"), price(1_900_000)).unwrap();
        assert_eq!(account.cash, Money::from_cents(810_000));
        let fill = account.apply(Side::Sell, ticker("AAPL"), quantity("4"), price(2_000_000)).unwrap();
        assert_eq!((fill.notional, fill.realized_pnl), (Money::from_cents(80_000), Money::from_cents(4_000)));
        assert_eq!(fill.holding, Some(Holding { quantity: quantity("6"), cost_basis: Money::from_cents(114_000) }));
        let fill = account.apply(Side::Sell, ticker("AAPL"), quantity("6"), price(1_800_000)).unwrap();
        assert_eq!((fill.realized_pnl, fill.holding), (Money::from_cents(-6_000), None));
        assert_eq!(account.cash, Money::from_cents(998_000));
        assert!(account.holdings.is_empty());
    }

    #[test]
    fn cash_may_be_spent_to_the_last_cent_and_no_further() {
        let mut account = Account::open(INITIAL_DEPOSIT);
        let too_much = account.apply(Side::Buy, ticker("V"), quantity("100.000051"), price(1_000_000));
        assert_eq!(
            too_much,
            Err(Refusal::InsufficientCash { cost: Money::from_cents(1_000_001), available: INITIAL_DEPOSIT })
        );
        account.apply(Side::Buy, ticker("V"), quantity("100"), price(1_000_000)).unwrap();
        assert_eq!(account.cash, Money::ZERO);
    }

    #[test]
    fn more_than_is_held_cannot_be_sold() {
        let mut account = Account::open(INITIAL_DEPOSIT);
        let sell = |account: &mut Account, shares| account.apply(Side::Sell, ticker("V"), quantity(shares), price(100));
        assert_eq!(sell(&mut account, "1"), Err(Refusal::InsufficientShares { held: None }));
        account.apply(Side::Buy, ticker("V"), quantity("1"), price(100)).unwrap();
        assert_eq!(sell(&mut account, "1.000001"), Err(Refusal::InsufficientShares { held: Some(quantity("1")) }));
    }

    #[test]
    fn nothing_is_free() {
        let mut account = Account::open(INITIAL_DEPOSIT);
        let fill = account.apply(Side::Buy, ticker("AAPL"), quantity("0.000001"), price(1_904_200)).unwrap();
        assert_eq!(fill.notional, Money::CENT);
    }

    #[test]
    fn so_many_tickers_can_be_held_and_no_more() {
        let mut account = Account::open(INITIAL_DEPOSIT);
        let letter = |index: usize| char::from(b'A' + u8::try_from(index % 26).unwrap());
        let held = |index: usize| ticker(&format!("{}{}", letter(index / 26), letter(index)));
        let buy = |account: &mut Account, index| account.apply(Side::Buy, held(index), quantity("1"), price(100));
        for index in 0..POSITIONS_MAX {
            buy(&mut account, index).unwrap();
        }
        assert_eq!(buy(&mut account, POSITIONS_MAX), Err(Refusal::TooManyPositions));
        buy(&mut account, 0).unwrap();
        account.apply(Side::Sell, held(1), quantity("1"), price(100)).unwrap();
        buy(&mut account, POSITIONS_MAX).unwrap();
    }

    #[test]
    fn a_holding_never_outgrows_its_type() {
        let mut account = Account::open(Money::from_cents(i64::MAX));
        let mut buy = || account.apply(Side::Buy, ticker("P"), quantity("1000000000"), price(1));
        assert!(buy().is_ok());
        assert_eq!(buy(), Err(Refusal::TooLarge));
    }

    fn ratio(from: &str, to: &str) -> SplitRatio {
        SplitRatio { from: quantity(from), to: quantity(to) }
    }

    #[test]
    fn a_split_multiplies_shares_and_leaves_their_cost() {
        let mut account = Account::open(INITIAL_DEPOSIT);
        account.apply(Side::Buy, ticker("NVDA"), quantity("10"), price(2_000_000)).unwrap();
        assert_eq!(account.split(ticker("NVDA"), quantity("10"), ratio("1", "10")), Ok(quantity("100")));
        let held = Holding { quantity: quantity("100"), cost_basis: Money::from_cents(200_000) };
        assert_eq!(account.holdings[&ticker("NVDA")], held);
        assert_eq!(Price::average(held.cost_basis, held.quantity), Some(price(200_000)));
        assert_eq!((account.realized_pnl, account.is_balanced()), (Money::ZERO, true));
    }

    #[test]
    fn what_was_traded_since_a_split_is_in_new_shares() {
        let bought = |since: Side, shares: &str, rule: SplitRatio| {
            let mut account = Account::open(INITIAL_DEPOSIT);
            account.apply(Side::Buy, ticker("V"), quantity("10"), price(100)).unwrap();
            account.apply(since, ticker("V"), quantity(shares), price(100)).unwrap();
            account.split(ticker("V"), quantity("10"), rule).unwrap();
            assert!(account.is_balanced());
            account.holdings[&ticker("V")].quantity
        };
        assert_eq!(bought(Side::Buy, "5", ratio("1", "10")), quantity("105"));
        assert_eq!(bought(Side::Sell, "5", ratio("1", "10")), quantity("95"));
        assert_eq!(bought(Side::Sell, "10", ratio("1", "10")), quantity("90"), "of which all were thought sold");
        assert_eq!(bought(Side::Sell, "5", ratio("10", "1")), quantity("0.5"), "more than there were");
    }

    #[derive(Debug, Clone)]
    struct Step {
        side: Side,
        ticker: &'static str,
        millionths: i64,
        units: i64,
    }

    fn any_step() -> impl Strategy<Value = Step> {
        let side = prop_oneof![Just(Side::Buy), Just(Side::Sell)];
        let ticker = prop_oneof![Just("AAPL"), Just("MSFT"), Just("BRK.B")];
        // From dust to more than the cash buys, and prices from a hundredth of a cent up.
        let millionths = prop_oneof![1_i64..1_000, 1_i64..100_000_000, Just(1_000_000_000_000_000)];
        let units = prop_oneof![1_i64..100, 10_000_i64..10_000_000];
        (side, ticker, millionths, units).prop_map(|(side, ticker, millionths, units)| Step {
            side,
            ticker,
            millionths,
            units,
        })
    }

    proptest! {
        #[test]
        fn the_identity_holds_after_every_step(steps in prop::collection::vec(any_step(), 1..120)) {
            let mut account = Account::open(INITIAL_DEPOSIT);
            for step in steps {
                let before = account.clone();
                let quantity = Quantity::from_millionths(step.millionths).unwrap();
                let outcome = account.apply(step.side, ticker(step.ticker), quantity, price(step.units));
                prop_assert!(account.is_balanced());
                prop_assert!(account.cash >= Money::ZERO);
                // Between the trades, a split and a dividend of what is held.
                if let Some(held) = account.holdings.get(&ticker(step.ticker)).copied() {
                    let mut after = account.clone();
                    let rule = SplitRatio { from: quantity, to: held.quantity };
                    let split = after.split(ticker(step.ticker), held.quantity, rule);
                    let paid = after.receive_income(Money::from_cents(step.units));
                    prop_assert!(after.is_balanced());
                    if split.is_ok() && paid.is_ok() {
                        prop_assert_eq!(after.holdings[&ticker(step.ticker)].cost_basis, held.cost_basis);
                        prop_assert_eq!(after.realized_pnl, account.realized_pnl);
                        prop_assert_eq!(after.cash.cents() - account.cash.cents(), step.units);
                    }
                }
                prop_assert!(account.holdings.values().all(|holding| holding.cost_basis >= Money::ZERO));
                match outcome {
                    Err(_) => prop_assert_eq!(&account, &before, "a refusal changes nothing"),
                    Ok(fill) => {
                        let moved = account.cash.cents() - before.cash.cents();
                        let signed = if step.side == Side::Buy { -fill.notional.cents() } else { fill.notional.cents() };
                        prop_assert_eq!(moved, signed);
                        prop_assert_eq!(account.holdings.get(&ticker(step.ticker)).copied(), fill.holding);
                    }
                }
            }
        }

        #[test]
        fn selling_in_parts_loses_no_cost(parts in prop::collection::vec(1_i64..5_000_000, 1..20), units in 1_i64..5_000_000) {
            let mut account = Account::open(Money::from_cents(1_000_000_000_000));
            let total: i64 = parts.iter().sum();
            account.apply(Side::Buy, ticker("V"), Quantity::from_millionths(total).unwrap(), price(units)).unwrap();
            for part in parts {
                account.apply(Side::Sell, ticker("V"), Quantity::from_millionths(part).unwrap(), price(units)).unwrap();
            }
            prop_assert!(account.holdings.is_empty());
            prop_assert!(account.is_balanced());
            prop_assert_eq!(account.cash.cents() - account.initial_deposit.cents(), account.realized_pnl.cents());
        }
    }
}
