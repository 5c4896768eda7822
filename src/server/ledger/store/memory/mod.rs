//! A store without a disk: for backtests, and for models of the ledger in tests. It makes no decisions, so they run a
//! server's own rules.

mod actions;
mod alerts;
mod chat;
mod curve;
mod days;
mod kept;
mod orders;
mod trades;
mod write;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{AllBooks, Rows, Store, StoreFault, Work};
use crate::{
    domain::{
        account_id::AccountId,
        alerts::request::Firing,
        corporate_action::ExchangeDate,
        instant::UtcInstant,
        money::Money,
        order::ClientOrderId,
        orders::{book::TrailMark, group::Group},
        performance::{day::AccountDay, flow::Flow},
    },
    server::{
        ledger::{
            Books, RecordedEvent,
            access::{KeyHash, KeyKind},
            effect::{ActionRow, CorporateActionRow, MessageRow, TradeRow},
            orders::NamedOrder,
            tokens::TokenRow,
        },
        market::hours::Hours,
    },
};

/// A store in memory; its data ends with it.
pub struct MemoryStore(Arc<Mutex<Tables>>);

/// Concurrent reads. Clones share the store.
#[derive(Clone)]
pub struct MemoryReader(Arc<Mutex<Tables>>);

/// All rows.
struct Tables {
    accounts: HashMap<AccountId, AccountTables>,
    market_seed: Option<u64>,
    /// Marks of trailing stops, with the time of saving.
    trail_marks: Option<(UtcInstant, Vec<TrailMark>)>,
    /// Market hours that define the trading days.
    hours: Hours,
    /// Reverts the changes of the open transaction, in order of the changes.
    undo: Vec<Undo>,
    /// Accounts that the open transaction has changed.
    touched: Vec<AccountId>,
}

/// Reverts one change.
type Undo = Box<dyn FnOnce(&mut Tables) + Send>;

/// Rows of one account. A row's sequence is its position in its list, from 1.
struct AccountTables {
    /// Books including everything written.
    books: Books,
    trades: Vec<TradeRow>,
    /// Groups, open or ended, in order of acceptance.
    orders: Vec<Arc<Group>>,
    order_names: HashMap<ClientOrderId, NamedOrder>,
    /// Of alerts.
    firings: Vec<Firing>,
    /// The account's value by the second.
    values: BTreeMap<i64, Money>,
    days: BTreeMap<ExchangeDate, Arc<AccountDay>>,
    flows: Vec<Flow>,
    /// Number of the flows from before the latest reset.
    flows_past: i64,
    messages: Vec<MessageRow>,
    actions: Vec<ActionRow>,
    corporate_actions: Vec<CompanyAction>,
    /// The splits that were applied to orders alone.
    order_splits: Vec<String>,
    events: Vec<RecordedEvent>,
    /// Oldest first.
    keys: Vec<(KeyHash, KeyKind)>,
    /// Oldest first.
    tokens: Vec<TokenRow>,
}

/// A split or a dividend, with its status.
struct CompanyAction {
    row: CorporateActionRow,
    status: CompanyActionStatus,
    applied_at: Option<UtcInstant>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum CompanyActionStatus {
    Owed,
    Applied,
    Lapsed,
}

impl MemoryStore {
    /// An empty store; `hours` define the accounts' days.
    pub fn new(hours: Hours) -> Self {
        let (undo, touched) = (Vec::new(), Vec::new());
        Self(Arc::new(Mutex::new(Tables {
            accounts: HashMap::new(),
            market_seed: None,
            trail_marks: None,
            hours,
            undo,
            touched,
        })))
    }

    pub fn reader(&self) -> MemoryReader {
        MemoryReader(Arc::clone(&self.0))
    }
}

impl Store for MemoryStore {
    fn transact(&mut self, work: &mut Work<'_>) -> Result<Duration, StoreFault> {
        let mut tables = lock(&self.0);
        let outcome = work(&mut *tables);
        tables.touched.clear();
        let mut undo = std::mem::take(&mut tables.undo);
        if outcome.is_err() {
            undo.drain(..).rev().for_each(|undo| undo(&mut tables));
        }
        undo.clear();
        // Reuses the allocation.
        tables.undo = undo;
        outcome.map(|()| Duration::ZERO)
    }

    fn load(&mut self, hours: Hours) -> Result<AllBooks, StoreFault> {
        let tables = lock(&self.0);
        let books = tables.accounts.iter().map(|(account, rows)| (*account, Books { hours, ..rows.books.clone() }));
        Ok(books.filter(|(_, books)| books.is_open).collect())
    }

    fn recover(&mut self) -> Result<(), StoreFault> {
        Ok(())
    }

    fn close(self: Box<Self>) -> Result<(), StoreFault> {
        Ok(())
    }
}

impl MemoryReader {
    /// Reads rows between two transactions.
    ///
    /// # Errors
    /// The query's own.
    pub fn read<T>(&self, query: impl FnOnce(&mut dyn Rows) -> Result<T, StoreFault>) -> Result<T, StoreFault> {
        query(&mut *lock(&self.0))
    }
}

/// Ignores poisoning: a panic in a transaction ends the writer, and its partial changes stay readable.
fn lock(tables: &Mutex<Tables>) -> MutexGuard<'_, Tables> {
    tables.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Tables {
    /// Rows of an account, if it has any.
    fn of(&self, account: AccountId) -> Option<&AccountTables> {
        self.accounts.get(&account)
    }

    /// Rows of an account, mutable.
    fn of_mut(&mut self, account: AccountId) -> &mut AccountTables {
        let hours = self.hours;
        self.accounts.entry(account).or_insert_with(|| AccountTables {
            books: Books::unopened(hours),
            trades: Vec::new(),
            orders: Vec::new(),
            order_names: HashMap::new(),
            firings: Vec::new(),
            values: BTreeMap::new(),
            days: BTreeMap::new(),
            flows: Vec::new(),
            flows_past: 0,
            messages: Vec::new(),
            actions: Vec::new(),
            corporate_actions: Vec::new(),
            order_splits: Vec::new(),
            events: Vec::new(),
            keys: Vec::new(),
            tokens: Vec::new(),
        })
    }
}

/// Rows of a list between two sequences, with their sequences, newest first.
fn between<T>(rows: &[T], after: i64, before: i64) -> impl Iterator<Item = (i64, &T)> {
    let numbered = (1_i64..).zip(rows);
    let found: Vec<_> = numbered.skip_while(move |(sequence, _)| *sequence <= after).collect();
    found.into_iter().rev().skip_while(move |(sequence, _)| *sequence >= before)
}
