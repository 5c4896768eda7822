//! The trade ticket: an order for the selected ticker, with what it would do to the cash. A market order is placed here; the
//! order form, which comes when it is wanted, has what else an order can be.

mod draft;
mod orders;
pub mod terms;

use std::time::Duration;

use gloo_timers::future::sleep;
use leptos::{
    ev::KeyboardEvent,
    html::{Button, Input, Select},
    prelude::*,
    wasm_bindgen::JsCast,
};
use web_sys::HtmlElement;

use self::{
    draft::Draft,
    orders::{Orders, Working},
    terms::{TicketTerms, Unit, title},
};
use crate::app::{
    account::Books,
    effects::{effect, memo, spawn},
    erase::{Erase, Piece, show_when},
    format::{MISSING, money},
    hands::{Hands, MoneyLetters},
    market::Market,
    parts::{Part, show_part},
    presses::{is_composed, is_meant, press_once},
    toast::Toasts,
    trade::watchlist::store::WatchlistStore,
    upgrade,
};
use crate::{
    api::load_quote,
    domain::{
        money::{InvalidQuantity, Money, Price, Quantity},
        order::Side,
        orders::terms::OrderType,
        sizing,
        ticker::Ticker,
        typed_number::{UnreadableQuantity, read_quantity},
        typed_order::{TypedOrder, TypedPrice},
    },
    error::ApiError,
};

/// A ticker that is still being typed is not asked for.
const TYPING_PAUSE: Duration = Duration::from_millis(400);
/// The server is asked again before it stops following a ticker.
const FOLLOWED_FOR: Duration = Duration::from_secs(40);

const ON_ITS_WAY: &str = "An order is on its way.";

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
    pub terms: TicketTerms,
    market: Market,
    toasts: Toasts,
    hands: Hands,
    /// The side whose button a key has brought the focus to.
    armed: RwSignal<Option<Side>>,
    quantity_field: NodeRef<Input>,
    type_field: NodeRef<Select>,
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
        let terms = TicketTerms::new();
        let draft = memo(move || {
            let ticker = ticker.with(|text| text.parse::<Ticker>()).map_err(ApiError::from);
            let priced = ticker.as_ref().ok().copied();
            let held = priced.and_then(|ticker| books.quantity(ticker));
            let (entry, counted) = terms.reading.with(|reading| (reading.entry, reading.quantity));
            Draft {
                quantity: match terms.unit.get() {
                    Unit::Shares => quantity.with(|text| read_quantity(text)),
                    Unit::Dollars | Unit::Risk => counted.ok_or(InvalidQuantity::NotANumber.into()),
                },
                price: entry.or_else(|| market.price(priced?)),
                is_live: market.is_live(),
                cash: books.cash(),
                cash_on_orders: books.held_for_orders(),
                held,
                shares_on_orders: priced.and_then(|ticker| books.shares_on_orders(ticker)),
                ticker,
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
            terms,
            market,
            toasts,
            hands,
            armed: RwSignal::new(None),
            quantity_field: NodeRef::new(),
            type_field: NodeRef::new(),
            buttons: [NodeRef::new(), NodeRef::new()],
        }
    }

    /// Keeps what is typed over a reload of the page.
    pub fn keep_typed(self) {
        let Self { selected, ticker, quantity, terms, .. } = self;
        let order_type = terms.type_text();
        let is_typed = move || {
            untrack(|| terms.is_shown())
                || quantity.with_untracked(|text| text != QUANTITY)
                || ticker.with_untracked(|text| *text != symbol(selected.get_untracked()))
        };
        let fields = [
            ("ticker", ticker),
            ("quantity", quantity),
            ("order-type", order_type),
            ("limit", terms.limit),
            ("stop", terms.stop),
            ("trail", terms.trail),
            ("take-profit", terms.take_profit),
            ("stop-loss", terms.stop_loss),
        ];
        upgrade::keep_typed(fields, is_typed);
    }

    /// Writes an order into the ticket, with the focus on the button that would place it.
    pub fn fill(self, order: TypedOrder) {
        self.write(order.ticker, order.quantity.plain(), Unit::Shares, order.price);
        self.aim(order.side);
    }

    /// As [`Self::fill`], for an amount of dollars.
    pub fn fill_dollars(self, side: Side, dollars: Money, ticker: Ticker, price: Option<TypedPrice>) {
        self.write(ticker, dollars.to_string().replace(['$', ','], ""), Unit::Dollars, price);
        self.aim(side);
    }

    fn write(self, ticker: Ticker, amount: String, unit: Unit, price: Option<TypedPrice>) {
        self.ticker.set(ticker.to_string());
        self.quantity.set(amount);
        self.terms.clear();
        self.terms.unit.set(unit);
        match price {
            None => {}
            Some(TypedPrice::Limit(price)) => self.write_price(OrderType::Limit, price),
            Some(TypedPrice::Stop(price)) => self.write_price(OrderType::Stop, price),
        }
    }

    /// Writes a ticker into the ticket.
    pub fn choose(self, ticker: Ticker) {
        if self.ticker_untracked() != Some(ticker) {
            self.ticker.set(ticker.to_string());
        }
    }

    /// Writes a price to wait for into the ticket.
    pub fn write_price(self, order_type: OrderType, price: Price) {
        let field = if order_type == OrderType::Limit { self.terms.limit } else { self.terms.stop };
        self.terms.order_type.set(order_type);
        field.set(price.to_string().replace(',', ""));
    }

    /// What is written as the ticker, tracked; nothing where that is none.
    pub fn ticker(self) -> Option<Ticker> {
        self.draft.with(|draft| draft.ticker.as_ref().ok().copied())
    }

    /// As [`Self::ticker`], not tracked.
    pub fn ticker_untracked(self) -> Option<Ticker> {
        untrack(|| self.ticker())
    }

    /// What is written as the quantity, tracked.
    pub fn written_quantity(self) -> String {
        self.quantity.get()
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

    /// Goes to the type of the order.
    pub fn focus_type(self) {
        focus(self.type_field.get_untracked());
    }

    /// Puts the cursor into the quantity.
    pub fn focus(self) {
        if let Some(field) = self.quantity_field.get_untracked() {
            field.select();
            focus(Some(field));
        }
    }

    /// Arrow keys move the quantity by a share, with Shift by ten.
    fn step(self, event: KeyboardEvent) {
        let shares = if event.shift_key() { 10 } else { 1 };
        let shares = match event.key().as_str() {
            "ArrowUp" => shares,
            "ArrowDown" => -shares,
            _ => return leave(event),
        };
        event.prevent_default();
        if let Some(moved) = self.quantity.with_untracked(|typed| sizing::stepped(typed, shares)) {
            self.quantity.set(moved);
        }
    }

    /// Places the order that the ticket shows, or says what is in its way; once, while it is on its way.
    pub fn place(self, side: Side) {
        if !untrack(|| self.terms.is_plain()) {
            match self.terms.place.get_untracked() {
                Some(place) => place.run(side),
                None => self.toasts.error("The order form is on its way; try again in a moment.".to_owned()),
            }
            return;
        }
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
        if !self.terms.is_plain() {
            return self.terms.reading.with(|reading| reading.obstacles[side as usize].clone());
        }
        let obstacle = self.draft.with(|draft| draft.obstacle(side)).map(|obstacle| obstacle.to_string());
        obstacle.or_else(|| {
            self.draft.with(|draft| draft.ticker.as_ref().ok().and_then(|ticker| self.market.obstacle(*ticker)))
        })
    }

    /// Why a button does not work now, tracked.
    fn reason(self, side: Side) -> Option<String> {
        match self.orders.working.get() {
            Some(_) => Some(ON_ITS_WAY.to_owned()),
            None if self.terms.reading.with(|reading| reading.is_pending) => Some(ON_ITS_WAY.to_owned()),
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
            <div class="ticket-strip">
            <div class="ticket-order">
            <label class="field">
                <span class="visually-hidden">"Ticker"</span>
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
                <span class="visually-hidden">"Quantity"</span>
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
                    on:keydown=move |event| ticket.step(event)
                />
            </label>
            {show_type(ticket)}
            </div>
            <div class="ticket-sides">
                {show_side(ticket, Side::Buy)}
                {show_side(ticket, Side::Sell)}
            </div>
            </div>
            {show_when(move || ticket.terms.is_shown(), || {
                view! { <div class="ticket-terms" id="ticket-terms">{show_part(Part::OrderForm)}</div> }.erase()
            })}
            <p class="ticket-note" role="status" hidden=move || note.with(String::is_empty)>{note}</p>
            <p class="ticket-note" data-testid="trade-market-note" hidden=move || of_market.with(String::is_empty)>
                {of_market}
            </p>
            {show_readings(ticket)}
        </form>
    }
    .erase()
}

/// The type of the order, and a button for the rest of it.
fn show_type(ticket: Ticket) -> Piece {
    let terms = ticket.terms;
    let options = OrderType::ALL.iter().map(|order_type| {
        let is_chosen = move || terms.order_type.get() == *order_type;
        view! { <option value=order_type.as_str() prop:selected=is_chosen>{title(*order_type)}</option> }
    });
    let is_shown = memo(move || terms.is_shown());
    let toggle = move |_| match is_shown.get_untracked() {
        true => {
            terms.clear();
            terms.is_open.set(false);
        }
        false => terms.is_open.set(true),
    };
    view! {
        <label class="field">
            <span class="visually-hidden">"Order type"</span>
            <select
                data-testid="order-type"
                node_ref=ticket.type_field
                on:change:target=move |event| {
                    if let Ok(order_type) = event.target().value().parse() {
                        terms.order_type.set(order_type);
                    }
                }
            >
                {options.collect_view()}
            </select>
        </label>
        <button
            type="button"
            class="small"
            data-testid="order-more"
            aria-expanded=Signal::derive(move || is_shown.get().to_string())
            aria-controls="ticket-terms"
            title="Take profit, stop loss, time in force (T)"
            on:click=toggle
        >
            {Signal::derive(move || if is_shown.get() { "Plain" } else { "More…" })}
        </button>
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
                {[(sizing::Part::Quarter, "25 %"), (sizing::Part::Half, "50 %"), (sizing::Part::All, "Max")]
                    .map(|(part, words)| show_share(ticket, side, part, words, whole))}
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
fn show_share(ticket: Ticket, side: Side, part: sizing::Part, words: &'static str, whole: &str) -> Piece {
    let name = format!("{words} of the {whole}");
    let quantity = memo(move || ticket.draft.with(|draft| draft.part(side, part)));
    let is_none = memo(move || quantity.with(Option::is_none));
    let fill = move |_| {
        if let Some(quantity) = quantity.get_untracked() {
            ticket.terms.unit.set(Unit::Shares);
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
