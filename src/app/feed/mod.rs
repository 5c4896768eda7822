//! Messages from the server: prices, changes of the account, and the server's build.
//!
//! The tabs of a browser share the streams: one of them [leads](tabs) and posts their events to the others; a new tab
//! gets everything since the last key frame. Without channels, each tab opens its own streams.

mod frames;
mod stream;
mod tabs;

use std::{pin::pin, rc::Rc};

use futures::future::{join, select};
use leptos::prelude::{SetValue, StoredValue};

use super::{
    changes::Changes,
    effects::{effect, spawn},
    market::{Market, Notice},
    upgrade::{Upgrade, own_build},
};
use frames::Frames;
use stream::Stream;
pub use stream::wait;
pub use tabs::POSITION;
use tabs::{News, Tab};

const PRICES: &str = "/api/stream/prices?format=compact";

/// Events that the page follows, including those of every stream.
const CHANGES: [&str; 12] = [
    "account",
    "watchlist",
    "order",
    "fill",
    "alert",
    "chat",
    "settings",
    "document",
    "task",
    "answer",
    "reset",
    "ping",
];

/// Keeps the page up to date as long as the calling component is mounted; writes into `leads` whether this tab leads.
pub fn follow_server(market: Market, changes: Changes, upgrade: Upgrade, leads: StoredValue<bool>) {
    effect(move || {
        let frames = Frames::new(market);
        let hear: Rc<dyn Fn(News)> = Rc::new(move |news| match news {
            News::Frame(frame) => frames.offer(frame),
            News::Notice(notice) => market.tell(notice),
            News::Change { version, what } => changes.hear(version, &what),
            News::Server(words) => upgrade.hear(&words),
        });
        spawn(share(hear, changes, leads));
    });
}

/// Applies the leading tab's posts; opens the streams while this tab leads.
async fn share(hear: Rc<dyn Fn(News)>, changes: Changes, leads: StoredValue<bool>) {
    // Tabs of another build may use another protocol.
    let name = format!("finally-{}", own_build());
    let Some((tab, _membership)) = Tab::join(&name, move || changes.version(), hear.clone()) else {
        leads.try_set_value(true);
        return listen(&*hear, changes).await;
    };
    loop {
        tab.follow().await;
        leads.try_set_value(true);
        let tell = |news: News| {
            tab.post(&news);
            hear(news);
        };
        select(pin!(tab.step_down()), pin!(listen(&tell, changes))).await;
        leads.try_set_value(false);
    }
}

/// Reports the events of both streams, for ever.
async fn listen(tell: &dyn Fn(News), changes: Changes) {
    let prices = Stream {
        address: &|| PRICES.to_owned(),
        kinds: &["message", "ping"],
        tell: &|kind, data, _| {
            tell(if kind == "message" { News::Frame(data) } else { News::Server(data.into()) });
        },
        tell_notice: &|notice| tell(News::Notice(notice)),
    };
    let events = Stream {
        address: &|| format!("/api/events?after={}", changes.version()),
        kinds: &CHANGES,
        tell: &|kind, data, event| tell(read_change(kind, data.into(), event.last_event_id())),
        // It reconnects by itself; the price stream reports that the server is away.
        tell_notice: &|_: Notice| {},
    };
    join(prices.run(), events.run()).await;
}

fn read_change(kind: &str, data: String, id: String) -> News {
    match id.parse() {
        Ok(version) if kind != "ping" => News::Change { version, what: kind.to_owned() },
        _ => News::Server(data),
    }
}
