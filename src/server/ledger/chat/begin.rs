//! The beginning of a turn, and the end of those that were cut off.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, params};

use super::{add_actions, read_message};
use crate::{
    domain::{
        account::Account,
        chat::{ClientMessageId, MessageText, RecordedMessage},
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
            read::{read_curve, read_trades},
            store::ACCOUNT_ID,
        },
        market::feed::Tick,
    },
};

/// The turns that the copilot is reminded of: twenty messages.
const PAST_TURNS_MAX: i64 = 10;

/// The latest trades that the copilot is told of.
const RECENT_TRADES_MAX: usize = 50;

/// The points of the equity curve that the copilot is told.
const EQUITY_POINTS_MAX: usize = 12;

/// How far back they go.
const EQUITY_SECONDS: i64 = 86_400;

/// Stores a person's message.
pub struct BeginTurn {
    /// The message's id.
    pub id: String,
    pub text: MessageText,
    pub client_message_id: Option<ClientMessageId>,
    pub at: UtcInstant,
}

pub enum Begun {
    /// The message is stored, and is to be answered.
    Anew(Box<TurnContext>),
    /// It was stored before, under this id.
    Before { message_id: String },
}

/// The account and the conversation at one commit.
pub struct TurnContext {
    pub account: Account,
    /// What each holding was last worth a share.
    pub last_prices: BTreeMap<Ticker, LastPrice>,
    /// In the order added.
    pub watchlist: Vec<WatchedTicker>,
    pub today: DayTrades,
    /// The trading day of this moment.
    pub day: TradingDay,
    /// The highest value since the account was opened.
    pub high_water_mark: Option<Money>,
    /// Newest first.
    pub recent_trades: Vec<Trade>,
    /// Oldest first.
    pub equity: Vec<Snapshot>,
    /// Those that were answered, oldest first.
    pub past_turns: Vec<PastTurn>,
}

/// What was asked, and how it was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastTurn {
    pub question: String,
    pub reply: RecordedMessage,
}

impl TurnContext {
    /// The account, valued at the market's prices, or at the last ones known.
    pub fn value(&self, prices: &Tick) -> Portfolio {
        Portfolio::value(&self.account, |ticker| Mark::of(prices.quotes.get(ticker), self.last_prices.get(&ticker)))
    }
}

impl Write for BeginTurn {
    type Outcome = Begun;

    fn apply(&self, books: &mut Books, rows: &Connection) -> rusqlite::Result<Result<Begun, ApiError>> {
        if let Some(before) = self.find_earlier(rows)? {
            return Ok(before);
        }
        close_turns(self.at, books, rows)?;
        let context = TurnContext {
            account: books.account.clone(),
            last_prices: books.last_prices.clone(),
            watchlist: books.watchlist.clone(),
            today: books.today.clone(),
            day: books.day_of(self.at),
            high_water_mark: books.high_water_mark,
            recent_trades: read_trades(books.reset_after_sequence, i64::MAX, RECENT_TRADES_MAX, rows)?,
            equity: self.equity(books, rows)?,
            past_turns: past_turns(books.chat_cleared_after_sequence, rows)?,
        };
        rows.execute(
            "INSERT INTO chat_messages (id, account_id, role, message, created_at_ms, client_message_id)
             VALUES (?1, ?2, 'user', ?3, ?4, ?5)",
            params![self.id, ACCOUNT_ID, self.text, self.at, self.client_message_id],
        )?;
        books.outbox.note(Change::Message { id: self.id.clone() });
        Ok(Ok(Begun::Anew(Box::new(context))))
    }
}

impl BeginTurn {
    fn find_earlier(&self, rows: &Connection) -> rusqlite::Result<Option<Result<Begun, ApiError>>> {
        let Some(client_message_id) = &self.client_message_id else {
            return Ok(None);
        };
        let earlier: Option<(String, String)> = rows
            .query_row(
                "SELECT id, message FROM chat_messages WHERE account_id = ?1 AND client_message_id = ?2",
                params![ACCOUNT_ID, client_message_id],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()?;
        Ok(earlier.map(|(message_id, message)| {
            if message == self.text.as_str() {
                Ok(Begun::Before { message_id })
            } else {
                Err(ApiError::MessageIdReused { client_message_id: client_message_id.as_str().to_owned() })
            }
        }))
    }

    fn equity(&self, books: &Books, rows: &Connection) -> rusqlite::Result<Vec<Snapshot>> {
        let now_s = self.at.unix_second();
        let since_s = (now_s - EQUITY_SECONDS).max(books.opened_at.unix_second());
        let snapshots = read_curve(since_s, now_s, 1, rows)?;
        Ok(downsample(&snapshots, EQUITY_POINTS_MAX))
    }
}

fn past_turns(cleared_after: i64, rows: &Connection) -> rusqlite::Result<Vec<PastTurn>> {
    // A turn without an answer would leave two messages of the person's in a row, which some models' templates refuse.
    let mut found = rows.prepare(
        "SELECT reply.*, question.message AS question FROM chat_messages AS reply
         JOIN chat_messages AS question ON question.id = reply.in_reply_to
         WHERE reply.account_id = ?1 AND reply.sequence > ?2 AND question.sequence > ?2 AND reply.failure IS NULL
         ORDER BY reply.sequence DESC LIMIT ?3",
    )?;
    let mut found = found.query(params![ACCOUNT_ID, cleared_after, PAST_TURNS_MAX])?;
    let (mut questions, mut replies) = (Vec::new(), Vec::new());
    let mut sequences = (i64::MAX, i64::MIN);
    while let Some(row) = found.next()? {
        let sequence: i64 = row.get("sequence")?;
        sequences = (sequences.0.min(sequence), sequences.1.max(sequence));
        questions.push(row.get("question")?);
        replies.push(read_message(row)?);
    }
    add_actions(&mut replies, sequences.0, sequences.1, rows)?;
    let turns = questions.into_iter().zip(replies).rev();
    Ok(turns.map(|(question, reply)| PastTurn { question, reply }).collect())
}

/// Ends the turns that the end of the program cut off: messages without a reply get one that says so, and actions that
/// were about to run did not.
pub struct CloseTurns {
    pub at: UtcInstant,
}

impl Write for CloseTurns {
    type Outcome = ();

    fn apply(&self, books: &mut Books, rows: &Connection) -> rusqlite::Result<Result<(), ApiError>> {
        close_turns(self.at, books, rows)?;
        Ok(Ok(()))
    }
}

/// Only the latest message can be without a reply: each turn closes the one before it.
fn close_turns(at: UtcInstant, books: &mut Books, rows: &Connection) -> rusqlite::Result<()> {
    let error = ApiError::ReplyCutOff;
    let mut close = rows.prepare_cached(
        "INSERT INTO chat_messages (id, account_id, role, message, created_at_ms, in_reply_to, failure)
         SELECT question.id || '-cut', question.account_id, 'assistant', ?2, ?3, question.id, ?4
         FROM (SELECT * FROM chat_messages WHERE account_id = ?1 AND role = 'user' ORDER BY sequence DESC LIMIT 1)
           AS question
         WHERE NOT EXISTS (SELECT 1 FROM chat_messages AS reply WHERE reply.in_reply_to = question.id)
         RETURNING id",
    )?;
    let closed = close.query_map(params![ACCOUNT_ID, error.to_string(), at, error.code()], |row| row.get(0))?;
    let mut changed = closed.collect::<rusqlite::Result<Vec<String>>>()?;
    let mut reject = rows.prepare_cached(
        "UPDATE chat_actions SET status = 'rejected', error = ?1, decided_at_ms = ?2 WHERE status = 'pending'
         RETURNING message_id",
    )?;
    let rejected = reject.query_map(params![error.to_string(), at], |row| row.get(0))?;
    changed.extend(rejected.collect::<rusqlite::Result<Vec<String>>>()?);
    changed.into_iter().for_each(|id| books.outbox.note(Change::Message { id }));
    Ok(())
}
