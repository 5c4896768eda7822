//! The server functions: what the page asks of the server. Each hands on to the room that does the work.

use leptos::prelude::*;

use crate::{
    domain::{
        alerts::request::{AlertView, AlertsAndFirings, ChangeAlert as AlertChange, FiringsPage, NewAlert},
        candle::{Candle, Interval},
        chat::{ChatLine, ClientMessageId, Conversation, MessageText},
        copilot::{Autonomy, ModelChange, ModelState},
        equity::{EquityCurve, HistoryRange},
        order::{ClientOrderId, OrderRequest, Trade, TradeReceipt, TradesPage},
        orders::{
            id::OrderId,
            replace::ReplaceOrder as OrderChange,
            request::NewOrder,
            view::{OpenAndRecent, OrderPreview, OrderView},
        },
        performance::{
            flow::{FlowReceipt, FlowsPage, NewFlow},
            lots::{LotMethod, LotsPage},
            range::Range,
            report::PerformanceView,
        },
        quote::Quote,
        realized::Realized,
        session::MarketHours,
        symbol::SymbolFacts,
        ticker::Ticker,
        token::TokenInfo,
        workstation::{Listed, Statement, WatchedLines, Workstation},
    },
    error::ApiError,
    wire::ask::{Command, Question},
};

/// Everything that the first paint shows, with the chart of `selected` where that is followed.
#[server(prefix = "/api/fn", protocol = Question)]
pub async fn load_workstation(selected: Option<Ticker>) -> Result<Workstation, ApiError> {
    let (state, caller) = crate::server::request()?;
    Ok(state.workstation(caller.account, selected).await)
}

/// The account as it is now.
#[server(prefix = "/api/fn", protocol = Question)]
pub async fn load_account() -> Result<Statement, ApiError> {
    let (state, caller) = crate::server::request()?;
    Ok(state.statement(caller.account))
}

/// The latest candles, or those from `since` (Unix seconds) on, oldest first; empty when the ticker is neither watched nor
/// held.
#[server(prefix = "/api/fn", protocol = Question)]
pub async fn load_candles(ticker: Ticker, interval: Interval, since: Option<i64>) -> Result<Vec<Candle>, ApiError> {
    let (state, caller) = crate::server::request()?;
    Ok(state.chart(caller.account, ticker, interval, since).await)
}

/// The latest trades of one ticker, oldest first.
#[server(prefix = "/api/fn", protocol = Question)]
pub async fn load_fills(ticker: Ticker) -> Result<Vec<Trade>, ApiError> {
    let (state, caller) = crate::server::request()?;
    state.ledger.fills(caller.account, ticker).await
}

/// What the portfolio was worth.
#[server(prefix = "/api/fn", protocol = Question)]
pub async fn load_equity(range: HistoryRange) -> Result<EquityCurve, ApiError> {
    let (state, caller) = crate::server::request()?;
    state.equity_curve(caller.account, range).await
}

/// Fills a market order; see `server::execution`. The inner result is the order's: a refusal is an answer, not a failed
/// request, so that browsers do not report it as one.
#[server(prefix = "/api/fn", protocol = Command)]
pub async fn place_order(order: OrderRequest) -> Result<Result<TradeReceipt, ApiError>, ApiError> {
    let (state, caller) = crate::server::request()?;
    Ok(state.execution.execute(caller, order).await)
}

/// Open orders, and the latest that have ended.
#[server(prefix = "/api/fn", protocol = Question)]
pub async fn load_orders() -> Result<OpenAndRecent, ApiError> {
    let (state, caller) = crate::server::request()?;
    state.orders.open_and_recent(caller.account).await
}

/// Returns the cost, hold and remaining buying power of an order, and each reason to refuse it. The inner result is a refusal,
/// here and in the functions below.
#[server(prefix = "/api/fn", protocol = Question)]
pub async fn preview_order(order: NewOrder) -> Result<Result<OrderPreview, ApiError>, ApiError> {
    let (state, caller) = crate::server::request()?;
    Ok(state.orders.preview(caller, order).await)
}

/// Places an order that may wait.
#[server(prefix = "/api/fn", protocol = Command)]
pub async fn submit_order(order: NewOrder) -> Result<Result<OrderView, ApiError>, ApiError> {
    let (state, caller) = crate::server::request()?;
    Ok(state.orders.submit(caller, order).await.map(|(order, _)| order))
}

/// Changes an open order.
#[server(prefix = "/api/fn", protocol = Command)]
pub async fn replace_order(id: OrderId, change: OrderChange) -> Result<Result<OrderView, ApiError>, ApiError> {
    let (state, caller) = crate::server::request()?;
    Ok(state.orders.change(caller, id, change).await)
}

/// Cancels an order, only while it is at `if_revision` where that is given.
#[server(prefix = "/api/fn", protocol = Command)]
pub async fn cancel_order(id: OrderId, if_revision: Option<u32>) -> Result<Result<OrderView, ApiError>, ApiError> {
    let (state, caller) = crate::server::request()?;
    Ok(state.orders.cancel(caller, id, if_revision).await)
}

/// Cancels all open orders, of one ticker or of all.
#[server(prefix = "/api/fn", protocol = Command)]
pub async fn cancel_all_orders(ticker: Option<Ticker>) -> Result<Vec<OrderView>, ApiError> {
    let (state, caller) = crate::server::request()?;
    state.orders.cancel_all(caller, ticker).await
}

/// The alerts, and their latest firings.
#[server(prefix = "/api/fn", protocol = Question)]
pub async fn load_alerts() -> Result<AlertsAndFirings, ApiError> {
    let (state, caller) = crate::server::request()?;
    state.alerts.alerts_and_firings(caller.account).await
}

/// The log of firings, newest first: those before the page that ended with `cursor`.
#[server(prefix = "/api/fn", protocol = Question)]
pub async fn load_firings(cursor: Option<String>) -> Result<FiringsPage, ApiError> {
    let (state, caller) = crate::server::request()?;
    let before = cursor.and_then(|cursor| cursor.parse().ok()).unwrap_or(i64::MAX);
    state.alerts.firings(caller.account, before, usize::MAX).await
}

/// Makes an alert. The inner result is a refusal, as for an order; so it is in those below.
#[server(prefix = "/api/fn", protocol = Command)]
pub async fn create_alert(alert: NewAlert) -> Result<Result<AlertView, ApiError>, ApiError> {
    let (state, caller) = crate::server::request()?;
    Ok(state.alerts.create(caller, alert).await)
}

/// Changes an alert, pauses it or lets it go on.
#[server(prefix = "/api/fn", protocol = Command)]
pub async fn change_alert(id: String, change: AlertChange) -> Result<Result<AlertView, ApiError>, ApiError> {
    let (state, caller) = crate::server::request()?;
    Ok(state.alerts.change(caller, &id, change).await)
}

/// Deletes an alert; its firings stay in the log.
#[server(prefix = "/api/fn", protocol = Command)]
pub async fn delete_alert(id: String) -> Result<Result<(), ApiError>, ApiError> {
    let (state, caller) = crate::server::request()?;
    Ok(state.alerts.delete(caller, &id).await)
}

/// Marks firings as read, all or those up to the one with the id `until`; gives how many are unread then.
#[server(prefix = "/api/fn", protocol = Command)]
pub async fn mark_firings_read(until: Option<String>) -> Result<u64, ApiError> {
    let (state, caller) = crate::server::request()?;
    state.alerts.mark_read(caller, until).await
}

/// Closes a position at the last price known, when its market has none. The inner result is a refusal, as for an order.
#[server(prefix = "/api/fn", protocol = Command)]
pub async fn write_off(ticker: Ticker) -> Result<Result<TradeReceipt, ApiError>, ApiError> {
    let (state, caller) = crate::server::request()?;
    Ok(state.write_off(caller.account, ticker).await)
}

/// Gives the account its deposit back, and nothing else.
#[server(prefix = "/api/fn", protocol = Command)]
pub async fn reset_account() -> Result<(), ApiError> {
    let (state, caller) = crate::server::request()?;
    state.reset(caller.account).await
}

/// The watchlist as it is now.
#[server(prefix = "/api/fn", protocol = Question)]
pub async fn load_watchlist() -> Result<WatchedLines, ApiError> {
    let (state, caller) = crate::server::request()?;
    Ok(state.watched_lines(caller.account))
}

/// Adds a ticker in front of `before`, or at the end; one that no company is known by unless it may not be made up. The inner
/// result is a refusal, as for an order; so it is below.
#[server(prefix = "/api/fn", protocol = Command)]
pub async fn watch_ticker(
    ticker: Ticker,
    before: Option<Ticker>,
    may_be_made_up: Option<bool>,
) -> Result<Result<WatchedLines, ApiError>, ApiError> {
    let (state, caller) = crate::server::request()?;
    Ok(state.watch(caller.account, ticker, before, may_be_made_up.unwrap_or(true)).await)
}

/// Takes a ticker off the watchlist; one that is held keeps its price.
#[server(prefix = "/api/fn", protocol = Command)]
pub async fn unwatch_ticker(ticker: Ticker) -> Result<Result<WatchedLines, ApiError>, ApiError> {
    let (state, caller) = crate::server::request()?;
    Ok(state.unwatch(caller.account, ticker).await)
}

/// Moves a ticker of the watchlist in front of `before`, or to the end.
#[server(prefix = "/api/fn", protocol = Command)]
pub async fn move_ticker(ticker: Ticker, before: Option<Ticker>) -> Result<Result<WatchedLines, ApiError>, ApiError> {
    let (state, caller) = crate::server::request()?;
    Ok(state.reorder(caller.account, ticker, before).await)
}

/// The tickers that are known by name, in alphabetical order.
#[server(prefix = "/api/fn", protocol = Question)]
pub async fn load_listings() -> Result<Vec<Listed>, ApiError> {
    Ok(crate::server::market::listings())
}

/// The market's session of now, and the next regular one.
#[server(prefix = "/api/fn", protocol = Question)]
pub async fn load_market_hours() -> Result<MarketHours, ApiError> {
    Ok(crate::server::state()?.market_hours())
}

/// The account's API tokens, oldest first.
#[server(prefix = "/api/fn", protocol = Question)]
pub async fn load_tokens() -> Result<Vec<TokenInfo>, ApiError> {
    let (state, caller) = crate::server::request()?;
    state.tokens.list(caller.account).await
}

/// Makes an API token; returns it with its secret.
#[server(prefix = "/api/fn", protocol = Command)]
pub async fn make_token(name: String, scopes: Vec<String>) -> Result<Result<(TokenInfo, String), ApiError>, ApiError> {
    let (state, caller) = crate::server::request()?;
    Ok(state.tokens.make(caller, &name, &scopes, None).await.map(|made| (made.about, made.token)))
}

/// Revokes an API token.
#[server(prefix = "/api/fn", protocol = Command)]
pub async fn revoke_token(id: String) -> Result<Result<(), ApiError>, ApiError> {
    let (state, caller) = crate::server::request()?;
    Ok(state.tokens.revoke(caller.account, id).await)
}

/// Facts of a ticker beside its price, from its daily candles; without any for a ticker that is neither watched nor held.
#[server(prefix = "/api/fn", protocol = Question)]
pub async fn load_symbol(ticker: Ticker) -> Result<SymbolFacts, ApiError> {
    let (state, caller) = crate::server::request()?;
    Ok(state.symbol(caller.account, ticker).await)
}

/// Returns the price of any ticker, watched, held or neither; the price stream has it for a minute from then on.
#[server(prefix = "/api/fn", protocol = Question)]
pub async fn load_quote(ticker: Ticker) -> Result<Option<Quote>, ApiError> {
    Ok(crate::server::state()?.execution.price(ticker).await.quotes.get(ticker).copied())
}

/// What was answered to the order of this name; nothing when it was not filled.
#[server(prefix = "/api/fn", protocol = Question)]
pub async fn find_order(client_order_id: ClientOrderId) -> Result<Option<TradeReceipt>, ApiError> {
    let (state, caller) = crate::server::request()?;
    state.ledger.receipt(caller.account, &client_order_id).await
}

/// Trades since the latest reset, newest first; at most `limit`, of those before the one with the id `before`.
#[server(prefix = "/api/fn", protocol = Question)]
pub async fn load_trades(limit: usize, before: Option<String>) -> Result<TradesPage, ApiError> {
    let (state, caller) = crate::server::request()?;
    state.ledger.trades(caller.account, limit, before.as_deref()).await
}

/// How many trades there are since the latest reset.
#[server(prefix = "/api/fn", protocol = Question)]
pub async fn count_trades() -> Result<u64, ApiError> {
    let (state, caller) = crate::server::request()?;
    state.ledger.count_trades(caller.account).await
}

/// What sales since the latest reset realised, ticker by ticker, and the dividends since then.
#[server(prefix = "/api/fn", protocol = Question)]
pub async fn load_realized() -> Result<Realized, ApiError> {
    let (state, caller) = crate::server::request()?;
    state.realized(caller.account).await
}

/// Figures and days of the account over a range, against `benchmark` or the server's own one.
#[server(prefix = "/api/fn", protocol = Question)]
pub async fn load_performance(range: Range, benchmark: Option<Ticker>) -> Result<PerformanceView, ApiError> {
    let (state, caller) = crate::server::request()?;
    state.performance.view(caller.account, range, benchmark).await
}

/// The lots by a method, of one ticker or of all, with the latest closed ones.
#[server(prefix = "/api/fn", protocol = Question)]
pub async fn load_lots(method: LotMethod, ticker: Option<Ticker>) -> Result<LotsPage, ApiError> {
    let (state, caller) = crate::server::request()?;
    state.performance.lots(caller.account, method, ticker, crate::server::performance::CLOSED_LOTS_MAX).await
}

/// Deposits and withdrawals, newest first: those before the page that ended with `cursor`.
#[server(prefix = "/api/fn", protocol = Question)]
pub async fn load_flows(cursor: Option<String>) -> Result<FlowsPage, ApiError> {
    let (state, caller) = crate::server::request()?;
    let before = cursor.and_then(|cursor| cursor.parse().ok());
    state.ledger.flows(caller.account, usize::MAX, before).await
}

/// Records a deposit or withdrawal. The inner result is a refusal, as for an order.
#[server(prefix = "/api/fn", protocol = Command)]
pub async fn record_flow(flow: NewFlow) -> Result<Result<FlowReceipt, ApiError>, ApiError> {
    let (state, caller) = crate::server::request()?;
    Ok(state.performance.record_flow(caller.account, flow).await)
}

/// The conversation with the copilot: its newest messages, or those before the message `before`, and how the copilot is
/// set.
#[server(prefix = "/api/fn", protocol = Question)]
pub async fn load_conversation(before: Option<String>) -> Result<Conversation, ApiError> {
    let (state, caller) = crate::server::request()?;
    state.copilot.conversation(caller.account, before.as_deref()).await
}

/// Says something to the copilot, and gives its reply. The inner result is the turn's, as for an order; so it is below.
#[server(prefix = "/api/fn", protocol = Command)]
pub async fn send_message(
    text: MessageText,
    client_message_id: ClientMessageId,
) -> Result<Result<ChatLine, ApiError>, ApiError> {
    let (state, caller) = crate::server::request()?;
    Ok(state.copilot.send(caller.account, text, Some(client_message_id)).await.map(crate::server::copilot::line))
}

/// Waits for the reply that is being made; nothing when none is.
#[server(prefix = "/api/fn", protocol = Question)]
pub async fn await_reply() -> Result<Option<Result<ChatLine, ApiError>>, ApiError> {
    let (state, caller) = crate::server::request()?;
    let reply = state.copilot.pending_reply(caller.account).await;
    Ok(reply.map(|reply| reply.map(crate::server::copilot::line)))
}

/// Waits until the reply that is being made waits for something besides the model's thinking, and says what that is; nothing
/// once it is made.
#[server(prefix = "/api/fn", protocol = Question)]
pub async fn load_notice() -> Result<Option<String>, ApiError> {
    let (state, caller) = crate::server::request()?;
    Ok(state.copilot.notice(caller.account).await.map(str::to_owned))
}

/// Gives up the reply that is being made.
#[server(prefix = "/api/fn", protocol = Command)]
pub async fn cancel_reply() -> Result<(), ApiError> {
    let (state, caller) = crate::server::request()?;
    state.copilot.cancel(caller.account).await;
    Ok(())
}

/// Begins the conversation anew.
#[server(prefix = "/api/fn", protocol = Command)]
pub async fn clear_conversation() -> Result<(), ApiError> {
    let (state, caller) = crate::server::request()?;
    state.copilot.clear(caller.account).await
}

/// Sets what becomes of the copilot's actions from now on.
#[server(prefix = "/api/fn", protocol = Command)]
pub async fn set_autonomy(autonomy: Autonomy) -> Result<(), ApiError> {
    let (state, caller) = crate::server::request()?;
    state.copilot.set_autonomy(caller.account, autonomy).await
}

/// Runs a proposed action, and gives the reply that it is part of.
#[server(prefix = "/api/fn", protocol = Command)]
pub async fn approve_action(action_id: String) -> Result<Result<ChatLine, ApiError>, ApiError> {
    let (state, caller) = crate::server::request()?;
    Ok(state.copilot.approve(caller.account, &action_id).await.map(crate::server::copilot::line))
}

/// Turns a proposed action down, and gives the reply that it is part of.
#[server(prefix = "/api/fn", protocol = Command)]
pub async fn dismiss_action(action_id: String) -> Result<Result<ChatLine, ApiError>, ApiError> {
    let (state, caller) = crate::server::request()?;
    Ok(state.copilot.dismiss(caller.account, &action_id).await.map(crate::server::copilot::line))
}

/// Connects a language model, looks for one or lets it go, and says who answers then. The inner result is a refusal, as for an
/// order.
#[server(prefix = "/api/fn", protocol = Command)]
pub async fn change_model(change: ModelChange) -> Result<Result<ModelState, ApiError>, ApiError> {
    Ok(crate::server::state()?.copilot.change_model(change).await)
}
