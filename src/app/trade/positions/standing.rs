//! The rows as they stand: they keep still while somebody may be about to press one, and a closed position keeps its place for a
//! moment, so that no other row comes to lie under the pointer.

use crate::domain::ticker::Ticker;

/// The beats for which a closed position stays: it is gone with the second one.
const BEATS_MAX: u32 = 1;

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    pub ticker: Ticker,
    /// The beat at which its position was first seen to be closed; nothing while it is held.
    closed_at: Option<u32>,
}

/// The rows that follow on `before`, given what is `held`, as it is sorted now, and the number of the beat. While the table is
/// still, no row moves and none goes; new ones are added at the end.
pub fn arrange(before: &[Row], held: &[Ticker], is_still: bool, beat: u32) -> Vec<Row> {
    let row = |ticker: Ticker| Row { ticker, closed_at: None };
    let look =
        |row: &Row| Row { closed_at: (!held.contains(&row.ticker)).then(|| row.closed_at.unwrap_or(beat)), ..*row };
    if is_still {
        let is_new = |ticker: &&Ticker| !before.iter().any(|row| row.ticker == **ticker);
        return before.iter().map(look).chain(held.iter().filter(is_new).map(|ticker| row(*ticker))).collect();
    }
    let mut rows: Vec<Row> = held.iter().map(|ticker| row(*ticker)).collect();
    for (index, row) in before.iter().map(look).enumerate() {
        if row.closed_at.is_some_and(|closed_at| beat.wrapping_sub(closed_at) <= BEATS_MAX) {
            rows.insert(index.min(rows.len()), row);
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tickers(symbols: &str) -> Vec<Ticker> {
        symbols.split_whitespace().map(|symbol| symbol.parse().unwrap()).collect()
    }

    /// The rows as text, the closed ones in brackets.
    fn text(rows: &[Row]) -> String {
        let words = rows.iter().map(|row| match row.closed_at {
            None => row.ticker.to_string(),
            Some(_) => format!("({})", row.ticker),
        });
        words.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn nothing_moves_and_nothing_goes_while_the_table_is_still() {
        let first = arrange(&[], &tickers("AAPL F V"), false, 0);
        assert_eq!(text(&first), "AAPL F V");
        let closed = arrange(&first, &tickers("V AAPL"), true, 0);
        assert_eq!(text(&closed), "AAPL (F) V", "another order of the others, and one is closed");
        let later = arrange(&closed, &tickers("V AAPL"), true, 9);
        assert_eq!(text(&later), "AAPL (F) V", "however long");
        let bought = arrange(&later, &tickers("MSFT V AAPL"), true, 9);
        assert_eq!(text(&bought), "AAPL (F) V MSFT");
        let again = arrange(&bought, &tickers("F MSFT V AAPL"), true, 9);
        assert_eq!(text(&again), "AAPL F V MSFT", "bought once more");
    }

    #[test]
    fn a_closed_position_keeps_its_place_for_a_moment() {
        let first = arrange(&[], &tickers("AAPL F V"), false, 4);
        let closed = arrange(&first, &tickers("AAPL V"), false, 4);
        assert_eq!(text(&closed), "AAPL (F) V");
        let next = arrange(&closed, &tickers("V AAPL"), false, 5);
        assert_eq!(text(&next), "V (F) AAPL", "the others are sorted around it");
        assert_eq!(text(&arrange(&next, &tickers("V AAPL"), false, 6)), "V AAPL");
    }

    #[test]
    fn all_may_be_closed_at_once() {
        let first = arrange(&[], &tickers("AAPL F"), false, u32::MAX);
        let closed = arrange(&first, &[], false, u32::MAX);
        assert_eq!(text(&closed), "(AAPL) (F)");
        assert_eq!(text(&arrange(&closed, &[], false, 0)), "(AAPL) (F)", "the count of beats begins anew");
        assert_eq!(text(&arrange(&closed, &[], false, 1)), "");
    }
}
