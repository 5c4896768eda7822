//! Writing of effects as rows.

use rusqlite::{Connection, params};
use serde_json::json;

use super::{
    SqliteRows,
    alerts::{insert_firing, put_alert},
    days::insert_flow,
    orders::{put_group, put_trail_marks},
};
use crate::{
    domain::{account_id::AccountId, chat::Action, instant::UtcInstant, money::Money, ticker::Ticker},
    server::ledger::{
        chat::Provenance,
        effect::{ActionDecision, ActionOutcome, ActionRow, CorporateActionRow, Effect, Effects, MessageRow, TradeRow},
        store::{StoreFault, Transaction},
    },
};

impl Transaction for SqliteRows<'_> {
    fn write(&mut self, account: AccountId, effects: Effects, version_before: i64) -> Result<(), StoreFault> {
        let mut version = version_before;
        for effect in effects {
            match effect {
                // Written once per transaction.
                Effect::Holding { ticker, held } => self.pending.put_position(account, ticker, held),
                Effect::Amounts(amounts) => self.pending.put_amounts(account, amounts),
                Effect::Snapshot { total_value, at } => self.pending.put_value(account, at, total_value),
                Effect::Event(change) => {
                    version += 1;
                    self.outbox.note(account, version, change);
                }
                Effect::Day(day) => self.pending.put_day(account, day),
                Effect::Trade(row) => insert_trade(account, &row, self.rows)?,
                // These change tables that may have pending rows.
                effect @ (Effect::AccountReset { .. }
                | Effect::SnapshotsForgotten { .. }
                | Effect::SnapshotsThinned { .. }) => {
                    self.flush()?;
                    write_one(account, effect, self.rows)?;
                }
                effect => write_one(account, effect, self.rows)?,
            }
        }
        Ok(())
    }
}

/// Writes an effect that is never pending.
fn write_one(account: AccountId, effect: Effect, rows: &Connection) -> rusqlite::Result<()> {
    match effect {
        Effect::AccountOpened { deposit, at } => open_account(account, deposit, at, rows),
        Effect::AccountReset { at, after_trade } => reset_account(account, at, after_trade, rows),
        Effect::Flow(flow) => insert_flow(account, &flow, rows),
        Effect::CurveBegins { at } => {
            execute("UPDATE accounts SET opened_at_ms = ?2 WHERE id = ?1", params![account, at], rows)
        }
        Effect::SnapshotsForgotten { from_s, until_s } => execute(
            "DELETE FROM snapshots WHERE account_id = ?1 AND recorded_at_s >= ?2 AND recorded_at_s < ?3",
            params![account, from_s, until_s],
            rows,
        ),
        Effect::SnapshotsThinned { seconds } => seconds.into_iter().try_for_each(|second| {
            let delete = "DELETE FROM snapshots WHERE account_id = ?1 AND recorded_at_s = ?2";
            execute(delete, params![account, second], rows)
        }),
        Effect::Watched(watched) => execute(
            "INSERT INTO watchlist (account_id, ticker, ordinal, added_at_ms)
             SELECT ?1, ?2, COALESCE(MAX(ordinal) + 1, 0), ?3 FROM watchlist WHERE account_id = ?1",
            params![account, watched.ticker, watched.added_at],
            rows,
        ),
        Effect::Unwatched(ticker) => {
            execute("DELETE FROM watchlist WHERE account_id = ?1 AND ticker = ?2", params![account, ticker], rows)
        }
        Effect::WatchlistOrdered(order) => order_watchlist(account, &order, rows),
        Effect::Message(row) => insert_message(account, &row, rows),
        Effect::Action(row) => insert_action(account, &row, rows),
        Effect::ActionDecided(decision) => decide_action(account, &decision, rows),
        Effect::ChatCleared { after_message } => execute(
            "UPDATE accounts SET chat_cleared_after_sequence = ?2 WHERE id = ?1",
            params![account, after_message],
            rows,
        ),
        Effect::Autonomy(autonomy) => {
            execute("UPDATE accounts SET autonomy = ?2 WHERE id = ?1", params![account, autonomy], rows)
        }
        Effect::Orders { group, .. } => put_group(account, &group, rows),
        Effect::OrderNamed(row) => execute(
            "INSERT INTO order_names (account_id, client_order_id, order_id, request) VALUES (?1, ?2, ?3, ?4)",
            params![account, row.name, row.order_id, row.request],
            rows,
        ),
        Effect::Alert(alert) => put_alert(account, &alert, rows),
        Effect::AlertDeleted(id) => {
            execute("DELETE FROM alerts WHERE id = ?2 AND account_id = ?1", params![account, id], rows)
        }
        Effect::Firing(row) => insert_firing(account, &row, rows),
        Effect::FiringsRead { until, .. } => execute(
            "UPDATE alert_firings SET is_read = 1 WHERE account_id = ?1 AND is_read = 0 AND sequence <= ?2",
            params![account, until],
            rows,
        ),
        Effect::TrailMarks { saved_at, marks } => put_trail_marks(saved_at, &marks, rows),
        Effect::CorporateAction(row) => insert_corporate_action(account, &row, rows),
        Effect::OrdersSplit(id) => {
            execute("INSERT INTO order_splits (account_id, id) VALUES (?1, ?2)", params![account, id], rows)
        }
        Effect::DividendPaid { sequence, at, .. } => execute(
            "UPDATE corporate_actions SET status = 'applied', applied_at_ms = ?3
             WHERE account_id = ?1 AND sequence = ?2",
            params![account, sequence, at],
            rows,
        ),
        Effect::AccessKeyKept { hash, kind, at } => execute(
            "INSERT INTO access_keys (hash, account_id, kind, created_at_ms) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (hash) DO NOTHING",
            params![hash, account, kind, at],
            rows,
        ),
        Effect::AccessKeyDropped { hash } => {
            execute("DELETE FROM access_keys WHERE account_id = ?1 AND hash = ?2", params![account, hash], rows)
        }
        Effect::TokenKept(token) => execute(
            "INSERT INTO tokens (id, account_id, hash, name, scopes, created_at_ms, expires_at_ms, last_used_at_ms)
             VALUES (?2, ?1, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                account,
                token.id,
                token.hash,
                token.name,
                token.scopes.to_string(),
                token.created_at,
                token.expires_at,
                token.last_used_at
            ],
            rows,
        ),
        Effect::TokenRevoked(id) => {
            execute("DELETE FROM tokens WHERE account_id = ?1 AND id = ?2", params![account, id], rows)
        }
        Effect::TokenUsed { id, at } => execute(
            "UPDATE tokens SET last_used_at_ms = ?3 WHERE account_id = ?1 AND id = ?2",
            params![account, id, at],
            rows,
        ),
        Effect::MarketSeed(seed) => execute(
            "INSERT INTO market (id, seed) VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET seed = excluded.seed",
            params![seed.cast_signed()],
            rows,
        ),
        // Invariant: `write` handles these itself.
        Effect::Trade(_)
        | Effect::Holding { .. }
        | Effect::Amounts(_)
        | Effect::Snapshot { .. }
        | Effect::Day(_)
        | Effect::Event(_) => Ok(()),
    }
}

pub fn execute(statement: &str, values: impl rusqlite::Params, rows: &Connection) -> rusqlite::Result<()> {
    rows.prepare_cached(statement)?.execute(values)?;
    Ok(())
}

fn open_account(account: AccountId, deposit: Money, at: UtcInstant, rows: &Connection) -> rusqlite::Result<()> {
    execute(
        "INSERT INTO accounts (id, initial_deposit_cents, cash_cents, realized_pnl_cents, opened_at_ms)
         VALUES (?1, ?2, ?2, 0, ?3)",
        params![account, deposit, at],
        rows,
    )
}

fn reset_account(account: AccountId, at: UtcInstant, after_trade: i64, rows: &Connection) -> rusqlite::Result<()> {
    execute(
        "UPDATE accounts SET opened_at_ms = ?2, reset_after_sequence = ?3, flows_cents = 0 WHERE id = ?1",
        params![account, at, after_trade],
        rows,
    )?;
    execute("DELETE FROM positions WHERE account_id = ?1", [account], rows)?;
    execute("DELETE FROM account_days WHERE account_id = ?1", [account], rows)?;
    execute("UPDATE flows SET is_past = 1 WHERE account_id = ?1", [account], rows)?;
    execute("UPDATE corporate_actions SET status = 'lapsed' WHERE account_id = ?1 AND status = 'owed'", [account], rows)
}

/// Renumbers the whole list, which is short.
fn order_watchlist(account: AccountId, order: &[Ticker], rows: &Connection) -> rusqlite::Result<()> {
    (0_i64..).zip(order).try_for_each(|(ordinal, ticker)| {
        let number = "UPDATE watchlist SET ordinal = ?3 WHERE account_id = ?1 AND ticker = ?2 AND ordinal <> ?3";
        execute(number, params![account, ticker, ordinal], rows)
    })
}

fn insert_trade(account: AccountId, row: &TradeRow, rows: &Connection) -> rusqlite::Result<()> {
    let TradeRow { trade, cash_after, holding_after, total_value_after, previous_close, fill_number } = row;
    execute(
        "INSERT INTO trades (id, account_id, client_order_id, ticker, side, quantity_millionths, price_units,
             notional_cents, realized_pnl_cents, source, executed_at_ms, cash_cents_after,
             quantity_millionths_after, cost_basis_cents_after, total_value_cents_after, previous_close_units,
             correction, order_id, fill_number, commission_cents)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)",
        params![
            trade.id,
            account,
            trade.client_order_id,
            trade.ticker,
            trade.side,
            trade.quantity,
            trade.price,
            trade.notional,
            trade.realized_pnl,
            trade.source,
            trade.executed_at,
            cash_after,
            holding_after.map(|holding| holding.quantity),
            holding_after.map(|holding| holding.cost_basis),
            total_value_after,
            previous_close,
            trade.correction,
            trade.order_id,
            fill_number,
            trade.commission,
        ],
        rows,
    )
}

fn insert_message(account: AccountId, row: &MessageRow, rows: &Connection) -> rusqlite::Result<()> {
    let Provenance { model, latency_ms, prompt_tokens, completion_tokens, raw_reply } = &row.provenance;
    let count = |count: &Option<u64>| count.map(|count| i64::try_from(count).unwrap_or(i64::MAX));
    let misread = (!row.misread.is_empty()).then(|| json!(row.misread).to_string());
    let citations = (!row.citations.is_empty()).then(|| json!(row.citations).to_string());
    execute(
        "INSERT INTO chat_messages (id, account_id, role, message, created_at_ms, client_message_id, in_reply_to,
             failure, model, latency_ms, prompt_tokens, completion_tokens, raw_reply, misread_actions,
             citations)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
        params![
            row.id,
            account,
            row.role,
            row.text,
            row.created_at,
            row.client_message_id,
            row.in_reply_to,
            row.failure,
            model,
            count(latency_ms),
            count(prompt_tokens),
            count(completion_tokens),
            raw_reply,
            misread,
            citations,
        ],
        rows,
    )
}

/// Name of an action's kind in its row.
fn kind_of(action: &Action) -> &'static str {
    match action {
        Action::Watch(_) => "add",
        Action::Unwatch(_) => "remove",
        Action::Trade { side, .. } => side.as_str(),
        Action::Order(_) => "order",
        Action::Cancel(_) => "cancel",
        Action::Alert(_) => "alert",
    }
}

fn insert_action(account: AccountId, row: &ActionRow, rows: &Connection) -> rusqlite::Result<()> {
    let ActionRow { message_id, ordinal, action } = row;
    let ticker = action.action.ticker();
    let quantity = match action.action {
        Action::Trade { quantity, .. } => Some(quantity),
        Action::Watch(_) | Action::Unwatch(_) | Action::Order(_) | Action::Cancel(_) | Action::Alert(_) => None,
    };
    let details = match action.action {
        Action::Order(_) | Action::Cancel(_) | Action::Alert(_) => Some(json!(action.action).to_string()),
        Action::Watch(_) | Action::Unwatch(_) | Action::Trade { .. } => None,
    };
    execute(
        "INSERT INTO chat_actions (id, account_id, message_id, ordinal, kind, ticker, quantity_millionths, status,
             price_units, error, decided_at_ms, notional_cents, cash_cents_after, details)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        params![
            action.id,
            account,
            message_id,
            i64::try_from(*ordinal).unwrap_or(i64::MAX),
            kind_of(&action.action),
            ticker.as_ref().map_or("", |ticker| ticker.as_str()),
            quantity,
            action.status,
            action.price,
            action.error,
            action.decided_at,
            action.estimate.map(|estimate| estimate.notional),
            action.estimate.map(|estimate| estimate.cash_after),
            details,
        ],
        rows,
    )
}

fn decide_action(account: AccountId, decision: &ActionDecision, rows: &Connection) -> rusqlite::Result<()> {
    let ActionDecision { action_id, status, price, trade_id, error, at } = decision;
    execute(
        "UPDATE chat_actions SET status = ?3, price_units = COALESCE(?4, price_units), trade_id = ?5, error = ?6,
             decided_at_ms = ?7
         WHERE account_id = ?1 AND id = ?2",
        params![account, action_id, status, price, trade_id, error, at],
        rows,
    )
}

fn insert_corporate_action(account: AccountId, row: &CorporateActionRow, rows: &Connection) -> rusqlite::Result<()> {
    let CorporateActionRow { id, ticker, ex_date, quantity, recorded_at, outcome } = row;
    let (kind, ex_date) = (outcome.kind(), ex_date.to_string());
    match outcome {
        ActionOutcome::Split { ratio, quantity_after, price, .. } => execute(
            "INSERT INTO corporate_actions (account_id, id, kind, ticker, ex_date, split_from_millionths,
                 split_to_millionths, quantity_millionths, quantity_millionths_after, price_units, status,
                 recorded_at_ms, applied_at_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 'applied', ?11, ?11)",
            params![
                account,
                id,
                kind,
                ticker,
                ex_date,
                ratio.from,
                ratio.to,
                quantity,
                quantity_after,
                price,
                recorded_at
            ],
            rows,
        ),
        ActionOutcome::Dividend { rate, pay_date, cash } => execute(
            "INSERT INTO corporate_actions (account_id, id, kind, ticker, ex_date, pay_date, amount_billionths,
                 quantity_millionths, cash_cents, status, recorded_at_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 'owed', ?10)",
            params![
                account,
                id,
                kind,
                ticker,
                ex_date,
                pay_date.to_string(),
                rate.billionths(),
                quantity,
                cash,
                recorded_at
            ],
            rows,
        ),
    }
}
