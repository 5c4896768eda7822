//! Errors that callers see.
//!
//! [`ApiError`] is the only error that leaves the server: REST writes it as problem details (RFC 9457), server
//! functions as JSON that the page reads back. Its text is a sentence for a person; causes and internals are only
//! logged.

mod kind;
mod source;

use serde::{Deserialize, Serialize};

use crate::domain::{
    account::{POSITIONS_MAX, Refusal},
    alerts::ALERTS_MAX,
    chat::InvalidMessage,
    instant::UtcInstant,
    money::{Money, Price, Quantity},
    order::{InvalidSide, OrderRequest, Side},
    orders::{OPEN_ORDERS_MAX, fault::OrderFault, view::OrderView},
    ticker::{InvalidTicker, Ticker},
    watchlist::WATCHLIST_MAX,
};

/// Every kind of failed request, with the values of its message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum ApiError {
    #[error("The request's body is not the JSON object expected: {reason}.")]
    MalformedJson { reason: String },
    #[error("The field \"{field}\" is missing.")]
    MissingField { field: String },
    #[error("That is not a ticker: {}.", InvalidTicker)]
    InvalidTicker,
    #[error("That is not a side: {}.", InvalidSide)]
    InvalidSide,
    #[error("That is not a quantity: {reason}.")]
    InvalidQuantity { reason: String },
    #[error("That is not a message: {}.", InvalidMessage)]
    InvalidMessage,
    #[error("The parameter \"{parameter}\" is not valid: {reason}.")]
    InvalidParameter { parameter: String, reason: String },

    #[error("There is nothing at this address.")]
    NotFound,
    #[error("{ticker} is not on the watchlist.")]
    NotWatched { ticker: Ticker },
    #[error("{ticker} is neither on the watchlist nor held.")]
    NotFollowed { ticker: Ticker },
    #[error("{ticker} is not held.")]
    NotHeld { ticker: Ticker },
    #[error("This address does not answer {method}; it answers {allowed}.")]
    MethodNotAllowed { method: String, allowed: String },
    #[error("The request's body is larger than {} KiB.", limit_bytes / 1024)]
    BodyTooLarge { limit_bytes: usize },
    #[error("The request's head, its address included, is larger than {} KiB.", limit_bytes / 1024)]
    HeadTooLarge { limit_bytes: usize },
    #[error("The request's body has to be sent as application/json.")]
    UnsupportedMediaType,

    #[error("The request was not complete in time; nothing was changed.")]
    RequestTimeout,

    #[error(
        "This server does not answer for {}. If it should, start it with ALLOWED_HOSTS={}.",
        host.as_deref().unwrap_or("that host"),
        host.as_deref().unwrap_or("its-name")
    )]
    WrongHost { host: Option<String> },
    #[error("A page of another site may not ask for this; TRUSTED_ORIGINS names the sites that may.")]
    CrossSite,
    #[error(
        "This FinAlly asks other machines to sign in once: open the link that it printed when it started. A script sends \
         the token at the link's end as \"Authorization: Bearer\"."
    )]
    SignInNeeded,
    #[error("That token is not known here; the link that FinAlly printed at its latest start has one that is.")]
    TokenInvalid,

    #[error("That token lacks the scope \"{scope}\".")]
    NotAllowed { scope: String },
    #[error("There are 64 tokens already; revoke one first.")]
    TooManyTokens,

    #[error("The client_order_id \"{client_order_id}\" was used for another order.")]
    OrderIdReused { client_order_id: String },
    #[error("Buying {quantity} {ticker} costs {cost}; you have {available}{}.", held_cash(*.held))]
    InsufficientCash {
        ticker: Ticker,
        quantity: Quantity,
        cost: Money,
        available: Money,
        /// Part of the cash that open orders hold.
        #[serde(default)]
        held: Money,
    },
    #[error("Selling {quantity} {ticker} is not possible; you hold {}{}.", or_none(*.held), held_shares(*.on_orders))]
    InsufficientShares {
        ticker: Ticker,
        quantity: Quantity,
        held: Option<Quantity>,
        /// Part of the shares that open orders hold.
        #[serde(default)]
        on_orders: Option<Quantity>,
    },
    #[error("The client_flow_id \"{client_flow_id}\" was used for another deposit or withdrawal.")]
    FlowIdReused { client_flow_id: String },
    #[error("Withdrawing {amount} is not possible; you have {available} that no open order holds.")]
    WithdrawalTooLarge { amount: Money, available: Money },
    #[error("The order needs {cost}; you have {available} that no other order holds.")]
    OrderNeedsCash { cost: Money, available: Money },
    #[error("The order needs {needed} shares; you have {} that no other order holds.", or_none(*.available))]
    OrderNeedsShares { needed: Quantity, available: Option<Quantity> },
    #[error("There is no order with this id.")]
    UnknownOrder,
    #[error("The field \"{field}\" is not valid: {reason}.")]
    InvalidPrice { field: String, reason: String },
    #[error("There are {OPEN_ORDERS_MAX} open orders; cancel one first.")]
    TooManyOrders,
    #[error("There is no alert with this id.")]
    UnknownAlert,
    #[error("There are {ALERTS_MAX} alerts, or they are about too many tickers; delete one first.")]
    TooManyAlerts,
    #[error("The order has ended, or what was to be changed of it has happened.")]
    TooLate { order: OrderAsItIs },
    #[error("The order was changed in the meantime: it is at revision {}.", order.revision())]
    RevisionConflict { order: OrderAsItIs },
    #[error("{ticker} has no price now; try again in a moment.")]
    NoPrice { ticker: Ticker },
    #[error("{ticker} is at {now} now, too far from {expected}, the price expected; nothing was traded.")]
    PriceMoved { ticker: Ticker, expected: Price, now: Price },

    #[error("{ticker} trades at {now}: it can be sold, and does not have to be written off.")]
    PriceIsLive { ticker: Ticker, now: Price },
    #[error("{}", unknown_ticker(*ticker, *can_be_made_up))]
    UnknownTicker {
        ticker: Ticker,
        /// Whether the simulator may invent prices for it, once a person has confirmed.
        can_be_made_up: bool,
    },
    #[error("{ticker} would be one position too many: there are {POSITIONS_MAX}. Close one first.")]
    TooManyPositions { ticker: Ticker },

    #[error("{}", stale_price(*ticker, *age_seconds))]
    StalePrice {
        ticker: Ticker,
        /// Seconds since the price was last confirmed; `None` if unknown.
        age_seconds: Option<u64>,
    },
    #[error("The exchange is closed{}. Nothing was traded.", opens.as_ref().map_or(String::new(), |opens| format!("; it opens {opens}")))]
    MarketClosed {
        /// Next opening, in words.
        opens: Option<String>,
    },

    #[error("The watchlist is full: it holds {WATCHLIST_MAX} tickers. Remove one first.")]
    WatchlistFull,

    #[error("The client_message_id \"{client_message_id}\" was used for another message.")]
    MessageIdReused { client_message_id: String },
    #[error("The copilot is answering another message; wait for that answer, or cancel it.")]
    CopilotBusy,
    #[error("The answer was cancelled; nothing was executed.")]
    ReplyCancelled,
    #[error("The server stopped before the copilot had answered; what is not marked as executed was not executed.")]
    ReplyCutOff,
    #[error("The copilot's answer could not be understood, so nothing was executed. Try again, or put it another way.")]
    LlmInvalidReply,
    #[error(
        "The model used up its tokens before it had answered, so nothing was executed. Set LLM_MAX_TOKENS to more, or ask \
         for less."
    )]
    LlmOutOfTokens,
    #[error("The copilot cannot be asked now: {reason}.")]
    LlmUnavailable { reason: String },
    #[error(
        "The copilot is turned off. Take COPILOT=off out of the settings, set OPENROUTER_API_KEY, or LLM_BASE_URL for a \
         local model, if you want one, and start the server again."
    )]
    LlmNotConfigured,
    #[error("The copilot did not answer within {seconds} s; nothing was executed.")]
    LlmTimeout { seconds: u64 },

    #[error("\"{name}\" is no PDF, DOCX, HTML, Markdown, CSV or text file, which are what the library reads.")]
    UnsupportedFile { name: String },
    #[error("\"{name}\" is larger than 50 MiB, the most that the library takes in.")]
    FileTooLarge { name: String },
    #[error("The library is full: it holds 5,000 documents. Delete some first.")]
    LibraryFull,
    #[error("That address is not fetched: {reason}.")]
    AddressRefused { reason: String },
    #[error("500 documents are waiting to be read already; hand in more when some of them are done.")]
    TooManyTasks,
    #[error("The library has another document with this very content.")]
    DuplicateDocument,

    #[error("Too many requests; try again in {retry_after_seconds} s.")]
    TooManyRequests { retry_after_seconds: u32 },
    #[error("Too many streams are open; close one, or try again later.")]
    TooManyStreams,
    #[error("The server is busy; nothing was changed. Try again in a moment.")]
    Busy,
    /// A read failed; it may have followed a change that succeeded.
    #[error("The server is too busy to read that now. Try again in a moment.")]
    BusyReading,
    /// A later step found the server busy, after an earlier step had succeeded.
    #[error("The server became busy half way, so part of this was done. Look at what is there before you try again.")]
    PartlyDone,
    #[error("Something went wrong on the server; it has been logged.")]
    Internal,
    /// Created by the page only: there was no response, or an unreadable one, so the request may have succeeded.
    #[error("The server could not be reached.")]
    Unreachable,
    /// Created by the page only: the detail of the server's response.
    #[error("{detail}")]
    Told { detail: String },
}

impl ApiError {
    /// The error of a refused `order`, with the reason in words.
    pub fn refused(order: &OrderRequest, refusal: Refusal) -> Self {
        let (ticker, quantity) = (order.ticker, order.quantity);
        match refusal {
            Refusal::InsufficientCash { cost, available } => {
                Self::InsufficientCash { ticker, quantity, cost, available, held: Money::ZERO }
            }
            Refusal::InsufficientShares { held } => {
                Self::InsufficientShares { ticker, quantity, held, on_orders: None }
            }
            Refusal::TooManyPositions => Self::TooManyPositions { ticker },
            Refusal::TooLarge => Self::InvalidQuantity {
                reason: match order.side {
                    Side::Buy => "the position would grow beyond 1,000,000,000 shares".to_owned(),
                    Side::Sell => "the proceeds are too large".to_owned(),
                },
            },
        }
    }

    /// The same refusal with the account's amounts: cash and shares of the ticker, and the parts that open orders hold.
    pub fn with_held(self, cash: (Money, Money), shares: (Option<Quantity>, Option<Quantity>)) -> Self {
        match self {
            Self::InsufficientCash { ticker, quantity, cost, .. } => {
                Self::InsufficientCash { ticker, quantity, cost, available: cash.0, held: cash.1 }
            }
            Self::InsufficientShares { ticker, quantity, .. } => {
                Self::InsufficientShares { ticker, quantity, held: shares.0, on_orders: shares.1 }
            }
            other => other,
        }
    }

    /// The error of a fault, with the order's present state.
    pub fn of_order(fault: OrderFault, order: OrderView) -> Self {
        let order = OrderAsItIs(Box::new(order));
        match fault {
            OrderFault::TooLate => Self::TooLate { order },
            OrderFault::RevisionConflict { .. } => Self::RevisionConflict { order },
            fault => fault.into(),
        }
    }

    /// The order that the refusal is about, in its present state.
    pub fn order(&self) -> Option<&OrderView> {
        match self {
            Self::TooLate { order } | Self::RevisionConflict { order } => Some(&order.0),
            _ => None,
        }
    }

    /// The error of a stale price, which was last confirmed `at` an earlier moment.
    pub fn stale(ticker: Ticker, at: UtcInstant, now: UtcInstant) -> Self {
        let age_ms = now.unix_ms().saturating_sub(at.unix_ms());
        Self::StalePrice { ticker, age_seconds: u64::try_from(age_ms / 1_000).ok() }
    }

    /// Converts an error after an earlier step succeeded, since "nothing was changed" would be wrong.
    pub fn half_way(self) -> Self {
        if matches!(self, Self::Busy | Self::BusyReading) { Self::PartlyDone } else { self }
    }
}

/// An order's state, returned with a refusal to change it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OrderAsItIs(pub Box<OrderView>);

/// Its floats come from an order and are never NaN.
impl Eq for OrderAsItIs {}

impl OrderAsItIs {
    fn revision(&self) -> u32 {
        self.0.revision
    }
}

fn or_none(quantity: Option<Quantity>) -> String {
    quantity.map_or_else(|| "none".to_owned(), |quantity| quantity.to_string())
}

fn held_cash(held: Money) -> String {
    if held.is_zero() { String::new() } else { format!(", of which {held} is held for open orders") }
}

fn held_shares(held: Option<Quantity>) -> String {
    held.map_or_else(String::new, |held| format!(", of which {held} are held for open orders"))
}

fn unknown_ticker(ticker: Ticker, can_be_made_up: bool) -> String {
    match can_be_made_up {
        true => format!("No company is known as {ticker} here; it would be a made-up stock."),
        false => format!("The market has no {ticker}; look its symbol up."),
    }
}

fn stale_price(ticker: Ticker, age_seconds: Option<u64>) -> String {
    let age = match age_seconds {
        None => format!("The price of {ticker} is old"),
        Some(seconds @ ..120) => format!("The price of {ticker} is {seconds} s old"),
        Some(seconds @ ..7_200) => format!("The price of {ticker} is {} min old", seconds / 60),
        Some(seconds) => format!("The price of {ticker} is {} h old", seconds / 3_600),
    };
    format!("{age}, and no newer one has come. Nothing was traded; try again when prices come again.")
}

#[cfg(test)]
mod tests {
    use leptos::prelude::FromServerFnError;

    use super::*;

    #[test]
    fn a_refusal_is_a_sentence_to_act_on() {
        let error = ApiError::InsufficientCash {
            ticker: "AAPL".parse().unwrap(),
            quantity: "100".parse().unwrap(),
            cost: Money::from_cents(1_942_800),
            available: Money::from_cents(854_290),
            held: Money::ZERO,
        };
        assert_eq!(error.to_string(), "Buying 100 AAPL costs $19,428.00; you have $8,542.90.");
    }

    #[test]
    fn a_stale_price_is_refused_with_its_age() {
        let words = |age_seconds| ApiError::StalePrice { ticker: "V".parse().unwrap(), age_seconds }.to_string();
        for (age_seconds, beginning) in [
            (None, "The price of V is old, and"),
            (Some(46), "The price of V is 46 s old, and"),
            (Some(600), "The price of V is 10 min old, and"),
            (Some(90_000), "The price of V is 25 h old, and"),
        ] {
            assert!(words(age_seconds).starts_with(beginning), "{}", words(age_seconds));
        }
    }

    #[test]
    fn a_closed_market_says_when_it_opens() {
        let words = |opens: Option<&str>| ApiError::MarketClosed { opens: opens.map(str::to_owned) }.to_string();
        assert_eq!(words(Some("on Monday")), "The exchange is closed; it opens on Monday. Nothing was traded.");
        assert_eq!(words(None), "The exchange is closed. Nothing was traded.");
    }

    #[test]
    fn the_page_reads_back_what_the_server_said() {
        let error = ApiError::InsufficientShares {
            ticker: "V".parse().unwrap(),
            quantity: "2.5".parse().unwrap(),
            held: None,
            on_orders: None,
        };
        assert_eq!(ApiError::de(error.ser()), error);
        assert_eq!(error.to_string(), "Selling 2.5 V is not possible; you hold none.");
    }

    #[test]
    fn nothing_was_changed_is_not_said_half_way() {
        assert!(ApiError::Busy.to_string().contains("nothing was changed"));
        for error in [ApiError::Busy.half_way(), ApiError::BusyReading.half_way(), ApiError::BusyReading] {
            assert!(!error.to_string().contains("nothing"), "{error}");
            assert_eq!((error.code(), error.status()), (ApiError::Busy.code(), ApiError::Busy.status()));
        }
        assert_eq!(ApiError::ReplyCancelled.half_way(), ApiError::ReplyCancelled);
    }

    #[test]
    fn the_code_is_the_one_that_is_serialised() {
        let error = ApiError::NoPrice { ticker: "V".parse().unwrap() };
        let json = serde_json::to_value(&error).unwrap();
        assert!(json.get(error.code()).is_some(), "{json}");
        assert_eq!(serde_json::to_value(ApiError::NotFound).unwrap(), ApiError::NotFound.code());
    }
}
