//! Effects: the typed changes of an account that a decision makes. [`Books`](super::Books) apply them and a store
//! writes them, in order. Large ones are boxed, so that a list of them stays small.

use std::sync::Arc;

use super::{
    access::{KeyHash, KeyKind},
    change::Change,
    chat::Provenance,
    tokens::TokenRow,
};
use crate::domain::{
    account::{Account, Fill, Holding},
    alerts::{record::Alert, request::FiringValue},
    chat::{ActionStatus, ClientMessageId, MisreadAction, RecordedAction, Role},
    copilot::Autonomy,
    corporate_action::{DividendRate, ExchangeDate, SplitRatio},
    instant::UtcInstant,
    library::Citation,
    money::{Money, Price, Quantity},
    order::{ClientOrderId, Trade},
    orders::{book::TrailMark, group::Group, id::OrderId},
    performance::{day::AccountDay, flow::Flow},
    portfolio::LastPrice,
    ticker::Ticker,
    watchlist::WatchedTicker,
};

/// Changes of one decision, in order.
pub type Effects = Vec<Effect>;

/// One change of an account.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Opens the account with a deposit and nothing else.
    AccountOpened {
        deposit: Money,
        at: UtcInstant,
    },
    /// Resets the account to its initial deposit: clears positions, last prices and owed dividends; its history begins
    /// after a trade.
    AccountReset {
        at: UtcInstant,
        after_trade: i64,
    },
    /// Cash and related amounts.
    Amounts(Amounts),
    /// Holding of a ticker with its last known price; `None` if no longer held.
    Holding {
        ticker: Ticker,
        held: Option<(Holding, Option<LastPrice>)>,
    },
    /// A row of the trades.
    Trade(Box<TradeRow>),

    /// A group of orders in its present state, and the version of the tick at which it changed, which only the books
    /// keep.
    Orders {
        group: Arc<Group>,
        tick: u64,
    },
    /// The client's id of an order, or of a change to one.
    OrderNamed(Box<OrderNameRow>),
    /// Marks of all trailing stops, shared by all accounts; replaces the previous ones.
    TrailMarks {
        saved_at: UtcInstant,
        marks: Vec<TrailMark>,
    },

    /// The current state of an alert.
    Alert(Arc<Alert>),
    /// The alert of this id.
    AlertDeleted(String),
    /// A row of the log of firings.
    Firing(Box<FiringRow>),
    /// The firings up to a sequence were read, and so many are unread then.
    FiringsRead {
        until: i64,
        unread: u64,
    },

    /// Total value at a second; the last value of a second wins.
    Snapshot {
        total_value: Money,
        at: UtcInstant,
    },
    /// A deposit or withdrawal; [`Amounts`](Self::Amounts) have the cash after it.
    Flow(Box<Flow>),
    /// A day in its present state; replaces that of the same date.
    Day(Arc<AccountDay>),

    /// Moves the start of the equity curve.
    CurveBegins {
        at: UtcInstant,
    },
    /// Deletes values from a second up to before another (Unix seconds).
    SnapshotsForgotten {
        from_s: i64,
        until_s: i64,
    },
    /// Deletes the values of these seconds as redundant (Unix seconds).
    SnapshotsThinned {
        seconds: Vec<i64>,
    },

    /// Appends a ticker to the watchlist.
    Watched(WatchedTicker),
    Unwatched(Ticker),
    /// The whole watchlist in its new order.
    WatchlistOrdered(Vec<Ticker>),

    Message(Box<MessageRow>),
    /// An action of a reply, as first recorded.
    Action(Box<ActionRow>),
    /// The outcome of an action.
    ActionDecided(Box<ActionDecision>),
    /// The conversation begins after a message.
    ChatCleared {
        after_message: i64,
    },
    Autonomy(Autonomy),

    /// An applied split, or an owed dividend.
    CorporateAction(Box<CorporateActionRow>),
    /// The split with this id was applied to open orders of a ticker without a holding.
    OrdersSplit(String),
    /// The dividend with this sequence was credited.
    DividendPaid {
        sequence: i64,
        ticker: Ticker,
        amount: Money,
        at: UtcInstant,
    },

    AccessKeyKept {
        hash: KeyHash,
        kind: KeyKind,
        at: UtcInstant,
    },
    AccessKeyDropped {
        hash: KeyHash,
    },
    /// A new token.
    TokenKept(Box<TokenRow>),
    /// The token with this id.
    TokenRevoked(String),
    TokenUsed {
        id: String,
        at: UtcInstant,
    },
    /// Seed of the database's simulated market, which all accounts share.
    MarketSeed(u64),

    /// Announces a change to the account's listeners; takes the account's next sequence number.
    Event(Change),
}

/// The account's amounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amounts {
    pub cash: Money,
    pub realized_pnl: Money,
    /// Dividends received.
    pub income: Money,
    /// Highest recorded value; `None` if there is none.
    pub high_water_mark: Option<Money>,
}

impl Amounts {
    /// The amounts of an account after a fill.
    pub fn after(account: &Account, fill: &Fill, high_water_mark: Option<Money>) -> Self {
        Self { cash: fill.cash_after, realized_pnl: fill.realized_pnl_after, income: account.income, high_water_mark }
    }
}

/// A trade with the account's state right after it, which is returned if the order is sent again.
#[derive(Debug, Clone, PartialEq)]
pub struct TradeRow {
    pub trade: Trade,
    pub cash_after: Money,
    /// Holding of the trade's ticker; `None` if all shares were sold.
    pub holding_after: Option<Holding>,
    /// Total value; `None` if a held ticker has no price.
    pub total_value_after: Option<Money>,
    /// Previous close of the trade's ticker, if known.
    pub previous_close: Option<Price>,
    /// For a trade that filled an order: the number of the fill, from 1.
    pub fill_number: Option<u32>,
}

/// Client id of an order, or of a change to one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderNameRow {
    pub name: ClientOrderId,
    pub order_id: OrderId,
    /// The request, as JSON.
    pub request: String,
}

/// A firing of an alert.
#[derive(Debug, Clone, PartialEq)]
pub struct FiringRow {
    /// A UUID v7.
    pub id: String,
    pub alert_id: String,
    /// The condition in words.
    pub sentence: String,
    pub note: Option<String>,
    /// Values of the operands when the condition became true.
    pub values: Vec<FiringValue>,
    pub fired_at: UtcInstant,
}

/// A message of the conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageRow {
    pub id: String,
    pub role: Role,
    pub text: String,
    pub created_at: UtcInstant,
    /// For a person's message: the sender's id of it.
    pub client_message_id: Option<ClientMessageId>,
    /// For a reply: id of the message that it answers.
    pub in_reply_to: Option<String>,
    /// For a failed reply: the error's code.
    pub failure: Option<String>,
    pub provenance: Provenance,
    /// Invalid actions of a reply.
    pub misread: Vec<MisreadAction>,
    /// Passages of the library that a reply was made from.
    pub citations: Vec<Citation>,
}

/// An action of a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionRow {
    /// Id of the reply.
    pub message_id: String,
    /// Position among all actions of the reply.
    pub ordinal: usize,
    pub action: RecordedAction,
}

/// The outcome of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionDecision {
    pub action_id: String,
    pub status: ActionStatus,
    /// Price to store; `None` keeps the present one.
    pub price: Option<Price>,
    /// Trade that filled its order.
    pub trade_id: Option<String>,
    /// Reason why it was not executed: a sentence.
    pub error: Option<String>,
    pub at: UtcInstant,
}

/// A split or a dividend, with its effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorporateActionRow {
    /// The vendor's id.
    pub id: String,
    pub ticker: Ticker,
    pub ex_date: ExchangeDate,
    /// Quantity held when the ex-date began.
    pub quantity: Quantity,
    pub recorded_at: UtcInstant,
    pub outcome: ActionOutcome,
}

/// Effect of a split or a dividend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionOutcome {
    Split {
        ratio: SplitRatio,
        quantity_after: Quantity,
        /// Price of a share when it was applied, if known.
        price: Option<Price>,
        /// Whether the trades of the latest trade's day are in shares from before it.
        splits_today: bool,
    },
    Dividend {
        rate: DividendRate,
        pay_date: ExchangeDate,
        /// Amount of the dividend.
        cash: Money,
    },
}

impl ActionOutcome {
    /// Name of its kind in its row.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Split { .. } => "split",
            Self::Dividend { .. } => "dividend",
        }
    }
}
