//! Conformance suite of the stores: a table of scenarios that run on each. After every write both stores have the same
//! books and give the same answers, and a failed transaction has no effect.

mod alerts;
mod chat;
mod companies;
mod flows;
mod orders;
mod trading;

use std::{collections::HashMap, fmt::Debug};

use rstest::rstest;

use super::{Rows, Store, StoreFault, memory::MemoryStore, sqlite};
use crate::{
    domain::{
        account_id::AccountId,
        corporate_action::ExchangeDate,
        instant::UtcInstant,
        money::{Price, Quantity},
        order::{OrderRequest, OrderSource, Side},
        orders::{rules::FillRules, view::StatusFilter},
        quote::Quote,
        ticker::Ticker,
    },
    error::ApiError,
    server::{
        caller::{Scope, Scopes},
        ledger::{
            Books, KeepMarketSeed, OpenAccount, PlaceOrder, RecordSnapshot, ReorderWatchlist, UnwatchTicker,
            WatchTicker, Write,
            access::{ACCESS_KEYS_MAX, KeepAccessKey, KeyKind},
            effect::{Effect, Effects},
            orders::GroupQuery,
            tokens::{KeepToken, NoteTokenUse, RevokeToken, TokenRow},
            writer,
        },
        market::{feed::Tick, hours::Hours},
    },
};

const NOON_MS: i64 = 1_795_348_800_000;

const MAIN: AccountId = AccountId::DEFAULT;

/// Seconds after noon of 22 November 2026.
fn after_noon(seconds: i64) -> UtcInstant {
    UtcInstant::from_unix_ms(NOON_MS + seconds * 1_000)
}

fn ticker(symbol: &str) -> Ticker {
    symbol.parse().unwrap()
}

fn price(units: i64) -> Price {
    Price::from_units(units).unwrap()
}

fn quantity(text: &str) -> Quantity {
    text.parse().unwrap()
}

/// A market with these prices.
fn market(prices: &[(&str, i64)]) -> std::sync::Arc<Tick> {
    let quote = |(symbol, units): &(&str, i64)| {
        let price = price(*units);
        let (ticker, at) = (ticker(symbol), after_noon(0));
        Quote { ticker, price, previous_price: price, previous_close: price, at, is_stale: false }
    };
    std::sync::Arc::new(Tick::new(1, prices.iter().map(quote).collect()))
}

/// An order that is filled at 100 dollars, with its own id.
fn order(side: Side, symbol: &str, shares: &str, id: &str, at: UtcInstant) -> PlaceOrder {
    PlaceOrder {
        order: OrderRequest {
            ticker: ticker(symbol),
            side,
            quantity: quantity(shares),
            client_order_id: Some(id.parse().unwrap()),
            expected_price: None,
            max_slippage_percent: None,
        },
        source: OrderSource::Manual,
        prices: market(&[(symbol, 1_000_000)]),
        rules: FillRules::default(),
        trade_id: format!("trade-{id}"),
        executed_at: at,
    }
}

/// A store with the books of its accounts, as a writer keeps them.
struct Bench {
    store: Box<dyn Store>,
    books: HashMap<AccountId, Books>,
    /// Outcome of each write, and all answers after it.
    transcript: Vec<String>,
}

impl Bench {
    fn of(store: Box<dyn Store>) -> Self {
        let mut bench = Self { store, books: HashMap::new(), transcript: Vec::new() };
        bench.submit(MAIN, OpenAccount { at: after_noon(0) }).unwrap();
        bench
    }

    /// Applies a write: first in a failing transaction, which must have no effect, then permanently.
    fn submit<W: Write<Outcome: Debug>>(&mut self, account: AccountId, write: W) -> Result<String, ApiError> {
        let before = self.dump();
        let mut books = self.books.get(&account).cloned().unwrap_or_else(|| Books::unopened(Hours::Continuous));
        let unchanged = books.clone();
        let failed = self.store.transact(&mut |transaction| {
            // Only the second run checks the outcome.
            let _ = writer::apply(&write, account, &mut books, transaction)?;
            Err(StoreFault::of("on purpose"))
        });
        assert_eq!(failed.unwrap_err().to_string(), "on purpose");
        assert_eq!(self.dump(), before, "a transaction that fails leaves nothing");

        let (mut books, mut outcome) = (unchanged, None);
        let committed = self.store.transact(&mut |transaction| {
            outcome = Some(writer::apply(&write, account, &mut books, transaction)?);
            Ok(())
        });
        committed.unwrap();
        if books.is_open {
            self.books.insert(account, books);
        }
        let loaded: HashMap<_, _> = self.store.load(Hours::Continuous).unwrap().into_iter().collect();
        assert_eq!(loaded, self.books, "the store has the books that were decided");
        let outcome = outcome.unwrap().map(|outcome| format!("{outcome:?}"));
        self.transcript.push(format!("{outcome:?}"));
        let state = self.dump();
        self.transcript.extend(state);
        outcome
    }

    /// Writes effects that do not change the books, without checks.
    fn prepare(&mut self, effects: Effects) {
        let written = self.store.transact(&mut |transaction| transaction.write(MAIN, effects.clone(), 0));
        written.unwrap();
    }

    /// Answers to every query.
    fn dump(&mut self) -> Vec<String> {
        let accounts: Vec<_> = self.books.keys().copied().collect();
        let mut answers = Vec::new();
        let read = self.store.transact(&mut |rows| {
            answers.push(format!("{:?}", rows.market_seed()?));
            accounts.iter().try_for_each(|account| ask_all(*account, rows, &mut answers))
        });
        read.unwrap();
        answers.sort();
        answers
    }
}

/// Runs every query on an account. Rows are compared without sequences, which each store numbers itself.
fn ask_all<R: Rows + ?Sized>(account: AccountId, rows: &mut R, answers: &mut Vec<String>) -> Result<(), StoreFault> {
    let mut tell = |question: &str, answer: &dyn Debug| answers.push(format!("{account} {question}: {answer:?}"));
    let trades = rows.trades(account, 0, i64::MAX, 100)?;
    for trade in &trades {
        tell("is there", &rows.trade_sequence(account, &trade.id)?.is_some());
        if let Some(id) = &trade.client_order_id {
            tell("receipt", &rows.receipt(account, id)?);
        }
        tell("fills", &rows.fills(account, trade.ticker, 0, 100)?);
    }
    tell("trades", &trades);
    for status in [StatusFilter::All, StatusFilter::Open, StatusFilter::Closed] {
        let query = GroupQuery { status, ticker: None, before: i64::MAX, limit: 100 };
        let groups = rows.order_groups(account, query)?;
        for (_, recorded) in &groups {
            let id = recorded.group.leader().id;
            tell("order", &rows.order_group(account, id)?.map(|recorded| recorded.view()));
            if let Some(name) = &recorded.group.leader().client_order_id {
                tell("named order", &rows.order_named(account, name)?);
            }
        }
        tell("orders", &groups.into_iter().map(|(_, recorded)| recorded.view()).collect::<Vec<_>>());
    }
    tell(
        "of V",
        &rows
            .order_groups(
                account,
                GroupQuery { status: StatusFilter::All, ticker: Some(ticker("V")), before: i64::MAX, limit: 9 },
            )?
            .len(),
    );
    tell("marks", &rows.trail_marks()?);
    let firings = rows.firings(account, i64::MAX, 100)?;
    for (sequence, firing) in &firings {
        tell("is there", &rows.firing_sequence(account, &firing.id)?.is_some());
        tell("unread after it", &rows.unread_after(account, *sequence)?);
        tell("of its alert", &rows.firings_of(account, &firing.alert_id, 2)?);
    }
    tell("firings", &firings.into_iter().map(|(_, firing)| firing).collect::<Vec<_>>());
    tell("count", &rows.trades_count(account, 0)?);
    tell("latest trades", &rows.trades(account, 0, i64::MAX, 2)?);
    tell("trades since noon", &rows.trades_back_to(account, 0, after_noon(0))?);
    tell("realized", &rows.realized(account, 0)?);
    tell("spent", &rows.copilot_notional(account, after_noon(-60), after_noon(60))?);

    let (from_s, now_s) = (after_noon(-100_000).unix_second(), after_noon(100_000).unix_second());
    tell("days", &rows.account_days(account)?);
    tell("flows", &rows.flows(account, i64::MAX, 100)?.into_iter().map(|(_, flow)| flow).collect::<Vec<_>>());
    tell("latest flows", &rows.flows(account, i64::MAX, 1)?.len());
    tell("named flow", &rows.flow_named(account, &"f1".parse().unwrap())?);
    tell("curve", &rows.curve(account, from_s, now_s, 1)?);
    tell("curve in steps", &rows.curve(account, from_s, now_s, 60)?);
    tell("surplus", &rows.surplus_snapshots(account, from_s, now_s, 60, 100)?);

    let messages = rows.messages(account, 0, i64::MAX, 100)?;
    for message in &messages {
        tell("is there", &rows.message_sequence(account, &message.id)?.is_some());
        tell("reply", &rows.reply_to(account, &message.id)?);
        for action in &message.actions {
            tell("action", &rows.action(account, &action.id)?);
            tell("its reply", &rows.reply_of_action(account, &action.id)?);
        }
    }
    tell("messages", &messages);
    tell("named", &rows.named_message(account, &"m1".parse().unwrap())?);
    tell("past turns", &rows.past_turns(account, 0, 10)?);
    tell("unanswered", &rows.unanswered(account)?);
    tell("pending", &rows.pending_actions(account)?);

    tell("splits", &rows.splits(account, None)?);
    let actions = rows.actions(account, after_noon(-1_000_000), i64::MAX, 100)?;
    for (_, action) in &actions {
        tell("is recorded", &rows.is_action_recorded(account, &action.kind, &action.id)?);
    }
    tell("actions", &actions.into_iter().map(|(_, action)| action).collect::<Vec<_>>());
    let due = rows.dividends_due(account, ExchangeDate::of(after_noon(86_400)))?;
    tell("due", &due.into_iter().map(|owed| (owed.ticker, owed.amount)).collect::<Vec<_>>());

    tell("events", &rows.events_after(account, 0)?);
    tell("events ahead", &rows.events_after(account, i64::MAX)?);
    tell("keys", &rows.access_keys(account)?);
    tell("tokens", &rows.tokens(account)?);
    rows.check()
}

#[rstest]
#[case::trading(trading::trade)]
#[case::a_reset(trading::reset)]
#[case::a_clock_that_goes_back(trading::clock_back)]
#[case::a_position_without_a_market(trading::write_off)]
#[case::last_prices(trading::last_prices)]
#[case::days_and_flows(flows::days_and_flows)]
#[case::orders_that_wait(orders::wait_change_and_fill)]
#[case::a_bracket(orders::bracket)]
#[case::orders_that_end(orders::end_them)]
#[case::alerts(alerts::watch_and_fire)]
#[case::many_alerts(alerts::as_many_as_may_be)]
#[case::a_conversation(chat::converse)]
#[case::turns_that_are_cut_off(chat::cut_off)]
#[case::splits_and_dividends(companies::split_and_pay)]
#[case::a_split_of_orders(companies::split_orders_alone)]
#[case::a_reset_with_dividends_owed(companies::reset_while_owed)]
#[case::the_watchlist(arrange_watchlist)]
#[case::the_curve_is_thinned(thin)]
#[case::what_is_kept(keep)]
#[case::two_accounts(two_accounts)]
#[tokio::test]
async fn stores_do_the_same(#[case] scenario: fn(&mut Bench)) {
    // In memory if possible: syncs would take most of the time.
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let url = format!("sqlite://{}", folder.path().join("conformance.db").display());
    let mut file = Bench::of(Box::new(sqlite::open(&url).await.unwrap()));
    let mut memory = Bench::of(Box::new(MemoryStore::new(Hours::Continuous)));
    scenario(&mut file);
    scenario(&mut memory);
    assert!(file.transcript.len() > 1);
    assert_eq!(file.transcript, memory.transcript);
    file.store.recover().unwrap();
    memory.store.recover().unwrap();
    assert_eq!(file.dump(), memory.dump(), "after a recovery too");
    file.store.close().unwrap();
    memory.store.close().unwrap();
}

fn arrange_watchlist(bench: &mut Bench) {
    let watch = |symbol, before: Option<&str>| WatchTicker {
        ticker: ticker(symbol),
        before: before.map(ticker),
        at: after_noon(1),
    };
    bench.submit(MAIN, watch("KO", None)).unwrap();
    bench.submit(MAIN, watch("KO", Some("AAPL"))).unwrap();
    bench.submit(MAIN, watch("XOM", Some("AAPL"))).unwrap();
    let unwatch = |symbol| UnwatchTicker { ticker: ticker(symbol) };
    bench.submit(MAIN, unwatch("MSFT")).unwrap();
    assert_eq!(bench.submit(MAIN, unwatch("MSFT")), Err(ApiError::NotWatched { ticker: ticker("MSFT") }));
    let place = |symbol, before: Option<&str>| ReorderWatchlist { ticker: ticker(symbol), before: before.map(ticker) };
    bench.submit(MAIN, place("AAPL", None)).unwrap();
    bench.submit(MAIN, place("KO", Some("XOM"))).unwrap();
    bench.submit(MAIN, place("KO", Some("KO"))).unwrap();
    let list: Vec<_> = bench.books[&MAIN].watchlist.iter().map(|watched| watched.ticker.to_string()).collect();
    assert_eq!(list, ["KO", "XOM", "GOOGL", "AMZN", "TSLA", "NVDA", "META", "JPM", "V", "NFLX", "AAPL"]);
}

fn thin(bench: &mut Bench) {
    use crate::{domain::money::Money, server::ledger::ThinSnapshots};
    for second in [0, 10, 59, 60, 119, 120, 121] {
        let (total_value, at) = (Money::from_cents(1_000_000 + second), after_noon(second));
        bench.submit(MAIN, RecordSnapshot { total_value, at }).unwrap();
    }
    let (from_s, until_s) = (after_noon(0).unix_second(), after_noon(120).unix_second());
    let thin = || ThinSnapshots { from_s, until_s, step_seconds: 60 };
    assert_eq!(bench.submit(MAIN, thin()), Ok("3".to_owned()));
    assert_eq!(bench.submit(MAIN, thin()), Ok("0".to_owned()));
}

fn keep(bench: &mut Bench) {
    let seed = |given| KeepMarketSeed { given, drawn: 7 };
    for given in [None, None, Some(u64::MAX), None] {
        bench.submit(MAIN, seed(given)).unwrap();
    }
    let hash = |number: usize| {
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&number.to_be_bytes());
        hash
    };
    let key = |number, kind| KeepAccessKey { hash: hash(number), kind, at: after_noon(0) };
    bench.submit(MAIN, key(1_000, KeyKind::Script)).unwrap();
    let (kind, at) = (KeyKind::Browser, after_noon(0));
    bench.prepare((1..ACCESS_KEYS_MAX).map(|number| Effect::AccessKeyKept { hash: hash(number), kind, at }).collect());
    for number in [ACCESS_KEYS_MAX, 5, ACCESS_KEYS_MAX + 1] {
        bench.submit(MAIN, key(number, kind)).unwrap();
    }
    let token = |id: &str, number| TokenRow {
        id: id.to_owned(),
        hash: hash(number),
        name: "a script".to_owned(),
        scopes: Scopes::of(&[Scope::Read, Scope::Trade]),
        created_at: after_noon(0),
        expires_at: (number == 1).then(|| after_noon(60)),
        last_used_at: None,
    };
    for (id, number) in [("one", 1), ("two", 2)] {
        bench.submit(MAIN, KeepToken(token(id, number))).unwrap();
    }
    for id in ["two", "none"] {
        bench.submit(MAIN, NoteTokenUse { id: id.to_owned(), at: after_noon(9) }).unwrap();
    }
    bench.submit(MAIN, RevokeToken { id: "one".to_owned() }).unwrap();
    assert_eq!(bench.submit(MAIN, RevokeToken { id: "one".to_owned() }), Err(ApiError::NotFound));
    let tokens = bench.dump().into_iter().find(|answer| answer.contains(" tokens:")).unwrap();
    assert!(tokens.contains("two") && !tokens.contains("\"one\""), "{tokens}");
    let keys = bench.dump().into_iter().find(|answer| answer.contains(" keys:")).unwrap();
    assert_eq!((keys.matches("Browser").count(), keys.matches("Script").count()), (ACCESS_KEYS_MAX, 1));
}

/// Both accounts get the same writes, and neither sees the other's rows.
fn two_accounts(bench: &mut Bench) {
    let other: AccountId = "other".parse().unwrap();
    let buy = |account: AccountId| PlaceOrder {
        trade_id: format!("trade-of-{account}"),
        ..order(Side::Buy, "V", "3", "same-name", after_noon(5))
    };
    bench.submit(MAIN, buy(MAIN)).unwrap();
    assert_eq!(bench.submit(other, buy(other)), Err(ApiError::NotFound), "it is not open");
    bench.submit(other, OpenAccount { at: after_noon(6) }).unwrap();
    bench.submit(other, OpenAccount { at: after_noon(7) }).unwrap();
    let answer = bench.submit(other, buy(other)).unwrap();
    assert!(answer.contains("replayed: false"), "a name is an account's own: {answer}");
    bench.submit(other, UnwatchTicker { ticker: ticker("V") }).unwrap();
    assert!(bench.books[&MAIN].watches(ticker("V")));
    chat::say(bench, other, "question-of-other");
    bench.submit(other, crate::server::ledger::Reset { at: after_noon(9) }).unwrap();
    assert_eq!(bench.books[&MAIN].account.holdings.len(), 1);
    let read = bench.store.transact(&mut |rows| {
        let order = "same-name".parse().unwrap();
        assert_eq!(rows.receipt(MAIN, &order)?.unwrap().trade.id, "trade-of-default");
        assert_eq!(rows.trade_sequence(MAIN, "trade-of-other")?, None);
        assert_eq!(rows.trades_count(MAIN, 0)?, 1);
        assert_eq!(rows.message_sequence(MAIN, "question-of-other")?, None);
        assert_eq!((rows.unanswered(MAIN)?, rows.latest_message(MAIN)?), (None, 0));
        Ok(())
    });
    read.unwrap();
}
