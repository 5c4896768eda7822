//! The equity curve: what the portfolio was worth, up to now.

use std::time::Duration;

use gloo_timers::future::sleep;
use leptos::{html::Div, prelude::*};
use wasm_split_helpers::{SplitLoaderError, wasm_split};

use crate::app::{
    account::Books,
    effects::{effect, memo, spawn},
    erase::{Erase, Piece},
    format::signed_percent,
    loading::Loading,
    look::theme::use_theme,
    media::{FORCED_COLORS_QUERY, use_media},
    parts::PartView,
    trade::chart::{Choice, LibraryLoad, show_choice, show_notice},
    workspace::use_workspace,
};
use crate::{
    api::load_equity,
    domain::{
        equity::{Drawdown, EquityCurve, HistoryRange},
        money::Money,
    },
    interop::lightweight_charts::equity_chart::EquityChart,
};

/// A range slides along with the time; it is read anew this often.
const REFRESH_INTERVAL: Duration = Duration::from_secs(300);

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

#[wasm_split(charts, fallible)]
pub fn fetch_equity() -> Result<PartView, SplitLoaderError> {
    Ok(equity)
}

pub fn equity() -> Piece {
    view! { <EquityPanel/> }.erase()
}

#[component]
fn EquityPanel() -> impl IntoView {
    let books = use_workspace().books;
    let container = NodeRef::<Div>::new();
    let library = LibraryLoad::begin();
    let curve = Curve::follow(books);
    draw(container, library, curve, books);

    let is_empty =
        move || curve.loaded.with(|loaded| loaded.as_ref().is_some_and(|loaded| loaded.snapshots.is_empty()));
    let is_waiting = move || library.and(curve.loading) == Loading::Pending;
    let ranges: Vec<Piece> = HistoryRange::ALL.map(|range| show_range(curve, range)).into();
    view! {
        <section class="panel equity" aria-labelledby="equity-title">
            <div class="bar">
                <h2 id="equity-title">"Equity"</h2>
                <div class="choices" role="group" aria-label="Range">{ranges}</div>
            </div>
            <dl class="equity-figures">
                {show_figure(curve, "High", "equity-high", |drawdown| drawdown.high_water_mark.to_string())}
                {show_figure(curve, "Drawdown", "equity-drawdown", |drawdown| signed_percent(-drawdown.percent))}
                {show_figure(curve, "Largest", "equity-drawdown-max", |drawdown| signed_percent(-drawdown.percent_max))}
            </dl>
            <div class="chart-body">
                <div
                    class="chart-area"
                    node_ref=container
                    data-testid="pnl-chart"
                    data-range=move || curve.range.get().as_str()
                    data-loading=move || is_waiting().to_string()
                ></div>
                <p class="panel-empty" hidden=move || !is_empty()>
                    "Nothing was recorded in this range yet; a value comes every half a minute."
                </p>
                {show_notice("The equity curve", library, curve.loading, curve.retries)}
            </div>
        </section>
    }
    .erase()
}

fn show_range(curve: Curve, range: HistoryRange) -> Piece {
    let words = match range {
        HistoryRange::Hour => "1 hour",
        HistoryRange::Day => "1 day",
        HistoryRange::Week => "1 week",
        HistoryRange::All => "All time",
    };
    show_choice(
        Choice {
            test_id: "equity-range",
            key: range.as_str(),
            words: words.to_owned(),
            label: range.as_str().to_owned(),
        },
        move || curve.range.get() == range,
        move || curve.range.set(range),
    )
}

/// Empty until the curve is there; the style sheet keeps the place.
fn show_figure(curve: Curve, name: &'static str, test_id: &'static str, read: fn(Drawdown) -> String) -> Piece {
    view! {
        <div>
            <dt>{name}</dt>
            <dd translate="no" data-testid=test_id>{move || curve.drawdown.get().map(read)}</dd>
        </div>
    }
    .erase()
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
            total_value: memo(move || books.with_portfolio(|portfolio| portfolio.total_value)),
        };
        effect(move || {
            books.track_changes();
            curve.retries.track();
            let range = curve.range.get();
            curve.loading.set(Loading::Pending);
            spawn(async move {
                loop {
                    curve.load(range).await;
                    sleep(REFRESH_INTERVAL).await;
                }
            });
        });
        effect(move || {
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
fn draw(container: NodeRef<Div>, library: LibraryLoad, curve: Curve, books: Books) {
    let (theme, is_forced) = (use_theme(), use_media(FORCED_COLORS_QUERY));
    effect(move || {
        let (Some(container), Some(library)) = (container.get(), library.get()) else {
            return;
        };
        theme.get();
        is_forced.track();
        let deposit = untrack(|| books.paid_in());
        // Ends with this effect, as do those below; dropping it removes the chart.
        let chart = StoredValue::new_local(EquityChart::new(&library, &container, deposit));
        let drawn_until = StoredValue::new(i64::MIN);
        effect(move || {
            curve.loaded.with(|loaded| {
                let snapshots = loaded.as_ref().map_or(&[][..], |loaded| &loaded.snapshots);
                chart.with_value(|chart| chart.draw(snapshots));
                let last = snapshots.last().map(|snapshot| snapshot.recorded_at.unix_second());
                drawn_until.set_value(last.unwrap_or(i64::MIN));
            });
        });
        effect(move || {
            if !curve.loaded.with(Option::is_some) {
                return;
            }
            if let Some(value) = curve.total_value.get() {
                let now = (js_sys::Date::now() / 1_000.0) as i64;
                let step = step_seconds(curve.range.get_untracked());
                // The reader's clock may be behind the server's; the library takes no step back in time.
                let until = drawn_until.get_value();
                let time = (now - now.rem_euclid(step)).max(until);
                drawn_until.set_value(time);
                chart.with_value(|chart| chart.update(time, value, time > until));
            }
        });
        effect(move || {
            if let Some(drawdown) = curve.drawdown.get() {
                chart.update_value(|chart| chart.set_high_water_mark(drawdown.high_water_mark));
            }
        });
    });
}
