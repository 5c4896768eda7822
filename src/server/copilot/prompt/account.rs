//! Account and market in the prompt, as JSON.

use serde_json::{Value, json};

use super::{Setting, TRADES_TOLD_MAX};
use crate::{
    domain::{
        alerts::record::Alert,
        equity::Snapshot,
        money::Money,
        order::Trade,
        orders::{group::Group, order::Order},
        performance::report::{Performance, TickerGain},
        portfolio::Position,
    },
    server::{
        ledger::chat::PastTurn,
        market::{company_name, feed::Tick},
    },
};

/// The account's current state: one state of the books, valued at one tick.
pub fn account_data(setting: &Setting<'_>, rows_max: usize) -> Value {
    let Setting { context, prices, now, .. } = setting;
    let portfolio = context.value(prices);
    // The heaviest first, so that a cut omits the least.
    let mut positions: Vec<&Position> = portfolio.positions.iter().collect();
    positions.sort_by_key(|position| std::cmp::Reverse(position.market_value));
    let watchlist = context.watchlist.iter().take(rows_max).map(|watched| {
        let quote = prices.quotes.get(watched.ticker);
        json!({
            "ticker": watched.ticker,
            "company": company_name(watched.ticker),
            "price": known(quote.map(|quote| quote.price)),
            "day_change_percent": known(quote.map(|quote| quote.day_change_percent())),
        })
    });
    json!({
        "as_of": now,
        "market": market_data(prices, rows_max),
        "cash_balance": portfolio.cash_balance,
        "positions_value": known(portfolio.positions_value),
        "total_value": known(portfolio.total_value),
        "unrealized_pnl": known(portfolio.unrealized_pnl),
        "realized_pnl": portfolio.realized_pnl,
        "initial_deposit": context.account.initial_deposit,
        "deposits_less_withdrawals_since": context.account.flows,
        "positions": positions.iter().take(rows_max).map(|position| position_data(position)).collect::<Vec<_>>(),
        "positions_in_all": positions.len(),
        "concentration": known(portfolio.concentration().map(|concentration| json!({
            "largest_weight_percent": concentration.largest_weight,
            "herfindahl_index": concentration.herfindahl_index,
        }))),
        "watchlist": watchlist.collect::<Vec<_>>(),
        "watchlist_in_all": context.watchlist.len(),
        "recent_trades": context.recent_trades.iter().take(rows_max.min(TRADES_TOLD_MAX)).map(trade_data).collect::<Vec<_>>(),
        "open_orders": context.orders.groups().take(rows_max).map(|listed| order_data(&listed.group)).collect::<Vec<_>>(),
        "open_orders_in_all": context.orders.len(),
        "held_for_orders": context.orders.holds().cash,
        "alerts": context.alerts.iter().rev().take(rows_max).map(|alert| alert_data(alert)).collect::<Vec<_>>(),
        "alerts_in_all": context.alerts.len(),
        "recent_actions_of_yours": recent_actions(&context.past_turns, rows_max),
        "equity_curve": context.equity.iter().rev().take(rows_max).rev().map(point_data).collect::<Vec<_>>(),
        "performance": setting.performance.as_ref().map(performance_data),
    })
}

/// Most contributions in a prompt, from each end.
const CONTRIBUTIONS_MAX: usize = 5;

/// How the account did over a range; percentages in percent.
fn performance_data(performance: &Performance) -> Value {
    let contribution = |line: &TickerGain| json!({ "ticker": line.ticker, "gain": line.gain });
    let (best, worst) = (performance.by_ticker.iter(), performance.by_ticker.iter().rev());
    let values = performance.figures.iter().map(|(name, figure)| (name.as_str().to_owned(), known(figure.value)));
    json!({
        "range": performance.range,
        "from": performance.from,
        "to": performance.to,
        "days": performance.days,
        "opening_value": performance.opening_value,
        "closing_value": performance.closing_value,
        "deposits_less_withdrawals": performance.net_flows,
        "gain": performance.gain,
        "benchmark": performance.benchmark,
        "figures": values.collect::<serde_json::Map<_, _>>(),
        "largest_gains": best.take(CONTRIBUTIONS_MAX).filter(|line| line.gain > Money::ZERO).map(contribution).collect::<Vec<_>>(),
        "largest_losses": worst.take(CONTRIBUTIONS_MAX).filter(|line| line.gain < Money::ZERO).map(contribution).collect::<Vec<_>>(),
    })
}

/// State of the prices, and whether orders are filled.
fn market_data(prices: &Tick, rows_max: usize) -> Value {
    let status = &prices.status;
    let stale = prices.quotes.iter().filter(|quote| quote.is_stale).take(rows_max);
    // Time of each last confirmation.
    let stale = stale.map(|quote| (quote.ticker.to_string(), known(prices.confirmed_at(quote.ticker))));
    json!({
        "prices": status.data,
        "prices_since": prices.since,
        "takes_orders": status.is_open,
        "stale_prices_since": stale.collect::<serde_json::Map<_, _>>(),
        "note": status.note,
    })
}

fn position_data(position: &Position) -> Value {
    let mut data = json!({
        "ticker": position.ticker,
        "quantity": position.quantity,
        "avg_cost": known(position.avg_cost),
        "price": known(position.current_price),
        "price_is_stale": position.stale,
        "market_value": known(position.market_value),
        "unrealized_pnl": known(position.unrealized_pnl),
        "unrealized_pnl_percent": known(position.unrealized_pnl_percent),
        "weight_percent": known(position.weight),
    });
    if let Some(at) = position.price_at {
        data["price_is_the_last_known_of"] = json!(at);
    }
    data
}

fn trade_data(trade: &Trade) -> Value {
    json!({
        "at": trade.executed_at,
        "side": trade.side,
        "quantity": trade.quantity,
        "ticker": trade.ticker,
        "price": trade.price,
        "realized_pnl": trade.realized_pnl,
        "by": trade.source,
    })
}

/// An order that waits, with its legs.
fn order_data(group: &Group) -> Value {
    let data = |order: &Order| {
        let mut data = json!({
            "id": order.id,
            "ticker": order.ticker,
            "side": order.side,
            "type": order.terms.order_type(),
            "status": order.status.word(),
            "quantity_left": order.left(),
            "limit_price": order.terms.limit(),
            "stop_price": order.stop(),
            "time_in_force": order.time_in_force,
            "holds_cash": order.held.cash,
        });
        if let Some(condition) = &order.condition {
            data["submitted_when"] = json!(condition.to_string());
        }
        data
    };
    let mut told = data(group.leader());
    let legs: Vec<Value> = group.legs().iter().filter(|leg| leg.is_open()).map(data).collect();
    if !legs.is_empty() {
        told["legs"] = Value::from(legs);
    }
    told
}

fn alert_data(alert: &Alert) -> Value {
    json!({
        "when": alert.condition.to_string(),
        "frequency": alert.frequency,
        "status": alert.status,
        "fired": alert.firings,
        "note": alert.note,
    })
}

/// Outcomes of the actions in the latest answers, newest answer first.
fn recent_actions(turns: &[PastTurn], rows_max: usize) -> Vec<Value> {
    let actions = turns.iter().rev().flat_map(|turn| &turn.reply.actions);
    actions
        .take(rows_max)
        .map(|action| {
            json!({
                "action": action.action.to_string(),
                "outcome": action.status,
                "price": action.price,
                "reason": action.error,
            })
        })
        .collect()
}

fn point_data(point: &Snapshot) -> Value {
    json!([point.recorded_at, point.total_value])
}

/// Marks an unknown figure as missing, so that it is not taken for zero.
fn known(figure: Option<impl serde::Serialize>) -> Value {
    figure.map_or_else(|| json!("missing"), |figure| json!(figure))
}
