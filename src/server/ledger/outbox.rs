//! The account's events: each change notes one in the [`Books`](super::Books), with the account's next number, and they are
//! written at the end of the very transaction that makes the change.
//!
//! Changes of the same thing within a transaction share a row, under the number of the last: who is told the last state of a
//! thing misses nothing.

use rusqlite::{Connection, Row, params};
use serde_json::{Map, Value, json};

use super::{Ledger, store::ACCOUNT_ID};
use crate::{
    domain::{copilot::Autonomy, event::EventKind, ticker::Ticker},
    error::ApiError,
};

/// The events that can be read again: whoever missed more reads everything anew.
pub const EVENTS_KEPT: i64 = 10_000;

/// After so many further events those are deleted that nobody can read any more.
const PRUNE_STEP: i64 = 500;

/// Where the latest event is.
pub const LATEST_EVENT: &str = "SELECT COALESCE(MAX(sequence), 0) FROM events WHERE account_id = ?1";

/// The events after one.
pub const EVENTS_AFTER: &str =
    "SELECT sequence, kind, topic, data FROM events WHERE account_id = ?1 AND sequence > ?2 ORDER BY sequence";

/// What happened to the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Cash and positions changed by trading, or by something else than a reset.
    Account,
    /// The account began anew.
    Reset,
    Watchlist {
        ticker: Ticker,
        verb: &'static str,
    },
    /// A message, or what became of its actions.
    Message {
        id: String,
    },
    /// The conversation began anew.
    ChatCleared,
    Settings {
        autonomy: Autonomy,
    },
}

impl Change {
    fn kind(&self) -> EventKind {
        match self {
            Self::Account | Self::Reset => EventKind::Account,
            Self::Watchlist { .. } => EventKind::Watchlist,
            Self::Message { .. } | Self::ChatCleared => EventKind::Chat,
            Self::Settings { .. } => EventKind::Settings,
        }
    }

    /// What changed, among things of its kind.
    fn id(&self) -> String {
        match self {
            Self::Account | Self::Reset | Self::ChatCleared | Self::Settings { .. } => ACCOUNT_ID.to_owned(),
            Self::Watchlist { ticker, .. } => ticker.to_string(),
            Self::Message { id } => id.clone(),
        }
    }

    /// A later change of the same kind and topic tells this one as well.
    fn topic(&self) -> String {
        match self {
            Self::Account | Self::Watchlist { .. } | Self::Message { .. } | Self::Settings { .. } => self.id(),
            // Not told by a trade that follows.
            Self::Reset => "reset".to_owned(),
            Self::ChatCleared => "cleared".to_owned(),
        }
    }

    /// What a row of a list shows of it.
    fn fields(&self) -> Value {
        match self {
            Self::Account | Self::Message { .. } => json!({}),
            Self::Reset => json!({ "reset": true }),
            Self::Watchlist { verb, .. } => json!({ "action": verb }),
            Self::ChatCleared => json!({ "cleared": true }),
            Self::Settings { autonomy } => json!({ "autonomy": autonomy }),
        }
    }

    fn data(&self, sequence: i64) -> String {
        let mut data = Map::new();
        data.insert("kind".to_owned(), self.kind().as_str().into());
        data.insert("id".to_owned(), self.id().into());
        data.insert("version".to_owned(), sequence.into());
        if let Value::Object(fields) = self.fields() {
            data.extend(fields);
        }
        Value::Object(data).to_string()
    }
}

/// The number of the latest change, and the changes of a transaction that are not written yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outbox {
    sequence: i64,
    /// Each with its number, in the order of these. A transaction has few writes.
    noted: Vec<(i64, Change)>,
}

impl Outbox {
    /// Of an account whose latest event has this number.
    pub fn at(sequence: i64) -> Self {
        Self { sequence, noted: Vec::new() }
    }

    /// The number of the latest change; 0 when there was none.
    pub fn sequence(&self) -> i64 {
        self.sequence
    }

    /// Gives a change the account's next number.
    pub fn note(&mut self, change: Change) {
        self.sequence += 1;
        let is_told = |earlier: &(i64, Change)| {
            let earlier = &earlier.1;
            std::mem::discriminant(earlier) == std::mem::discriminant(&change) && earlier.id() == change.id()
        };
        // Nearly always a trade after a trade.
        match self.noted.last_mut().filter(|last| is_told(last)) {
            Some(last) => *last = (self.sequence, change),
            None => {
                self.noted.retain(|earlier| !is_told(earlier));
                self.noted.push((self.sequence, change));
            }
        }
    }

    /// Writes what was noted, and deletes what is too old.
    ///
    /// # Errors
    /// The database's, which undo the transaction.
    pub fn write(&mut self, rows: &Connection) -> rusqlite::Result<()> {
        let Some(first) = self.noted.first().map(|(sequence, _)| *sequence) else {
            return Ok(());
        };
        let mut insert = rows.prepare_cached(
            "INSERT INTO events (account_id, sequence, kind, topic, data) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        for (sequence, change) in std::mem::take(&mut self.noted) {
            let (kind, topic) = (change.kind(), change.topic());
            insert.execute(params![ACCOUNT_ID, sequence, kind, topic, change.data(sequence)])?;
        }
        if (first - 1) / PRUNE_STEP != self.sequence / PRUNE_STEP {
            rows.prepare_cached("DELETE FROM events WHERE account_id = ?1 AND sequence <= ?2")?
                .execute(params![ACCOUNT_ID, self.sequence - EVENTS_KEPT])?;
        }
        Ok(())
    }
}

/// An event as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedEvent {
    pub sequence: i64,
    pub kind: EventKind,
    pub topic: String,
    /// A JSON object.
    pub data: String,
}

/// The events after one, in their order; of those that tell of the same thing, the last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventsPage {
    /// Up to this one, all are told.
    pub until: i64,
    pub events: Vec<RecordedEvent>,
}

impl EventsPage {
    /// Takes in a later event.
    fn add(&mut self, event: RecordedEvent) {
        self.until = event.sequence;
        self.events.retain(|earlier| earlier.kind != event.kind || earlier.topic != event.topic);
        self.events.push(event);
    }
}

impl Ledger {
    /// The events after `after`; nothing when that is so long ago, or so far ahead, that what came since is not known.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn events_after(&self, after: i64) -> Result<Option<EventsPage>, ApiError> {
        let page = self.readers.read(move |rows| {
            // One transaction, so that the numbers are those of the rows.
            let rows = rows.transaction()?;
            let latest: i64 = rows.prepare_cached(LATEST_EVENT)?.query_row([ACCOUNT_ID], |row| row.get(0))?;
            if after > latest || after < latest - EVENTS_KEPT {
                return Ok(None);
            }
            let mut page = EventsPage { until: after, events: Vec::new() };
            let mut events = rows.prepare_cached(EVENTS_AFTER)?;
            let mut events = events.query(params![ACCOUNT_ID, after])?;
            while let Some(row) = events.next()? {
                page.add(read_event(row)?);
            }
            Ok(Some(page))
        });
        page.await
    }
}

fn read_event(row: &Row<'_>) -> rusqlite::Result<RecordedEvent> {
    Ok(RecordedEvent {
        sequence: row.get("sequence")?,
        kind: row.get("kind")?,
        topic: row.get("topic")?,
        data: row.get("data")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::instant::UtcInstant,
        server::{ledger::store, market::hours::Hours},
    };

    fn watchlist(symbol: &str) -> Change {
        Change::Watchlist { ticker: symbol.parse().unwrap(), verb: "added" }
    }

    async fn database(folder: &tempfile::TempDir) -> Connection {
        let url = format!("sqlite://{}", folder.path().join("events.db").display());
        store::open(&url, UtcInstant::from_unix_ms(0), Hours::Continuous).await.unwrap().connection
    }

    fn written(rows: &Connection) -> Vec<(i64, String, String)> {
        let mut events = rows.prepare(EVENTS_AFTER).unwrap();
        let events = events.query_map(params![ACCOUNT_ID, 0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        events.unwrap().collect::<Result<_, _>>().unwrap()
    }

    #[tokio::test]
    async fn changes_of_one_thing_share_a_row_and_each_has_a_number() {
        let folder = tempfile::tempdir().unwrap();
        let rows = database(&folder).await;
        let mut outbox = Outbox::at(7);
        for change in
            [Change::Account, Change::Account, watchlist("V"), Change::Account, watchlist("XOM"), watchlist("V")]
        {
            outbox.note(change);
        }
        outbox.write(&rows).unwrap();
        let expected = [(11, "account", "default"), (12, "watchlist", "XOM"), (13, "watchlist", "V")];
        assert_eq!(written(&rows), expected.map(|(number, kind, topic)| (number, kind.to_owned(), topic.to_owned())));
        assert_eq!(outbox, Outbox::at(13), "nothing is left to be written");
    }

    #[tokio::test]
    async fn a_reset_is_not_told_by_the_trade_after_it() {
        let folder = tempfile::tempdir().unwrap();
        let rows = database(&folder).await;
        let mut outbox = Outbox::at(0);
        for change in [Change::Account, Change::Reset, Change::Account] {
            outbox.note(change);
        }
        outbox.write(&rows).unwrap();
        let topics: Vec<_> = written(&rows).into_iter().map(|(number, _, topic)| (number, topic)).collect();
        assert_eq!(topics, [(2, "reset".to_owned()), (3, "default".to_owned())]);
    }

    #[tokio::test]
    async fn what_is_too_old_is_deleted_and_the_newest_stays() {
        let folder = tempfile::tempdir().unwrap();
        let rows = database(&folder).await;
        let mut outbox = Outbox::at(0);
        for _ in 0..EVENTS_KEPT + 2 * PRUNE_STEP {
            outbox.note(Change::Account);
            outbox.write(&rows).unwrap();
        }
        let numbers: Vec<i64> = written(&rows).into_iter().map(|(number, ..)| number).collect();
        let kept = i64::try_from(numbers.len()).unwrap();
        assert!((EVENTS_KEPT..=EVENTS_KEPT + PRUNE_STEP).contains(&kept), "{kept}");
        assert_eq!(numbers.last(), Some(&(EVENTS_KEPT + 2 * PRUNE_STEP)));
    }

    #[test]
    fn data_names_what_changed() {
        let data = |change: Change| -> Value { serde_json::from_str(&change.data(9)).unwrap() };
        assert_eq!(data(Change::Account), json!({ "kind": "account", "id": "default", "version": 9 }));
        let expected = json!({ "kind": "watchlist", "id": "XOM", "version": 9, "action": "added" });
        assert_eq!(data(watchlist("XOM")), expected);
        let expected = json!({ "kind": "settings", "id": "default", "version": 9, "autonomy": "propose" });
        assert_eq!(data(Change::Settings { autonomy: Autonomy::Propose }), expected);
    }
}
