//! What the view shows: the figures and days of a range, the lots, and the flows. Each is read anew after a change of the
//! account, and the figures every minute, since prices move.

use std::time::Duration;

use gloo_timers::future::sleep;
use leptos::prelude::*;

use crate::{
    api::{load_flows, load_lots, load_performance},
    app::{
        account::Books,
        effects::{effect, memo, spawn},
        loading::Loading,
        storage,
        toast::Toasts,
        workspace::{Workspace, use_workspace},
    },
    domain::{
        performance::{
            flow::{Flow, FlowsPage},
            lots::{LotMethod, LotsPage},
            names::FigureName,
            range::Range,
            report::{FigureView, Performance, PerformanceView},
        },
        ticker::Ticker,
    },
    error::ApiError,
};

/// The present day goes on, so the figures are read anew this often.
const REFRESH_INTERVAL: Duration = Duration::from_secs(60);

/// Storage keys of a person's choices.
const RANGE_KEY: &str = "performance-range";
const BENCHMARK_KEY: &str = "performance-benchmark";
const METHOD_KEY: &str = "lots-method";

/// The handle to the view; copies share it.
#[derive(Clone, Copy)]
pub struct Desk {
    pub range: RwSignal<Range>,
    /// The server's own without a choice.
    pub benchmark: RwSignal<Option<Ticker>>,
    /// The latest answer, also while another one is on its way.
    pub view: RwSignal<Option<PerformanceView>>,
    pub loading: RwSignal<Loading>,
    pub retries: RwSignal<u32>,
    /// Which shares a sale takes, for the list of lots.
    pub method: RwSignal<LotMethod>,
    /// The figure whose explanation is open.
    pub explained: RwSignal<Option<FigureName>>,
    pub books: Books,
    pub toasts: Toasts,
}

/// The list of lots.
#[derive(Clone, Copy)]
pub struct LotsDesk {
    pub page: RwSignal<Option<LotsPage>>,
    pub loading: RwSignal<Loading>,
    pub retries: RwSignal<u32>,
}

/// The list of flows.
#[derive(Clone, Copy)]
pub struct FlowsDesk {
    pub page: RwSignal<Option<FlowsPage>>,
    pub loading: RwSignal<Loading>,
    pub retries: RwSignal<u32>,
}

impl Desk {
    /// Reads all of it from hydration on.
    pub fn follow() -> Self {
        let Workspace { books, toasts, .. } = use_workspace();
        let desk = Self {
            range: RwSignal::new(Range::default()),
            benchmark: RwSignal::new(None),
            view: RwSignal::new(None),
            loading: RwSignal::new(Loading::Pending),
            retries: RwSignal::new(0),
            method: RwSignal::new(LotMethod::default()),
            explained: RwSignal::new(None),
            books,
            toasts,
        };
        desk.keep_choices();
        desk.follow_figures();
        desk
    }

    /// The choices outlast the page: range, benchmark and method.
    fn keep_choices(self) {
        let Self { range, benchmark, method, .. } = self;
        // Before the first read, so that it is of what was chosen. Two dates are of one visit.
        for (key, recall) in [
            (RANGE_KEY, &(|text: &str| text.parse().map(|read| range.set(read)).is_ok()) as &dyn Fn(&str) -> bool),
            (BENCHMARK_KEY, &|text| text.parse().map(|read| benchmark.set(Some(read))).is_ok()),
            (METHOD_KEY, &|text| text.parse().map(|read| method.set(read)).is_ok()),
        ] {
            if let Some(text) = storage::read(key) {
                // What cannot be read is of another version, and is the default.
                let _ = recall(&text);
            }
        }
        let range_words = move || match range.get() {
            Range::All | Range::Dates { .. } => String::new(),
            named => named.to_string(),
        };
        effect(move || storage::write(RANGE_KEY, &range_words()));
        effect(move || {
            storage::write(BENCHMARK_KEY, &benchmark.get().map(|ticker| ticker.to_string()).unwrap_or_default());
        });
        effect(move || {
            let words = Some(method.get()).filter(|method| *method != LotMethod::default());
            storage::write(METHOD_KEY, words.map(LotMethod::as_str).unwrap_or_default());
        });
    }

    fn follow_figures(self) {
        effect(move || {
            self.books.track_changes();
            self.retries.track();
            let (range, benchmark) = (self.range.get(), self.benchmark.get());
            self.loading.set(Loading::Pending);
            spawn(async move {
                loop {
                    match load_performance(range, benchmark).await {
                        Ok(view) => {
                            self.view.set(Some(view));
                            self.loading.set(Loading::Ready);
                        }
                        Err(error) => {
                            // Another range's figures under this one's name would be worse than none.
                            self.view.set(None);
                            self.loading.set(Loading::Failed(error.to_string()));
                        }
                    }
                    sleep(REFRESH_INTERVAL).await;
                }
            });
        });
    }

    /// Something of the figures; tracked. `None` until they are there.
    pub fn read<T: PartialEq + Send + Sync + 'static>(
        self,
        of: impl Fn(&Performance) -> T + Send + Sync + 'static,
    ) -> Memo<Option<T>> {
        memo(move || self.view.with(|view| view.as_ref().map(|view| of(&view.performance))))
    }

    /// A figure by its name.
    pub fn figure(self, name: FigureName) -> Memo<Option<FigureView>> {
        memo(move || self.view.with(|view| view.as_ref()?.performance.figures.get(&name).copied()))
    }

    /// Whether nothing was read yet, which skeletons stand for.
    pub fn is_waiting(self) -> bool {
        self.loading.get() == Loading::Pending && self.view.with(Option::is_none)
    }
}

impl LotsDesk {
    /// Reads them after each change, by the method that is chosen.
    pub fn follow(desk: Desk) -> Self {
        let (page, loading, retries) = (RwSignal::new(None), RwSignal::new(Loading::Pending), RwSignal::new(0));
        effect(move || {
            desk.books.track_changes();
            retries.track();
            let method = desk.method.get();
            loading.set(Loading::Pending);
            spawn(async move { show(page, loading, load_lots(method, None).await) });
        });
        Self { page, loading, retries }
    }
}

impl FlowsDesk {
    /// Reads the newest ones after each change.
    pub fn follow(books: Books) -> Self {
        let (page, loading, retries) = (RwSignal::new(None), RwSignal::new(Loading::Pending), RwSignal::new(0));
        effect(move || {
            books.track_changes();
            retries.track();
            loading.set(Loading::Pending);
            spawn(async move { show(page, loading, load_flows(None).await) });
        });
        Self { page, loading, retries }
    }

    /// Adds the next page to the list.
    pub async fn load_more(self, toasts: Toasts) {
        let Some(cursor) = self.page.with_untracked(|page| page.as_ref()?.next_cursor.clone()) else { return };
        match load_flows(Some(cursor)).await {
            Ok(older) => {
                self.page.try_update(|page| {
                    if let Some(page) = page {
                        page.flows.extend(older.flows);
                        page.next_cursor = older.next_cursor;
                    }
                });
            }
            Err(error) => toasts.error(format!("Older deposits and withdrawals could not be read. {error}")),
        }
    }

    /// The flows as far as they were read; tracked.
    pub fn list(self) -> Vec<Flow> {
        self.page.with(|page| page.as_ref().map(|page| page.flows.clone()).unwrap_or_default())
    }
}

/// A failure leaves what is shown: it is of the same account, only older.
fn show<T: Send + Sync + 'static>(page: RwSignal<Option<T>>, loading: RwSignal<Loading>, answer: Result<T, ApiError>) {
    match answer {
        Ok(read) => {
            page.set(Some(read));
            loading.set(Loading::Ready);
        }
        Err(error) => loading.set(Loading::Failed(error.to_string())),
    }
}

/// The desk of the view that the calling component stands in.
pub fn use_desk() -> Desk {
    // Invariant: the view provides it before any of its parts.
    use_context().expect("the desk is provided by the view")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{
        app::performance::samples::day,
        domain::{
            instant::UtcInstant,
            money::Money,
            performance::{
                Missing,
                report::{DrawdownDates, GainSource, SourceGain, TickerGain},
            },
        },
        wire,
    };

    #[test]
    fn the_page_reads_what_the_server_writes() {
        let cents = Money::from_cents;
        let figure = |name| match name {
            FigureName::Sharpe => FigureView::new(Err(Missing::NotEnoughData), 1),
            _ => FigureView::new(Ok(1.25), 30),
        };
        let performance = Performance {
            range: "1m".to_owned(),
            from: Some("2026-11-29".to_owned()),
            to: Some("2026-11-30".to_owned()),
            days: 2,
            periods_a_year: 68.25,
            benchmark: "SPY".parse().unwrap(),
            opening_value: cents(1_000_000),
            closing_value: cents(1_050_001),
            deposits: cents(50_000),
            withdrawals: Money::ZERO,
            net_flows: cents(50_000),
            gain: cents(1),
            fees: Money::ZERO,
            dividends: Money::ZERO,
            bought: cents(12_345),
            sold: Money::ZERO,
            figures: FigureName::ALL.into_iter().map(|name| (name, figure(name))).collect::<BTreeMap<_, _>>(),
            drawdown: Some(DrawdownDates {
                peak: "2026-11-28".to_owned(),
                trough: "2026-11-29".to_owned(),
                recovery: None,
            }),
            by_ticker: vec![TickerGain { ticker: "NVDA".parse().unwrap(), gain: cents(1), percent: Some(100.0) }],
            by_source: vec![SourceGain { source: GainSource::Copilot, gain: cents(1), percent: None }],
        };
        let days = vec![day("2026-11-29", None), day("2026-11-30", Some(-0.5))];
        let view = PerformanceView { performance, days, at: UtcInstant::from_unix_ms(1_795_356_131_500) };
        let text = serde_json::to_string(&view).unwrap();
        assert_eq!(wire::read::<PerformanceView>(&text), Ok(view));
    }
}
