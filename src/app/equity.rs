//! The equity curve: what the portfolio was worth, up to now.

use std::time::Duration;

use gloo_timers::future::sleep;
use leptos::{html::Div, prelude::*, task::spawn_local_scoped_with_cancellation};

use super::{account::Books, chart::LibraryLoad, format::signed_percent, theme::use_theme};
use crate::{
    api::load_equity,
    domain::{
        account::INITIAL_DEPOSIT,
        equity::{Drawdown, EquityCurve, HistoryRange},
        money::Money,
    },
    interop::lightweight_charts::equity_chart::EquityChart,
};

/// A range slides along with the time; it is read anew this often.
const REFRESH_INTERVAL: Duration = Duration::from_secs(300);

/// What the curve is being done with.
#[derive(Debug, Clone, PartialEq)]
enum Loading {
    Pending,
    Ready,
    Failed(String),
}

/// The handle to the curve; copies share it.
#[derive(Clone, Copy)]
struct Curve {
    range: RwSignal<HistoryRange>,
    loaded: RwSignal<Option<EquityCurve>>,
    loading: RwSignal<Loading>,
    retries: RwSignal<u32>,
    /// Down to the value that is shown now.
    drawdown: RwSignal<Option<Drawdown>>,
    total_value: Memo<Option<Money>>,
}

#[component]
pub fn EquityPanel(books: Books) -> impl IntoView {
    let container = NodeRef::<Div>::new();
    let library = LibraryLoad::begin();
    let curve = Curve::follow(books);
    draw(container, library, curve);

    let failure = Memo::new(move |_| match (library.failure(), curve.loading.get()) {
        (Some(unloaded), _) => Some(unloaded.to_string()),
        (None, Loading::Failed(reason)) => Some(reason),
        (None, Loading::Pending | Loading::Ready) => None,
    });
    let is_empty =
        move || curve.loaded.with(|loaded| loaded.as_ref().is_some_and(|loaded| loaded.snapshots.is_empty()));
    let is_waiting = move || curve.loading.get() == Loading::Pending;
    let retry = move |_| {
        library.retry();
        curve.retries.update(|count| *count += 1);
    };
    view! {
        <section class="panel equity" aria-labelledby="equity-title">
            <div class="bar">
                <h2 id="equity-title">"Equity"</h2>
                <div class="choices" role="group" aria-label="Range">
                    {HistoryRange::ALL.map(|range| view! { <RangeButton curve range/> }).collect_view()}
                </div>
            </div>
            <Figures curve/>
            <div class="chart-body">
                <div
                    class="chart-area"
                    node_ref=container
                    data-testid="pnl-chart"
                    data-range=move || curve.range.get().as_str()
                    data-loading=move || is_waiting().to_string()
                ></div>
                <Show when=move || is_waiting() && failure.with(Option::is_none)>
                    <p class="panel-waiting">"Loading the curve…"</p>
                </Show>
                <Show when=is_empty>
                    <p class="panel-empty">"Nothing was recorded in this range yet; a value comes every half a minute."</p>
                </Show>
                {move || failure.get().map(|reason| view! {
                    <p class="panel-error" role="alert">
                        {format!("The equity curve could not be loaded. {reason}")}
                        <button on:click=retry>"Try again"</button>
                    </p>
                })}
            </div>
        </section>
    }
    .into_any()
}

#[component]
fn RangeButton(curve: Curve, range: HistoryRange) -> impl IntoView {
    let words = match range {
        HistoryRange::Hour => "1 hour",
        HistoryRange::Day => "1 day",
        HistoryRange::Week => "1 week",
        HistoryRange::All => "All time",
    };
    view! {
        <button
            data-testid="equity-range"
            data-range=range.as_str()
            aria-label=words
            aria-pressed=move || (curve.range.get() == range).to_string()
            on:click=move |_| curve.range.set(range)
        >
            {range.as_str()}
        </button>
    }
}

#[component]
fn Figures(curve: Curve) -> impl IntoView {
    // Empty until the curve is there; the style sheet keeps the place.
    let figure = move |read: fn(Drawdown) -> String| move || curve.drawdown.get().map(read).unwrap_or_default();
    view! {
        <dl class="equity-figures">
            <div>
                <dt>"High"</dt>
                <dd data-testid="equity-high">{figure(|drawdown| drawdown.high_water_mark.to_string())}</dd>
            </div>
            <div>
                <dt>"Drawdown"</dt>
                <dd data-testid="equity-drawdown">{figure(|drawdown| signed_percent(-drawdown.percent))}</dd>
            </div>
            <div>
                <dt>"Largest"</dt>
                <dd data-testid="equity-drawdown-max">{figure(|drawdown| signed_percent(-drawdown.percent_max))}</dd>
            </div>
        </dl>
    }
}

impl Curve {
    /// Reads the range that is chosen, from hydration on; anew after each trade, and when it has slid along.
    fn follow(books: Books) -> Self {
        let curve = Self {
            range: RwSignal::new(HistoryRange::default()),
            loaded: RwSignal::new(None),
            loading: RwSignal::new(Loading::Pending),
            retries: RwSignal::new(0),
            drawdown: RwSignal::new(None),
            total_value: Memo::new(move |_| books.portfolio().total_value),
        };
        // Every trade, and a reset, moves cash.
        let cash = Memo::new(move |_| books.cash());
        Effect::new(move || {
            cash.get();
            curve.retries.track();
            let range = curve.range.get();
            curve.loading.set(Loading::Pending);
            spawn_local_scoped_with_cancellation(async move {
                loop {
                    curve.load(range).await;
                    sleep(REFRESH_INTERVAL).await;
                }
            });
        });
        Effect::new(move || {
            if let Some(value) = curve.total_value.get() {
                curve.drawdown.update(|drawdown| *drawdown = drawdown.map(|drawdown| drawdown.followed_by(value)));
            }
        });
        curve
    }

    async fn load(self, range: HistoryRange) {
        match load_equity(range).await {
            Ok(loaded) => {
                self.drawdown.set(self.drawdown_over(&loaded));
                self.loaded.set(Some(loaded));
                self.loading.set(Loading::Ready);
            }
            Err(error) => {
                // Another range's curve under this one's name would be worse than none.
                self.loaded.set(None);
                self.loading.set(Loading::Failed(error.to_string()));
            }
        }
    }

    /// The largest within the range, and the latest from the highest value of all.
    fn drawdown_over(self, loaded: &EquityCurve) -> Option<Drawdown> {
        let now = self.total_value.get_untracked();
        let values = || loaded.snapshots.iter().map(|snapshot| snapshot.total_value).chain(now);
        let within = Drawdown::over(values())?;
        let highest = Drawdown::over(loaded.high_water_mark.into_iter().chain(values()))?;
        Some(Drawdown { percent_max: within.percent_max, ..highest })
    }
}

/// How far apart live points are, in seconds, so that a page that is open for days draws no more than the range shows.
fn step_seconds(range: HistoryRange) -> i64 {
    match range {
        HistoryRange::Hour => 5,
        HistoryRange::Day => 60,
        HistoryRange::Week | HistoryRange::All => 300,
    }
}

/// Draws once there is a library and a place; another theme is another chart, in its colours.
fn draw(container: NodeRef<Div>, library: LibraryLoad, curve: Curve) {
    let theme = use_theme();
    Effect::new(move || {
        let (Some(container), Some(library)) = (container.get(), library.get()) else {
            return;
        };
        theme.get();
        // Ends with this effect, as do those below; dropping it removes the chart.
        let chart = StoredValue::new_local(EquityChart::new(&library, &container, INITIAL_DEPOSIT));
        let drawn_until = StoredValue::new(i64::MIN);
        Effect::new(move || {
            curve.loaded.with(|loaded| {
                let snapshots = loaded.as_ref().map_or(&[][..], |loaded| &loaded.snapshots);
                chart.with_value(|chart| chart.draw(snapshots));
                let last = snapshots.last().map(|snapshot| snapshot.recorded_at.unix_ms().div_euclid(1_000));
                drawn_until.set_value(last.unwrap_or(i64::MIN));
            });
        });
        Effect::new(move || {
            if !curve.loaded.with(Option::is_some) {
                return;
            }
            if let Some(value) = curve.total_value.get() {
                let now = (js_sys::Date::now() / 1_000.0) as i64;
                let step = step_seconds(curve.range.get_untracked());
                // The reader's clock may be behind the server's; the library takes no step back in time.
                let time = (now - now.rem_euclid(step)).max(drawn_until.get_value());
                drawn_until.set_value(time);
                chart.with_value(|chart| chart.update(time, value));
            }
        });
        let high_water_mark = Memo::new(move |_| curve.drawdown.get().map(|drawdown| drawdown.high_water_mark));
        Effect::new(move || {
            if let Some(high) = high_water_mark.get() {
                chart.update_value(|chart| chart.set_high_water_mark(high));
            }
        });
    });
}
