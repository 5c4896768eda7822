//! Rows of orders.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, Row, params, types::Type};

use super::{SqliteRows, trades::limit_of, write::execute};
use crate::{
    domain::{
        account_id::AccountId,
        condition::Condition,
        instant::UtcInstant,
        money::{Money, Price},
        order::ClientOrderId,
        orders::{
            book::TrailMark,
            group::Group,
            hold::Hold,
            id::OrderId,
            order::{Filled, Order, OrderStatus},
            request::Size,
            terms::{OrderType, Terms, Trail},
            view::{FillView, StatusFilter},
        },
    },
    server::ledger::{
        orders::{GroupQuery, NamedOrder, OpenOrders, RecordedGroup},
        store::{OrderRows, StoreFault},
    },
};

/// Groups with an open order.
pub const OPEN: &str =
    "SELECT * FROM orders WHERE account_id = ?1 AND group_is_open = 1 ORDER BY account_id, leader_id";

pub const LEADER: &str = "SELECT leader_id FROM orders WHERE id = ?1 AND account_id = ?2";

pub const GROUP: &str = "SELECT * FROM orders WHERE id = ?1
    UNION ALL SELECT * FROM orders WHERE leader_id = ?1 AND role <> 'leader' ORDER BY sequence";

/// Leaders before a sequence, newest first.
pub const LEADERS: &str = "SELECT sequence, id FROM orders
    WHERE account_id = ?1 AND role = 'leader' AND sequence < ?2
        AND (?3 IS NULL OR group_is_open = ?3) AND (?4 IS NULL OR ticker = ?4)
    ORDER BY sequence DESC LIMIT ?5";

pub const FILLS_OF_ORDER: &str =
    "SELECT fill_number, id, quantity_millionths, price_units, commission_cents, executed_at_ms
    FROM trades WHERE order_id = ?1 ORDER BY fill_number";

const PUT: &str =
    "INSERT INTO orders (id, account_id, leader_id, group_is_open, role, class, client_order_id, ticker, side,
        type, limit_units, stop_units, trail_units, trail_percent_count, quantity_millionths, notional_cents,
        filled_millionths, filled_value, filled_notional_cents, commission_cents, fills, time_in_force, expires_at_ms,
        extended_hours, status, reason, elected_at_ms, mark_units, hold_price_units, held_cents, held_millionths,
        condition, revision, source, created_at_ms, updated_at_ms, working_at_ms)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23,
        ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35, ?36, ?37)
    ON CONFLICT (id) DO UPDATE SET group_is_open = excluded.group_is_open, limit_units = excluded.limit_units,
        stop_units = excluded.stop_units, trail_units = excluded.trail_units,
        trail_percent_count = excluded.trail_percent_count, quantity_millionths = excluded.quantity_millionths,
        notional_cents = excluded.notional_cents, filled_millionths = excluded.filled_millionths,
        filled_value = excluded.filled_value, filled_notional_cents = excluded.filled_notional_cents,
        commission_cents = excluded.commission_cents, fills = excluded.fills, time_in_force = excluded.time_in_force,
        expires_at_ms = excluded.expires_at_ms, status = excluded.status, reason = excluded.reason,
        elected_at_ms = excluded.elected_at_ms, mark_units = excluded.mark_units,
        hold_price_units = excluded.hold_price_units, held_cents = excluded.held_cents,
        held_millionths = excluded.held_millionths, revision = excluded.revision,
        updated_at_ms = excluded.updated_at_ms, working_at_ms = excluded.working_at_ms";

impl OrderRows for SqliteRows<'_> {
    fn order_group(&mut self, account: AccountId, id: OrderId) -> Result<Option<RecordedGroup>, StoreFault> {
        let leader = self.rows.prepare_cached(LEADER)?.query_row(params![id, account], |row| row.get(0)).optional()?;
        leader.map(|leader| read_group(leader, self.rows)).transpose()
    }

    fn order_groups(&mut self, account: AccountId, query: GroupQuery) -> Result<Vec<(i64, RecordedGroup)>, StoreFault> {
        let is_open = match query.status {
            StatusFilter::Open => Some(true),
            StatusFilter::Closed => Some(false),
            StatusFilter::All => None,
        };
        let bounds = params![account, query.before, is_open, query.ticker, limit_of(query.limit)];
        let leaders: Vec<(i64, OrderId)> = self
            .rows
            .prepare_cached(LEADERS)?
            .query_map(bounds, |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        leaders.into_iter().map(|(sequence, leader)| Ok((sequence, read_group(leader, self.rows)?))).collect()
    }

    fn order_named(&mut self, account: AccountId, name: &ClientOrderId) -> Result<Option<NamedOrder>, StoreFault> {
        let named = "SELECT order_id, request FROM order_names WHERE account_id = ?1 AND client_order_id = ?2";
        let mut named = self.rows.prepare_cached(named)?;
        let named = named
            .query_row(params![account, name], |row| Ok(NamedOrder { order_id: row.get(0)?, request: row.get(1)? }));
        Ok(named.optional()?)
    }

    fn trail_marks(&mut self) -> Result<Option<(UtcInstant, Vec<TrailMark>)>, StoreFault> {
        let marks = "SELECT ticker, side, since_ms, mark_units, saved_at_ms FROM trail_marks
            ORDER BY ticker, side, since_ms";
        let mut marks = self.rows.prepare_cached(marks)?;
        let marks: Vec<(UtcInstant, TrailMark)> = marks
            .query_map([], |row| {
                let mark = TrailMark { ticker: row.get(0)?, side: row.get(1)?, since: row.get(2)?, mark: row.get(3)? };
                Ok((row.get(4)?, mark))
            })?
            .collect::<rusqlite::Result<_>>()?;
        let saved_at = marks.first().map(|(saved_at, _)| *saved_at);
        Ok(saved_at.map(|saved_at| (saved_at, marks.into_iter().map(|(_, mark)| mark).collect())))
    }
}

/// The open orders of an account.
///
/// # Errors
/// The database's, or an invalid stored value.
pub fn load_open(account: AccountId, rows: &Connection) -> rusqlite::Result<OpenOrders> {
    let mut open = rows.prepare(OPEN)?;
    let orders: Vec<Order> = open.query_map([account], read_order)?.collect::<rusqlite::Result<_>>()?;
    let groups = orders.chunk_by(|one, next| one.leader_id() == next.leader_id());
    let groups = groups.map(|orders| Group::of(orders.to_vec()).map_err(meaningless));
    Ok(OpenOrders::of(groups.collect::<rusqlite::Result<Vec<_>>>()?))
}

fn read_group(leader: OrderId, rows: &Connection) -> Result<RecordedGroup, StoreFault> {
    let orders: Vec<Order> =
        rows.prepare_cached(GROUP)?.query_map([leader], read_order)?.collect::<rusqlite::Result<_>>()?;
    let group = Group::of(orders).map_err(meaningless)?;
    let mut fills = HashMap::new();
    for order in group.orders().iter().filter(|order| order.filled.is_some()) {
        fills.insert(order.id, read_fills(order.id, rows)?);
    }
    Ok(RecordedGroup { group, fills })
}

fn read_fills(order: OrderId, rows: &Connection) -> rusqlite::Result<Vec<FillView>> {
    let fill = |row: &Row<'_>| {
        Ok(FillView {
            number: row.get(0)?,
            trade_id: row.get(1)?,
            quantity: row.get(2)?,
            price: row.get(3)?,
            commission: row.get(4)?,
            filled_at: row.get(5)?,
        })
    };
    rows.prepare_cached(FILLS_OF_ORDER)?.query_map([order], fill)?.collect()
}

fn meaningless(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, Type::Text, cause.into())
}

fn read_order(row: &Row<'_>) -> rusqlite::Result<Order> {
    let (id, leader_id): (OrderId, OrderId) = (row.get("id")?, row.get("leader_id")?);
    let reason: Option<String> = row.get("reason")?;
    let condition: Option<String> = row.get("condition")?;
    let condition: Option<Condition> =
        condition.map(|text| serde_json::from_str(&text)).transpose().map_err(meaningless)?;
    Ok(Order {
        id,
        client_order_id: row.get("client_order_id")?,
        ticker: row.get("ticker")?,
        side: row.get("side")?,
        terms: read_terms(row)?,
        size: match (row.get("quantity_millionths")?, row.get("notional_cents")?) {
            (Some(quantity), _) => Size::Shares(quantity),
            (None, Some(notional)) => Size::Notional(notional),
            (None, None) => return Err(meaningless("an order has a quantity or a notional")),
        },
        filled: read_filled(row)?,
        time_in_force: row.get("time_in_force")?,
        expires_at: row.get("expires_at_ms")?,
        extended_hours: row.get("extended_hours")?,
        class: row.get("class")?,
        role: row.get("role")?,
        parent_id: (leader_id != id).then_some(leader_id),
        status: OrderStatus::of(row.get("status")?, reason.as_deref()).map_err(meaningless)?,
        elected_at: row.get("elected_at_ms")?,
        high_water_mark: row.get("mark_units")?,
        hold_price: row.get("hold_price_units")?,
        held: Hold { cash: row.get("held_cents")?, shares: row.get("held_millionths")? },
        condition: condition.map(Box::new),
        revision: row.get("revision")?,
        source: row.get("source")?,
        created_at: row.get("created_at_ms")?,
        updated_at: row.get("updated_at_ms")?,
        working_at: row.get("working_at_ms")?,
    })
}

fn read_terms(row: &Row<'_>) -> rusqlite::Result<Terms> {
    let price = |column: &str| -> rusqlite::Result<Price> { row.get(column) };
    Ok(match row.get("type")? {
        OrderType::Market => Terms::Market,
        OrderType::Limit => Terms::Limit { limit: price("limit_units")? },
        OrderType::Stop => Terms::Stop { stop: price("stop_units")? },
        OrderType::StopLimit => Terms::StopLimit { stop: price("stop_units")?, limit: price("limit_units")? },
        OrderType::TrailingStop => Terms::TrailingStop {
            trail: match row.get("trail_units")? {
                Some(amount) => Trail::Amount(amount),
                None => Trail::Percent(row.get("trail_percent_count")?),
            },
        },
    })
}

fn read_filled(row: &Row<'_>) -> rusqlite::Result<Option<Filled>> {
    let Some(quantity) = row.get("filled_millionths")? else {
        return Ok(None);
    };
    let value: String = row.get("filled_value")?;
    Ok(Some(Filled {
        quantity,
        value: value.parse().map_err(meaningless)?,
        notional: row.get("filled_notional_cents")?,
        commission: row.get("commission_cents")?,
        count: row.get("fills")?,
    }))
}

/// Writes all orders of a group in their present state.
///
/// # Errors
/// The database's, which roll back the transaction.
pub fn put_group(account: AccountId, group: &Group, rows: &Connection) -> rusqlite::Result<()> {
    group.orders().iter().try_for_each(|order| put_order(account, order, group.is_open(), rows))
}

fn put_order(account: AccountId, order: &Order, group_is_open: bool, rows: &Connection) -> rusqlite::Result<()> {
    let Order { terms, filled, held, .. } = order;
    let stop = match *terms {
        Terms::Stop { stop } | Terms::StopLimit { stop, .. } => Some(stop),
        Terms::Market | Terms::Limit { .. } | Terms::TrailingStop { .. } => None,
    };
    let (trail_amount, trail_percent) = match terms.trail() {
        Some(Trail::Amount(amount)) => (Some(amount), None),
        Some(Trail::Percent(percent)) => (None, Some(percent)),
        None => (None, None),
    };
    let (quantity, notional): (_, Option<Money>) = match order.size {
        Size::Shares(quantity) => (Some(quantity), None),
        Size::Notional(notional) => (None, Some(notional)),
    };
    let condition = order.condition.as_deref().map(serde_json::to_string).transpose();
    let condition = condition.map_err(|cause| rusqlite::Error::ToSqlConversionFailure(Box::new(cause)))?;
    execute(
        PUT,
        params![
            order.id,
            account,
            order.leader_id(),
            group_is_open,
            order.role,
            order.class,
            order.client_order_id,
            order.ticker,
            order.side,
            terms.order_type(),
            terms.limit(),
            stop,
            trail_amount,
            trail_percent,
            quantity,
            notional,
            filled.map(|filled| filled.quantity),
            filled.map(|filled| filled.value.to_string()),
            filled.map(|filled| filled.notional),
            filled.map(|filled| filled.commission),
            filled.map(|filled| filled.count),
            order.time_in_force,
            order.expires_at,
            order.extended_hours,
            order.status.word(),
            order.status.reason(),
            order.elected_at,
            order.high_water_mark,
            order.hold_price,
            held.cash,
            held.shares,
            condition,
            order.revision,
            order.source,
            order.created_at,
            order.updated_at,
            order.working_at,
        ],
        rows,
    )
}

/// Replaces the stored marks of trailing stops.
///
/// # Errors
/// The database's, which roll back the transaction.
pub fn put_trail_marks(saved_at: UtcInstant, marks: &[TrailMark], rows: &Connection) -> rusqlite::Result<()> {
    execute("DELETE FROM trail_marks", [], rows)?;
    // Two orders that began in the same millisecond have seen the same prices since.
    let put = "INSERT OR REPLACE INTO trail_marks (ticker, side, since_ms, mark_units, saved_at_ms)
        VALUES (?1, ?2, ?3, ?4, ?5)";
    marks.iter().try_for_each(|TrailMark { ticker, side, since, mark }| {
        execute(put, params![ticker, side, since, mark, saved_at], rows)
    })
}
