//! A person's changes of the panels, and their stored form.

use std::fmt;

use super::panel::Panel;

/// A person's changes of a panel; the style sheet has the defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Change {
    pub size: Option<u16>,
    pub is_open: Option<bool>,
}

/// Panels side by side below the chart, in order.
pub type Row = [Panel; 3];

const ROW: Row = [Panel::Positions, Panel::Heatmap, Panel::Equity];

/// Name of the row's order in storage; also in `before_paint.js`.
const ORDER: &str = "order";

/// Stored as `watchlist=320 copilot=closed order=heatmap.positions.equity`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrangement {
    changes: [Change; Panel::ALL.len()],
    row: Row,
}

impl Default for Arrangement {
    fn default() -> Self {
        Self { changes: [Change::default(); Panel::ALL.len()], row: ROW }
    }
}

impl Arrangement {
    pub fn of(&self, panel: Panel) -> Change {
        self.changes[panel as usize]
    }

    pub fn of_mut(&mut self, panel: Panel) -> &mut Change {
        &mut self.changes[panel as usize]
    }

    pub fn row(&self) -> Row {
        self.row
    }

    /// Swaps a panel of the row with its neighbour before or after it; no effect at the row's end.
    pub fn swap(&mut self, panel: Panel, is_forward: bool) {
        let Some(place) = place_of(self.row, panel) else { return };
        let other = if is_forward { place.checked_add(1) } else { place.checked_sub(1) };
        if let Some(other) = other.filter(|other| *other < self.row.len()) {
            self.row.swap(place, other);
        }
    }

    /// Change of a panel's size when its separator moves right or down by one. In the row the positions take the
    /// remaining space, and each separator is on its panel's side towards them.
    pub fn growth(&self, panel: Panel) -> f64 {
        let is_before = match place_of(self.row, panel) {
            Some(place) => Some(place) < place_of(self.row, Panel::Positions),
            None => panel == Panel::Watchlist,
        };
        if is_before { 1.0 } else { -1.0 }
    }

    /// Parses the text of [`Display`](fmt::Display); invalid parts, as from another version, are skipped.
    pub fn read(text: &str) -> Self {
        let mut arrangement = Self::default();
        for (name, value) in text.split(' ').filter_map(|entry| entry.split_once('=')) {
            if name == ORDER {
                arrangement.row = read_row(value).unwrap_or(ROW);
            }
            let Some(panel) = Panel::read(name) else {
                continue;
            };
            let change = arrangement.of_mut(panel);
            match value {
                "open" if panel.can_close() => change.is_open = Some(true),
                "closed" if panel.can_close() => change.is_open = Some(false),
                size if panel.has_size() => change.size = size.parse().ok(),
                _ => {}
            }
        }
        arrangement
    }
}

fn place_of(row: Row, panel: Panel) -> Option<usize> {
    row.iter().position(|other| *other == panel)
}

fn read_row(text: &str) -> Option<Row> {
    let panels: Vec<Panel> = text.split('.').filter_map(Panel::read).collect();
    let row: Row = panels.try_into().ok()?;
    ROW.into_iter().all(|panel| row.contains(&panel)).then_some(row)
}

impl fmt::Display for Arrangement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut gap = "";
        for panel in Panel::ALL {
            let change = self.of(panel);
            if let Some(size) = change.size {
                write!(f, "{gap}{}={size}", panel.as_str())?;
                gap = " ";
            }
            if let Some(is_open) = change.is_open {
                write!(f, "{gap}{}={}", panel.as_str(), open_or_closed(is_open))?;
                gap = " ";
            }
        }
        if self.row != ROW {
            write!(f, "{gap}{ORDER}={}", self.row.map(Panel::as_str).join("."))?;
        }
        Ok(())
    }
}

/// Word in storage and in the document's attributes.
pub fn open_or_closed(is_open: bool) -> &'static str {
    if is_open { "open" } else { "closed" }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::nothing("")]
    #[case::a_size("watchlist=320")]
    #[case::both("watchlist=320 portfolio=240 copilot=400 copilot=closed")]
    #[case::hidden("ticket=closed positions=closed")]
    #[case::swapped("heatmap=300 order=heatmap.positions.equity")]
    fn an_arrangement_reads_what_it_wrote(#[case] text: &str) {
        assert_eq!(Arrangement::read(text).to_string(), text);
    }

    #[rstest]
    #[case("watchlist=wide")]
    #[case("watchlist=-3")]
    #[case("watchlist=70000")]
    #[case("chart=300")]
    #[case("chart=closed")]
    #[case("none=300 = == watchlist")]
    #[case("order=heatmap.heatmap.equity")]
    #[case("order=heatmap")]
    fn what_makes_no_sense_is_left_out(#[case] text: &str) {
        assert_eq!(Arrangement::read(text), Arrangement::default());
    }

    #[test]
    fn panels_of_the_row_are_swapped_and_grow_away_from_the_positions() {
        let mut arrangement = Arrangement::default();
        assert_eq!(arrangement.growth(Panel::Heatmap), -1.0);
        arrangement.swap(Panel::Heatmap, false);
        assert_eq!(arrangement.row(), [Panel::Heatmap, Panel::Positions, Panel::Equity]);
        assert_eq!((arrangement.growth(Panel::Heatmap), arrangement.growth(Panel::Equity)), (1.0, -1.0));
        arrangement.swap(Panel::Heatmap, false);
        arrangement.swap(Panel::Watchlist, true);
        assert_eq!(arrangement.row(), [Panel::Heatmap, Panel::Positions, Panel::Equity]);
        assert_eq!((arrangement.growth(Panel::Watchlist), arrangement.growth(Panel::Copilot)), (1.0, -1.0));
    }
}
