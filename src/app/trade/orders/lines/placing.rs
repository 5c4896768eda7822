//! Choosing a price on the chart: a line follows the pointer or the arrow keys until a press writes it into the ticket.

use leptos::{
    ev::{KeyboardEvent, PointerEvent},
    html::Div,
    prelude::*,
};

use super::dragging::moved;
use crate::{
    app::{
        effects::effect,
        erase::{Erase, Piece, show_when},
        trade::{alerts::Wish, chart::Placing},
        workspace::Workspace,
    },
    domain::{
        money::Price,
        order::Side,
        orders::terms::OrderType,
        typed_alert::{TypedAlert, TypedSubject},
    },
};

pub fn name(placing: Placing) -> &'static str {
    match placing {
        Placing::Limit => "Limit",
        Placing::Stop => "Stop",
        Placing::TakeProfit => "Take profit",
        Placing::StopLoss => "Stop loss",
        Placing::Alert => "Alert",
    }
}

pub fn show_placing(workspace: Workspace) -> Piece {
    let tools = workspace.chart_tools;
    show_when(move || tools.placing.with(Option::is_some), move || show_layer(workspace))
}

/// Lies over the chart, and takes its presses.
fn show_layer(workspace: Workspace) -> Piece {
    let tools = workspace.chart_tools;
    let layer = NodeRef::<Div>::new();
    effect(move || {
        if let Some(layer) = layer.get() {
            // Only an element that has left the page refuses.
            let _ = layer.focus();
        }
    });
    let point = move |event: &PointerEvent| {
        let scale = tools.scale.get_untracked()?;
        scale.price_at(f64::from(event.offset_y()).clamp(0.0, scale.height))
    };
    let follow = move |event: PointerEvent| {
        if let Some(price) = point(&event) {
            tools.placing.update(|placing| *placing = placing.map(|(what, _)| (what, price)));
        }
    };
    let choose = move |event: PointerEvent| {
        event.prevent_default();
        let what = tools.placing.get_untracked();
        if let (Some((what, _)), Some(price)) = (what, point(&event)) {
            write(workspace, what, price);
        }
    };
    let press = move |event: KeyboardEvent| {
        let Some((what, price)) = tools.placing.get_untracked() else {
            return;
        };
        let many = if event.shift_key() { 10 } else { 1 };
        let steps = match event.key().as_str() {
            "ArrowUp" => many,
            "ArrowDown" => -many,
            "PageUp" => 100,
            "PageDown" => -100,
            "Enter" => 0,
            "Escape" => {
                event.prevent_default();
                event.stop_propagation();
                return tools.placing.set(None);
            }
            _ => return,
        };
        event.prevent_default();
        match moved(price, steps).filter(|_| steps != 0) {
            Some(price) => tools.placing.set(Some((what, price))),
            None => write(workspace, what, price),
        }
    };
    let words = Signal::derive(move || {
        let effect = |what| if what == Placing::Alert { "set it" } else { "write it into the ticket" };
        tools.placing.get().map(|(what, price)| format!("{} at {price}: press to {}", name(what), effect(what)))
    });
    let top = move || {
        let place = tools.scale.get()?.place(tools.placing.get()?.1);
        Some(format!("{place:.0}px"))
    };
    let price = move || tools.placing.get().map(|(_, price)| price.to_string());
    view! {
        <div
            class="placing-layer"
            node_ref=layer
            role="application"
            tabindex="0"
            aria-label="Choose a price: arrow keys move it, Enter takes it, Escape leaves"
            data-testid="chart-placing"
            on:pointermove=follow
            on:pointerup=choose
            on:keydown=press
        ></div>
        <div class="order-line entry placing-line" style:top=top>
            <span class="order-line-label" role="status"><span class="order-line-handle">{words}</span></span>
            <span class="order-line-price" translate="no">{price}</span>
        </div>
    }
    .erase()
}

/// Writes a chosen price into the ticket, with the focus on the button of the side that it is for; or sets an alert.
pub fn write(workspace: Workspace, what: Placing, price: Price) {
    let Workspace { ticket, selected, market, chart_tools: tools, .. } = workspace;
    tools.placing.set(None);
    let Some(ticker) = selected.get_untracked() else {
        return;
    };
    if what == Placing::Alert {
        let (subject, value) = (TypedSubject::Price, price.dollars());
        return workspace.alerts.wish(Wish::Set(TypedAlert { ticker, subject, comparison: None, value }));
    }
    ticket.choose(ticker);
    let text = price.to_string().replace(',', "");
    match what {
        Placing::Limit => ticket.write_price(OrderType::Limit, price),
        Placing::Stop => ticket.write_price(OrderType::Stop, price),
        Placing::TakeProfit => ticket.terms.take_profit.set(text),
        Placing::StopLoss => ticket.terms.stop_loss.set(text),
        Placing::Alert => {}
    }
    if let Some(side) = side_of(what, price, market.quote_untracked(ticker).map(|quote| quote.price)) {
        // After the form is there.
        request_animation_frame(move || ticket.aim(side));
    }
}

/// The side that waits at a price: below the market a limit buys and a stop sells. An exit is of either.
fn side_of(what: Placing, price: Price, last: Option<Price>) -> Option<Side> {
    let is_below = price < last?;
    match (what, is_below) {
        (Placing::Limit, true) | (Placing::Stop, false) => Some(Side::Buy),
        (Placing::Limit, false) | (Placing::Stop, true) => Some(Side::Sell),
        (Placing::TakeProfit | Placing::StopLoss | Placing::Alert, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_tells_which_side_waits_there() {
        let last = Some("800".parse().unwrap());
        let side = |what, price: &str| side_of(what, price.parse().unwrap(), last);
        assert_eq!((side(Placing::Limit, "790"), side(Placing::Limit, "810")), (Some(Side::Buy), Some(Side::Sell)));
        assert_eq!((side(Placing::Stop, "790"), side(Placing::Stop, "810")), (Some(Side::Sell), Some(Side::Buy)));
        assert_eq!(side(Placing::StopLoss, "790"), None);
        assert_eq!(side_of(Placing::Limit, "790".parse().unwrap(), None), None);
    }
}
