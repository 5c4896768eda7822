//! The price feed: one stream a browser, whose ticks go to the market store.
//!
//! The tabs of a browser share the stream. The one that holds the lock owns it and posts what comes to the others, and
//! what came since the last key frame to one that is new; when it is closed the browser hands the lock, and with it the
//! stream, to the next. A browser without locks or channels, as on an insecure address, opens a stream for each tab.

mod frames;
mod stream;
mod tabs;

use std::{pin::pin, rc::Rc};

use futures::future::{Either, select};
use gloo_timers::future::sleep;

use super::{
    effects::{effect, spawn},
    market::Market,
};
use crate::interop::web_locks::WebLocks;
use frames::Frames;
use stream::SILENCE_MAX;
use tabs::{News, TabChannel};

/// The lock, and the channel, that the tabs share.
const SHARED_NAME: &str = "finally-prices";

/// Keeps the market up to date for as long as the calling component stands.
pub fn follow_prices(market: Market) {
    effect(move || {
        let frames = Frames::new(market);
        spawn(share(move |news| match news {
            News::Frame(frame) => frames.offer(frame),
            News::Notice(notice) => market.tell(notice),
        }));
    });
}

/// Applies what the tab with the stream posts, until this tab gets the stream for itself.
async fn share(apply: impl Fn(News) + Copy + 'static) {
    let (Some(locks), Some(channel)) = (WebLocks::find(), TabChannel::open(SHARED_NAME)) else {
        return stream::run(apply).await;
    };
    let channel = Rc::new(channel);
    let mut lock = pin!(locks.hold(SHARED_NAME));
    channel.listen(apply);
    let _lock = loop {
        match select(lock.as_mut(), pin!(sleep(SILENCE_MAX))).await {
            Either::Left((lock, _)) => break lock,
            // The tab that has the stream may have been put to sleep with it.
            Either::Right(_) if !channel.was_heard() => break None,
            Either::Right(_) => {}
        }
    };
    channel.answer();
    stream::run(move |news| {
        channel.post(&news);
        apply(news);
    })
    .await;
}
