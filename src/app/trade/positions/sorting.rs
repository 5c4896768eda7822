//! Which column the positions are sorted by.

use std::cmp::Ordering;

use crate::domain::{money::Money, portfolio::Position, ranking::sorted};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    Ticker,
    Quantity,
    AverageCost,
    Price,
    Value,
    Weight,
    Day,
    Pnl,
    PnlPercent,
}

impl Column {
    pub const ALL: [Self; 9] = [
        Self::Ticker,
        Self::Quantity,
        Self::AverageCost,
        Self::Price,
        Self::Value,
        Self::Weight,
        Self::Day,
        Self::Pnl,
        Self::PnlPercent,
    ];

    pub fn title(self) -> &'static str {
        match self {
            Self::Ticker => "Ticker",
            Self::Quantity => "Quantity",
            Self::AverageCost => "Avg cost",
            Self::Price => "Price",
            Self::Value => "Value",
            Self::Weight => "Weight",
            Self::Day => "Day P&L",
            Self::Pnl => "P&L",
            Self::PnlPercent => "P&L %",
        }
    }
}

/// A column, and which end comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sorting {
    pub column: Column,
    pub is_descending: bool,
}

impl Sorting {
    /// In alphabetical order.
    pub const FIRST: Self = Self { column: Column::Ticker, is_descending: false };

    /// The sorting after a click on a column: the other way round, or a new column with its natural end first.
    pub fn toggle(self, column: Column) -> Self {
        let is_descending = if self.column == column { !self.is_descending } else { column != Column::Ticker };
        Self { column, is_descending }
    }

    /// As it is remembered: the column's title, behind a minus sign when its largest comes first.
    pub fn words(self) -> String {
        format!("{}{}", if self.is_descending { "-" } else { "" }, self.column.title())
    }

    /// Reads what [`words`](Self::words) wrote; what is not understood is the first sorting.
    pub fn read(words: &str) -> Self {
        let title = words.strip_prefix('-');
        let column = Column::ALL.into_iter().find(|column| column.title() == title.unwrap_or(words));
        column.map_or(Self::FIRST, |column| Self { column, is_descending: title.is_some() })
    }

    /// ARIA's word for it, in the header of `column`.
    pub fn aria(self, column: Column) -> &'static str {
        match (self.column == column, self.is_descending) {
            (false, _) => "none",
            (true, false) => "ascending",
            (true, true) => "descending",
        }
    }

    /// Sorts positions, each with its day's gain. What is missing comes last, either way; equals stay alphabetical.
    pub fn sort(self, positions: &mut Vec<(Position, Option<Money>)>) {
        *positions = sorted(positions, |one, other| self.compare(one, other));
    }

    fn compare(
        self,
        (one, one_day): &(Position, Option<Money>),
        (other, other_day): &(Position, Option<Money>),
    ) -> Ordering {
        let whole = |one: Option<i64>, other: Option<i64>| self.order(one, other, Ord::cmp);
        let cents = |one: Option<Money>, other: Option<Money>| whole(one.map(Money::cents), other.map(Money::cents));
        let real = |one: Option<f64>, other: Option<f64>| self.order(one, other, f64::total_cmp);
        let by_column = match self.column {
            Column::Ticker => self.order(Some(one.ticker), Some(other.ticker), Ord::cmp),
            Column::Quantity => whole(Some(one.quantity.millionths()), Some(other.quantity.millionths())),
            Column::AverageCost => whole(one.avg_cost.map(|it| it.units()), other.avg_cost.map(|it| it.units())),
            Column::Price => whole(one.current_price.map(|it| it.units()), other.current_price.map(|it| it.units())),
            Column::Value => cents(one.market_value, other.market_value),
            Column::Weight => real(one.weight, other.weight),
            Column::Day => cents(*one_day, *other_day),
            Column::Pnl => cents(one.unrealized_pnl, other.unrealized_pnl),
            Column::PnlPercent => real(one.unrealized_pnl_percent, other.unrealized_pnl_percent),
        };
        by_column.then(one.ticker.cmp(&other.ticker))
    }

    fn order<T>(self, one: Option<T>, other: Option<T>, compare: fn(&T, &T) -> Ordering) -> Ordering {
        match (one, other) {
            (Some(one), Some(other)) if self.is_descending => compare(&other, &one),
            (Some(one), Some(other)) => compare(&one, &other),
            (one, other) => other.is_some().cmp(&one.is_some()),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::domain::{account::Holding, money::Price};

    #[test]
    fn a_sorting_is_read_as_it_was_remembered() {
        for column in Column::ALL {
            for is_descending in [false, true] {
                let sorting = Sorting { column, is_descending };
                assert_eq!(Sorting::read(&sorting.words()), sorting);
            }
        }
        assert_eq!(["", "-", "-Mood"].map(Sorting::read), [Sorting::FIRST; 3]);
    }

    /// Ticker, shares, cents paid, cents a share now, cents gained today.
    fn positions() -> Vec<(Position, Option<Money>)> {
        let position = |ticker: &str, shares: &str, paid, price: Option<i64>, day: Option<i64>| {
            let holding = Holding { quantity: shares.parse().unwrap(), cost_basis: Money::from_cents(paid) };
            let price = price.and_then(|cents| Price::from_units(cents * 100));
            let total = Some(Money::from_cents(100_000));
            (Position::value(ticker.parse().unwrap(), holding, price, total), day.map(Money::from_cents))
        };
        vec![
            position("AAPL", "2", 300, Some(200), Some(5)),
            position("F", "10", 100, Some(9), Some(-5)),
            position("V", "1", 250, None, None),
        ]
    }

    #[rstest]
    #[case(Column::Ticker, false, "AAPL F V")]
    #[case(Column::Ticker, true, "V F AAPL")]
    #[case(Column::Quantity, true, "F AAPL V")]
    #[case(Column::AverageCost, true, "V AAPL F")]
    #[case(Column::Value, true, "AAPL F V")]
    #[case(Column::Value, false, "F AAPL V")]
    #[case(Column::Day, true, "AAPL F V")]
    #[case(Column::PnlPercent, false, "F AAPL V")]
    fn a_column_sorts_and_what_is_missing_comes_last(
        #[case] column: Column,
        #[case] is_descending: bool,
        #[case] expected: &str,
    ) {
        let mut positions = positions();
        Sorting { column, is_descending }.sort(&mut positions);
        let order: Vec<String> = positions.iter().map(|(position, _)| position.ticker.to_string()).collect();
        assert_eq!(order.join(" "), expected);
    }

    #[test]
    fn a_click_turns_a_column_round_and_begins_another_at_its_natural_end() {
        let by_value = Sorting::FIRST.toggle(Column::Value);
        assert_eq!((by_value.aria(Column::Value), by_value.aria(Column::Ticker)), ("descending", "none"));
        assert_eq!(by_value.toggle(Column::Value).aria(Column::Value), "ascending");
        assert_eq!(by_value.toggle(Column::Ticker), Sorting::FIRST);
    }
}
