//! The account against the benchmark and against holding, day by day, with its drawdown below.

use leptos::{html::Div, prelude::*};

use super::{
    shapes::{Point, compounded, rolling_sharpe, series, underwater},
    store::Desk,
    table::{Panel, show_panel, show_switch, show_table},
    words,
};
use crate::{
    app::{
        effects::{effect, memo},
        erase::{Erase, Piece},
        format::{money, or_missing, share_percent, signed_money, signed_percent},
        look::theme::use_theme,
        media::{FORCED_COLORS_QUERY, use_media},
        trade::chart::{Choice, LibraryLoad, show_choice, show_notice},
    },
    domain::{
        money::Money,
        performance::report::{DayLine, PerformanceView},
    },
    interop::lightweight_charts::performance_chart::{Curves, PerformanceChart, Unit},
};

/// What the curve is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subject {
    Return,
    Value,
    Sharpe,
    Exposure,
}

impl Subject {
    const ALL: [(Self, &'static str, &'static str); 4] = [
        (Self::Return, "return", "Return"),
        (Self::Value, "value", "Value"),
        (Self::Sharpe, "sharpe", "Rolling Sharpe"),
        (Self::Exposure, "exposure", "Exposure"),
    ];

    fn unit(self) -> Unit {
        match self {
            Self::Return | Self::Exposure => Unit::Percent,
            Self::Value => Unit::Dollars,
            Self::Sharpe => Unit::Ratio,
        }
    }

    /// The account's curve, the benchmark's, and that of holding.
    fn curves(self, view: &PerformanceView) -> [Vec<Point>; 3] {
        let days = &view.days;
        match self {
            Self::Return => [
                compounded(days, |day| day.return_percent),
                compounded(days, |day| day.benchmark),
                compounded(days, |day| day.holding),
            ],
            Self::Value => [series(days, |day| Some(dollars(day.close))), Vec::new(), Vec::new()],
            Self::Sharpe => [rolling_sharpe(days, view.performance.periods_a_year), Vec::new(), Vec::new()],
            Self::Exposure => [series(days, |day| day.exposure), Vec::new(), Vec::new()],
        }
    }
}

/// For drawing only.
fn dollars(amount: Money) -> f64 {
    amount.cents() as f64 / 100.0
}

pub fn show_chart(desk: Desk) -> Piece {
    let (subject, is_table) = (RwSignal::new(Subject::Return), RwSignal::new(false));
    let container = NodeRef::<Div>::new();
    let library = LibraryLoad::begin();
    draw(desk, container, library, subject);
    let benchmark = desk.read(|performance| performance.benchmark);
    let choices = Subject::ALL.map(|(own, key, label)| {
        let words = format!("Draw the {}", label.to_ascii_lowercase());
        show_choice(
            Choice { test_id: "performance-subject", key, words, label: label.to_owned() },
            move || subject.get() == own,
            move || subject.set(own),
        )
    });
    let legend = move || {
        let others = (subject.get() == Subject::Return).then(|| {
            let benchmark = benchmark.get().map(|ticker| ticker.to_string());
            view! {
                <span class="key-benchmark">{benchmark}</span>
                <span class="key-holding">"Holding"</span>
            }
            .erase()
        });
        view! {
            <span class="key-own">"You"</span>
            {others}
        }
        .erase()
    };
    let empty = memo(move || {
        let is_short = |view: &PerformanceView| subject.get().curves(view)[0].is_empty();
        desk.view.with(|view| view.as_ref().is_some_and(is_short))
    });
    let empty_words = move || match subject.get() {
        Subject::Sharpe => "A rolling Sharpe ratio needs 20 days; each point is of the 20 days before it.",
        Subject::Return | Subject::Value | Subject::Exposure => "There is nothing to draw in this range.",
    };
    let controls = view! {
        <span class="performance-legend" translate="no">{legend}</span>
        <div class="choices" role="group" aria-label="What is drawn">{choices}</div>
        {show_switch("chart", is_table)}
    }
    .erase();
    let body = view! {
        <div class="chart-body" hidden=move || is_table.get()>
            <div
                class="chart-area"
                node_ref=container
                role="img"
                aria-label="Return and drawdown by day; “Show as table” has the figures."
                data-testid="performance-chart"
                data-loading=move || desk.is_waiting().to_string()
            ></div>
            <p class="panel-empty" hidden=move || !empty.get()>{empty_words}</p>
            {show_notice("The chart", library, desk.loading, desk.retries)}
        </div>
        {show_table(is_table, "Days", move || titles(benchmark.get().map(|ticker| ticker.to_string())), move || rows(desk))}
    }
    .erase();
    show_panel(Panel { name: "chart", title: "Return", controls, body })
}

fn titles(benchmark: Option<String>) -> Vec<String> {
    let titles = [
        "Day", "Return", "Total", "", "Holding", "Drawdown", "Open", "Low", "High", "Close", "Flows", "Gain",
        "Exposure",
    ];
    let mut titles = titles.map(str::to_owned);
    titles[3] = benchmark.unwrap_or_else(|| "Benchmark".to_owned());
    titles.into()
}

/// The latest day first.
fn rows(desk: Desk) -> Vec<Vec<String>> {
    desk.view.with(|view| {
        let days = view.as_ref().map_or(&[][..], |view| &view.days);
        let total = compounded(days, |day| day.return_percent);
        let depth = underwater(&total);
        // The curve has a point before the first day.
        let at = |curve: &[Point], index: usize| or_missing(curve.get(index + 1).map(|point| signed_percent(point.1)));
        let row = |(index, day): (usize, &DayLine)| {
            vec![
                words::date_words(&day.date),
                words::part(day.return_percent),
                at(&total, index),
                words::part(day.benchmark),
                words::part(day.holding),
                at(&depth, index),
                money(day.open),
                money(day.low),
                money(day.high),
                money(day.close),
                signed_money(day.flows),
                signed_money(day.gain),
                or_missing(day.exposure.map(share_percent)),
            ]
        };
        days.iter().enumerate().rev().map(row).collect()
    })
}

/// Draws once there is a library and a place; another theme is another chart, in its colours.
fn draw(desk: Desk, container: NodeRef<Div>, library: LibraryLoad, subject: RwSignal<Subject>) {
    let (theme, is_forced) = (use_theme(), use_media(FORCED_COLORS_QUERY));
    effect(move || {
        let (Some(container), Some(library)) = (container.get(), library.get()) else {
            return;
        };
        theme.get();
        is_forced.track();
        // Ends with this effect, as does the one below; dropping it removes the chart.
        let chart = StoredValue::new_local(PerformanceChart::new(&library, &container));
        effect(move || {
            let subject = subject.get();
            desk.view.with(|view| {
                let Some(view) = view else { return };
                let [own, benchmark, holding] = subject.curves(view);
                let flows: Vec<(i64, bool, String)> = match subject {
                    Subject::Return | Subject::Value => flow_marks(&view.days),
                    Subject::Sharpe | Subject::Exposure => Vec::new(),
                };
                let curves = Curves {
                    own: &own,
                    benchmark: &benchmark,
                    holding: &holding,
                    underwater: &underwater(&compounded(&view.days, |day| day.return_percent)),
                    flows: &flows,
                    unit: subject.unit(),
                };
                chart.with_value(|chart| chart.draw(&curves));
            });
        });
    });
}

fn flow_marks(days: &[DayLine]) -> Vec<(i64, bool, String)> {
    let flowed = |day: &DayLine| Some(dollars(day.flows)).filter(|flow| *flow != 0.0);
    let times = series(days, flowed);
    let words = days.iter().filter(|day| !day.flows.is_zero()).map(|day| signed_money(day.flows));
    times.into_iter().zip(words).map(|((time, flow), words)| (time, flow > 0.0, words)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::performance::samples::day;

    #[test]
    fn a_flow_is_marked_on_its_day() {
        let deposit = DayLine { flows: Money::from_cents(300_000), ..day("2026-11-30", Some(0.0)) };
        let marks = flow_marks(&[day("2026-11-29", Some(0.0)), deposit]);
        assert_eq!(marks, [(20_787 * 86_400, true, "+$3,000.00".to_owned())]);
    }

    #[test]
    fn the_table_has_a_title_for_each_column() {
        assert_eq!(titles(Some("SPY".to_owned()))[3], "SPY");
        assert_eq!(titles(None).len(), 13);
    }
}
