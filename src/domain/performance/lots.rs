//! Lots: what is held and what was sold, purchase by purchase.
//!
//! | method    | a sale takes                                    |
//! |-----------|-------------------------------------------------|
//! | `fifo`    | the oldest lot first                            |
//! | `lifo`    | the newest lot first                            |
//! | `hifo`    | the lot with the highest cost a share first     |
//! | `average` | of all shares alike, as the ledger's own books  |
//!
//! A lot's cost includes the commission of its purchase; proceeds are what a sale added to cash. Where a part of a lot is
//! sold, its cost is divided by shares and rounded to the cent, half to even, and the last part takes the rest; so is a
//! sale's proceeds where it takes several lots. So no cent appears or is lost, and the gains realised plus the cost that is
//! left are the same by every method.
//!
//! Quantities are in shares of today: one of a trade before a split is what it became ([`Adjusted`]).
//!
//! [`Adjusted`]: crate::domain::order::Adjusted

use std::{cmp::Ordering, collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::{
    instant::UtcInstant,
    money::{Money, Quantity, Remainder},
    order::{Side, Trade},
    ticker::Ticker,
};

/// Which shares a sale takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LotMethod {
    Fifo,
    Lifo,
    Hifo,
    #[default]
    Average,
}

impl LotMethod {
    pub const ALL: [Self; 4] = [Self::Fifo, Self::Lifo, Self::Hifo, Self::Average];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fifo => "fifo",
            Self::Lifo => "lifo",
            Self::Hifo => "hifo",
            Self::Average => "average",
        }
    }
}

impl fmt::Display for LotMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no method.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a method is fifo, lifo, hifo or average")]
pub struct InvalidLotMethod;

impl FromStr for LotMethod {
    type Err = InvalidLotMethod;

    fn from_str(text: &str) -> Result<Self, InvalidLotMethod> {
        Self::ALL.into_iter().find(|method| method.as_str() == text).ok_or(InvalidLotMethod)
    }
}

/// Shares that are held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpenLot {
    pub ticker: Ticker,
    pub quantity: Quantity,
    /// The commission included.
    pub cost_basis: Money,
    /// With the average method, when the position was opened.
    pub opened_at: UtcInstant,
    /// The trade that bought it; with the average method, the first one of the position.
    pub trade_id: String,
}

/// Shares that were sold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClosedLot {
    pub ticker: Ticker,
    pub quantity: Quantity,
    /// The commission of the sale taken off.
    pub proceeds: Money,
    pub cost_basis: Money,
    /// `proceeds − cost_basis`
    pub gain: Money,
    pub opened_at: UtcInstant,
    pub closed_at: UtcInstant,
    /// The trade that bought it.
    pub opened_by: String,
    /// The trade that sold it.
    pub closed_by: String,
}

/// The lots of an account by one method, and what they add up to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LotsPage {
    pub method: LotMethod,
    /// By ticker, the oldest first.
    pub open: Vec<OpenLot>,
    /// The latest sale first; at most as many as were asked for.
    pub closed: Vec<ClosedLot>,
    /// Of all closed lots, also of those that are left out here.
    pub closed_count: usize,
    /// The cost of all open lots.
    pub open_cost_basis: Money,
    /// The gain of all closed lots.
    pub realized_gain: Money,
}

impl LotsPage {
    /// With the `limit` latest closed lots.
    pub fn new(method: LotMethod, lots: Lots, limit: usize) -> Self {
        let Lots { open, mut closed } = lots;
        let closed_count = closed.len();
        let sum = |amounts: &mut dyn Iterator<Item = Money>| {
            Money::from_cents(amounts.fold(0, |sum: i64, amount| sum.saturating_add(amount.cents())))
        };
        let open_cost_basis = sum(&mut open.iter().map(|lot| lot.cost_basis));
        let realized_gain = sum(&mut closed.iter().map(|lot| lot.gain));
        closed.reverse();
        closed.truncate(limit);
        Self { method, open, closed, closed_count, open_cost_basis, realized_gain }
    }
}

/// All lots of an account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lots {
    /// By ticker, the oldest first.
    pub open: Vec<OpenLot>,
    /// In the order of the sales.
    pub closed: Vec<ClosedLot>,
}

/// The lots of trades, which come the oldest first.
///
/// A sale of more than is held, which a sound ledger does not have but for the rounding of splits, takes what there is.
pub fn of_trades<'a>(method: LotMethod, trades: impl IntoIterator<Item = &'a Trade>) -> Lots {
    let mut books: BTreeMap<Ticker, Book> = BTreeMap::new();
    let mut closed = Vec::new();
    for (sequence, trade) in trades.into_iter().enumerate() {
        let book = books.entry(trade.ticker).or_default();
        match (trade.side, method) {
            (Side::Buy, LotMethod::Average) => book.add_to_position(trade),
            (Side::Buy, _) => book.add(method, sequence, trade),
            (Side::Sell, LotMethod::Average) => closed.extend(book.take_of_position(trade)),
            (Side::Sell, _) => book.take(method, trade, &mut closed),
        }
    }
    let mut open: Vec<OpenLot> = books.into_values().flat_map(|book| book.lots.into_values()).collect();
    open.sort_by_key(|lot| (lot.ticker, lot.opened_at));
    Lots { open, closed }
}

/// The shares that a trade bought or sold, in shares of today.
fn shares(trade: &Trade) -> Quantity {
    trade.adjusted.map_or(trade.quantity, |adjusted| adjusted.quantity)
}

/// Where a lot stands among those of its ticker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rank {
    /// The cost and shares that a lot began with, where lots are taken by their cost a share.
    cost: Option<(Money, Quantity)>,
    sequence: usize,
}

impl Ord for Rank {
    /// Dearer lots come first, then older ones.
    fn cmp(&self, other: &Self) -> Ordering {
        let by_cost =
            self.cost.zip(other.cost).map_or(Ordering::Equal, |((cost, shares), (other_cost, other_shares))| {
                let own = i128::from(cost.cents()) * i128::from(other_shares.millionths());
                let others = i128::from(other_cost.cents()) * i128::from(shares.millionths());
                others.cmp(&own)
            });
        by_cost.then(self.sequence.cmp(&other.sequence))
    }
}

impl PartialOrd for Rank {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The open lots of a ticker.
#[derive(Default)]
struct Book {
    lots: BTreeMap<Rank, OpenLot>,
}

impl Book {
    fn add(&mut self, method: LotMethod, sequence: usize, trade: &Trade) {
        let (quantity, cost_basis) = (shares(trade), trade.amount());
        let cost = (method == LotMethod::Hifo).then_some((cost_basis, quantity));
        let lot = OpenLot {
            ticker: trade.ticker,
            quantity,
            cost_basis,
            opened_at: trade.executed_at,
            trade_id: trade.id.clone(),
        };
        self.lots.insert(Rank { cost, sequence }, lot);
    }

    fn take(&mut self, method: LotMethod, sale: &Trade, closed: &mut Vec<ClosedLot>) {
        let (mut wanted, mut proceeds) = (shares(sale), sale.amount());
        loop {
            let next = if method == LotMethod::Lifo { self.lots.last_entry() } else { self.lots.first_entry() };
            let Some(mut entry) = next else { return };
            let lot = entry.get_mut();
            let rest = lot.quantity.minus(wanted);
            let quantity = lot.quantity.min(wanted);
            let cost_basis = lot.cost_basis.share(quantity, lot.quantity);
            let paid = proceeds.share(quantity, wanted);
            closed.push(close(lot, sale, quantity, paid, cost_basis));
            match rest {
                Remainder::Some(rest) => {
                    lot.quantity = rest;
                    lot.cost_basis = difference(lot.cost_basis, cost_basis);
                    return;
                }
                Remainder::None => {
                    entry.remove();
                    return;
                }
                Remainder::Short => {
                    entry.remove();
                    let Remainder::Some(left) = wanted.minus(quantity) else { return };
                    (wanted, proceeds) = (left, difference(proceeds, paid));
                }
            }
        }
    }

    /// Adds to the only lot that a position is with the average method.
    fn add_to_position(&mut self, trade: &Trade) {
        let Some(mut position) = self.lots.first_entry() else {
            return self.add(LotMethod::Average, 0, trade);
        };
        let position = position.get_mut();
        // Invariants: the ledger's own sums of the same numbers fit their types.
        position.quantity = position.quantity.checked_add(shares(trade)).unwrap_or(Quantity::MAX);
        position.cost_basis = position.cost_basis.checked_add(trade.amount()).unwrap_or(position.cost_basis);
    }

    /// Takes from it at the cost that the ledger's own books have for the sale.
    fn take_of_position(&mut self, sale: &Trade) -> Option<ClosedLot> {
        let mut entry = self.lots.first_entry()?;
        let lot = entry.get_mut();
        let rest = lot.quantity.minus(shares(sale));
        let quantity = lot.quantity.min(shares(sale));
        let proceeds = sale.amount();
        let cost_basis = match rest {
            Remainder::Some(_) => difference(proceeds, sale.realized_pnl),
            Remainder::None | Remainder::Short => lot.cost_basis,
        };
        let closed = close(lot, sale, quantity, proceeds, cost_basis);
        match rest {
            Remainder::Some(rest) => {
                lot.quantity = rest;
                lot.cost_basis = difference(lot.cost_basis, cost_basis);
            }
            Remainder::None | Remainder::Short => {
                entry.remove();
            }
        }
        Some(closed)
    }
}

fn close(lot: &OpenLot, sale: &Trade, quantity: Quantity, proceeds: Money, cost_basis: Money) -> ClosedLot {
    ClosedLot {
        ticker: lot.ticker,
        quantity,
        proceeds,
        cost_basis,
        gain: difference(proceeds, cost_basis),
        opened_at: lot.opened_at,
        closed_at: sale.executed_at,
        opened_by: lot.trade_id.clone(),
        closed_by: sale.id.clone(),
    }
}

/// Of two amounts of one trade or lot, which are far from the ends of their type.
fn difference(amount: Money, part: Money) -> Money {
    // Invariant: each is at most what a billion shares cost at the highest price, and half of the type's range holds that.
    amount.checked_sub(part).expect("the difference of two amounts of a lot fits")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;
    use crate::domain::{account::Account, money::Price, order::OrderSource};

    /// Trades as the ledger makes them, each an hour after the one before.
    fn trades(orders: &[(Side, &str, &str)]) -> (Account, Vec<Trade>) {
        let mut account = Account::open(Money::from_cents(100_000_000));
        let ticker: Ticker = "AAPL".parse().unwrap();
        let trades = orders.iter().enumerate().map(|(number, (side, quantity, price))| {
            let (quantity, price): (Quantity, Price) = (quantity.parse().unwrap(), price.parse().unwrap());
            let fill = account.apply(*side, ticker, quantity, price).unwrap();
            Trade {
                id: number.to_string(),
                client_order_id: None,
                ticker,
                side: *side,
                quantity,
                price,
                notional: fill.notional,
                realized_pnl: fill.realized_pnl,
                source: OrderSource::Manual,
                executed_at: UtcInstant::from_unix_ms(3_600_000 * number as i64),
                correction: None,
                adjusted: None,
                order_id: None,
                commission: Money::ZERO,
            }
        });
        let trades = trades.collect();
        (account, trades)
    }

    /// Bought 10 at 100, 10 at 130 and 10 at 110; sold 15 at 120.
    ///
    /// FIFO sells 10 at 100 and 5 at 130: cost 1,650.00, gain 150.00. LIFO 10 at 110 and 5 at 130: 1,750.00, gain 50.00.
    /// HIFO 10 at 130 and 5 at 110: 1,850.00, gain −50.00. The average is 113.33…: 1,700.00, gain 100.00.
    #[rstest]
    #[case(LotMethod::Fifo, &[(100_000, 20_000), (65_000, -5_000)], &[65_000, 110_000])]
    #[case(LotMethod::Lifo, &[(110_000, 10_000), (65_000, -5_000)], &[100_000, 65_000])]
    #[case(LotMethod::Hifo, &[(130_000, -10_000), (55_000, 5_000)], &[100_000, 55_000])]
    #[case(LotMethod::Average, &[(170_000, 10_000)], &[170_000])]
    fn a_sale_takes_the_lots_of_its_method(
        #[case] method: LotMethod,
        #[case] closed: &[(i64, i64)],
        #[case] open: &[i64],
    ) {
        let (_, trades) = trades(&[
            (Side::Buy, "10", "100"),
            (Side::Buy, "10", "130"),
            (Side::Buy, "10", "110"),
            (Side::Sell, "15", "120"),
        ]);
        let lots = of_trades(method, &trades);
        let sold: Vec<_> = lots.closed.iter().map(|lot| (lot.cost_basis.cents(), lot.gain.cents())).collect();
        assert_eq!(sold, closed);
        assert_eq!(lots.open.iter().map(|lot| lot.cost_basis.cents()).collect::<Vec<_>>(), open);
    }

    #[test]
    fn a_lot_that_is_sold_in_parts_loses_no_cent() {
        // Three shares cost 100.00: a third is 33.33, and the last takes 33.34.
        let (_, trades) = trades(&[
            (Side::Buy, "3", "33.3333"),
            (Side::Sell, "1", "40"),
            (Side::Sell, "1", "40"),
            (Side::Sell, "1", "40"),
        ]);
        let lots = of_trades(LotMethod::Fifo, &trades);
        let costs: Vec<_> = lots.closed.iter().map(|lot| lot.cost_basis.cents()).collect();
        assert_eq!((costs.iter().sum::<i64>(), lots.open.len()), (trades[0].amount().cents(), 0));
    }

    #[test]
    fn what_was_bought_before_a_split_is_in_shares_of_today() {
        let (_, mut trades) = trades(&[(Side::Buy, "10", "200"), (Side::Sell, "4", "210")]);
        // 10:1 between the two: the sale was of 4 new shares.
        trades[0].adjusted =
            Some(crate::domain::order::Adjusted { quantity: "100".parse().unwrap(), price: "20".parse().unwrap() });
        let lots = of_trades(LotMethod::Fifo, &trades);
        assert_eq!((lots.open[0].quantity, lots.open[0].cost_basis.cents()), ("96".parse().unwrap(), 192_000));
        assert_eq!(lots.closed[0].cost_basis.cents(), 8_000);
    }

    proptest! {
        /// By every method the shares held are the ledger's, and the gains realised and the cost that is left add up to the
        /// ledger's own, to the cent.
        #[test]
        fn every_method_realises_and_leaves_the_same(
            steps in prop::collection::vec((any::<bool>(), 1..5_000_000_i64, 1..3_000_000_i64), 1..60),
        ) {
            let mut held = 0;
            let orders: Vec<(Side, String, String)> = steps.into_iter().map(|(is_sale, millionths, units)| {
                let price = Price::from_units(units).unwrap().to_string();
                let side = if is_sale && held > 0 { Side::Sell } else { Side::Buy };
                let millionths = if side == Side::Sell { millionths.min(held) } else { millionths };
                held += if side == Side::Sell { -millionths } else { millionths };
                (side, Quantity::from_millionths(millionths).unwrap().plain(), price.replace(',', ""))
            }).collect();
            let orders: Vec<_> = orders.iter().map(|(side, quantity, price)| (*side, quantity.as_str(), price.as_str())).collect();
            let (account, trades) = trades(&orders);
            for method in LotMethod::ALL {
                let lots = of_trades(method, &trades);
                let left: i64 = lots.open.iter().map(|lot| lot.cost_basis.cents()).sum();
                let gains: i64 = lots.closed.iter().map(|lot| lot.gain.cents()).sum();
                let holding: i64 = account.holdings.values().map(|holding| holding.cost_basis.cents()).sum();
                // Realised plus unrealised at any price is the same if realised minus cost left is.
                prop_assert_eq!(gains - left, account.realized_pnl.cents() - holding, "{}", method);
                prop_assert_eq!(lots.open.iter().map(|lot| lot.quantity.millionths()).sum::<i64>(), held);
                let proceeds: i64 = lots.closed.iter().map(|lot| lot.proceeds.cents()).sum();
                let sold: i64 = trades.iter().filter(|trade| trade.side == Side::Sell).map(|trade| trade.amount().cents()).sum();
                prop_assert_eq!(proceeds, sold);
            }
        }
    }
}
