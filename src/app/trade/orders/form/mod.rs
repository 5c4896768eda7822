//! The order form: fields for every order but the plain market order, a preview of its effects, and the reasons against it.

mod fields;
mod figures;
mod place;
mod written;

use std::time::Duration;

use gloo_timers::future::sleep;
use leptos::{prelude::*, task::spawn_local};
use wasm_split_helpers::{SplitLoaderError, wasm_split};

use self::{
    fields::{date_field, leave, price_field, show_force, show_unit},
    figures::{course, figures, show_figure},
    written::Written,
};
use super::words::refusal;
use crate::{
    api::preview_order,
    app::{
        effects::{effect, memo, spawn},
        erase::{Erase, Piece, show_when},
        format::read_local_time,
        parts::PartView,
        trade::ticket::terms::{Reading, TicketTerms},
        workspace::{Workspace, use_workspace},
    },
    domain::{
        order::Side,
        orders::{
            request::NewOrder,
            terms::{OrderType, TimeInForce},
            view::OrderPreview,
        },
    },
};

/// Pause in typing before a preview is asked for.
const TYPING_PAUSE: Duration = Duration::from_millis(200);
/// Interval of previews while nothing is edited, since prices move.
const PULSE: Duration = Duration::from_secs(3);

const SIDES: [Side; 2] = [Side::Buy, Side::Sell];

#[wasm_split(ordering, fallible)]
pub fn fetch_form() -> Result<PartView, SplitLoaderError> {
    Ok(|| view! { <OrderForm/> }.erase())
}

/// An order, or why there is none.
type Wanted = Result<NewOrder, String>;

/// An order, and its preview or why there is none.
type Told = Option<(NewOrder, Result<OrderPreview, String>)>;

/// The form's reading of the fields; copies share it.
#[derive(Clone, Copy)]
struct Form {
    written: Memo<Option<Written>>,
    wanted: Memo<[Wanted; 2]>,
    /// Latest preview of each side, with the order that it is of.
    told: RwSignal<[Told; 2]>,
    is_pending: RwSignal<bool>,
    /// The order is not a market order.
    has_price: Memo<bool>,
}

impl Form {
    /// Follows the fields for as long as the calling component stands.
    fn follow(workspace: Workspace) -> Self {
        let Workspace { ticket, market, .. } = workspace;
        let terms = ticket.terms;
        let written = memo(move || {
            let ticker = ticket.ticker()?;
            Some(Written {
                ticker,
                order_type: terms.order_type.get(),
                unit: terms.unit.get(),
                amount: ticket.written_quantity(),
                limit: terms.limit.get(),
                stop: terms.stop.get(),
                trail: terms.trail.get(),
                take_profit: terms.take_profit.get(),
                stop_loss: terms.stop_loss.get(),
                force: terms.force.get(),
                expires_at: read_local_time(&terms.expires.get()),
                last: market.price(ticker),
            })
        });
        let wanted = memo(move || {
            written.with(|written| {
                SIDES.map(|side| match written {
                    Some(written) => written.order(side),
                    None => Err("Write a ticker.".to_owned()),
                })
            })
        });
        let has_price = memo(move || terms.order_type.get() != OrderType::Market);
        let (told, is_pending) = (RwSignal::new([const { None }; 2]), RwSignal::new(false));
        let form = Self { written, wanted, told, is_pending, has_price };
        form.ask(workspace);
        form.tell(terms);
        form
    }

    /// Asks the server about both sides, after each change and as prices move.
    fn ask(self, workspace: Workspace) {
        let pulse = RwSignal::new(());
        effect(move || {
            // Only a page without timers refuses.
            if let Ok(timer) = set_interval_with_handle(move || pulse.set(()), PULSE) {
                on_cleanup(move || timer.clear());
            }
        });
        effect(move || {
            pulse.track();
            // The account's holds decide too.
            workspace.books.track_changes();
            let wanted = self.wanted.get();
            if document().hidden() {
                // The next pulse asks, once somebody looks.
                return;
            }
            spawn(async move {
                sleep(TYPING_PAUSE).await;
                for (index, order) in wanted.into_iter().enumerate() {
                    let told = match order {
                        Ok(order) => match preview_order(order.clone()).await.flatten() {
                            Ok(preview) => Some((order, Ok(preview))),
                            Err(error) => Some((order, Err(error.to_string()))),
                        },
                        Err(_) => None,
                    };
                    self.told.update(|all| all[index] = told);
                }
            });
        });
    }

    /// Preview of the present order of a side, or why there is none; `None` until the server has answered. Tracked.
    fn preview(self, side: Side) -> Option<Result<OrderPreview, String>> {
        self.wanted.with(|wanted| {
            let wanted = wanted[side as usize].as_ref().ok()?;
            self.told.with(|told| {
                let (order, answer) = told[side as usize].as_ref()?;
                // Shares counted by a price that has moved on are as good as the same.
                (NewOrder { quantity: wanted.quantity, ..order.clone() } == *wanted).then(|| answer.clone())
            })
        })
    }

    /// Reasons against the order of a side, tracked.
    fn obstacle(self, side: Side) -> Option<String> {
        if let Err(words) = self.wanted.with(|wanted| wanted[side as usize].clone()) {
            return Some(words);
        }
        match self.preview(side)? {
            Ok(preview) => {
                let words: Vec<String> =
                    preview.refusals.iter().map(|it| refusal(it.field.as_deref(), &it.detail)).collect();
                (!words.is_empty()).then(|| words.join(" "))
            }
            Err(words) => Some(words),
        }
    }

    /// The side that the figures are of, tracked: the one that can be sent, or the one that waits.
    fn side(self) -> Side {
        match SIDES.map(|side| self.obstacle(side).is_none()) {
            [true, false] => Side::Buy,
            [false, true] => Side::Sell,
            _ => {
                // Of a price that both sides could have, the one that waits is meant: the other would fill at once.
                let at_once =
                    SIDES.map(|side| self.preview(side).is_some_and(|told| told.is_ok_and(|it| it.fills_at_once)));
                if at_once == [true, false] && self.has_price.get() { Side::Sell } else { Side::Buy }
            }
        }
    }

    /// Tells the ticket.
    fn tell(self, terms: TicketTerms) {
        effect(move || {
            let is_plain = terms.is_plain();
            let side = self.side();
            let order = self.wanted.with(|wanted| wanted[side as usize].clone().ok());
            let entry = self.written.with(|written| written.as_ref()?.entry(side));
            terms.reading.set(Reading {
                obstacles: SIDES.map(|side| self.obstacle(side)),
                entry: entry.filter(|_| self.has_price.get() && !is_plain),
                quantity: order.as_ref().and_then(|order| {
                    let by_notional = || self.preview(side)?.ok()?.estimated_quantity;
                    order.quantity.or_else(by_notional)
                }),
                is_pending: self.is_pending.get(),
            });
        });
        on_cleanup(move || {
            terms.reading.try_set(Reading::default());
        });
    }

    fn place(self, workspace: Workspace, side: Side) {
        let Workspace { orders: book, toasts, .. } = workspace;
        if self.is_pending.get_untracked() {
            return;
        }
        match self.wanted.with_untracked(|wanted| wanted[side as usize].clone()) {
            Err(words) => toasts.error(words),
            Ok(order) => {
                self.is_pending.set(true);
                spawn_local(async move {
                    place::place(book, order).await;
                    // The form may be gone by now.
                    self.is_pending.try_set(false);
                });
            }
        }
    }
}

#[component]
fn OrderForm() -> impl IntoView {
    let workspace = use_workspace();
    let terms = workspace.ticket.terms;
    let form = Form::follow(workspace);
    terms.place.set(Some(Callback::new(move |side| form.place(workspace, side))));
    on_cleanup(move || {
        terms.place.try_set(None);
    });
    let has = move |types: &'static [OrderType]| memo(move || types.contains(&terms.order_type.get()));
    let has_limit = has(&[OrderType::Limit, OrderType::StopLimit]);
    let has_stop = has(&[OrderType::Stop, OrderType::StopLimit]);
    let has_trail = has(&[OrderType::TrailingStop]);
    let is_dated = memo(move || terms.force.get() == TimeInForce::Gtd);
    view! {
        <div class="terms" role="group" aria-label="Order" on:keydown=leave>
            {show_unit(terms)}
            {show_when(move || has_stop.get(), move || price_field("Stop", "order-stop", "770.00", terms.stop))}
            {show_when(move || has_limit.get(), move || price_field("Limit", "order-limit", "790.00", terms.limit))}
            {show_when(move || has_trail.get(), move || price_field("Trail by", "order-trail", "2% or 12.50", terms.trail))}
            {price_field("Take profit", "order-take-profit", "none", terms.take_profit)}
            {price_field("Stop loss", "order-stop-loss", "none, or 2%", terms.stop_loss)}
            {show_force(terms)}
            {show_when(move || is_dated.get(), move || date_field(terms))}
        </div>
        {show_preview(form, workspace)}
    }
    .erase()
}

fn show_preview(form: Form, workspace: Workspace) -> Piece {
    let side = memo(move || form.side());
    let told = memo(move || form.preview(side.get()));
    let total = memo(move || workspace.books.with_portfolio(|portfolio| portfolio.total_value));
    let list = move || {
        let preview = told.get()?.ok()?;
        let figures = form.written.with(|written| Some(figures(&preview, written.as_ref()?, total.get())))?;
        Some(figures.into_iter().map(show_figure).collect_view())
    };
    let obstacle = memo(move || form.obstacle(side.get()));
    let words = Signal::derive(move || {
        if let Some(words) = obstacle.get() {
            return words;
        }
        let course = told.get().and_then(Result::ok).zip(form.written.get());
        course.map(|(preview, written)| course_words(&preview, &written)).unwrap_or_default()
    });
    let is_refused = memo(move || obstacle.with(Option::is_some));
    view! {
        <div class="order-preview" data-testid="order-preview" data-side=Signal::derive(move || side.get().as_str())>
            <dl class="order-figures">{list}</dl>
            <p role="status" class:down=is_refused data-testid="order-course">{words}</p>
        </div>
    }
    .erase()
}

/// `Buy: waits at 790.00, then stop or target.`
fn course_words(preview: &OrderPreview, written: &Written) -> String {
    format!("✓ {}: {}", super::words::side(preview.side), course(preview, written))
}
