//! The trade ticket: a market order for the selected ticker, with what it would do to the cash.

mod draft;
mod orders;

use std::time::Duration;

use gloo_timers::future::sleep;
use leptos::{
    ev::KeyboardEvent,
    html::{Button, Input},
    prelude::*,
    wasm_bindgen::JsCast,
};
use web_sys::HtmlElement;

use self::{
    draft::Draft,
    orders::{Orders, Working},
};
use crate::app::{
    account::Books,
    effects::{effect, memo, spawn},
    erase::{Erase, Piece},
    format::{MISSING, money},
    hands::{Hands, MoneyLetters},
    market::Market,
    presses::{is_composed, is_meant, press_once},
    toast::Toasts,
    trade::watchlist::store::WatchlistStore,
    upgrade,
};
use crate::{
    api::load_quote,
    domain::{
        money::{Money, Quantity},
        order::Side,
        sizing::Part,
        ticker::Ticker,
        typed_number::{UnreadableQuantity, read_quantity},
    },
    error::ApiError,
};

/// A ticker that is still being typed is not asked for.
const TYPING_PAUSE: Duration = Duration::from_millis(400);
/// The server is asked again before it stops following a ticker.
const FOLLOWED_FOR: Duration = Duration::from_secs(40);

/// What a ticket begins with.
const QUANTITY: &str = "1";

/// The handle to the page's trade ticket; copies share it.
#[derive(Clone, Copy)]
pub struct Ticket {
    selected: RwSignal<Option<Ticker>>,
    ticker: RwSignal<String>,
    quantity: RwSignal<String>,
    draft: Memo<Draft>,
    orders: Orders,
    market: Market,
    toasts: Toasts,
    hands: Hands,
    /// The side whose button a key has brought the focus to.
    armed: RwSignal<Option<Side>>,
    quantity_field: NodeRef<Input>,
    buttons: [NodeRef<Button>; 2],
}

impl Ticket {
    /// A ticket for the ticker selected, now and whenever another one is.
    pub fn new(
        books: Books,
        market: Market,
        watchlist: WatchlistStore,
        toasts: Toasts,
        hands: Hands,
        selected: RwSignal<Option<Ticker>>,
    ) -> Self {
        let ticker = RwSignal::new(symbol(selected.get_untracked()));
        let quantity = RwSignal::new(QUANTITY.to_owned());
        Effect::watch(move || selected.get(), move |selected, _, _| ticker.set(symbol(*selected)), false);
        let draft = memo(move || {
            let ticker = ticker.with(|text| text.parse::<Ticker>()).map_err(ApiError::from);
            let priced = ticker.as_ref().ok().copied();
            let held = priced.and_then(|ticker| books.quantity(ticker));
            Draft {
                quantity: quantity.with(|text| read_quantity(text)),
                price: priced.and_then(|ticker| market.price(ticker)),
                is_live: market.is_live(),
                cash: books.cash(),
                ticker,
                held,
            }
        });
        let stranger = memo(move || {
            let ticker = draft.with(|draft| draft.ticker.as_ref().ok().copied().filter(|_| draft.held.is_none()));
            ticker.filter(|ticker| !watchlist.contains(*ticker))
        });
        effect(move || {
            if let Some(ticker) = stranger.get() {
                spawn(keep_priced(ticker, market));
            }
        });
        Self {
            selected,
            ticker,
            quantity,
            draft,
            orders: Orders::new(books, toasts),
            market,
            toasts,
            hands,
            armed: RwSignal::new(None),
            quantity_field: NodeRef::new(),
            buttons: [NodeRef::new(), NodeRef::new()],
        }
    }

    /// Keeps what is typed over a reload of the page.
    pub fn keep_typed(self) {
        let Self { selected, ticker, quantity, .. } = self;
        let is_typed = move || {
            quantity.with_untracked(|text| text != QUANTITY)
                || ticker.with_untracked(|text| *text != symbol(selected.get_untracked()))
        };
        upgrade::keep_typed([("ticker", ticker), ("quantity", quantity)], is_typed);
    }

    /// Writes an order into the ticket, with the focus on the button that would place it.
    pub fn fill(self, ticker: Ticker, quantity: Quantity, side: Side) {
        self.ticker.set(ticker.to_string());
        self.quantity.set(quantity.plain());
        self.aim(side);
    }

    /// Puts the focus on the button of a side, where Enter places the order, and nothing else that may be typed.
    pub fn aim(self, side: Side) {
        focus(self.button(side).get_untracked());
        self.armed.set(Some(side));
    }

    /// Does what the letter of a side is set to do.
    pub fn press_letter(self, side: Side) {
        match self.hands.letters() {
            MoneyLetters::Arm => self.aim(side),
            MoneyLetters::Fire => self.place(side),
            MoneyLetters::Off => {}
        }
    }

    /// Looks at a key before it presses the button of a side. Where a key has brought the focus, the next one may belong to
    /// words that somebody writes: only Enter places the order, and any other key leaves the button.
    fn look_at_key(self, side: Side, event: &KeyboardEvent) {
        press_once(event);
        let is_armed = self.armed.get_untracked() == Some(side);
        if is_armed && !matches!(event.key().as_str(), "Enter" | "Tab" | "Shift" | "Control" | "Alt" | "Meta") {
            if event.key() == " " {
                event.prevent_default();
            }
            self.armed.set(None);
            if let Some(button) = self.button(side).get_untracked() {
                // Only an element that has left the page refuses.
                let _ = button.blur();
            }
        }
    }

    /// Puts the cursor into the quantity.
    pub fn focus(self) {
        if let Some(field) = self.quantity_field.get_untracked() {
            field.select();
            focus(Some(field));
        }
    }

    /// Places the order that the ticket shows, or says what is in its way; once, while it is on its way.
    pub fn place(self, side: Side) {
        let draft = self.draft.get_untracked();
        match (untrack(|| self.obstacle(side)), &draft.ticker, &draft.quantity) {
            (None, Ok(ticker), Ok(quantity)) => self.trade(*ticker, *quantity, side),
            (obstacle, ..) => obstacle.into_iter().for_each(|reason| self.toasts.error(reason)),
        }
    }

    /// Places an order as the ticket does, whatever is written in it.
    pub fn trade(self, ticker: Ticker, quantity: Quantity, side: Side) {
        self.orders.place(ticker, quantity, side);
    }

    /// What became of a position that was closed, tracked.
    pub fn end_of(self, ticker: Ticker) -> Option<String> {
        self.orders.end_of(ticker)
    }

    /// Whether an order is on its way, tracked.
    pub fn is_working(self) -> bool {
        self.orders.working.with(Option::is_some)
    }

    fn button(self, side: Side) -> NodeRef<Button> {
        match side {
            Side::Buy => self.buttons[0],
            Side::Sell => self.buttons[1],
        }
    }

    /// What is in the way of the order that the ticket shows, tracked.
    fn obstacle(self, side: Side) -> Option<String> {
        let obstacle = self.draft.with(|draft| draft.obstacle(side)).map(|obstacle| obstacle.to_string());
        obstacle.or_else(|| {
            self.draft.with(|draft| draft.ticker.as_ref().ok().and_then(|ticker| self.market.obstacle(*ticker)))
        })
    }

    /// Why a button does not work now, tracked.
    fn reason(self, side: Side) -> Option<String> {
        match self.orders.working.get() {
            Some(_) => Some("An order is on its way.".to_owned()),
            None => self.obstacle(side),
        }
    }
}

/// Has the server follow a ticker that is neither watched nor held, for as long as the ticket is for it.
async fn keep_priced(ticker: Ticker, market: Market) {
    sleep(TYPING_PAUSE).await;
    loop {
        // Without an answer the order itself is priced all the same.
        if let Ok(quote) = load_quote(ticker).await {
            market.introduce(quote);
        }
        sleep(FOLLOWED_FOR).await;
    }
}

fn symbol(ticker: Option<Ticker>) -> String {
    ticker.map(|ticker| ticker.to_string()).unwrap_or_default()
}

/// Only an element that has left the page refuses the focus.
fn focus(element: Option<impl AsRef<HtmlElement>>) {
    if let Some(element) = element {
        let _ = element.as_ref().focus();
    }
}

/// Escape leaves a field.
fn leave(event: KeyboardEvent) {
    if event.key() == "Escape"
        && !is_composed(&event)
        && let Some(field) = event.target().and_then(|target| target.dyn_into::<HtmlElement>().ok())
    {
        let _ = field.blur();
    }
}

#[component]
pub fn TicketPanel(ticket: Ticket) -> impl IntoView {
    let Ticket { ticker, quantity, draft, orders, .. } = ticket;
    let is_refused = Signal::derive(move || draft.with(|draft| draft.ticker.is_err()).to_string());
    let is_unreadable = Signal::derive(move || draft.with(|draft| draft.quantity.is_err()).to_string());
    let note =
        Signal::derive(move || orders.working.with(|working| working.as_ref().and_then(doubt)).unwrap_or_default());
    let of_market = Signal::derive(move || ticket.market.status.with(|status| status.note.clone()));
    view! {
        <form class="panel ticket" aria-label="Trade" on:submit=move |event| event.prevent_default()>
            <label class="field">
                <span class="label">"Ticker"</span>
                <input
                    class="ticket-ticker"
                    data-testid="trade-ticker"
                    autocomplete="off"
                    autocapitalize="characters"
                    spellcheck="false"
                    maxlength="9"
                    value=ticker.get_untracked()
                    prop:value=ticker
                    aria-invalid=is_refused
                    on:input:target=move |event| ticker.set(event.target().value())
                    on:keydown=leave
                />
            </label>
            <label class="field">
                <span class="label">"Quantity"</span>
                <input
                    data-testid="trade-quantity"
                    node_ref=ticket.quantity_field
                    inputmode="decimal"
                    autocomplete="off"
                    maxlength="20"
                    value=quantity.get_untracked()
                    prop:value=quantity
                    aria-invalid=is_unreadable
                    on:input:target=move |event| quantity.set(event.target().value())
                    on:keydown=leave
                />
            </label>
            <div class="ticket-sides">
                {show_side(ticket, Side::Buy)}
                {show_side(ticket, Side::Sell)}
            </div>
            <p class="ticket-note" role="status" hidden=move || note.with(String::is_empty)>{note}</p>
            <p class="ticket-note" data-testid="trade-market-note" hidden=move || of_market.with(String::is_empty)>
                {of_market}
            </p>
            {show_readings(ticket)}
        </form>
    }
    .erase()
}

/// Both numbers that a doubtful quantity may be, each to be chosen.
fn show_readings(ticket: Ticket) -> Piece {
    let readings = memo(move || {
        ticket.draft.with(|draft| match &draft.quantity {
            Err(UnreadableQuantity::Doubtful { grouped, decimal, .. }) => Some((grouped.clone(), decimal.clone())),
            Ok(_) | Err(UnreadableQuantity::Invalid(_)) => None,
        })
    });
    let reading = move |number: String| {
        let chosen = number.clone();
        let choose = move |_| {
            ticket.quantity.set(chosen.clone());
            ticket.focus();
        };
        view! { <button type="button" class="small" on:click=choose>{number}</button> }.erase()
    };
    let question = move || {
        readings.get().map(|(grouped, decimal)| {
            view! {
                <p class="ticket-note" role="status" data-testid="trade-quantity-readings">
                    {reading(grouped)}
                    " or "
                    {reading(decimal)}
                    "?"
                </p>
            }
        })
    };
    question.erase()
}

fn doubt(working: &Working) -> Option<String> {
    working
        .is_in_doubt
        .then(|| format!("No answer yet: still checking whether the order to {} was filled.", working.order))
}

/// One side of the ticket in a row: parts of what there is to trade with, the estimate, and the button.
fn show_side(ticket: Ticket, side: Side) -> Piece {
    let (name, title, key, whole, estimate) = match side {
        Side::Buy => ("buy", "Buy", "B", "cash", "Cost"),
        Side::Sell => ("sell", "Sell", "S", "holding", "Proceeds"),
    };
    let draft = ticket.draft;
    let figure = move |read: fn(&Draft, Side) -> Option<Money>| {
        Signal::derive(move || draft.with(|draft| read(draft, side)).map_or(MISSING.to_owned(), money))
    };
    let reason = memo(move || ticket.reason(side));
    let is_short = memo(move || draft.with(|draft| draft.cash_after(side)).is_some_and(|cash| cash < Money::ZERO));
    let is_disabled = Signal::derive(move || reason.with(Option::is_some).to_string());
    let words = Signal::derive(move || reason.get().unwrap_or_default());
    let reason_id = format!("trade-{name}-reason");
    let key_words = Signal::derive(move || if ticket.armed.get() == Some(side) { "Enter" } else { key });
    view! {
        <div class="ticket-side" role="group" aria-label=title>
            <span class="label">{format!("Of {whole}")}</span>
            <span class="parts">
                {[(Part::Quarter, "25 %"), (Part::Half, "50 %"), (Part::All, "Max")]
                    .map(|(part, words)| show_part(ticket, side, part, words, whole))}
            </span>
            <span class="label">{estimate}</span>
            <b class="figure" translate="no" data-testid=format!("trade-{name}-estimate")>{figure(Draft::notional)}</b>
            <span class="label">"Cash after"</span>
            <b class="figure" translate="no" class:down=is_short data-testid=format!("trade-{name}-cash-after")>
                {figure(Draft::cash_after)}
            </b>
            <span class="placing">
                <button
                    type="button"
                    class=name
                    data-testid=format!("trade-{name}")
                    node_ref=ticket.button(side)
                    aria-disabled=is_disabled
                    aria-describedby=reason_id.clone()
                    aria-keyshortcuts=key
                    on:keydown=move |event| ticket.look_at_key(side, &event)
                    on:blur=move |_| ticket.armed.set(None)
                    on:click=move |event| if is_meant(&event) { ticket.place(side) }
                >
                    {title}
                    <kbd aria-hidden="true">{key_words}</kbd>
                </button>
                <span class="reason" role="tooltip" id=reason_id>{words}</span>
            </span>
        </div>
    }
    .erase()
}

/// A button that writes a part of the cash or of the holding into the quantity.
fn show_part(ticket: Ticket, side: Side, part: Part, words: &'static str, whole: &str) -> Piece {
    let name = format!("{words} of the {whole}");
    let quantity = memo(move || ticket.draft.with(|draft| draft.part(side, part)));
    let is_none = memo(move || quantity.with(Option::is_none));
    let fill = move |_| {
        if let Some(quantity) = quantity.get_untracked() {
            ticket.quantity.set(quantity.plain());
        }
    };
    view! {
        <button type="button" aria-label=name disabled=is_none on:click=fill>
            {words}
        </button>
    }
    .erase()
}
