//! Changing an open order in its place: its quantity, its prices, its time in force.

use leptos::{
    ev::{KeyboardEvent, SubmitEvent},
    html::Form,
    prelude::*,
    task::spawn_local,
};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::{
    tab::Desk,
    words::{self, tif_words},
};
use crate::{
    api::replace_order,
    app::{
        effects::{effect, memo},
        erase::{Erase, Piece},
        presses::is_composed,
        workspace::use_workspace,
    },
    domain::{
        money::{Price, TrailPercent},
        orders::{
            order::Role,
            replace::ReplaceOrder,
            terms::{OrderType, TimeInForce},
            view::OrderView,
        },
        typed_number::{read_number, read_quantity},
    },
};

/// Texts of the fields; an order without such a field has an empty text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Written {
    quantity: String,
    limit: String,
    stop: String,
    trail: String,
    time_in_force: Option<TimeInForce>,
}

/// Prices and percentages as they are typed.
fn price(text: &str) -> Option<Price> {
    read_number(text).ok()?.parse().ok()
}

impl Written {
    fn of(order: &OrderView) -> Self {
        let text = |price: Option<Price>| price.map(|price| price.to_string().replace(',', "")).unwrap_or_default();
        let is_trailing = order.order_type == OrderType::TrailingStop;
        let trail = order
            .trail_percent
            .map(|percent| percent.to_string())
            .or(order.trail_amount.map(|amount| text(Some(amount))));
        let has_size = order.role == Role::Leader && order.notional.is_none();
        Self {
            quantity: order.quantity.filter(|_| has_size).map(|quantity| quantity.plain()).unwrap_or_default(),
            limit: text(order.limit_price),
            stop: text(order.stop_price.filter(|_| !is_trailing && order.triggered_at.is_none())),
            trail: trail.unwrap_or_default(),
            time_in_force: (order.role == Role::Leader && !order.time_in_force.is_immediate())
                .then_some(order.time_in_force),
        }
    }

    /// Request with the fields that were edited.
    fn change(&self, order: &OrderView) -> Result<ReplaceOrder, String> {
        let before = Self::of(order);
        let new_price = |now: &str, before: &str, name: &str| match now == before {
            true => Ok(None),
            false => price(now).map(Some).ok_or_else(|| format!("That is not a {name}: {}", PRICE_WORDS)),
        };
        let quantity = match self.quantity == before.quantity {
            true => None,
            false => Some(read_quantity(&self.quantity).map_err(|error| error.to_string())?),
        };
        let by_percent = order.trail_percent.is_some();
        let trail_percent = match by_percent && self.trail != before.trail {
            true => Some(read_percent(&self.trail).ok_or("That is not a percentage to trail by, such as 2.5.")?),
            false => None,
        };
        Ok(ReplaceOrder {
            quantity,
            limit_price: new_price(&self.limit, &before.limit, "limit price")?,
            stop_price: new_price(&self.stop, &before.stop, "stop price")?,
            trail_amount: if by_percent { None } else { new_price(&self.trail, &before.trail, "trail")? },
            trail_percent,
            time_in_force: self.time_in_force.filter(|_| self.time_in_force != before.time_in_force),
            if_revision: Some(order.revision),
            ..ReplaceOrder::default()
        })
    }
}

const PRICE_WORDS: &str = "a price is a number of dollars, such as 790 or 0.4215.";

fn read_percent(text: &str) -> Option<TrailPercent> {
    read_number(text.trim().trim_end_matches('%')).ok()?.parse().ok()
}

/// The form below an order's row.
pub fn show_edit(order: OrderView, desk: Desk) -> Piece {
    let book = use_workspace().orders;
    let written = RwSignal::new(Written::of(&order));
    let (problem, is_pending) = (RwSignal::new(None::<String>), RwSignal::new(false));
    let form = NodeRef::<Form>::new();
    effect(move || {
        let field = form.get().and_then(|form| form.query_selector("input").ok().flatten());
        if let Some(field) = field.and_then(|field| field.dyn_into::<web_sys::HtmlInputElement>().ok()) {
            field.select();
            // Only an element that has left the page refuses.
            let _ = field.focus();
        }
    });
    let id = order.id;
    let fields = fields(&order, written);
    let name = format!("Edit: {}", words::describe(&order));
    let save = move |event: SubmitEvent| {
        event.prevent_default();
        let change = match written.with_untracked(|written| written.change(&order)) {
            Ok(change) => change,
            Err(words) => return problem.set(Some(words)),
        };
        is_pending.set(true);
        spawn_local(async move {
            match replace_order(id, change).await.flatten() {
                Ok(order) => {
                    book.toasts.success(format!("Changed: {}.", words::describe(&order)));
                    desk.open.try_set(None);
                    focus_row(id.to_string());
                }
                Err(error) => drop(problem.try_set(Some(error.to_string()))),
            }
            is_pending.try_set(false);
            book.refresh();
            book.books.refresh();
        });
    };
    let leave = move |event: KeyboardEvent| {
        if event.key() == "Escape" && !is_composed(&event) {
            event.prevent_default();
            event.stop_propagation();
            desk.open.set(None);
            focus_row(id.to_string());
        }
    };
    let words = memo(move || problem.get().unwrap_or_default());
    view! {
        <form class="order-form" node_ref=form aria-label=name on:submit=save on:keydown=leave>
            {fields}
            <button class="small" type="submit" data-testid="order-save" disabled=is_pending>"Change it"</button>
            <button class="small" type="button" on:click=move |_| desk.open.set(None)>"Leave it"</button>
            <p class="order-problem" role="alert" data-testid="order-edit-problem">{words}</p>
        </form>
    }
    .erase()
}

/// Puts the focus back on the button that had opened the form.
fn focus_row(id: String) {
    request_animation_frame(move || {
        let button = document().query_selector(&format!("[data-id='{id}'] [data-testid=order-edit]")).ok().flatten();
        if let Some(button) = button.and_then(|button| button.dyn_into::<HtmlElement>().ok()) {
            // Only an element that has left the page refuses.
            let _ = button.focus();
        }
    });
}

fn fields(order: &OrderView, written: RwSignal<Written>) -> Vec<Piece> {
    let shown = written.get_untracked();
    let mut fields = Vec::new();
    let mut add = |label: &'static str, id: &'static str, now: &str, write: fn(&mut Written, String)| {
        if !now.is_empty() {
            fields.push(field(label, id, now.to_owned(), written, write));
        }
    };
    add("Quantity", "order-edit-quantity", &shown.quantity, |written, text| written.quantity = text);
    add("Limit", "order-edit-limit", &shown.limit, |written, text| written.limit = text);
    add("Stop", "order-edit-stop", &shown.stop, |written, text| written.stop = text);
    let trail = if order.trail_percent.is_some() { "Trail %" } else { "Trail $" };
    add(trail, "order-edit-trail", &shown.trail, |written, text| written.trail = text);
    if let Some(now) = shown.time_in_force {
        fields.push(time_field(now, written));
    }
    fields
}

fn field(
    label: &'static str,
    id: &'static str,
    now: String,
    written: RwSignal<Written>,
    write: fn(&mut Written, String),
) -> Piece {
    view! {
        <label class="field">
            <span class="label">{label}</span>
            <input
                data-testid=id
                inputmode="decimal"
                autocomplete="off"
                maxlength="20"
                value=now
                on:input:target=move |event| written.update(|written| write(written, event.target().value()))
            />
        </label>
    }
    .erase()
}

fn time_field(now: TimeInForce, written: RwSignal<Written>) -> Piece {
    // A date is kept, and is not chosen here.
    let mut choices = vec![TimeInForce::Day, TimeInForce::Gtc];
    if !choices.contains(&now) {
        choices.push(now);
    }
    let options = choices.into_iter().map(|choice| {
        view! { <option value=choice.as_str() selected=choice == now>{tif_words(choice)}</option> }
    });
    view! {
        <label class="field">
            <span class="label">"In force"</span>
            <select
                data-testid="order-edit-tif"
                on:change:target=move |event| {
                    let chosen = event.target().value().parse().ok();
                    written.update(|written| written.time_in_force = chosen.or(written.time_in_force));
                }
            >
                {options.collect_view()}
            </select>
        </label>
    }
    .erase()
}

#[cfg(test)]
mod tests {
    use super::{super::words::tests::order, *};
    use crate::domain::orders::order::StatusWord;

    #[test]
    fn what_is_not_as_it_was_is_changed() {
        let order = order(1, StatusWord::Working);
        let before = Written::of(&order);
        assert_eq!((before.quantity.as_str(), before.limit.as_str(), before.stop.as_str()), ("5", "790.00", ""));
        let same = before.change(&order).unwrap();
        assert_eq!(same, ReplaceOrder { if_revision: Some(1), ..ReplaceOrder::default() });
        let written = Written {
            quantity: "2,5".to_owned(),
            limit: "785.5".to_owned(),
            time_in_force: Some(TimeInForce::Gtc),
            ..before.clone()
        };
        let change = written.change(&order).unwrap();
        assert_eq!(change.quantity, Some("2.5".parse().unwrap()));
        assert_eq!(change.limit_price, Some("785.5".parse().unwrap()));
        assert_eq!((change.stop_price, change.time_in_force), (None, Some(TimeInForce::Gtc)));
        let refused = Written { limit: "cheap".to_owned(), ..before }.change(&order).unwrap_err();
        assert!(refused.starts_with("That is not a limit price"), "{refused}");
    }

    #[test]
    fn a_trail_by_percent_stays_one() {
        let trailing = OrderView {
            order_type: OrderType::TrailingStop,
            limit_price: None,
            stop_price: Some("770".parse().unwrap()),
            trail_percent: Some("2.5".parse().unwrap()),
            ..order(1, StatusWord::Working)
        };
        let before = Written::of(&trailing);
        assert_eq!((before.stop.as_str(), before.trail.as_str()), ("", "2.5"), "its stop follows from its trail");
        let change = Written { trail: "3 %".to_owned(), ..before }.change(&trailing).unwrap();
        assert_eq!((change.trail_amount, change.trail_percent), (None, Some("3".parse().unwrap())));
    }
}
