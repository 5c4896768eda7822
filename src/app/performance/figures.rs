//! Figures with their explanation: formula, inputs and number of samples, opened by pointer, focus or touch.

use leptos::{
    ev::{KeyboardEvent, PointerEvent},
    prelude::*,
};

use super::{
    store::Desk,
    table::{Panel, show_panel},
    words,
};
use crate::{
    app::{
        effects::memo,
        erase::{Erase, Piece, show_when},
        format::{money, signed_money, signed_percent},
    },
    domain::performance::{
        names::FigureName,
        report::{FigureView, Performance},
    },
};

/// Writes a line about a figure.
type Note = fn(&Performance) -> String;

/// The tiles at the top: a figure, and a line about it.
const TILES: [(FigureName, Note); 6] = [
    (FigureName::Twr, |performance| {
        format!("{} on {}", signed_money(performance.gain), money(performance.opening_value))
    }),
    (FigureName::Mwr, |performance| match performance.net_flows.is_zero() {
        true => "no net deposits".to_owned(),
        false => format!("{} of net deposits", signed_money(performance.net_flows)),
    }),
    (FigureName::BenchmarkReturn, |performance| match words::against(performance) {
        Some(points) => {
            format!("{}: you are {} points", performance.benchmark, signed_percent(points).replace('%', ""))
        }
        None => performance.benchmark.to_string(),
    }),
    (FigureName::MaxDrawdown, |performance| words::drawdown_words(performance.drawdown.as_ref())),
    (FigureName::WinRate, |performance| sales_words(performance)),
    (FigureName::BestDay, |performance| {
        let worst = performance.figures.get(&FigureName::WorstDay).copied();
        worst.map(|worst| format!("worst {}", words::figure(FigureName::WorstDay, worst))).unwrap_or_default()
    }),
];

/// The rest, in two columns.
const REST: [FigureName; 22] = [
    FigureName::MwrYearly,
    FigureName::Cagr,
    FigureName::Volatility,
    FigureName::Sharpe,
    FigureName::Sortino,
    FigureName::Calmar,
    FigureName::Var95,
    FigureName::Cvar95,
    FigureName::Beta,
    FigureName::Alpha,
    FigureName::TrackingError,
    FigureName::InformationRatio,
    FigureName::HoldingReturn,
    FigureName::WorstDay,
    FigureName::Trades,
    FigureName::ProfitFactor,
    FigureName::AverageWin,
    FigureName::AverageLoss,
    FigureName::Expectancy,
    FigureName::HoldingTime,
    FigureName::Turnover,
    FigureName::Exposure,
];

fn sales_words(performance: &Performance) -> String {
    let sales = performance.figures.get(&FigureName::WinRate).map_or(0, |figure| figure.n);
    words::counted(sales, "sale", "sales")
}

/// The figures that count most.
pub fn show_tiles(desk: Desk) -> Piece {
    let tiles: Vec<Piece> = TILES
        .map(|(name, note)| {
            let note = desk.read(note);
            let note = view! { <small class="muted">{move || note.get()}</small> }.erase();
            show_figure(desk, name, Some(note))
        })
        .into();
    let why = desk.read(words::why_they_differ);
    view! {
        <dl class="performance-tiles" translate="no">{tiles}</dl>
        <p class="performance-why muted" data-testid="why-they-differ">{move || why.get()}</p>
    }
    .erase()
}

/// All other figures.
pub fn show_figures(desk: Desk) -> Piece {
    let basis = desk.read(|performance| {
        let days = words::counted(performance.days, "daily return", "daily returns");
        format!("{days} · {} a year", crate::app::format::decimal(performance.periods_a_year, 2))
    });
    let rows: Vec<Piece> = REST.map(|name| show_figure(desk, name, None)).into();
    let controls = view! { <span class="label" translate="no">{move || basis.get()}</span> }.erase();
    let body = view! { <dl class="performance-rows" translate="no">{rows}</dl> }.erase();
    show_panel(Panel { name: "figures", title: "Figures", controls, body })
}

fn show_figure(desk: Desk, name: FigureName, note: Option<Piece>) -> Piece {
    let figure = desk.figure(name);
    let is_open = memo(move || desk.explained.get() == Some(name));
    let id = format!("why-{}", name.as_str());
    let open = move || desk.explained.set(Some(name));
    let close = move || {
        // Another figure may be open by now.
        if desk.explained.get_untracked() == Some(name) {
            desk.explained.set(None);
        }
    };
    let hovers = |event: &PointerEvent| event.pointer_type() == "mouse";
    let value = move || figure.get().map_or_else(|| "…".to_owned(), |figure| words::figure(name, figure));
    let tone = move || figure.get().map_or("", |figure| words::figure_tone(name, figure));
    let is_short = memo(move || figure.get().is_some_and(|figure| figure.short && figure.value.is_some()));
    let described = id.clone();
    view! {
        <div
            class="measure"
            data-testid="figure"
            data-name=name.as_str()
            on:pointerenter=move |event| if hovers(&event) { open() }
            on:pointerleave=move |event| if hovers(&event) { close() }
        >
            <dt>
                <button
                    class="figure-name"
                    aria-expanded=move || is_open.get().to_string()
                    aria-describedby=move || is_open.get().then(|| described.clone())
                    on:focus=move |_| open()
                    on:blur=move |_| close()
                    on:click=move |_| open()
                    on:keydown=move |event: KeyboardEvent| {
                        if event.key() == "Escape" && is_open.get_untracked() {
                            event.stop_propagation();
                            close();
                        }
                    }
                >
                    {name.title()}
                </button>
            </dt>
            <dd>
                <b class=tone data-testid="figure-value">{value}</b>
                {show_when(move || is_short.get(), show_short)}
                {note}
                {show_when(move || is_open.get(), move || show_explanation(desk, name, &id))}
            </dd>
        </div>
    }
    .erase()
}

/// The mark of a figure on a short basis.
fn show_short() -> Piece {
    view! {
        <span class="figure-short" title="A short basis: fewer than 20 samples">
            "short"<span class="visually-hidden">" basis: fewer than 20 samples"</span>
        </span>
    }
    .erase()
}

fn show_explanation(desk: Desk, name: FigureName, id: &str) -> Piece {
    let inputs = memo(move || {
        desk.view.with(|view| {
            let performance = &view.as_ref()?.performance;
            let figure: FigureView = *performance.figures.get(&name)?;
            let short = if figure.short { " That is a short basis." } else { "" };
            Some(format!("{}{short}", words::inputs(name, figure, performance)))
        })
    });
    view! {
        <span class="figure-why" role="tooltip" id=id.to_owned()>
            <span>{name.formula()}</span>
            <span class="muted" data-testid="figure-inputs">{move || inputs.get()}</span>
        </span>
    }
    .erase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_figure_is_shown_once() {
        let mut shown: Vec<FigureName> = TILES.iter().map(|(name, _)| *name).chain(REST).collect();
        shown.sort();
        assert_eq!(shown, FigureName::ALL);
    }
}
