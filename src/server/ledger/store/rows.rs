//! The questions that a store answers, by subject. Sequences are a store's own numbers: they order rows, and say nothing else.

use super::StoreFault;
use crate::{
    domain::{
        account_id::AccountId,
        chat::{ClientMessageId, RecordedAction, RecordedMessage},
        corporate_action::{ActionRecord, ExchangeDate},
        equity::Snapshot,
        instant::UtcInstant,
        money::Money,
        order::{ClientOrderId, Trade, TradeReceipt},
        orders::{book::TrailMark, id::OrderId},
        realized::RealizedLine,
        ticker::Ticker,
    },
    server::ledger::{
        access::{KeyHash, KeyKind},
        change::EventsPage,
        chat::PastTurn,
        corporate_actions::{OwedDividend, PastSplit},
        orders::{GroupQuery, NamedOrder, RecordedGroup},
    },
};

type Answer<T> = Result<T, StoreFault>;

/// The trades.
pub trait TradeRows {
    /// The receipt of the order of this name, if it was filled.
    fn receipt(&mut self, account: AccountId, client_order_id: &ClientOrderId) -> Answer<Option<TradeReceipt>>;

    /// The sequence of the latest trade; 0 when there is none.
    fn latest_trade(&mut self, account: AccountId) -> Answer<i64>;

    /// The sequence of the trade with this id.
    fn trade_sequence(&mut self, account: AccountId, id: &str) -> Answer<Option<i64>>;

    /// The latest trades whose sequence is between the two, newest first.
    fn trades(&mut self, account: AccountId, after: i64, before: i64, limit: usize) -> Answer<Vec<Trade>>;

    /// How many trades there are after a sequence.
    fn trades_count(&mut self, account: AccountId, after: i64) -> Answer<u64>;

    /// The trades after a sequence, newest first, until one is older than `from`.
    fn trades_back_to(&mut self, account: AccountId, after: i64, from: UtcInstant) -> Answer<Vec<Trade>>;

    /// The latest trades of one ticker after a sequence, newest first.
    fn fills(&mut self, account: AccountId, ticker: Ticker, after: i64, limit: usize) -> Answer<Vec<Trade>>;

    /// The realised P&L of sales after a sequence, in alphabetical order of their tickers.
    fn realized(&mut self, account: AccountId, after: i64) -> Answer<Vec<RealizedLine>>;

    /// The notional of the copilot's trades between two moments, neither included.
    fn copilot_notional(&mut self, account: AccountId, after: UtcInstant, before: UtcInstant) -> Answer<Money>;
}

/// Orders that wait, or did.
pub trait OrderRows {
    /// The group that an order is of, whichever of its orders the id names.
    fn order_group(&mut self, account: AccountId, id: OrderId) -> Answer<Option<RecordedGroup>>;

    /// Groups, each after the sequence of its leader, newest first.
    fn order_groups(&mut self, account: AccountId, query: GroupQuery) -> Answer<Vec<(i64, RecordedGroup)>>;

    /// What was submitted or changed under a name.
    fn order_named(&mut self, account: AccountId, name: &ClientOrderId) -> Answer<Option<NamedOrder>>;

    /// The marks of trailing stops, and when they were saved; nothing when there are none.
    fn trail_marks(&mut self) -> Answer<Option<(UtcInstant, Vec<TrailMark>)>>;
}

/// The equity curve.
pub trait CurveRows {
    /// The values recorded since then and until now (Unix seconds), oldest first: the first one of each step of so many
    /// seconds, and the latest one. A step of a second leaves none out. After a clock went back there are later ones, which
    /// would be a future that has not come.
    fn curve(&mut self, account: AccountId, since_s: i64, now_s: i64, step_s: i64) -> Answer<Vec<Snapshot>>;

    /// The seconds from `from_s` up to before `until_s` whose value is not the last of its stretch of `step_s`, oldest
    /// first, at most `limit`.
    fn surplus_snapshots(
        &mut self,
        account: AccountId,
        from_s: i64,
        until_s: i64,
        step_s: i64,
        limit: usize,
    ) -> Answer<Vec<i64>>;
}

/// The conversation.
pub trait ChatRows {
    /// The sequence of the latest message; 0 when there is none.
    fn latest_message(&mut self, account: AccountId) -> Answer<i64>;

    /// The sequence of the message with this id.
    fn message_sequence(&mut self, account: AccountId, id: &str) -> Answer<Option<i64>>;

    /// The latest messages whose sequence is between the two, with their actions, newest first.
    fn messages(&mut self, account: AccountId, after: i64, before: i64, limit: usize) -> Answer<Vec<RecordedMessage>>;

    /// The reply to the message with this id, if there is one yet.
    fn reply_to(&mut self, account: AccountId, message_id: &str) -> Answer<Option<RecordedMessage>>;

    /// The reply that an action is part of.
    fn reply_of_action(&mut self, account: AccountId, action_id: &str) -> Answer<Option<RecordedMessage>>;

    /// An action, and the id of the reply that it is part of.
    fn action(&mut self, account: AccountId, id: &str) -> Answer<Option<(String, RecordedAction)>>;

    /// The id and the text of the message that its sender names like this.
    fn named_message(&mut self, account: AccountId, name: &ClientMessageId) -> Answer<Option<(String, String)>>;

    /// The latest turns after a sequence that were answered, oldest first.
    fn past_turns(&mut self, account: AccountId, after: i64, limit: usize) -> Answer<Vec<PastTurn>>;

    /// The id of the latest message of the person's, while it has no reply.
    fn unanswered(&mut self, account: AccountId) -> Answer<Option<String>>;

    /// The actions that are about to run, each after the id of its reply.
    fn pending_actions(&mut self, account: AccountId) -> Answer<Vec<(String, String)>>;
}

/// Splits and dividends.
pub trait ActionRows {
    /// Whether the action of this kind and of the vendor's id is recorded.
    fn is_action_recorded(&mut self, account: AccountId, kind: &str, id: &str) -> Answer<bool>;

    /// The splits that were applied, of one ticker or of all, in the order of their days.
    fn splits(&mut self, account: AccountId, ticker: Option<Ticker>) -> Answer<Vec<PastSplit>>;

    /// The actions recorded since a moment that have not lapsed and have a sequence before one, with their sequences,
    /// newest first.
    fn actions(
        &mut self,
        account: AccountId,
        since: UtcInstant,
        before: i64,
        limit: usize,
    ) -> Answer<Vec<(i64, ActionRecord)>>;

    /// The dividends that are owed and have a pay date of this day or before, in the order of those.
    fn dividends_due(&mut self, account: AccountId, day: ExchangeDate) -> Answer<Vec<OwedDividend>>;
}

/// Events, keys and the market's seed.
pub trait KeptRows {
    /// The events after a number; nothing when that is so long ago, or so far ahead, that what came since is not known.
    fn events_after(&mut self, account: AccountId, after: i64) -> Answer<Option<EventsPage>>;

    /// The keys that let other machines in, oldest first.
    fn access_keys(&mut self, account: AccountId) -> Answer<Vec<(KeyHash, KeyKind)>>;

    /// The seed of the database's simulated market.
    fn market_seed(&mut self) -> Answer<Option<u64>>;

    /// Answers if the store can be read at all.
    fn check(&mut self) -> Answer<()>;
}
