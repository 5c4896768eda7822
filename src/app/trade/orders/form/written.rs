//! The fields of the order form, read as an order.

use crate::{
    app::trade::{orders::words::refusal, ticket::terms::Unit},
    domain::{
        fixed_point::parse_decimal,
        instant::UtcInstant,
        money::{Money, Price, Quantity, TrailPercent},
        order::Side,
        orders::{
            request::{NewOrder, StopLoss, TakeProfit},
            terms::{OrderClass, OrderType, TimeInForce},
        },
        ticker::Ticker,
        typed_number::{Unreadable, read_number, read_quantity},
    },
};

/// The fields, as they are.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    pub ticker: Ticker,
    pub order_type: OrderType,
    pub unit: Unit,
    pub amount: String,
    pub limit: String,
    pub stop: String,
    pub trail: String,
    pub take_profit: String,
    pub stop_loss: String,
    pub force: TimeInForce,
    /// Of an order until a date; nothing while none is chosen.
    pub expires_at: Option<UtcInstant>,
    /// The newest price.
    pub last: Option<Price>,
}

/// Value of a trail's field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Distance {
    Percent(TrailPercent),
    Dollars(Price),
}

impl Written {
    /// The order of a side.
    ///
    /// # Errors
    /// A sentence that names the field that is missing or invalid.
    pub fn order(&self, side: Side) -> Result<NewOrder, String> {
        let mut order = self.without_size(side)?;
        match self.unit {
            Unit::Shares => {
                order.quantity = Some(read_quantity(&self.amount).map_err(|error| sentence(&error.to_string()))?)
            }
            Unit::Dollars => {
                let dollars = money(&self.amount)?;
                if order.order_type == OrderType::Market && order.class == OrderClass::Simple {
                    order.notional = Some(dollars);
                } else {
                    let entry = self.entry(side).ok_or("There is no price to count the shares by.")?;
                    let quantity = Quantity::bought_for(dollars, entry);
                    order.quantity = Some(quantity.ok_or("That is too little, or too much, for this price.")?);
                }
            }
            Unit::Risk => order.quantity = Some(self.quantity_at_risk(side)?),
        }
        order.plan().map_err(|fault| refusal(fault.field(), &fault.to_string()))?;
        Ok(order)
    }

    /// The price at which it is expected to be filled.
    pub fn entry(&self, side: Side) -> Option<Price> {
        match self.order_type {
            OrderType::Limit | OrderType::StopLimit => price(&self.limit, "").ok(),
            OrderType::Stop => price(&self.stop, "").ok(),
            OrderType::TrailingStop => None,
            // Of two exits the target is the order itself.
            OrderType::Market if side == Side::Sell && !self.take_profit.trim().is_empty() => {
                price(&self.take_profit, "").ok()
            }
            OrderType::Market => None,
        }
        .or(self.last)
    }

    /// The price that takes the profit.
    pub fn target(&self) -> Option<Price> {
        price(&self.take_profit, "").ok()
    }

    fn without_size(&self, side: Side) -> Result<NewOrder, String> {
        // A size that is replaced.
        let one = Quantity::MAX;
        let mut order = NewOrder { quantity: None, ..NewOrder::simple(self.ticker, side, self.order_type, one) };
        match self.order_type {
            OrderType::Market => {}
            OrderType::Limit => order.limit_price = Some(price(&self.limit, "limit price")?),
            OrderType::Stop => order.stop_price = Some(price(&self.stop, "stop price")?),
            OrderType::StopLimit => {
                order.stop_price = Some(price(&self.stop, "stop price")?);
                order.limit_price = Some(price(&self.limit, "limit price")?);
            }
            OrderType::TrailingStop => match distance(&self.trail)? {
                Distance::Percent(percent) => order.trail_percent = Some(percent),
                Distance::Dollars(dollars) => order.trail_amount = Some(dollars),
            },
        }
        order.time_in_force = self.force;
        if self.force == TimeInForce::Gtd {
            order.expires_at = Some(self.expires_at.ok_or("Choose until when it stands.")?);
        }
        self.add_exits(side, &mut order)?;
        Ok(order)
    }

    /// The exits of what is bought; for a sale, the two of which one cancels the other.
    fn add_exits(&self, side: Side, order: &mut NewOrder) -> Result<(), String> {
        let take_profit = written(&self.take_profit).then(|| price(&self.take_profit, "take profit")).transpose()?;
        let stop_loss = written(&self.stop_loss).then(|| stop_loss(&self.stop_loss)).transpose()?;
        order.stop_loss = stop_loss;
        order.take_profit = take_profit.map(|limit_price| TakeProfit { limit_price });
        order.class = match (side, take_profit, stop_loss) {
            (_, None, None) => OrderClass::Simple,
            (Side::Buy, Some(_), Some(_)) => OrderClass::Bracket,
            (Side::Buy, ..) => OrderClass::Oto,
            (Side::Sell, Some(target), Some(_)) if self.order_type == OrderType::Market => {
                order.order_type = OrderType::Limit;
                order.limit_price = Some(target);
                order.take_profit = None;
                OrderClass::Oco
            }
            (Side::Sell, None, Some(_)) if self.order_type == OrderType::Limit => OrderClass::Oco,
            (Side::Sell, ..) => return Err(SALE_WITH_EXITS.to_owned()),
        };
        Ok(())
    }

    /// As many shares as lose the amount between the entry and the stop loss, rounded down to millionths.
    fn quantity_at_risk(&self, side: Side) -> Result<Quantity, String> {
        let risk = money(&self.amount)?;
        let entry = self.entry(side).ok_or("There is no price to count the shares by.")?;
        let distance = match stop_loss(&self.stop_loss).map_err(|_| RISK_WITHOUT_STOP)? {
            StopLoss { stop_price: Some(stop), .. } => entry.change_from(stop).units().abs(),
            StopLoss { trail_percent: Some(percent), .. } => {
                entry.units() / TrailPercent::WHOLE * percent.count()
                    + entry.units() % TrailPercent::WHOLE * percent.count() / TrailPercent::WHOLE
            }
            _ => return Err(RISK_WITHOUT_STOP.to_owned()),
        };
        // Cents to hundredths of a cent, and shares to millionths.
        let millionths = i128::from(risk.cents()) * 100_000_000 / i128::from(distance.max(1));
        let quantity = i64::try_from(millionths).ok().and_then(|count| Quantity::from_millionths(count).ok());
        quantity.ok_or_else(|| "That risk makes no number of shares.".to_owned())
    }
}

const SALE_WITH_EXITS: &str =
    "A sale has exits of its own only as a pair: Market with a take profit and a stop loss, or Limit with a stop loss.";
const RISK_WITHOUT_STOP: &str = "Write a stop loss: the risk is what is lost between the entry and it.";

fn written(text: &str) -> bool {
    !text.trim().is_empty()
}

fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    let end = if words.ends_with('.') { "" } else { "." };
    first.into_iter().chain(letters).chain(end.chars()).collect()
}

/// A price as it is typed; `name` is what the field is called.
fn price(text: &str, name: &str) -> Result<Price, String> {
    if !written(text) {
        return Err(format!("Write the {name}."));
    }
    match read_number(text.trim().trim_start_matches('$')) {
        Ok(number) => number.parse().map_err(|error| format!("{}: {error}.", sentence(name).trim_end_matches('.'))),
        Err(Unreadable::Doubtful { grouped, decimal }) => {
            Err(format!("{text} may be {grouped} or {decimal}; write the one that you mean."))
        }
        Err(Unreadable::NotANumber) => {
            Err(format!("{text} is no {name}, which is a number of dollars, such as 790.50."))
        }
    }
}

/// An amount of dollars, to the cent.
fn money(text: &str) -> Result<Money, String> {
    let number = read_number(text.trim().trim_start_matches('$'));
    let cents = number.ok().and_then(|number| parse_decimal(&number, 2).ok());
    cents
        .filter(|cents| *cents > 0)
        .map(Money::from_cents)
        .ok_or_else(|| "Write an amount of dollars, such as 500 or 99.50.".to_owned())
}

fn distance(text: &str) -> Result<Distance, String> {
    let text = text.trim();
    let words = "Write what it trails by: dollars, such as 12.50, or a percentage, such as 2%.";
    match text.strip_suffix('%') {
        Some(percent) => {
            let percent = read_number(percent.trim()).ok().and_then(|percent| percent.parse().ok());
            percent.map(Distance::Percent).ok_or_else(|| words.to_owned())
        }
        None => price(text, "trail").map(Distance::Dollars).map_err(|_| words.to_owned()),
    }
}

/// `770` is a stop, `2%` trails.
fn stop_loss(text: &str) -> Result<StopLoss, String> {
    match text.trim().ends_with('%') {
        false => Ok(StopLoss { stop_price: Some(price(text, "stop loss")?), ..StopLoss::default() }),
        true => match distance(text)? {
            Distance::Percent(percent) => Ok(StopLoss { trail_percent: Some(percent), ..StopLoss::default() }),
            Distance::Dollars(dollars) => Ok(StopLoss { trail_amount: Some(dollars), ..StopLoss::default() }),
        },
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn fields(order_type: OrderType) -> Written {
        Written {
            ticker: "NVDA".parse().unwrap(),
            order_type,
            unit: Unit::Shares,
            amount: "5".to_owned(),
            limit: "790".to_owned(),
            stop: "770".to_owned(),
            trail: "2%".to_owned(),
            take_profit: String::new(),
            stop_loss: String::new(),
            force: TimeInForce::Day,
            expires_at: None,
            last: Some("800".parse().unwrap()),
        }
    }

    fn exits(order_type: OrderType, take_profit: &str, stop_loss: &str) -> Written {
        Written { take_profit: take_profit.to_owned(), stop_loss: stop_loss.to_owned(), ..fields(order_type) }
    }

    #[rstest]
    #[case(OrderType::Market, None, None)]
    #[case(OrderType::Limit, Some("790"), None)]
    #[case(OrderType::Stop, None, Some("770"))]
    #[case(OrderType::StopLimit, Some("790"), Some("770"))]
    #[case(OrderType::TrailingStop, None, None)]
    fn an_order_has_the_prices_of_its_type(
        #[case] order_type: OrderType,
        #[case] limit: Option<&str>,
        #[case] stop: Option<&str>,
    ) {
        let order = fields(order_type).order(Side::Buy).unwrap();
        let price = |text: Option<&str>| text.map(|text| text.parse().unwrap());
        assert_eq!((order.limit_price, order.stop_price), (price(limit), price(stop)));
        assert_eq!(order.trail_percent.is_some(), order_type == OrderType::TrailingStop);
        assert_eq!((order.quantity, order.class), (Some("5".parse().unwrap()), OrderClass::Simple));
    }

    #[rstest]
    #[case::bracket(Side::Buy, OrderType::Limit, "845", "771.20", OrderClass::Bracket)]
    #[case::target_alone(Side::Buy, OrderType::Market, "845", "", OrderClass::Oto)]
    #[case::trailing_stop_loss(Side::Buy, OrderType::Limit, "", "2.5 %", OrderClass::Oto)]
    #[case::pair_for_a_holding(Side::Sell, OrderType::Market, "845", "771.20", OrderClass::Oco)]
    #[case::limit_with_a_stop(Side::Sell, OrderType::Limit, "", "771.20", OrderClass::Oco)]
    fn exits_make_a_class(
        #[case] side: Side,
        #[case] order_type: OrderType,
        #[case] take_profit: &str,
        #[case] stop_loss: &str,
        #[case] class: OrderClass,
    ) {
        let order = exits(order_type, take_profit, stop_loss).order(side).unwrap();
        assert_eq!(order.class, class);
        assert_eq!(order.stop_loss.is_some(), !stop_loss.is_empty());
    }

    #[test]
    fn a_pair_sells_at_its_target() {
        let order = exits(OrderType::Market, "845", "771.20").order(Side::Sell).unwrap();
        assert_eq!((order.order_type, order.limit_price), (OrderType::Limit, Some("845".parse().unwrap())));
        assert_eq!(exits(OrderType::Market, "845", "").order(Side::Sell).unwrap_err(), SALE_WITH_EXITS);
    }

    #[test]
    fn dollars_and_risk_are_counted_in_shares() {
        let dollars = |order_type| Written { unit: Unit::Dollars, amount: "$1000".to_owned(), ..fields(order_type) };
        let order = dollars(OrderType::Market).order(Side::Buy).unwrap();
        assert_eq!((order.notional, order.quantity), (Some(Money::from_cents(100_000)), None));
        let order = dollars(OrderType::Limit).order(Side::Buy).unwrap();
        assert_eq!((order.notional, order.quantity), (None, Some("1.265822".parse().unwrap())), "1,000 at 790");
        let risk = Written { unit: Unit::Risk, amount: "100".to_owned(), ..exits(OrderType::Limit, "", "770") };
        assert_eq!(risk.order(Side::Buy).unwrap().quantity, Some("5".parse().unwrap()), "20 a share");
        let trailing = Written { stop_loss: "2%".to_owned(), ..risk.clone() };
        assert_eq!(trailing.order(Side::Buy).unwrap().quantity, Some("6.329113".parse().unwrap()), "15.80 a share");
        let bare = Written { stop_loss: String::new(), ..risk };
        assert_eq!(bare.order(Side::Buy).unwrap_err(), RISK_WITHOUT_STOP);
    }

    #[rstest]
    #[case::nothing("", "Write the limit price.")]
    #[case::words("cheap", "cheap is no limit price, which is a number of dollars, such as 790.50.")]
    #[case::doubtful("1,790", "1,790 may be 1790 or 1.790; write the one that you mean.")]
    #[case::zero("0", "Limit price: a price is a number of dollars, more than 0, with at most 4 decimal places.")]
    fn what_is_wrong_with_a_price_is_said(#[case] limit: &str, #[case] words: &str) {
        let written = Written { limit: limit.to_owned(), ..fields(OrderType::Limit) };
        assert_eq!(written.order(Side::Buy).unwrap_err(), words);
    }
}
