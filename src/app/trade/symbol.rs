//! Facts of the selected ticker beside its price: the company, the ranges of the day and the year, and the volume.

use std::time::Duration;

use gloo_timers::future::sleep;
use leptos::prelude::*;
use wasm_split_helpers::{SplitLoaderError, wasm_split};

use crate::{
    api::load_symbol,
    app::{
        effects::{effect, memo, spawn},
        erase::{Erase, Piece},
        format::{MISSING, compact_count, or_missing},
        parts::PartView,
        workspace::{Workspace, use_workspace},
    },
    domain::{
        money::Price,
        symbol::{PriceRange, SymbolFacts, YEAR_DAYS},
        ticker::Ticker,
    },
};

/// Interval at which the facts are read again; the ranges follow each price meanwhile.
const REFRESH: Duration = Duration::from_secs(20);

#[wasm_split(symbol, fallible)]
pub fn fetch_symbol() -> Result<PartView, SplitLoaderError> {
    Ok(show_symbol)
}

/// The facts with the ticker that they are of.
type Known = Option<(Ticker, SymbolFacts)>;

fn show_symbol() -> Piece {
    let Workspace { selected, market, .. } = use_workspace();
    let known = RwSignal::new(None::<(Ticker, SymbolFacts)>);
    effect(move || {
        let Some(ticker) = selected.get() else { return known.set(None) };
        spawn(async move {
            loop {
                // Without an answer the facts shown stay, if they are this ticker's.
                match load_symbol(ticker).await {
                    Ok(facts) => known.set(Some((ticker, facts))),
                    Err(_) if known.with_untracked(|known| known.as_ref().is_some_and(|(of, _)| *of == ticker)) => {}
                    Err(_) => known.set(None),
                }
                sleep(REFRESH).await;
            }
        });
    });
    let price = memo(move || market.price(selected.get()?));
    let range = move |read: fn(&SymbolFacts) -> Option<PriceRange>| {
        memo(move || {
            let selected = selected.get()?;
            let range = known.with(|known| read(&known.as_ref().filter(|(ticker, _)| *ticker == selected)?.1))?;
            Some((range.with(price.get()?), price.get()?))
        })
    };
    let text = move |read: fn(&SymbolFacts) -> Option<String>| {
        Signal::derive(move || {
            or_missing(known.with(|known: &Known| known.as_ref().and_then(|(_, facts)| read(facts))))
        })
    };
    let company = Signal::derive(move || {
        known.with(|known| known.as_ref().and_then(|(_, facts)| facts.company.clone()).unwrap_or_default())
    });
    let year = Signal::derive(move || {
        let days = known.with(|known| known.as_ref().map_or(0, |(_, facts)| facts.year_days));
        if usize::from(days) < YEAR_DAYS { format!("{days} days") } else { "52 weeks".to_owned() }
    });
    view! {
        <span class="symbol-company muted" translate="no" data-testid="symbol-company">{company}</span>
        <dl class="symbol-facts" translate="no" data-testid="symbol-facts">
            {show_range(Signal::derive(|| "Day".to_owned()), "symbol-day", range(|facts| facts.day))}
            {show_range(year, "symbol-year", range(|facts| facts.year))}
            <div class="symbol-open">
                <dt>"Open"</dt>
                <dd translate="no" data-testid="symbol-open">{text(|facts| facts.open.map(|price| price.to_string()))}</dd>
            </div>
            <div class="symbol-volume">
                <dt>"Volume"</dt>
                <dd translate="no">
                    <span data-testid="symbol-volume">{text(|facts| facts.volume.map(compact_count))}</span>
                    <small class="muted">
                        "avg "
                        {text(|facts| facts.average_volume.map(compact_count))}
                    </small>
                </dd>
            </div>
        </dl>
    }
    .erase()
}

/// A span as a bar, with a mark where the price is.
fn show_range(title: Signal<String>, test_id: &'static str, range: Memo<Option<(PriceRange, Price)>>) -> Piece {
    let end = move |read: fn(PriceRange) -> Price| {
        Signal::derive(move || range.get().map_or(MISSING.to_owned(), |(range, _)| read(range).to_string()))
    };
    let place =
        move || range.get().map_or("50%".to_owned(), |(range, price)| format!("{:.1}%", 100.0 * range.place(price)));
    view! {
        <div class="symbol-range" data-testid=test_id>
            <dt>{title}</dt>
            <dd translate="no">
                <span class="range-bar" aria-hidden="true"><i style:left=place></i></span>
                <span class="range-end">{end(|range| range.low)}</span>
                <span class="visually-hidden">" to "</span>
                <span class="range-end">{end(|range| range.high)}</span>
            </dd>
        </div>
    }
    .erase()
}
