//! The account's events: the kinds of changes.

use std::{fmt, str::FromStr, time::Duration};

/// Longest silence of a server's stream: it sends `ping` in between. A longer silence means that the stream is dead.
pub const PING_INTERVAL_MAX: Duration = Duration::from_secs(15);

/// Kind of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventKind {
    /// Cash, positions and holds.
    Account,
    Watchlist,
    Order,
    Fill,
    Alert,
    Chat,
    Document,
    Task,
    Answer,
    Run,
    Settings,
}

impl EventKind {
    pub const ALL: [Self; 11] = [
        Self::Account,
        Self::Watchlist,
        Self::Order,
        Self::Fill,
        Self::Alert,
        Self::Chat,
        Self::Document,
        Self::Task,
        Self::Answer,
        Self::Run,
        Self::Settings,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Watchlist => "watchlist",
            Self::Order => "order",
            Self::Fill => "fill",
            Self::Alert => "alert",
            Self::Chat => "chat",
            Self::Document => "document",
            Self::Task => "task",
            Self::Answer => "answer",
            Self::Run => "run",
            Self::Settings => "settings",
        }
    }
}

/// The text is not an event's kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub struct InvalidEventKind;

impl fmt::Display for InvalidEventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = EventKind::ALL.map(EventKind::as_str);
        write!(f, "an event's type is one of {}", names.join(", "))
    }
}

impl FromStr for EventKind {
    type Err = InvalidEventKind;

    fn from_str(text: &str) -> Result<Self, InvalidEventKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(InvalidEventKind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_read_as_it_is_written() {
        for kind in EventKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
        assert_eq!("accounts".parse::<EventKind>(), Err(InvalidEventKind));
    }
}
