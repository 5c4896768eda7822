//! Fields of the order form: unit, prices, time in force.

use leptos::{ev::KeyboardEvent, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::super::words::tif_words;
use crate::{
    app::{
        erase::{Erase, Piece},
        presses::is_composed,
        trade::ticket::terms::{TicketTerms, Unit},
        workspace::use_workspace,
    },
    domain::{money::Price, orders::terms::TimeInForce},
};

/// Escape leaves a field.
pub fn leave(event: KeyboardEvent) {
    if event.key() == "Escape"
        && !is_composed(&event)
        && let Some(field) = event.target().and_then(|target| target.dyn_into::<HtmlElement>().ok())
    {
        let _ = field.blur();
    }
}

pub fn show_unit(terms: TicketTerms) -> Piece {
    let choices = [
        (Unit::Shares, "shares", "Shares"),
        (Unit::Dollars, "dollars", "Dollars"),
        (Unit::Risk, "risk", "Dollars at risk"),
    ];
    let options = choices.map(|(unit, name, title)| {
        let is_chosen = move || terms.unit.get() == unit;
        view! { <option value=name prop:selected=is_chosen>{title}</option> }
    });
    view! {
        <label class="field">
            <span class="label">"Quantity in"</span>
            <select
                data-testid="order-unit"
                on:change:target=move |event| {
                    let chosen = event.target().value();
                    let unit = choices.iter().find(|(_, name, _)| *name == chosen).map(|(unit, ..)| *unit);
                    terms.unit.set(unit.unwrap_or_default());
                }
            >
                {options}
            </select>
        </label>
    }
    .erase()
}

/// A price that is typed, or moved by a cent with the arrow keys and the buttons beside it.
pub fn price_field(label: &'static str, id: &'static str, example: &'static str, text: RwSignal<String>) -> Piece {
    let market = use_workspace();
    let step = move |cents: i64| {
        let last =
            || market.ticket.ticker().and_then(|ticker| market.market.price(ticker)).map(|price| price.to_string());
        let from = untrack(|| text.with(|text| (!text.trim().is_empty()).then(|| text.clone())).or_else(last));
        if let Some(next) = from.and_then(|from| stepped(&from.replace(',', ""), cents)) {
            text.set(next);
        }
    };
    let press = move |event: KeyboardEvent| {
        let many = if event.shift_key() { 100 } else { 1 };
        match event.key().as_str() {
            "ArrowUp" => step(many),
            "ArrowDown" => step(-many),
            _ => return,
        }
        event.prevent_default();
    };
    let button = move |sign: &'static str, cents: i64| {
        let name = format!("{label} {}", if cents > 0 { "higher" } else { "lower" });
        view! { <button type="button" class="small step" tabindex="-1" aria-label=name on:click=move |_| step(cents)>{sign}</button> }
    };
    view! {
        <div class="field">
            <label class="label" for=id>{label}</label>
            <span class="stepped">
                <input
                    id=id
                    data-testid=id
                    inputmode="decimal"
                    autocomplete="off"
                    maxlength="20"
                    placeholder=example
                    value=text.get_untracked()
                    prop:value=text
                    on:input:target=move |event| text.set(event.target().value())
                    on:keydown=press
                />
                {button("−", -10)}
                {button("+", 10)}
            </span>
        </div>
    }
    .erase()
}

/// A number moved by so many hundredths, with what stands behind it; nothing where it is none, or would not be positive.
fn stepped(text: &str, hundredths: i64) -> Option<String> {
    let text = text.trim();
    let (number, unit) = match text.strip_suffix('%') {
        Some(number) => (number.trim(), "%"),
        None => (text, ""),
    };
    let price: Price = number.parse().ok()?;
    let next = Price::from_units(price.units() + hundredths * 100)?;
    Some(format!("{}{unit}", next.to_string().replace(',', "")))
}

pub fn show_force(terms: TicketTerms) -> Piece {
    let options = TimeInForce::ALL.iter().map(|force| {
        let is_chosen = move || terms.force.get() == *force;
        view! { <option value=force.as_str() prop:selected=is_chosen>{tif_words(*force)}</option> }
    });
    view! {
        <label class="field">
            <span class="label">"In force"</span>
            <select
                data-testid="order-tif"
                on:change:target=move |event| {
                    if let Ok(force) = event.target().value().parse() {
                        terms.force.set(force);
                    }
                }
            >
                {options.collect_view()}
            </select>
        </label>
    }
    .erase()
}

pub fn date_field(terms: TicketTerms) -> Piece {
    view! {
        <label class="field">
            <span class="label">"Until"</span>
            <input
                type="datetime-local"
                class="date"
                data-testid="order-expires"
                prop:value=terms.expires
                on:input:target=move |event| terms.expires.set(event.target().value())
            />
        </label>
    }
    .erase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_moves_by_hundredths_and_stays_one() {
        assert_eq!(stepped("790", 1).as_deref(), Some("790.01"));
        assert_eq!(stepped("1790.5", -100).as_deref(), Some("1789.50"));
        assert_eq!(stepped("2%", 10).as_deref(), Some("2.10%"));
        assert_eq!(stepped("0.01", -1), None);
        assert_eq!(stepped("cheap", 1), None);
    }
}
