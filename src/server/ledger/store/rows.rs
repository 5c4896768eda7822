//! The queries of a store, by subject. Sequences are a store's own numbers: they only order rows.

use super::StoreFault;
use crate::{
    domain::{
        account_id::AccountId,
        alerts::request::Firing,
        chat::{ClientMessageId, RecordedAction, RecordedMessage},
        corporate_action::{ActionRecord, ExchangeDate},
        equity::Snapshot,
        instant::UtcInstant,
        money::Money,
        order::{ClientOrderId, Trade, TradeReceipt},
        orders::{book::TrailMark, id::OrderId},
        performance::{
            day::AccountDay,
            flow::{ClientFlowId, Flow},
        },
        realized::RealizedLine,
        ticker::Ticker,
    },
    server::ledger::{
        access::{KeyHash, KeyKind},
        change::EventsPage,
        chat::PastTurn,
        corporate_actions::{OwedDividend, PastSplit},
        orders::{GroupQuery, NamedOrder, RecordedGroup},
        tokens::TokenRow,
    },
};

type Answer<T> = Result<T, StoreFault>;

/// Queries of trades.
pub trait TradeRows {
    /// Receipt of the order with this id, if it was filled.
    fn receipt(&mut self, account: AccountId, client_order_id: &ClientOrderId) -> Answer<Option<TradeReceipt>>;

    /// Sequence of the latest trade; 0 if there is none.
    fn latest_trade(&mut self, account: AccountId) -> Answer<i64>;

    /// Sequence of the trade with this id.
    fn trade_sequence(&mut self, account: AccountId, id: &str) -> Answer<Option<i64>>;

    /// The latest trades with sequences between the two, newest first.
    fn trades(&mut self, account: AccountId, after: i64, before: i64, limit: usize) -> Answer<Vec<Trade>>;

    /// Number of trades after a sequence.
    fn trades_count(&mut self, account: AccountId, after: i64) -> Answer<u64>;

    /// Trades after a sequence, newest first, until one is older than `from`.
    fn trades_back_to(&mut self, account: AccountId, after: i64, from: UtcInstant) -> Answer<Vec<Trade>>;

    /// The latest trades of one ticker after a sequence, newest first.
    fn fills(&mut self, account: AccountId, ticker: Ticker, after: i64, limit: usize) -> Answer<Vec<Trade>>;

    /// Realised P&L of sales after a sequence, in alphabetical order of tickers.
    fn realized(&mut self, account: AccountId, after: i64) -> Answer<Vec<RealizedLine>>;

    /// Notional of the copilot's trades between two moments, both exclusive.
    fn copilot_notional(&mut self, account: AccountId, after: UtcInstant, before: UtcInstant) -> Answer<Money>;
}

/// Queries of orders.
pub trait OrderRows {
    /// Group of the order with this id, leader or leg.
    fn order_group(&mut self, account: AccountId, id: OrderId) -> Answer<Option<RecordedGroup>>;

    /// Groups, each after the sequence of its leader, newest first.
    fn order_groups(&mut self, account: AccountId, query: GroupQuery) -> Answer<Vec<(i64, RecordedGroup)>>;

    /// Earlier use of a client's order id.
    fn order_named(&mut self, account: AccountId, name: &ClientOrderId) -> Answer<Option<NamedOrder>>;

    /// Marks of trailing stops, with the time of saving; `None` if there are none.
    fn trail_marks(&mut self) -> Answer<Option<(UtcInstant, Vec<TrailMark>)>>;
}

/// The log of alerts' firings; the alerts are in the books.
pub trait AlertRows {
    /// The firings before a sequence, each with its own, newest first.
    fn firings(&mut self, account: AccountId, before: i64, limit: usize) -> Answer<Vec<(i64, Firing)>>;

    /// Times of an alert's firings, latest first.
    fn firings_of(&mut self, account: AccountId, alert: &str, limit: usize) -> Answer<Vec<UtcInstant>>;

    /// The sequence of the firing with this id.
    fn firing_sequence(&mut self, account: AccountId, id: &str) -> Answer<Option<i64>>;

    /// Number of unread firings after a sequence.
    fn unread_after(&mut self, account: AccountId, sequence: i64) -> Answer<u64>;
}

/// Queries of the equity curve.
pub trait CurveRows {
    /// Values between `since_s` and `now_s` (Unix seconds), oldest first: the first one of each step of `step_s`
    /// seconds, and the latest one. Steps of one second omit none. After a clock went back there may be later values,
    /// which are ignored as future ones.
    fn curve(&mut self, account: AccountId, since_s: i64, now_s: i64, step_s: i64) -> Answer<Vec<Snapshot>>;

    /// Seconds from `from_s` up to before `until_s` whose value is not the last of its step of `step_s`, oldest first,
    /// at most `limit`.
    fn surplus_snapshots(
        &mut self,
        account: AccountId,
        from_s: i64,
        until_s: i64,
        step_s: i64,
        limit: usize,
    ) -> Answer<Vec<i64>>;
}

/// Queries of days and flows.
pub trait DayRows {
    /// The account's days since it was opened or last reset, oldest first.
    fn account_days(&mut self, account: AccountId) -> Answer<Vec<AccountDay>>;

    /// Its flows since then before a sequence, each with its own, newest first, without the opening cash.
    fn flows(&mut self, account: AccountId, before: i64, limit: usize) -> Answer<Vec<(i64, Flow)>>;

    /// The flow with this client's id, also one from before the latest reset.
    fn flow_named(&mut self, account: AccountId, name: &ClientFlowId) -> Answer<Option<Flow>>;
}

/// Queries of the conversation.
pub trait ChatRows {
    /// Sequence of the latest message; 0 if there is none.
    fn latest_message(&mut self, account: AccountId) -> Answer<i64>;

    /// Sequence of the message with this id.
    fn message_sequence(&mut self, account: AccountId, id: &str) -> Answer<Option<i64>>;

    /// The latest messages with sequences between the two, with their actions, newest first.
    fn messages(&mut self, account: AccountId, after: i64, before: i64, limit: usize) -> Answer<Vec<RecordedMessage>>;

    /// The reply to the message with this id, if there is one yet.
    fn reply_to(&mut self, account: AccountId, message_id: &str) -> Answer<Option<RecordedMessage>>;

    /// The reply that contains an action.
    fn reply_of_action(&mut self, account: AccountId, action_id: &str) -> Answer<Option<RecordedMessage>>;

    /// An action, with the id of its reply.
    fn action(&mut self, account: AccountId, id: &str) -> Answer<Option<(String, RecordedAction)>>;

    /// Id and text of the message with this client id.
    fn named_message(&mut self, account: AccountId, name: &ClientMessageId) -> Answer<Option<(String, String)>>;

    /// The latest answered turns after a sequence, oldest first.
    fn past_turns(&mut self, account: AccountId, after: i64, limit: usize) -> Answer<Vec<PastTurn>>;

    /// Id of the person's latest message, if it has no reply.
    fn unanswered(&mut self, account: AccountId) -> Answer<Option<String>>;

    /// Pending actions, each after the id of its reply.
    fn pending_actions(&mut self, account: AccountId) -> Answer<Vec<(String, String)>>;
}

/// Queries of splits and dividends.
pub trait ActionRows {
    /// Whether the action with this kind and vendor's id is recorded.
    fn is_action_recorded(&mut self, account: AccountId, kind: &str, id: &str) -> Answer<bool>;

    /// Applied splits, of one ticker or of all, in order of their days.
    fn splits(&mut self, account: AccountId, ticker: Option<Ticker>) -> Answer<Vec<PastSplit>>;

    /// Actions recorded since a moment that have not lapsed, with sequences before the given one, newest first.
    fn actions(
        &mut self,
        account: AccountId,
        since: UtcInstant,
        before: i64,
        limit: usize,
    ) -> Answer<Vec<(i64, ActionRecord)>>;

    /// Owed dividends with a pay date up to this day, in order of pay dates.
    fn dividends_due(&mut self, account: AccountId, day: ExchangeDate) -> Answer<Vec<OwedDividend>>;
}

/// Queries of events, access keys and the market's seed.
pub trait KeptRows {
    /// Events after a number; `None` if later events have been deleted, or the number is in the future.
    fn events_after(&mut self, account: AccountId, after: i64) -> Answer<Option<EventsPage>>;

    /// Access keys, oldest first.
    fn access_keys(&mut self, account: AccountId) -> Answer<Vec<(KeyHash, KeyKind)>>;

    /// Tokens, oldest first.
    fn tokens(&mut self, account: AccountId) -> Answer<Vec<TokenRow>>;

    /// Seed of the database's simulated market.
    fn market_seed(&mut self) -> Answer<Option<u64>>;

    /// Succeeds if the store can be read at all.
    fn check(&mut self) -> Answer<()>;
}
