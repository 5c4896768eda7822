//! The panels, each described once, for layout, splitters, the phone's bar, keys, palette and parts; the style sheet
//! uses their names.

use crate::app::parts::Part;

/// A part of the workstation that can be shown, and usually resized or closed.
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

/// Axis of a panel's size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axis {
    /// Width.
    Horizontal,
    /// Height.
    Vertical,
}

/// Bounds of a panel's size, in CSS pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    pub min: u16,
    pub max: u16,
}

/// Absolute bounds, and the largest fraction of the window's extent along the axis.
#[derive(Debug, Clone, Copy)]
struct Limits {
    min: u16,
    max: u16,
    share: f64,
}

struct Description {
    /// Name in attributes, in custom properties, in storage and in the style sheet.
    name: &'static str,
    /// Title for people.
    title: &'static str,
    /// Key that shows it.
    key: Option<&'static str>,
    axis: Axis,
    /// Limits of a panel with a size of its own; others take the remaining space.
    limits: Option<Limits>,
    can_close: bool,
    /// Panel that represents it on screens for a single one.
    stand_in: Panel,
    /// Panel that contains it, which must be open for it to be visible.
    holder: Option<Panel>,
    /// Lazy part that draws it, if any.
    part: Option<Part>,
}

/// In the order of [`Panel`].
const DESCRIPTIONS: [Description; 8] = [
    Description {
        key: Some("w"),
        limits: Some(Limits { min: 200, max: 560, share: 0.4 }),
        can_close: true,
        ..describe("watchlist", "Watchlist", Panel::Watchlist)
    },
    Description { key: Some("g"), part: Some(Part::Chart), ..describe("chart", "Chart", Panel::Chart) },
    // Below the chart.
    Description { can_close: true, ..describe("ticket", "Ticket", Panel::Chart) },
    Description {
        axis: Axis::Vertical,
        limits: Some(Limits { min: 120, max: 1_200, share: 0.62 }),
        can_close: true,
        ..describe("portfolio", "Portfolio row", Panel::Positions)
    },
    Description {
        key: Some("p"),
        can_close: true,
        holder: Some(Panel::Portfolio),
        ..describe("positions", "Positions", Panel::Positions)
    },
    Description {
        key: Some("h"),
        limits: Some(Limits { min: 130, max: 900, share: 0.35 }),
        can_close: true,
        holder: Some(Panel::Portfolio),
        part: Some(Part::Heatmap),
        ..describe("heatmap", "Heatmap", Panel::Heatmap)
    },
    Description {
        key: Some("e"),
        limits: Some(Limits { min: 130, max: 900, share: 0.35 }),
        can_close: true,
        holder: Some(Panel::Portfolio),
        part: Some(Part::Equity),
        ..describe("equity", "Equity curve", Panel::Equity)
    },
    Description {
        key: Some("c"),
        limits: Some(Limits { min: 260, max: 720, share: 0.45 }),
        can_close: true,
        part: Some(Part::Copilot),
        ..describe("copilot", "Copilot", Panel::Copilot)
    },
];

const fn describe(name: &'static str, title: &'static str, stand_in: Panel) -> Description {
    Description {
        name,
        title,
        key: None,
        axis: Axis::Horizontal,
        limits: None,
        can_close: false,
        stand_in,
        holder: None,
        part: None,
    }
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

    fn description(self) -> &'static Description {
        &DESCRIPTIONS[self as usize]
    }

    pub fn as_str(self) -> &'static str {
        self.description().name
    }

    pub fn read(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|panel| panel.as_str() == name)
    }

    pub fn title(self) -> &'static str {
        self.description().title
    }

    /// Title within a sentence.
    pub fn words(self) -> String {
        self.title().to_ascii_lowercase()
    }

    pub fn key(self) -> Option<&'static str> {
        self.description().key
    }

    pub fn axis(self) -> Axis {
        self.description().axis
    }

    pub fn has_size(self) -> bool {
        self.description().limits.is_some()
    }

    pub fn can_close(self) -> bool {
        self.description().can_close
    }

    /// Bounds of its size in a window of `extent` along its axis, which leave room for the rest.
    pub fn bounds(self, extent: f64) -> Bounds {
        let Limits { min, max, share } = self.description().limits.unwrap_or(Limits { min: 0, max: 0, share: 0.0 });
        Bounds { min, max: ((extent * share) as u16).clamp(min, max) }
    }

    pub fn stand_in(self) -> Self {
        self.description().stand_in
    }

    pub fn holder(self) -> Option<Self> {
        self.description().holder
    }

    pub fn part(self) -> Option<Part> {
        self.description().part
    }

    /// Entry of a phone's bar that leads to it.
    pub fn bar_entry(self) -> Self {
        if self.holder().is_some() { Self::Positions } else { self.stand_in() }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn descriptions_stand_in_the_order_of_the_panels() {
        for (index, panel) in Panel::ALL.into_iter().enumerate() {
            assert_eq!(panel as usize, index);
            assert_eq!(Panel::read(panel.as_str()), Some(panel));
        }
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
