//! Days made anew: for an account that was not recorded on them, from the ledger and the market's daily closes.

use std::collections::BTreeMap;

use super::{
    day::{AccountDay, Counts, DayPosition, Valued},
    history::{Closes, History},
};
use crate::domain::{
    corporate_action::ExchangeDate,
    equity::Snapshot,
    instant::UtcInstant,
    money::{Money, Quantity},
    order::{Side, Trade},
    ticker::Ticker,
};

/// A day of the market.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MarketDay {
    pub date: ExchangeDate,
    pub starts_at: UtcInstant,
    /// When the next day starts.
    pub ends_at: UtcInstant,
}

/// The account on each of these days, oldest first. The low and the high are those of the equity curve's values of the day. A
/// day on which something without a close was held is left out.
pub fn rebuild(history: &History, closes: &Closes, curve: &[Snapshot], days: &[MarketDay]) -> Vec<AccountDay> {
    days.iter().filter_map(|day| on_day(history, closes, curve, *day)).collect()
}

fn on_day(history: &History, closes: &Closes, curve: &[Snapshot], day: MarketDay) -> Option<AccountDay> {
    let end = day.ends_at;
    let trades = until(&history.trades, end, |trade| trade.executed_at);
    let flows = until(&history.flows, end, |flow| flow.recorded_at);
    let dividends = until(&history.dividends, end, |paid| paid.paid_at);
    let count = |items: usize| items as u64;
    let counts = Counts { trades: count(trades.len()), flows: count(flows.len()), dividends: count(dividends.len()) };
    let mut cash = history.opening;
    for flow in flows {
        cash = cash.checked_add(flow.amount)?;
    }
    for paid in dividends {
        cash = cash.checked_add(paid.amount)?;
    }
    for trade in trades {
        cash = match trade.side {
            Side::Buy => cash.checked_sub(trade.amount())?,
            Side::Sell => cash.checked_add(trade.amount())?,
        };
    }
    let held = held_after(trades)
        .into_iter()
        .filter_map(|(ticker, millionths)| Some((ticker, Quantity::from_millionths(millionths).ok()?)));
    let position = |(ticker, shares): (Ticker, Quantity)| {
        let value = Money::of(shares, closes.at(ticker, day.date)?)?;
        Some(DayPosition { ticker, quantity: history.shares_of_date(ticker, shares, day.date), value })
    };
    let positions = held.map(position).collect::<Option<Vec<_>>>()?;
    // The last moment of the day.
    let at = UtcInstant::from_unix_ms(end.unix_ms() - 1);
    let last = Valued { cash, positions, counts, at };
    let seen = curve.iter().filter(|seen| (day.starts_at..end).contains(&seen.recorded_at));
    let values: Vec<Money> = seen.map(|seen| seen.total_value).chain([last.total()]).collect();
    Some(AccountDay { date: day.date, low: *values.iter().min()?, high: *values.iter().max()?, last })
}

/// The first items, up to before a moment.
fn until<T>(items: &[T], end: UtcInstant, at: impl Fn(&T) -> UtcInstant) -> &[T] {
    let count = items.iter().position(|item| at(item) >= end).unwrap_or(items.len());
    &items[..count]
}

/// Holdings after some trades, in millionths of shares of today.
fn held_after(trades: &[Trade]) -> BTreeMap<Ticker, i64> {
    let mut held: BTreeMap<Ticker, i64> = BTreeMap::new();
    for trade in trades {
        let shares = trade.adjusted.map_or(trade.quantity, |adjusted| adjusted.quantity).millionths();
        let sum = held.entry(trade.ticker).or_default();
        *sum = sum.saturating_add(if trade.side == Side::Buy { shares } else { -shares });
    }
    held
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        corporate_action::SplitRatio,
        money::Price,
        order::{Adjusted, OrderSource},
        performance::history::{Dividend, Split},
    };

    const DAY_MS: i64 = 86_400_000;

    fn day(number: i64) -> MarketDay {
        MarketDay {
            date: ExchangeDate::from_days(number),
            starts_at: UtcInstant::from_unix_ms(number * DAY_MS),
            ends_at: UtcInstant::from_unix_ms((number + 1) * DAY_MS),
        }
    }

    fn buy(number: i64, quantity: &str, cents: i64, adjusted: Option<&str>) -> Trade {
        Trade {
            id: number.to_string(),
            client_order_id: None,
            ticker: "V".parse().unwrap(),
            side: Side::Buy,
            quantity: quantity.parse().unwrap(),
            price: "100".parse().unwrap(),
            notional: Money::from_cents(cents),
            realized_pnl: Money::ZERO,
            source: OrderSource::Manual,
            executed_at: UtcInstant::from_unix_ms(number * DAY_MS + 1),
            correction: None,
            adjusted: adjusted
                .map(|shares| Adjusted { quantity: shares.parse().unwrap(), price: "50".parse().unwrap() }),
            order_id: None,
            commission: Money::ZERO,
        }
    }

    /// 10 shares for 1,000.00 on day 1, a split of 2 for 1 on day 2, a dividend of 5.00 on day 3. The closes, in shares of
    /// today, are 51, 52 and 49, so the account is worth 9,000 + 20 × 51 = 10,020.00, 10,040.00 and 9,985.00.
    #[test]
    fn days_come_from_trades_and_closes() {
        let v: Ticker = "V".parse().unwrap();
        let history = History {
            opened_at: UtcInstant::from_unix_ms(DAY_MS),
            opening: Money::from_cents(1_000_000),
            days: Vec::new(),
            trades: vec![buy(1, "10", 100_000, Some("20"))],
            flows: Vec::new(),
            dividends: vec![Dividend {
                ticker: v,
                amount: Money::from_cents(500),
                paid_at: UtcInstant::from_unix_ms(3 * DAY_MS + 5),
            }],
            splits: vec![Split {
                ticker: v,
                day: ExchangeDate::from_days(2),
                ratio: SplitRatio { from: "1".parse().unwrap(), to: "2".parse().unwrap() },
            }],
        };
        let mut closes = Closes::default();
        let price = |text: &str| text.parse::<Price>().unwrap();
        closes.add(v, [(1, price("51")), (2, price("52")), (3, price("49"))]);
        let seen =
            |cents, ms| Snapshot { total_value: Money::from_cents(cents), recorded_at: UtcInstant::from_unix_ms(ms) };
        let curve = [seen(990_000, DAY_MS + 9), seen(1_100_000, 3 * DAY_MS + 9)];
        let days = rebuild(&history, &closes, &curve, &[day(0), day(1), day(2), day(3)]);
        let figures: Vec<_> = days
            .iter()
            .map(|day| (day.low.cents(), day.high.cents(), day.close().cents(), day.last.counts.dividends))
            .collect();
        assert_eq!(
            figures,
            [
                (1_000_000, 1_000_000, 1_000_000, 0),
                (990_000, 1_002_000, 1_002_000, 0),
                (1_004_000, 1_004_000, 1_004_000, 0),
                (998_500, 1_100_000, 998_500, 1)
            ]
        );
        let shares = |index: usize| days[index].last.positions[0].quantity.to_string();
        assert_eq!((shares(1), shares(2)), ("10".to_owned(), "20".to_owned()), "in shares of the day");
        assert_eq!(
            rebuild(&history, &Closes::default(), &[], &[day(0), day(1)]).len(),
            1,
            "without a close there is no day"
        );
    }
}
