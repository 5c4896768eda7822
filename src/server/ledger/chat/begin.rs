//! Start of a turn, and the closing of interrupted turns.

use std::collections::BTreeMap;

use crate::{
    domain::{
        account::Account,
        account_id::AccountId,
        chat::{ActionStatus, ClientMessageId, MessageText, RecordedMessage, Role},
        day::DayTrades,
        equity::{Snapshot, downsample},
        instant::UtcInstant,
        money::Money,
        order::Trade,
        portfolio::{LastPrice, Mark, Portfolio},
        ticker::Ticker,
        trading_day::TradingDay,
        watchlist::WatchedTicker,
    },
    error::ApiError,
    server::{
        ledger::{
            Books, Change, Write,
            alerts::Alerts,
            chat::Provenance,
            effect::{ActionDecision, Effect, Effects, MessageRow},
            orders::OpenOrders,
            store::{Rows, StoreFault},
        },
        market::feed::Tick,
    },
};

/// Most past turns in the copilot's context: twenty messages.
const PAST_TURNS_MAX: usize = 10;

/// Most recent trades in the copilot's context.
const RECENT_TRADES_MAX: usize = 50;

/// Most points of the equity curve in the copilot's context.
const EQUITY_POINTS_MAX: usize = 12;

/// Time span of these points.
const EQUITY_SECONDS: i64 = 86_400;

/// Stores a person's message.
pub struct BeginTurn {
    /// The message's id.
    pub id: String,
    pub text: MessageText,
    pub client_message_id: Option<ClientMessageId>,
    pub at: UtcInstant,
}

#[derive(Debug)]
pub enum Begun {
    /// The message was stored, and must be answered.
    Anew(Box<TurnContext>),
    /// The message was stored before, with this id.
    Before { message_id: String },
}

/// The account and the conversation at one commit.
#[derive(Debug)]
pub struct TurnContext {
    pub account: Account,
    /// The last known price of each holding.
    pub last_prices: BTreeMap<Ticker, LastPrice>,
    /// In the order added.
    pub watchlist: Vec<WatchedTicker>,
    pub today: DayTrades,
    /// Trading day of this moment.
    pub day: TradingDay,
    /// Highest value since the account was opened or last reset.
    pub high_water_mark: Option<Money>,
    /// Newest first.
    pub recent_trades: Vec<Trade>,
    /// Oldest first.
    pub equity: Vec<Snapshot>,
    /// Answered turns, oldest first.
    pub past_turns: Vec<PastTurn>,
    /// The orders that wait.
    pub orders: OpenOrders,
    pub alerts: Alerts,
}

/// A question with its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastTurn {
    pub question: String,
    pub reply: RecordedMessage,
}

impl TurnContext {
    /// The account, valued at the market's prices, or at the last known ones.
    pub fn value(&self, prices: &Tick) -> Portfolio {
        Portfolio::value(&self.account, |ticker| Mark::of(prices.quotes.get(ticker), self.last_prices.get(&ticker)))
    }
}

/// Rows for deciding about a new message.
pub enum Conversation {
    /// Id and text of the earlier message with the same client id.
    Named { id: String, text: String },
    /// There is no message with this client id.
    Unnamed(Box<Context>),
}

/// Rows of the copilot's context besides the books.
pub struct Context {
    cut_off: CutOff,
    recent_trades: Vec<Trade>,
    equity: Vec<Snapshot>,
    past_turns: Vec<PastTurn>,
}

impl Write for BeginTurn {
    type Outcome = Begun;
    type Found = Conversation;

    fn find(&self, account: AccountId, books: &Books, rows: &mut dyn Rows) -> Result<Conversation, StoreFault> {
        if let Some(name) = &self.client_message_id
            && let Some((id, text)) = rows.named_message(account, name)?
        {
            return Ok(Conversation::Named { id, text });
        }
        let now_s = self.at.unix_second();
        let since_s = (now_s - EQUITY_SECONDS).max(books.opened_at.unix_second());
        Ok(Conversation::Unnamed(Box::new(Context {
            cut_off: CutOff::find(account, rows)?,
            recent_trades: rows.trades(account, books.reset_after_sequence, i64::MAX, RECENT_TRADES_MAX)?,
            equity: rows.curve(account, since_s, now_s, 1)?,
            past_turns: rows.past_turns(account, books.chat_cleared_after_sequence, PAST_TURNS_MAX)?,
        })))
    }

    fn decide(&self, books: &Books, found: &Conversation) -> Result<(Begun, Effects), ApiError> {
        let found = match (found, &self.client_message_id) {
            (Conversation::Unnamed(found), _) => found,
            (Conversation::Named { id, text }, _) if *text == self.text.as_str() => {
                return Ok((Begun::Before { message_id: id.clone() }, Effects::new()));
            }
            (Conversation::Named { .. }, name) => {
                let client_message_id = name.as_ref().map(|name| name.as_str().to_owned()).unwrap_or_default();
                return Err(ApiError::MessageIdReused { client_message_id });
            }
        };
        let mut effects = found.cut_off.close(self.at);
        effects.push(Effect::Message(Box::new(MessageRow {
            id: self.id.clone(),
            role: Role::User,
            text: self.text.as_str().to_owned(),
            created_at: self.at,
            client_message_id: self.client_message_id.clone(),
            in_reply_to: None,
            failure: None,
            provenance: Provenance::default(),
            misread: Vec::new(),
            citations: Vec::new(),
        })));
        effects.push(Effect::Event(Change::Message { id: self.id.clone() }));
        Ok((Begun::Anew(Box::new(self.context(books, found))), effects))
    }
}

impl BeginTurn {
    fn context(&self, books: &Books, found: &Context) -> TurnContext {
        let mut past_turns = found.past_turns.clone();
        // Actions that were pending have just been rejected.
        for action in past_turns.iter_mut().flat_map(|turn| &mut turn.reply.actions) {
            if action.status == ActionStatus::Pending {
                action.status = ActionStatus::Rejected;
                action.error = Some(ApiError::ReplyCutOff.to_string());
                action.decided_at = self.at;
            }
        }
        TurnContext {
            account: books.account.clone(),
            last_prices: books.last_prices.clone(),
            watchlist: books.watchlist.clone(),
            today: books.today.clone(),
            day: books.day_of(self.at),
            high_water_mark: books.high_water_mark,
            recent_trades: found.recent_trades.clone(),
            equity: downsample(&found.equity, EQUITY_POINTS_MAX),
            past_turns,
            orders: books.orders.clone(),
            alerts: books.alerts.clone(),
        }
    }
}

/// Closes the turns that the program's end interrupted: messages without a reply get one that reports it, and pending
/// actions are rejected.
pub struct CloseTurns {
    pub at: UtcInstant,
}

/// The interrupted turn. Only the latest message can lack a reply, since each turn closes the one before it.
pub struct CutOff {
    /// Id of the message without a reply.
    unanswered: Option<String>,
    /// Pending actions, each after the id of its reply.
    pending: Vec<(String, String)>,
}

impl Write for CloseTurns {
    type Outcome = ();
    type Found = CutOff;

    fn find(&self, account: AccountId, _: &Books, rows: &mut dyn Rows) -> Result<CutOff, StoreFault> {
        CutOff::find(account, rows)
    }

    fn decide(&self, _: &Books, cut_off: &CutOff) -> Result<((), Effects), ApiError> {
        Ok(((), cut_off.close(self.at)))
    }
}

impl CutOff {
    fn find(account: AccountId, rows: &mut dyn Rows) -> Result<Self, StoreFault> {
        Ok(Self { unanswered: rows.unanswered(account)?, pending: rows.pending_actions(account)? })
    }

    fn close(&self, at: UtcInstant) -> Effects {
        let error = ApiError::ReplyCutOff;
        let mut effects = Effects::new();
        if let Some(question) = &self.unanswered {
            let id = format!("{question}-cut");
            effects.push(Effect::Message(Box::new(MessageRow {
                id: id.clone(),
                role: Role::Assistant,
                text: error.to_string(),
                created_at: at,
                client_message_id: None,
                in_reply_to: Some(question.clone()),
                failure: Some(error.code().to_owned()),
                provenance: Provenance::default(),
                misread: Vec::new(),
                citations: Vec::new(),
            })));
            effects.push(Effect::Event(Change::Message { id }));
        }
        for (message_id, action_id) in &self.pending {
            effects.push(Effect::ActionDecided(Box::new(ActionDecision {
                action_id: action_id.clone(),
                status: ActionStatus::Rejected,
                price: None,
                trade_id: None,
                error: Some(error.to_string()),
                at,
            })));
            effects.push(Effect::Event(Change::Message { id: message_id.clone() }));
        }
        effects
    }
}
