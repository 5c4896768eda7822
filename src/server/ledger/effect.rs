//! Effects: the typed changes of an account that a decision makes. [`Books`](super::Books) take them in and a store writes
//! them.
//!
//! Effects are applied in their order. Large ones are boxed, so that a list of them stays small.

use std::sync::Arc;

use super::{
    access::{KeyHash, KeyKind},
    change::Change,
    chat::Provenance,
};
use crate::domain::{
    account::{Account, Fill, Holding},
    chat::{ActionStatus, ClientMessageId, MisreadAction, RecordedAction, Role},
    copilot::Autonomy,
    corporate_action::{DividendRate, ExchangeDate, SplitRatio},
    instant::UtcInstant,
    money::{Money, Price, Quantity},
    order::{ClientOrderId, Trade},
    orders::{book::TrailMark, group::Group, id::OrderId},
    portfolio::LastPrice,
    ticker::Ticker,
    watchlist::WatchedTicker,
};

/// The changes of one decision, in their order.
pub type Effects = Vec<Effect>;

/// One change of an account.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// The account is opened with a deposit and nothing else.
    AccountOpened {
        deposit: Money,
        at: UtcInstant,
    },
    /// The account begins anew with its initial deposit: positions, last prices and what dividends are owed are gone, and
    /// its history begins after a trade.
    AccountReset {
        at: UtcInstant,
        after_trade: i64,
    },
    /// Cash and what goes with it.
    Amounts(Amounts),
    /// The holding of a ticker with its last known price; nothing when it is held no more.
    Holding {
        ticker: Ticker,
        held: Option<(Holding, Option<LastPrice>)>,
    },
    /// A row of the trades.
    Trade(Box<TradeRow>),

    /// A group of orders as it is now, and the version of the tick at which it changed, which the books alone keep.
    Orders {
        group: Arc<Group>,
        tick: u64,
    },
    /// What the sender of an order, or of a change to one, calls it.
    OrderNamed(Box<OrderNameRow>),
    /// The marks of all trailing stops, which all accounts share, in the place of those before.
    TrailMarks {
        saved_at: UtcInstant,
        marks: Vec<TrailMark>,
    },

    /// The account's total value in a second; the last value of a second stays.
    Snapshot {
        total_value: Money,
        at: UtcInstant,
    },
    /// The equity curve begins at another moment.
    CurveBegins {
        at: UtcInstant,
    },
    /// The values from a second up to before another are gone (Unix seconds).
    SnapshotsForgotten {
        from_s: i64,
        until_s: i64,
    },
    /// The values of these seconds are gone, because there are enough others (Unix seconds).
    SnapshotsThinned {
        seconds: Vec<i64>,
    },

    /// A ticker is appended to the watchlist.
    Watched(WatchedTicker),
    Unwatched(Ticker),
    /// The whole watchlist, in its new order.
    WatchlistOrdered(Vec<Ticker>),

    Message(Box<MessageRow>),
    /// An action of a reply, as it is recorded first.
    Action(Box<ActionRow>),
    /// The outcome of an action.
    ActionDecided(Box<ActionDecision>),
    /// The conversation begins after a message.
    ChatCleared {
        after_message: i64,
    },
    Autonomy(Autonomy),

    /// A split that was applied, or a dividend that is owed.
    CorporateAction(Box<CorporateActionRow>),
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
    /// The seed of the database's simulated market, which all accounts share.
    MarketSeed(u64),

    /// Tells the account's listeners of a change; takes the account's next sequence number.
    Event(Change),
}

/// The account's amounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amounts {
    pub cash: Money,
    pub realized_pnl: Money,
    /// Dividends received.
    pub income: Money,
    /// The highest value that was recorded; nothing when none was.
    pub high_water_mark: Option<Money>,
}

impl Amounts {
    /// The amounts of an account after a fill.
    pub fn after(account: &Account, fill: &Fill, high_water_mark: Option<Money>) -> Self {
        Self { cash: fill.cash_after, realized_pnl: fill.realized_pnl_after, income: account.income, high_water_mark }
    }
}

/// A trade, with the account right after it: what an order that is sent again is answered.
#[derive(Debug, Clone, PartialEq)]
pub struct TradeRow {
    pub trade: Trade,
    pub cash_after: Money,
    /// Of the trade's ticker; nothing when all was sold.
    pub holding_after: Option<Holding>,
    /// Nothing when a held ticker has no price.
    pub total_value_after: Option<Money>,
    /// Of the trade's ticker, where it is known.
    pub previous_close: Option<Price>,
    /// Of a trade that filled an order: the number of that fill, from 1.
    pub fill_number: Option<u32>,
}

/// What an order, or a change to one, is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderNameRow {
    pub name: ClientOrderId,
    pub order_id: OrderId,
    /// What was asked for: JSON.
    pub request: String,
}

/// A message of the conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageRow {
    pub id: String,
    pub role: Role,
    pub text: String,
    pub created_at: UtcInstant,
    /// Of a person's message: the name that its sender gave it.
    pub client_message_id: Option<ClientMessageId>,
    /// Of a reply: the id of the message that it answers.
    pub in_reply_to: Option<String>,
    /// Of a reply: the code of the error that stands in its place.
    pub failure: Option<String>,
    pub provenance: Provenance,
    /// Entries of a reply that are no valid actions.
    pub misread: Vec<MisreadAction>,
}

/// An action of a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionRow {
    /// Of the reply.
    pub message_id: String,
    /// Its place among all that the reply asked for.
    pub ordinal: usize,
    pub action: RecordedAction,
}

/// The outcome of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionDecision {
    pub action_id: String,
    pub status: ActionStatus,
    /// The price that it keeps from now on; nothing leaves the one it has.
    pub price: Option<Price>,
    /// Of an order that was filled.
    pub trade_id: Option<String>,
    /// Why it did not run: a sentence.
    pub error: Option<String>,
    pub at: UtcInstant,
}

/// A split or a dividend, and what it did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorporateActionRow {
    /// The vendor's.
    pub id: String,
    pub ticker: Ticker,
    pub ex_date: ExchangeDate,
    /// The quantity held when the ex-date began.
    pub quantity: Quantity,
    pub recorded_at: UtcInstant,
    pub outcome: ActionOutcome,
}

/// The effect of a split or a dividend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionOutcome {
    Split {
        ratio: SplitRatio,
        quantity_after: Quantity,
        /// The price of a share when it was applied, where that is known.
        price: Option<Price>,
        /// The trades of the latest trade's day are in shares from before it.
        splits_today: bool,
    },
    Dividend {
        rate: DividendRate,
        pay_date: ExchangeDate,
        /// Its amount.
        cash: Money,
    },
}

impl ActionOutcome {
    /// How its kind is written in its row.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Split { .. } => "split",
            Self::Dividend { .. } => "dividend",
        }
    }
}
