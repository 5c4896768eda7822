//! Changes for the account's listeners: the payload of [events](crate::server::events).

use std::fmt::Write;

use super::effect::FiringRow;
use crate::domain::{
    account_id::AccountId,
    alerts::{AlertStatus, record::Alert},
    copilot::Autonomy,
    event::EventKind,
    money::{Price, Quantity},
    order::Side,
    orders::{
        id::OrderId,
        order::{Order, StatusWord},
        terms::OrderType,
    },
    ticker::Ticker,
};

/// Number of stored events; a listener that missed more reads everything anew.
pub const EVENTS_KEPT: i64 = 10_000;

/// A change of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Cash or positions changed, other than by a reset.
    Account,
    /// The account was reset.
    Reset,
    Watchlist {
        ticker: Ticker,
        verb: &'static str,
    },
    /// A new or changed order.
    Order(Box<OrderNews>),
    Fill {
        trade_id: String,
        order_id: OrderId,
        /// Number among the order's fills, from 1.
        number: u32,
        ticker: Ticker,
        side: Side,
        quantity: Quantity,
        price: Price,
    },
    /// An alert that is new, was changed, fired or is gone.
    Alert(Box<AlertNews>),
    /// Firings were read.
    FiringsRead {
        unread: u64,
    },
    /// A message, or the outcome of its actions.
    Message {
        id: String,
    },
    /// The conversation was cleared.
    ChatCleared,
    Settings {
        autonomy: Autonomy,
    },
    /// A document, task or answer of the library, whose data is in another file.
    Library {
        kind: EventKind,
        /// A UUID.
        id: String,
        /// The document's id, for a task.
        document: Option<String>,
    },
}

/// An order's fields that lists show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderNews {
    pub id: OrderId,
    /// The id as text, for the event.
    id_text: String,
    pub ticker: Ticker,
    pub side: Side,
    pub order_type: OrderType,
    pub status: StatusWord,
    pub reason: Option<&'static str>,
    pub filled: Option<Quantity>,
    pub revision: u32,
}

/// Fields of an alert for list rows and toasts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertNews {
    pub id: String,
    pub verb: &'static str,
    pub status: AlertStatus,
    pub firing: Option<FiringNews>,
}

/// Fields of a firing for toasts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FiringNews {
    pub id: String,
    pub sentence: String,
    pub note: Option<String>,
    /// With this one.
    pub unread: u64,
}

impl Change {
    pub fn of_alert(alert: &Alert, verb: &'static str) -> Self {
        Self::Alert(Box::new(AlertNews { id: alert.id.clone(), verb, status: alert.status, firing: None }))
    }

    pub fn of_firing(alert: &Alert, row: &FiringRow, unread: u64) -> Self {
        let firing = FiringNews { id: row.id.clone(), sentence: row.sentence.clone(), note: row.note.clone(), unread };
        let (id, status) = (alert.id.clone(), alert.status);
        Self::Alert(Box::new(AlertNews { id, verb: "fired", status, firing: Some(firing) }))
    }

    pub fn of_order(order: &Order) -> Self {
        Self::Order(Box::new(OrderNews {
            id: order.id,
            id_text: order.id.to_string(),
            ticker: order.ticker,
            side: order.side,
            order_type: order.terms.order_type(),
            status: order.status.word(),
            reason: order.status.reason(),
            filled: order.filled_quantity(),
            revision: order.revision,
        }))
    }

    pub fn kind(&self) -> EventKind {
        match self {
            Self::Account | Self::Reset => EventKind::Account,
            Self::Watchlist { .. } => EventKind::Watchlist,
            Self::Order(_) => EventKind::Order,
            Self::Fill { .. } => EventKind::Fill,
            Self::Alert(_) | Self::FiringsRead { .. } => EventKind::Alert,
            Self::Message { .. } | Self::ChatCleared => EventKind::Chat,
            Self::Settings { .. } => EventKind::Settings,
            Self::Library { kind, .. } => *kind,
        }
    }

    /// Id of the changed object within its kind.
    fn id<'a>(&'a self, account: &'a AccountId) -> &'a str {
        match self {
            Self::Account | Self::Reset | Self::ChatCleared | Self::Settings { .. } | Self::FiringsRead { .. } => {
                account.as_str()
            }
            Self::Alert(alert) => &alert.id,
            Self::Watchlist { ticker, .. } => ticker.as_str(),
            Self::Order(order) => &order.id_text,
            Self::Fill { trade_id, .. } => trade_id,
            Self::Message { id } | Self::Library { id, .. } => id,
        }
    }

    /// Key for merging: a later change of the same kind and topic replaces this one.
    pub fn topic<'a>(&'a self, account: &'a AccountId) -> &'a str {
        match self {
            Self::Account
            | Self::Watchlist { .. }
            | Self::Order(_)
            | Self::Fill { .. }
            | Self::Message { .. }
            | Self::Settings { .. }
            | Self::Library { .. } => self.id(account),
            // Each firing is told.
            Self::Alert(alert) => alert.firing.as_ref().map_or(&alert.id, |firing| &firing.id),
            Self::FiringsRead { .. } => "read",
            // A later trade does not replace these.
            Self::Reset => "reset",
            Self::ChatCleared => "cleared",
        }
    }

    /// Whether a later change of the same account includes this one.
    pub fn is_told_by(&self, later: &Self) -> bool {
        match (self, later) {
            (Self::Watchlist { ticker, .. }, Self::Watchlist { ticker: later, .. }) => ticker == later,
            (Self::Message { id }, Self::Message { id: later }) => id == later,
            (Self::Library { kind, id, .. }, Self::Library { kind: later_kind, id: later, .. }) => {
                kind == later_kind && id == later
            }
            (Self::Order(order), Self::Order(later)) => order.id == later.id,
            (Self::Fill { .. }, Self::Fill { .. }) => false,
            (Self::Alert(alert), Self::Alert(later)) => {
                alert.firing.is_none() && later.firing.is_none() && alert.id == later.id
            }
            (earlier, later) => std::mem::discriminant(earlier) == std::mem::discriminant(later),
        }
    }

    /// The event's JSON object: kind, id, version, and the fields that lists show.
    pub fn data(&self, account: &AccountId, sequence: i64) -> String {
        let mut data = String::with_capacity(96);
        let (kind, id) = (self.kind().as_str(), self.id(account));
        // Writing to a string cannot fail, here and below.
        let _ = match self {
            // A message's id may be any text.
            Self::Message { id } => write!(data, r#"{{"kind":"{kind}","id":{}"#, serde_json::Value::from(id.as_str())),
            _ => write!(data, r#"{{"kind":"{kind}","id":"{id}""#),
        };
        let _ = write!(data, r#","version":{sequence}"#);
        match self {
            Self::Account | Self::Message { .. } | Self::Library { document: None, .. } => {}
            Self::Library { document: Some(document), .. } => {
                let _ = write!(data, r#","document":"{document}""#);
            }
            Self::Reset => data.push_str(r#","reset":true"#),
            Self::ChatCleared => data.push_str(r#","cleared":true"#),
            Self::Watchlist { verb, .. } => {
                let _ = write!(data, r#","action":"{verb}""#);
            }
            Self::Order(order) => {
                let OrderNews { ticker, side, order_type, status, reason, filled, revision, .. } = &**order;
                let (side, filled) = (side.as_str(), filled.map_or("0".to_owned(), Quantity::plain));
                let _ = write!(
                    data,
                    r#","ticker":"{ticker}","side":"{side}","type":"{order_type}","status":"{status}","filled_quantity":{filled},"revision":{revision}"#
                );
                if let Some(reason) = reason {
                    let _ = write!(data, r#","reason":"{reason}""#);
                }
            }
            Self::Fill { order_id, number, ticker, side, quantity, price, .. } => {
                let (side, quantity, price) = (side.as_str(), quantity.plain(), price.dollars());
                let _ = write!(
                    data,
                    r#","order_id":"{order_id}","number":{number},"ticker":"{ticker}","side":"{side}","quantity":{quantity},"price":{price}"#
                );
            }
            Self::Alert(alert) => write_alert(&mut data, alert),
            Self::FiringsRead { unread } => {
                let _ = write!(data, r#","action":"read","unread":{unread}"#);
            }
            Self::Settings { autonomy } => {
                let _ = write!(data, r#","autonomy":"{}""#, autonomy.as_str());
            }
        }
        data.push('}');
        data
    }
}

fn write_alert(data: &mut String, alert: &AlertNews) {
    let AlertNews { verb, status, firing, .. } = alert;
    // A string takes whatever is written, here and below.
    let _ = write!(data, r#","action":"{verb}","status":"{status}""#);
    if let Some(FiringNews { id, sentence, note, unread }) = firing {
        let sentence = serde_json::Value::from(sentence.as_str());
        let _ = write!(data, r#","firing":"{id}","sentence":{sentence},"unread":{unread}"#);
        if let Some(note) = note {
            let _ = write!(data, r#","note":{}"#, serde_json::Value::from(note.as_str()));
        }
    }
}

/// A stored event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedEvent {
    pub sequence: i64,
    pub kind: EventKind,
    pub topic: String,
    /// A JSON object.
    pub data: String,
}

/// Events after a number, in order; only the last one of each topic.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventsPage {
    /// Number up to which the page is complete.
    pub until: i64,
    pub events: Vec<RecordedEvent>,
}

impl EventsPage {
    /// Adds a later event.
    pub fn add(&mut self, event: RecordedEvent) {
        self.until = event.sequence;
        self.events.retain(|earlier| earlier.kind != event.kind || earlier.topic != event.topic);
        self.events.push(event);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn data_names_what_changed() {
        let data = |change: Change| -> Value { serde_json::from_str(&change.data(&AccountId::DEFAULT, 9)).unwrap() };
        assert_eq!(data(Change::Account), json!({ "kind": "account", "id": "default", "version": 9 }));
        let added = Change::Watchlist { ticker: "XOM".parse().unwrap(), verb: "added" };
        let expected = json!({ "kind": "watchlist", "id": "XOM", "version": 9, "action": "added" });
        assert_eq!(data(added), expected);
        let expected = json!({ "kind": "settings", "id": "default", "version": 9, "autonomy": "propose" });
        assert_eq!(data(Change::Settings { autonomy: Autonomy::Propose }), expected);
        let quoted = Change::Message { id: "a\"b".to_owned() };
        assert_eq!(data(quoted), json!({ "kind": "chat", "id": "a\"b", "version": 9 }));
    }
}
