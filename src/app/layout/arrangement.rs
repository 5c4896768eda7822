//! How the panels are arranged: which can be resized and closed, within what bounds, and how that is written down.

use std::fmt;

/// A part of the workstation that can be shown, and mostly resized or closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Panel {
    Watchlist,
    Chart,
    Ticket,
    /// The row below the chart, which holds the next three.
    Portfolio,
    Positions,
    Heatmap,
    Equity,
    Copilot,
}

/// The panels with a size of their own, which can also be closed; the others take what is left.
pub const RESIZABLE: [Panel; 5] = [Panel::Watchlist, Panel::Portfolio, Panel::Heatmap, Panel::Equity, Panel::Copilot];

/// Which way a panel's size runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axis {
    /// Its width.
    Horizontal,
    /// Its height.
    Vertical,
}

/// Between what a panel can be resized, in CSS pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    pub min: u16,
    pub max: u16,
}

impl Panel {
    pub const ALL: [Self; 8] = [
        Self::Watchlist,
        Self::Chart,
        Self::Ticket,
        Self::Portfolio,
        Self::Positions,
        Self::Heatmap,
        Self::Equity,
        Self::Copilot,
    ];

    /// The key that shows it, where there is one.
    pub fn key(self) -> Option<&'static str> {
        match self {
            Self::Watchlist => Some("w"),
            Self::Chart => Some("g"),
            Self::Positions => Some("p"),
            Self::Heatmap => Some("h"),
            Self::Equity => Some("e"),
            Self::Copilot => Some("c"),
            Self::Ticket | Self::Portfolio => None,
        }
    }

    /// Its name in attributes, in custom properties, in storage and in the style sheet.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Watchlist => "watchlist",
            Self::Chart => "chart",
            Self::Ticket => "ticket",
            Self::Portfolio => "portfolio",
            Self::Positions => "positions",
            Self::Heatmap => "heatmap",
            Self::Equity => "equity",
            Self::Copilot => "copilot",
        }
    }

    /// Its name for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Watchlist => "Watchlist",
            Self::Chart => "Chart",
            Self::Ticket => "Ticket",
            Self::Portfolio => "Portfolio row",
            Self::Positions => "Positions",
            Self::Heatmap => "Heatmap",
            Self::Equity => "Equity curve",
            Self::Copilot => "Copilot",
        }
    }

    pub fn axis(self) -> Axis {
        if self == Self::Portfolio { Axis::Vertical } else { Axis::Horizontal }
    }

    /// What moving its separator right or down by one adds to its size: it stands before or behind its separator.
    pub fn growth(self) -> f64 {
        if self == Self::Watchlist { 1.0 } else { -1.0 }
    }

    /// The bounds of its size in a window that measures `extent` along its axis: never so much that the rest is lost.
    pub fn bounds(self, extent: f64) -> Bounds {
        let (min, max, share) = match self {
            Self::Watchlist => (200, 560, 0.4),
            Self::Portfolio => (120, 1_200, 0.62),
            Self::Copilot => (260, 720, 0.45),
            _ => (130, 900, 0.35),
        };
        Bounds { min, max: ((extent * share) as u16).clamp(min, max) }
    }

    /// The panel that is shown for it where there is room for one alone: the ticket stands below the chart.
    pub fn view(self) -> Self {
        match self {
            Self::Ticket => Self::Chart,
            Self::Portfolio => Self::Positions,
            other => other,
        }
    }

    /// The panel that it stands in, which has to be open for it to be seen.
    pub fn holder(self) -> Option<Self> {
        matches!(self, Self::Positions | Self::Heatmap | Self::Equity).then_some(Self::Portfolio)
    }

    fn slot(self) -> Option<usize> {
        RESIZABLE.iter().position(|panel| *panel == self)
    }
}

/// What a person changed about a panel; the style sheet has the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Change {
    pub size: Option<u16>,
    pub is_open: Option<bool>,
}

/// What a person changed about the panels. Written as `watchlist=320 copilot=closed`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Arrangement([Change; RESIZABLE.len()]);

impl Arrangement {
    pub fn of(&self, panel: Panel) -> Change {
        panel.slot().map(|slot| self.0[slot]).unwrap_or_default()
    }

    /// Nothing for a panel that takes what is left.
    pub fn of_mut(&mut self, panel: Panel) -> Option<&mut Change> {
        panel.slot().map(|slot| &mut self.0[slot])
    }

    /// Reads what [`Display`](fmt::Display) wrote; what makes no sense, as from another version, is left out.
    pub fn read(text: &str) -> Self {
        let mut arrangement = Self::default();
        for (name, value) in text.split(' ').filter_map(|entry| entry.split_once('=')) {
            let panel = RESIZABLE.into_iter().find(|panel| panel.as_str() == name);
            let Some(change) = panel.and_then(|panel| arrangement.of_mut(panel)) else {
                continue;
            };
            match value {
                "open" => change.is_open = Some(true),
                "closed" => change.is_open = Some(false),
                size => change.size = size.parse().ok(),
            }
        }
        arrangement
    }
}

impl fmt::Display for Arrangement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut gap = "";
        for (panel, change) in RESIZABLE.iter().zip(&self.0) {
            if let Some(size) = change.size {
                write!(f, "{gap}{}={size}", panel.as_str())?;
                gap = " ";
            }
            if let Some(is_open) = change.is_open {
                write!(f, "{gap}{}={}", panel.as_str(), open_or_closed(is_open))?;
                gap = " ";
            }
        }
        Ok(())
    }
}

/// The word in storage and in the document's attributes.
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
    fn an_arrangement_reads_what_it_wrote(#[case] text: &str) {
        assert_eq!(Arrangement::read(text).to_string(), text);
    }

    #[rstest]
    #[case("watchlist=wide")]
    #[case("watchlist=-3")]
    #[case("watchlist=70000")]
    #[case("chart=300")]
    #[case("none=300 = == watchlist")]
    fn what_makes_no_sense_is_left_out(#[case] text: &str) {
        assert_eq!(Arrangement::read(text), Arrangement::default());
    }

    #[rstest]
    #[case::small_window(Panel::Watchlist, 400.0, 200, 200)]
    #[case::usual_window(Panel::Watchlist, 1_000.0, 200, 400)]
    #[case::wide_window(Panel::Watchlist, 4_000.0, 200, 560)]
    #[case::row(Panel::Portfolio, 900.0, 120, 558)]
    fn bounds_leave_room_for_the_rest(#[case] panel: Panel, #[case] extent: f64, #[case] min: u16, #[case] max: u16) {
        assert_eq!(panel.bounds(extent), Bounds { min, max });
    }
}
