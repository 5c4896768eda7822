//! The server's metrics, for Prometheus.
//!
//! One registry per process, built with the services and passed on with them. Units come last in the names, and every
//! label has a bounded set of values: a route is its template, never the requested path.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::http::{Method, StatusCode};
use prometheus_client::{
    encoding::{EncodeLabelSet, text},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};

use super::market::feed::Tick;

/// Buckets for the time until a response begins, and for commits.
const DURATION_BUCKETS_SECONDS: [f64; 14] =
    [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

/// Buckets for the number of writes in a transaction.
const BATCH_BUCKETS: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answer {
    route: String,
    method: &'static str,
    status: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CopilotOutcome {
    outcome: &'static str,
}

/// All metrics of this server. Clones share them.
#[derive(Clone)]
pub struct Metrics(Arc<Registered>);

struct Registered {
    registry: Registry,
    requests: Family<Answer, Counter>,
    request_duration: Family<Route, Histogram, fn() -> Histogram>,
    streams_open: Gauge,
    frames_sent: Counter,
    ticks_skipped: Counter,
    frames_written: Counter,
    ticks: Counter,
    tick_age: Gauge<f64, AtomicU64>,
    queue_depth: Gauge<i64, AtomicI64>,
    batch_size: Histogram,
    commit_duration: Histogram,
    snapshots: Counter,
    orders_open: Gauge,
    order_fills: Counter,
    match_duration: Histogram,
    alerts_watched: Gauge,
    alert_firings: Counter,
    copilot_replies: Family<CopilotOutcome, Counter>,
    copilot_latency: Histogram,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Registered {
            registry: Registry::with_prefix("finally"),
            requests: Family::default(),
            request_duration: Family::new_with_constructor(duration_histogram),
            streams_open: Gauge::default(),
            frames_sent: Counter::default(),
            ticks_skipped: Counter::default(),
            frames_written: Counter::default(),
            ticks: Counter::default(),
            tick_age: Gauge::default(),
            queue_depth: Gauge::default(),
            batch_size: Histogram::new(BATCH_BUCKETS),
            commit_duration: duration_histogram(),
            snapshots: Counter::default(),
            orders_open: Gauge::default(),
            order_fills: Counter::default(),
            match_duration: duration_histogram(),
            alerts_watched: Gauge::default(),
            alert_firings: Counter::default(),
            copilot_replies: Family::default(),
            copilot_latency: duration_histogram(),
        };
        metrics.register();
        Self(Arc::new(metrics))
    }
}

impl Registered {
    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("requests", "Requests answered, by route, method and status", self.requests.clone());
        registry.register_with_unit(
            "request_duration",
            "From a request's head to the beginning of its answer",
            Unit::Seconds,
            self.request_duration.clone(),
        );
        registry.register("streams_open", "Streams open now, of prices and of events", self.streams_open.clone());
        registry.register("stream_frames_sent", "Events written to price streams", self.frames_sent.clone());
        registry.register(
            "stream_ticks_skipped",
            "Ticks that slow readers of the price stream were moved past",
            self.ticks_skipped.clone(),
        );
        registry.register(
            "stream_frames_written",
            "Ticks written as JSON, each for all who read the same",
            self.frames_written.clone(),
        );
        registry.register("feed_ticks", "Ticks of the market feed", self.ticks.clone());
        let help = "Since the market feed's newest tick";
        registry.register_with_unit("feed_tick_age", help, Unit::Seconds, self.tick_age.clone());
        registry.register("ledger_queue_depth", "Writes left waiting by the newest batch", self.queue_depth.clone());
        registry.register("ledger_batch_size", "Writes that shared a transaction", self.batch_size.clone());
        registry.register_with_unit(
            "ledger_commit_duration",
            "From taking a batch of writes to its being on disk",
            Unit::Seconds,
            self.commit_duration.clone(),
        );
        registry.register(
            "copilot_replies",
            "Messages answered by the copilot, by outcome",
            self.copilot_replies.clone(),
        );
        registry.register_with_unit(
            "copilot_latency",
            "From a message to the copilot's reply",
            Unit::Seconds,
            self.copilot_latency.clone(),
        );
        registry.register(
            "snapshots",
            "Values of the portfolio recorded by the equity curve's keeper",
            self.snapshots.clone(),
        );
        self.register_orders();
    }

    fn register_orders(&mut self) {
        let registry = &mut self.registry;
        registry.register("orders_open", "Orders that wait, of all accounts", self.orders_open.clone());
        registry.register("order_fills", "Fills that the matcher made", self.order_fills.clone());
        registry.register_with_unit(
            "match_duration",
            "From taking a tick's prints to having settled what they fired",
            Unit::Seconds,
            self.match_duration.clone(),
        );
        registry.register("alerts_watched", "Alerts whose conditions are looked at", self.alerts_watched.clone());
        registry.register("alert_firings", "Conditions of alerts that became true", self.alert_firings.clone());
    }
}

impl Metrics {
    /// Records a response; `route` is the matching template, `latency` the time until the response began.
    pub fn request_answered(&self, route: &str, method: &Method, status: StatusCode, latency: Duration) {
        let answer =
            Answer { route: route.to_owned(), method: method_label(method), status: u32::from(status.as_u16()) };
        self.0.requests.get_or_create(&answer).inc();
        self.0.request_duration.get_or_create(&Route { route: answer.route }).observe(latency.as_secs_f64());
    }

    pub fn stream_opened(&self) {
        self.0.streams_open.inc();
    }

    pub fn stream_closed(&self) {
        self.0.streams_open.dec();
    }

    /// Records events sent to streams, and ticks that slow readers skipped.
    pub fn ticks_told(&self, frames_sent: u64, ticks_skipped: u64) {
        self.0.frames_sent.inc_by(frames_sent);
        self.0.ticks_skipped.inc_by(ticks_skipped);
    }

    /// Sets the gauges of the feed's newest tick, when the metrics are read.
    pub fn feed_is_at(&self, tick: &Tick) {
        self.0.tick_age.set(tick.at.elapsed().as_secs_f64());
        self.0.ticks.inner().store(tick.version, Ordering::Relaxed);
        self.0.frames_written.inner().store(tick.frames_written(), Ordering::Relaxed);
    }

    /// Records that the ledger's writer took `size` writes into one transaction, and left `waiting` in its queue.
    pub fn ledger_batch_taken(&self, size: usize, waiting: usize) {
        self.0.batch_size.observe(size as f64);
        self.0.queue_depth.set(i64::try_from(waiting).unwrap_or(i64::MAX));
    }

    /// Records that a batch was committed, or given up, after `time`.
    pub fn ledger_batch_settled(&self, time: Duration) {
        self.0.commit_duration.observe(time.as_secs_f64());
    }

    /// Records a value of the equity curve; values recorded by trades count as trades.
    pub fn snapshot_recorded(&self) {
        self.0.snapshots.inc();
    }

    /// The matcher looked at a tick with so many open orders, and made so many fills, within `time`.
    pub fn tick_matched(&self, open: usize, fills: usize, time: Duration) {
        self.0.orders_open.set(i64::try_from(open).unwrap_or(i64::MAX));
        self.0.order_fills.inc_by(fills as u64);
        self.0.match_duration.observe(time.as_secs_f64());
    }

    /// So many alerts are watched, and so many fired since the last look.
    pub fn alerts_looked_at(&self, watched: usize, firings: usize) {
        self.0.alerts_watched.set(i64::try_from(watched).unwrap_or(i64::MAX));
        self.0.alert_firings.inc_by(firings as u64);
    }

    /// Records a copilot's reply, or an error's code as its outcome; without a latency if nothing awaited it.
    pub fn copilot_answered(&self, outcome: &'static str, latency_ms: Option<u64>) {
        self.0.copilot_replies.get_or_create(&CopilotOutcome { outcome }).inc();
        if let Some(latency_ms) = latency_ms {
            self.0.copilot_latency.observe(latency_ms as f64 / 1_000.0);
        }
    }

    /// All metrics as text, in the OpenMetrics format.
    ///
    /// # Errors
    /// If a metric cannot be written as text, which does not happen.
    pub fn write(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        text::encode(&mut text, &self.0.registry)?;
        Ok(text)
    }
}

fn duration_histogram() -> Histogram {
    Histogram::new(DURATION_BUCKETS_SECONDS)
}

/// Label of a method; unknown methods share one, since clients can invent them.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
