//! Events as text: server-sent events, several of which form a frame.

use std::{fmt::Write, time::Duration};

use serde_json::json;

use super::listener::Choice;
use crate::{domain::event::PING_INTERVAL_MAX, error::ApiError, server::ledger::EventsPage};

/// Longest silence before a ping.
pub const PING_INTERVAL: Duration = Duration::from_secs(10);

/// The `ping` event of a quiet stream: the build of this server's page, and the longest time until the next event. The
/// comment is for readers of the price stream that expect one.
pub fn ping(build: &str) -> String {
    let data = json!({ "build": build, "seconds_max": PING_INTERVAL_MAX.as_secs() });
    format!(": still here\nevent: ping\ndata: {data}\n\n")
}

/// The `ping` event of the account's stream, which also has the number up to which all events have been sent.
pub fn numbered_ping(build: &str, version: i64) -> String {
    format!("id: {version}\n{}", ping(build))
}

/// First event of a listener that starts at this number.
pub fn hello(build: &str, version: i64) -> String {
    event("hello", version, &json!({ "version": version, "build": build }).to_string())
}

/// Tells a listener to read everything anew, because the events that it missed are no longer stored.
pub fn reset(version: i64) -> String {
    event("reset", version, &json!({ "version": version }).to_string())
}

/// Last event before a stream ends because of an error.
pub fn fault(error: &ApiError) -> String {
    format!("event: error\ndata: {}\n\n", json!({ "code": error.code(), "detail": error.to_string() }))
}

/// Selected events after a number; empty if there are none.
pub fn frame(page: &EventsPage, after: i64, choice: &Choice) -> String {
    let mut text = String::new();
    for recorded in page.events.iter().filter(|event| event.sequence > after && choice.includes(event.kind)) {
        text.push_str(&event(recorded.kind.as_str(), recorded.sequence, &recorded.data));
    }
    text
}

fn event(kind: &str, sequence: i64, data: &str) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write!(text, "event: {kind}\nid: {sequence}\ndata: {data}\n\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::event::EventKind, server::ledger::RecordedEvent};

    #[test]
    fn a_frame_has_what_is_new_and_chosen() {
        let recorded = |sequence, kind: EventKind| RecordedEvent {
            sequence,
            kind,
            topic: "default".to_owned(),
            data: "{}".to_owned(),
        };
        let events =
            vec![recorded(3, EventKind::Account), recorded(5, EventKind::Chat), recorded(8, EventKind::Settings)];
        let page = EventsPage { until: 8, events };
        let all = frame(&page, 3, &Choice::default());
        assert_eq!(all, "event: chat\nid: 5\ndata: {}\n\nevent: settings\nid: 8\ndata: {}\n\n");
        let chosen = Choice::of([EventKind::Account, EventKind::Settings]);
        assert_eq!(frame(&page, 3, &chosen), "event: settings\nid: 8\ndata: {}\n\n");
        assert_eq!(frame(&page, 8, &Choice::default()), "");
    }

    #[test]
    fn a_ping_is_an_event_and_a_comment() {
        let text = ping("b1");
        assert_eq!(text, ": still here\nevent: ping\ndata: {\"build\":\"b1\",\"seconds_max\":15}\n\n");
        assert!(numbered_ping("b1", 7).starts_with("id: 7\n: still here\nevent: ping\n"));
        assert!(PING_INTERVAL < PING_INTERVAL_MAX);
    }
}
