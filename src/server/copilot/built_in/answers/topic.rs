//! The subject of a question, by its keywords.

use super::period::range_asked;
use crate::{domain::ticker::Ticker, server::copilot::built_in::words::Word};

/// The subject of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    Help,
    Orders,
    Alerts,
    Trades,
    WhyToday,
    Today,
    Largest,
    Smallest,
    Concentration,
    Best,
    Worst,
    Movers,
    Watchlist,
    Afford,
    Cash,
    Positions,
    Realized,
    Unrealized,
    Drawdown,
    Limits,
    /// How the account did over a period, with its risk.
    Period,
    Overview,
    Ticker,
}

/// Topic of a question, by its keywords; more specific topics are tried first.
pub fn topic_of(words: &[Word], tickers: &[Ticker]) -> Option<Topic> {
    let has = |any: &[&str]| words.iter().any(|word| any.contains(&word.plain.as_str()));
    let says = |phrase: &[&str]| {
        words.windows(phrase.len()).any(|window| window.iter().zip(phrase).all(|(word, part)| word.plain == *part))
    };
    let is_about_trades =
        has(&["trade", "trades", "traded", "bought", "transactions", "transaction", "orders", "fills"])
            || (has(&["did", "have", "i", "last", "recent"]) && has(&["sold", "purchases", "sales"]))
            || (has(&["did"]) && has(&["buy", "sell", "purchase"]));
    let asks_why = has(&[
        "why",
        "explain",
        "cause",
        "caused",
        "because",
        "reason",
        "happened",
        "responsible",
        "drove",
        "dragging",
        "hurting",
        "driving",
    ]);
    let is_down = has(&[
        "fall",
        "fell",
        "fallen",
        "drop",
        "dropped",
        "down",
        "lose",
        "losing",
        "lost",
        "decline",
        "declined",
        "red",
        "less",
        "sink",
        "sank",
        "decrease",
        "decreased",
        "shrink",
    ]);
    let is_up = has(&[
        "rise",
        "rose",
        "risen",
        "up",
        "gain",
        "gained",
        "grow",
        "grew",
        "climb",
        "climbed",
        "increase",
        "increased",
        "more",
        "win",
        "won",
        "jump",
        "jumped",
    ]);
    let is_today = has(&["today", "day", "daily", "morning", "session", "afternoon", "yesterday"]);
    let is_change = has(&["change", "changed", "move", "moved", "moving"]);
    let is_mine =
        has(&["position", "positions", "holding", "holdings", "portfolio", "my", "own", "hold", "i", "account"]);
    let is_most = has(&["largest", "biggest", "greatest", "highest", "heaviest", "main", "top", "largest"]);
    let is_profit = has(&[
        "profit", "profits", "p&l", "pnl", "pl", "return", "returns", "gains", "losses", "earned", "earnings", "made",
        "make", "making", "earn", "earning",
    ]);
    let about_list = has(&["watchlist", "watching", "watched"]);
    Some(
        if has(&["help", "commands"]) || says(&["can", "you"]) || says(&["are", "you"]) || says(&["do", "you", "do"]) {
            Topic::Help
        } else if has(&["alert", "alerts"]) {
            Topic::Alerts
        } else if has(&["open", "waiting", "pending", "working", "resting"]) && has(&["order", "orders"]) {
            Topic::Orders
        } else if asks_why && (is_down || is_up || is_change || is_today || has(&["total", "value"])) {
            Topic::WhyToday
        } else if has(&["afford"]) || (has(&["buy", "spend", "invest"]) && has(&["can", "could"])) {
            Topic::Afford
        } else if has(&["realized", "realised"]) {
            Topic::Realized
        } else if has(&["unrealized", "unrealised"]) {
            Topic::Unrealized
        } else if has(&["limit", "limits", "allowed", "autonomy"]) {
            Topic::Limits
        } else if tickers.is_empty() && !is_about_trades && !is_today && range_asked(words).is_some() {
            Topic::Period
        } else if has(&["drawdown", "peak", "high-water"]) || says(&["all", "time", "high"]) || has(&["all-time"]) {
            Topic::Drawdown
        } else if has(&[
            "concentrated",
            "concentration",
            "diversified",
            "diversification",
            "diversify",
            "weight",
            "weights",
            "allocation",
            "allocated",
            "exposure",
            "exposed",
            "spread",
            "risk",
            "risky",
        ]) {
            Topic::Concentration
        } else if has(&["best", "winner", "winners", "winning", "gainer", "gainers", "strongest"])
            || (is_most && has(&["gain", "profit", "win", "winner", "riser"]))
            || (has(&["most"]) && is_up && !is_down && has(&["which", "what"]) && !has(&["of"]))
        {
            Topic::Best
        } else if has(&["worst", "loser", "losers", "losing", "weakest", "poorest", "laggard", "laggards"])
            || (is_most && has(&["loss", "loser", "losses", "decline", "fall", "drop"]))
            || (has(&["most"]) && is_down && has(&["which", "what"]))
        {
            Topic::Worst
        } else if has(&["mover", "movers"]) || ((is_change || has(&["market", "markets"])) && !is_mine) {
            Topic::Movers
        } else if (is_most || says(&["most", "of"])) && (is_mine || tickers.is_empty()) {
            Topic::Largest
        } else if has(&["smallest", "lowest", "least", "tiniest"]) {
            Topic::Smallest
        } else if is_about_trades {
            Topic::Trades
        } else if about_list || says(&["watch", "list"]) {
            Topic::Watchlist
        } else if has(&["cash", "buying", "liquid", "uninvested", "spend"])
            || (has(&["money", "dollars"]) && has(&["left", "have", "available"]) && !is_profit)
        {
            Topic::Cash
        } else if !tickers.is_empty() {
            Topic::Ticker
        } else if is_today
            && (is_change
                || is_up
                || is_down
                || is_profit
                || has(&["how", "doing", "did", "go", "went", "been", "performance", "summary", "today"]))
        {
            Topic::Today
        } else if says(&["do", "i", "have"])
            || has(&["positions", "holdings", "holding", "hold", "own", "stocks", "shares", "position"])
        {
            Topic::Positions
        } else if is_profit
            || is_up
            || is_down
            || has(&[
                "doing",
                "performance",
                "performing",
                "overview",
                "summary",
                "summarize",
                "summarise",
                "status",
                "portfolio",
                "account",
                "total",
                "value",
                "worth",
                "balance",
                "equity",
                "going",
                "invested",
                "deposit",
                "report",
                "stand",
                "figures",
                "rich",
            ])
        {
            Topic::Overview
        } else if has(&["hello", "hi", "hey", "thanks", "thank", "morning", "evening", "who", "model", "connect"]) {
            Topic::Help
        } else {
            return None;
        },
    )
}
