//! `/api/stream/prices`: server-sent events, one a tick.
//!
//! Every connection writes the same bytes: the frame that the feed wrote once. A connection holds the newest tick only.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
    routing::get,
};
use futures::{Stream, stream};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use crate::server::{market::feed::Tick, state::AppState};

/// A silent connection is written a comment after this long, so that proxies keep it open.
const COMMENT_INTERVAL: Duration = Duration::from_secs(10);

const OPENING: Bytes = Bytes::from_static(b"retry: 1000\n\n");
const COMMENT: Bytes = Bytes::from_static(b": still here\n\n");
const DONE: Bytes =
    Bytes::from_static(b"event: done\ndata: {\"code\":\"shutdown\",\"detail\":\"The server is shutting down.\"}\n\n");

pub fn router() -> Router<AppState> {
    Router::new().route("/stream/prices", get(prices))
}

async fn prices(State(state): State<AppState>) -> Response {
    let mut ticks = state.feed.subscribe();
    // The tick there is now is the first frame.
    ticks.mark_changed();
    let body = Body::from_stream(frames(ticks, state.shutdown));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (header::HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    (headers, body).into_response()
}

enum Progress {
    Opening,
    Running,
    Ended,
}

fn frames(
    ticks: watch::Receiver<Arc<Tick>>,
    shutdown: CancellationToken,
) -> impl Stream<Item = Result<Bytes, Infallible>> {
    stream::unfold((ticks, shutdown, Progress::Opening), |(mut ticks, shutdown, progress)| async move {
        let (bytes, next) = match progress {
            Progress::Opening => (OPENING, Progress::Running),
            Progress::Running => next_frame(&mut ticks, &shutdown).await,
            Progress::Ended => return None,
        };
        Some((Ok(bytes), (ticks, shutdown, next)))
    })
}

async fn next_frame(ticks: &mut watch::Receiver<Arc<Tick>>, shutdown: &CancellationToken) -> (Bytes, Progress) {
    let silence_end = Instant::now() + COMMENT_INTERVAL;
    tokio::select! {
        // A shutdown comes first: after it there is nothing to say.
        biased;
        () = shutdown.cancelled() => (DONE, Progress::Ended),
        changed = ticks.changed() => match changed {
            Ok(()) => (ticks.borrow_and_update().frame.clone(), Progress::Running),
            // The feed is gone, which it is at shutdown only.
            Err(_) => (DONE, Progress::Ended),
        },
        () = sleep_until(silence_end) => (COMMENT, Progress::Running),
    }
}
