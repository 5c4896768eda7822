//! The order as it stands in the ticket: what it would cost or bring, what would stay, and what is in its way.

use crate::{
    domain::{
        account::buying_cost,
        money::{Money, Price, Quantity, Remainder},
        order::Side,
        sizing::Part,
        ticker::Ticker,
        typed_number::UnreadableQuantity,
    },
    error::ApiError,
};

/// What is written in the ticket, and everything that decides about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    pub ticker: Result<Ticker, ApiError>,
    pub quantity: Result<Quantity, UnreadableQuantity>,
    /// Nothing while the page knows none; the server prices every order.
    pub price: Option<Price>,
    /// The price is the market's, not one from before the connection was lost.
    pub is_live: bool,
    pub cash: Money,
    /// What open orders hold of the cash.
    pub cash_on_orders: Money,
    pub held: Option<Quantity>,
    /// What open orders hold of that.
    pub shares_on_orders: Option<Quantity>,
}

impl Draft {
    /// What buying would cost, or selling bring, at the price shown.
    pub fn notional(&self, side: Side) -> Option<Money> {
        let (quantity, price) = (*self.quantity.as_ref().ok()?, self.price?);
        match side {
            Side::Buy => buying_cost(quantity, price),
            Side::Sell => Money::of(quantity, price),
        }
    }

    /// The cash that would stay; less than nothing when there is too little.
    pub fn cash_after(&self, side: Side) -> Option<Money> {
        let notional = self.notional(side)?;
        match side {
            Side::Buy => self.cash.checked_sub(notional),
            Side::Sell => self.cash.checked_add(notional),
        }
    }

    /// The quantity that a part makes: of the cash for buying, of the holding for selling.
    pub fn part(&self, side: Side, part: Part) -> Option<Quantity> {
        match side {
            Side::Buy => part.of_cash(self.buying_power(), self.price?),
            Side::Sell => part.of_holding(self.free_shares()?),
        }
    }

    /// Cash that no open order holds.
    pub fn buying_power(&self) -> Money {
        self.cash.checked_sub(self.cash_on_orders).unwrap_or(Money::ZERO).max(Money::ZERO)
    }

    /// Shares that no open order holds.
    fn free_shares(&self) -> Option<Quantity> {
        match (self.held?, self.shares_on_orders) {
            (held, None) => Some(held),
            (held, Some(on_orders)) => match held.minus(on_orders) {
                Remainder::Some(free) => Some(free),
                Remainder::None | Remainder::Short => None,
            },
        }
    }

    /// Why the order would be refused, as far as the page can tell. The server has the last word.
    pub fn obstacle(&self, side: Side) -> Option<ApiError> {
        let (ticker, quantity) = match (&self.ticker, &self.quantity) {
            (Err(error), _) => return Some(error.clone()),
            (_, Err(error)) => return Some(error.clone().into()),
            (Ok(ticker), Ok(quantity)) => (*ticker, *quantity),
        };
        match side {
            Side::Buy => {
                let cost = self.notional(side).filter(|cost| self.is_live && *cost > self.buying_power())?;
                let (available, held) = (self.cash, self.cash_on_orders);
                Some(ApiError::InsufficientCash { ticker, quantity, cost, available, held })
            }
            Side::Sell if self.free_shares().is_none_or(|free| free < quantity) => {
                let (held, on_orders) = (self.held, self.shares_on_orders);
                Some(ApiError::InsufficientShares { ticker, quantity, held, on_orders })
            }
            Side::Sell => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::domain::typed_number::read_quantity;

    fn draft(quantity: &str, held: Option<&str>) -> Draft {
        Draft {
            ticker: Ok("AAPL".parse().unwrap()),
            quantity: read_quantity(quantity),
            price: Price::from_units(1_904_200),
            is_live: true,
            cash: Money::from_cents(1_000_000),
            cash_on_orders: Money::ZERO,
            held: held.map(|held| held.parse().unwrap()),
            shares_on_orders: None,
        }
    }

    fn obstacle(draft: &Draft, side: Side) -> Option<String> {
        draft.obstacle(side).map(|error| error.to_string())
    }

    #[test]
    fn an_estimate_is_exact() {
        let draft = draft("10", Some("12"));
        assert_eq!(draft.notional(Side::Buy), Some(Money::from_cents(190_420)));
        assert_eq!(draft.cash_after(Side::Buy), Some(Money::from_cents(809_580)));
        assert_eq!(draft.cash_after(Side::Sell), Some(Money::from_cents(1_190_420)));
        assert_eq!(draft.part(Side::Sell, Part::Half).unwrap().to_string(), "6");
        assert_eq!((obstacle(&draft, Side::Buy), obstacle(&draft, Side::Sell)), (None, None));
    }

    #[test]
    fn dust_costs_a_cent_and_brings_nothing() {
        let draft = draft("0.000001", Some("1"));
        assert_eq!(draft.notional(Side::Buy), Some(Money::CENT));
        assert_eq!(draft.notional(Side::Sell), Some(Money::ZERO));
    }

    #[rstest]
    #[case(Side::Buy, "100", None, "Buying 100 AAPL costs $19,042.00; you have $10,000.00.")]
    #[case(Side::Sell, "1", None, "Selling 1 AAPL is not possible; you hold none.")]
    #[case(Side::Sell, "2", Some("1.5"), "Selling 2 AAPL is not possible; you hold 1.5.")]
    #[case(Side::Buy, "", None, "That is not a quantity: a quantity is a number of shares, such as 10 or 2.5.")]
    #[case(
        Side::Buy,
        "1,000",
        None,
        "That is not a quantity: 1,000 may be 1000 or 1.000; write the one that you mean."
    )]
    #[case(Side::Sell, "-1", None, "That is not a quantity: a quantity has to be more than zero.")]
    fn what_is_in_the_way_is_said_as_the_server_says_it(
        #[case] side: Side,
        #[case] quantity: &str,
        #[case] held: Option<&str>,
        #[case] reason: &str,
    ) {
        assert_eq!(obstacle(&draft(quantity, held), side).as_deref(), Some(reason));
    }

    #[test]
    fn what_open_orders_hold_is_not_there_to_trade() {
        let on_orders = Draft {
            cash_on_orders: Money::from_cents(900_000),
            shares_on_orders: Some("8".parse().unwrap()),
            ..draft("10", Some("12"))
        };
        assert_eq!(
            obstacle(&on_orders, Side::Buy).as_deref(),
            Some("Buying 10 AAPL costs $1,904.20; you have $10,000.00, of which $9,000.00 is held for open orders.")
        );
        assert_eq!(
            obstacle(&on_orders, Side::Sell).as_deref(),
            Some("Selling 10 AAPL is not possible; you hold 12, of which 8 are held for open orders.")
        );
        assert_eq!(on_orders.part(Side::Sell, Part::All).unwrap().to_string(), "4");
        assert_eq!(on_orders.cash_after(Side::Buy), Some(Money::from_cents(809_580)), "a hold is not spent");
        let all_held = Draft { shares_on_orders: Some("12".parse().unwrap()), ..on_orders };
        assert_eq!(all_held.part(Side::Sell, Part::All), None);
    }

    #[test]
    fn a_ticker_without_a_price_is_for_the_server_to_price() {
        assert_eq!(obstacle(&Draft { price: None, ..draft("1", None) }, Side::Buy), None);
    }

    #[test]
    fn an_old_price_forbids_nothing() {
        assert_eq!(obstacle(&Draft { is_live: false, ..draft("100", None) }, Side::Buy), None);
    }
}
