//! An audit of a closed database file: it is sound, the books follow from the trades, and each trade exists once.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use finally::domain::{
    account::{Account, INITIAL_DEPOSIT},
    money::{Price, Quantity},
};
use serde_json::Value;
use sqlx::{ConnectOptions, Connection, Row, SqliteConnection, sqlite::SqliteConnectOptions};

/// Contents of the file: the trades' ids by their orders' ids, or by themselves if an order has none.
#[derive(Debug, Default)]
pub struct Audit {
    pub trades: BTreeMap<String, String>,
    /// The ids of all orders that wait, or did.
    pub orders: BTreeSet<String>,
}

impl Audit {
    /// Reads a copy, so that the file stays as the fault left it. A missing file, or one without an account, counts as
    /// sound and empty.
    pub async fn of(root: &Path) -> Self {
        let copy = tempfile::tempdir().unwrap();
        let Ok(files) = std::fs::read_dir(root.join("db")) else { return Self::default() };
        for file in files.map(Result::unwrap) {
            std::fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
        }
        let options = SqliteConnectOptions::new().filename(copy.path().join("finally.db")).create_if_missing(true);
        let mut connection = options.connect().await.expect("the file opens");
        let audit = Self::read(&mut connection).await;
        connection.close().await.unwrap();
        audit
    }

    async fn read(connection: &mut SqliteConnection) -> Self {
        let finding: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut *connection).await.unwrap();
        assert_eq!(finding, "ok");
        let orphans = sqlx::query("PRAGMA foreign_key_check").fetch_all(&mut *connection).await.unwrap();
        assert!(orphans.is_empty(), "{} rows belong to nobody", orphans.len());
        let Ok(Some(account)) = sqlx::query("SELECT * FROM accounts").fetch_optional(&mut *connection).await else {
            return Self::default();
        };
        let rows = sqlx::query("SELECT * FROM trades ORDER BY sequence").fetch_all(&mut *connection).await.unwrap();
        let (mut model, mut trades) = (Account::open(INITIAL_DEPOSIT), BTreeMap::new());
        for row in &rows {
            let text = |column| row.get::<String, &str>(column);
            let quantity = Quantity::from_millionths(row.get("quantity_millionths")).unwrap();
            let price = Price::from_units(row.get("price_units")).unwrap();
            let (side, ticker) = (text("side").parse().unwrap(), text("ticker").parse().unwrap());
            let fill = model.apply(side, ticker, quantity, price).expect("it was filled after those before it");
            assert_eq!(fill.notional.cents(), row.get::<i64, _>("notional_cents"));
            assert_eq!(fill.realized_pnl.cents(), row.get::<i64, _>("realized_pnl_cents"));
            assert_eq!(model.cash.cents(), row.get::<i64, _>("cash_cents_after"));
            let order = row.get::<Option<String>, _>("client_order_id").unwrap_or_else(|| text("id"));
            let earlier = trades.insert(order, text("id"));
            assert_eq!(earlier, None, "no order is filled twice");
        }
        assert!(model.is_balanced());
        assert_eq!(account.get::<i64, _>("cash_cents"), model.cash.cents());
        assert_eq!(account.get::<i64, _>("realized_pnl_cents"), model.realized_pnl.cents());
        let highest: Option<i64> = sqlx::query_scalar("SELECT MAX(total_value_cents) FROM snapshots")
            .fetch_one(&mut *connection)
            .await
            .unwrap();
        assert!(account.get::<Option<i64>, _>("high_water_mark_cents") >= highest, "no value stands above the mark");
        Self::assert_positions(connection, &model).await;
        let orders = Self::assert_orders(connection).await;
        Self { trades, orders }
    }

    /// Checks that each order's fills are its trades, and that ended orders hold nothing.
    async fn assert_orders(connection: &mut SqliteConnection) -> BTreeSet<String> {
        // A file from before the table was made has none.
        let Ok(rows) = sqlx::query("SELECT * FROM orders").fetch_all(&mut *connection).await else {
            return BTreeSet::new();
        };
        let mut ids = BTreeSet::new();
        for row in &rows {
            let id: String = row.get("id");
            let (fills, quantity): (i64, Option<i64>) =
                sqlx::query_as("SELECT COUNT(*), SUM(quantity_millionths) FROM trades WHERE order_id = ?1")
                    .bind(&id)
                    .fetch_one(&mut *connection)
                    .await
                    .unwrap();
            assert_eq!(row.get::<Option<i64>, _>("fills").unwrap_or_default(), fills, "{id}");
            assert_eq!(row.get::<Option<i64>, _>("filled_millionths"), quantity, "{id}");
            let is_open = ["working", "triggered", "partially_filled"].contains(&row.get::<&str, _>("status"));
            let holds = row.get::<i64, _>("held_cents") > 0 || row.get::<Option<i64>, _>("held_millionths").is_some();
            assert!(is_open || !holds, "no hold outlives its order: {id}");
            assert!(row.get::<bool, _>("group_is_open") || !is_open);
            ids.insert(id);
        }
        ids
    }

    async fn assert_positions(connection: &mut SqliteConnection, model: &Account) {
        let rows = sqlx::query("SELECT * FROM positions ORDER BY ticker").fetch_all(connection).await.unwrap();
        let held: BTreeSet<(String, i64, i64)> = rows
            .iter()
            .map(|row| (row.get("ticker"), row.get("quantity_millionths"), row.get("cost_basis_cents")))
            .collect();
        let holding = |(ticker, holding): (&finally::domain::ticker::Ticker, &finally::domain::account::Holding)| {
            (ticker.as_str().to_owned(), holding.quantity.millionths(), holding.cost_basis.cents())
        };
        assert_eq!(held, model.holdings.iter().map(holding).collect());
    }

    /// Accepted orders that are missing from the file.
    pub fn missing_orders<'a>(&self, taken: impl Iterator<Item = &'a Value>) -> Vec<&'a Value> {
        taken.filter(|order| !self.orders.contains(order["id"].as_str().unwrap())).collect()
    }

    /// Receipts whose trade is missing.
    pub fn missing<'a>(&self, receipts: impl Iterator<Item = &'a Value>) -> Vec<&'a Value> {
        receipts.filter(|receipt| !self.has(receipt)).collect()
    }

    fn has(&self, receipt: &Value) -> bool {
        let trade = &receipt["trade"];
        self.trades.get(trade["client_order_id"].as_str().unwrap()).is_some_and(|id| trade["id"] == **id)
    }
}
