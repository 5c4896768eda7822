//! Tests of migrations: databases of earlier versions keep all their data.

use std::borrow::Cow;

use rusqlite::Connection;
use sqlx::{ConnectOptions, Connection as _, sqlite::SqliteConnectOptions};

use super::{SqliteRows, Store, open};
use crate::{
    domain::{account_id::AccountId, chat::ActionStatus, copilot::Autonomy, money::Money},
    server::{
        ledger::store::{ActionRows, ChatRows, KeptRows, TradeRows},
        market::hours::Hours,
    },
};

/// The version before the word lists left the schema.
const BEFORE: i64 = 12;

/// Rows of every rebuilt table, and of tables that refer to them.
const ROWS: &str = "
    INSERT INTO accounts (id, initial_deposit_cents, cash_cents, realized_pnl_cents, opened_at_ms, reset_after_sequence,
            autonomy, chat_cleared_after_sequence, high_water_mark_cents, income_cents)
        VALUES ('default', 1000000, 980500, 0, 1000, 1, 'propose', 1, 1234567, 500);
    INSERT INTO positions VALUES ('default', 'V', 2000000, 20000, 1000000, 5000);
    INSERT INTO watchlist VALUES ('default', 'V', 0, 1000);
    INSERT INTO snapshots VALUES ('default', 5, 1000000);
    INSERT INTO events VALUES ('default', 41, 'account', 'default', '{}');
    INSERT INTO trades (sequence, id, account_id, client_order_id, ticker, side, quantity_millionths, price_units,
            notional_cents, realized_pnl_cents, source, executed_at_ms, cash_cents_after, quantity_millionths_after,
            cost_basis_cents_after, total_value_cents_after, correction, previous_close_units)
        VALUES (1, 't1', 'default', NULL, 'KO', 'sell', 1000000, 600000, 6000, 0, 'manual', 900, 1000000, NULL, NULL,
                1000000, 'write_off', NULL),
               (7, 't7', 'default', 'name', 'V', 'buy', 2000000, 1000000, 20000, 0, 'copilot', 5000, 980000, 2000000,
                20000, 1000000, NULL, 990000);
    INSERT INTO chat_messages (sequence, id, account_id, role, message, created_at_ms, client_message_id, in_reply_to,
            misread_actions)
        VALUES (1, 'q0', 'default', 'user', 'Hello', 800, NULL, NULL, NULL),
               (2, 'q1', 'default', 'user', 'Buy V', 4000, 'm1', NULL, NULL),
               (3, 'r1', 'default', 'assistant', 'Bought.', 5000, NULL, 'q1', '[]');
    INSERT INTO chat_actions (id, message_id, ordinal, kind, ticker, quantity_millionths, status, price_units, error,
            trade_id, decided_at_ms, notional_cents, cash_cents_after)
        VALUES ('a1', 'r1', 0, 'buy', 'V', 2000000, 'executed', 1000000, NULL, 't7', 5000, 20000, 980000),
               ('a2', 'r1', 1, 'add', 'XOM', NULL, 'pending', NULL, NULL, NULL, 5000, NULL, NULL);
    INSERT INTO corporate_actions (sequence, account_id, id, kind, ticker, ex_date, pay_date, amount_billionths,
            quantity_millionths, cash_cents, status, recorded_at_ms)
        VALUES (3, 'default', 'd', 'dividend', 'V', '1970-01-01', '1970-01-02', 500000000, 2000000, 100, 'owed', 6000);
    INSERT INTO corporate_actions (sequence, account_id, id, kind, ticker, ex_date, split_from_millionths,
            split_to_millionths, quantity_millionths, quantity_millionths_after, status, recorded_at_ms, applied_at_ms)
        VALUES (4, 'default', 's', 'split', 'KO', '1970-01-01', 1000000, 2000000, 1000000, 2000000, 'applied', 7000, 7000);
    INSERT INTO access_keys VALUES (9, zeroblob(32), 'default', 'script', 1000);
    INSERT INTO market VALUES (1, -1);";

/// A database of version [`BEFORE`] with [`ROWS`].
async fn old_database(folder: &tempfile::TempDir) -> String {
    let path = folder.path().join("old.db");
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true).foreign_keys(true);
    let mut connection = options.connect().await.unwrap();
    let mut migrator = sqlx::migrate!("src/server/ledger/migrations");
    let earlier = migrator.iter().filter(|migration| migration.version <= BEFORE).cloned().collect();
    migrator.migrations = Cow::Owned(earlier);
    migrator.run(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    Connection::open(&path).unwrap().execute_batch(ROWS).unwrap();
    format!("sqlite://{}", path.display())
}

#[tokio::test]
async fn a_database_with_lists_of_words_in_its_schema_keeps_all_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    let url = old_database(&folder).await;
    let mut store = open(&url).await.unwrap();
    let books = store.load(Hours::Continuous).unwrap();
    let [(account, books)] = &books[..] else { panic!("{books:?}") };
    assert_eq!((*account, books.autonomy, books.version()), (AccountId::DEFAULT, Autonomy::Propose, 41));
    assert_eq!(books.account.cash, Money::from_cents(980_500));
    assert_eq!(books.high_water_mark, Some(Money::from_cents(1_234_567)));
    assert_eq!((books.reset_after_sequence, books.chat_cleared_after_sequence), (1, 1));
    assert!(books.account.is_balanced());

    let (account, mut rows) = (*account, SqliteRows::of(&store.connection));
    let trades = rows.trades(account, 0, i64::MAX, 10).unwrap();
    assert_eq!(trades.iter().map(|trade| trade.id.as_str()).collect::<Vec<_>>(), ["t7", "t1"]);
    assert_eq!(rows.latest_trade(account).unwrap(), 7);
    assert!(rows.receipt(account, &"name".parse().unwrap()).unwrap().is_some());
    let reply = rows.reply_to(account, "q1").unwrap().unwrap();
    let statuses: Vec<_> = reply.actions.iter().map(|action| action.status).collect();
    assert_eq!(statuses, [ActionStatus::Executed, ActionStatus::Pending]);
    assert_eq!(rows.pending_actions(account).unwrap(), [("r1".to_owned(), "a2".to_owned())]);
    let actions = rows.actions(account, crate::domain::instant::UtcInstant::EPOCH, i64::MAX, 10).unwrap();
    assert_eq!(actions.iter().map(|(sequence, _)| *sequence).collect::<Vec<_>>(), [4, 3]);
    assert_eq!((rows.access_keys(account).unwrap().len(), rows.market_seed().unwrap()), (1, Some(u64::MAX)));
    let strays = store.connection.query_row("PRAGMA foreign_key_check", [], |_| Ok(()));
    assert!(matches!(strays, Err(rusqlite::Error::QueryReturnedNoRows)), "{strays:?}");
}

#[tokio::test]
async fn no_table_lists_the_words_of_a_column() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&old_database(&folder).await).await.unwrap();
    let listing = "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%CHECK%IN (%'";
    assert_eq!(store.connection.query_row(listing, [], |row| row.get::<_, i64>(0)), Ok(0));
    let left_over =
        "SELECT COUNT(*) FROM sqlite_schema WHERE name LIKE 'new!_%' ESCAPE '!' OR sql LIKE '%new!_%' ESCAPE '!'";
    assert_eq!(store.connection.query_row(left_over, [], |row| row.get::<_, i64>(0)), Ok(0));
    // A reply must still answer an existing message.
    let stray = "INSERT INTO chat_messages (id, account_id, role, message, created_at_ms, in_reply_to)
        VALUES ('x', 'default', 'assistant', '', 0, 'nothing')";
    assert!(store.connection.execute(stray, []).is_err());
}
