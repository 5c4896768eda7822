//! Past trades.

use super::{LINES_MAX, View, list, rest_of};
use crate::{
    domain::{
        instant::UtcInstant,
        order::{Side, Trade},
        ticker::Ticker,
    },
    server::copilot::built_in::{
        figures::{at, signed},
        words::Word,
    },
};

impl View<'_> {
    pub(super) fn trades(&self, words: &[Word], tickers: &[Ticker]) -> String {
        let says = |any: &[&str]| words.iter().any(|word| any.contains(&word.plain.as_str()));
        let side = match (says(&["bought", "buy", "purchases", "purchase"]), says(&["sold", "sell", "sales"])) {
            (true, false) => Some(Side::Buy),
            (false, true) => Some(Side::Sell),
            (true, true) | (false, false) => None,
        };
        let day = self.setting.now.start_of_day();
        let day_before = UtcInstant::from_unix_ms(day.unix_ms() - 1).start_of_day();
        let is_meant = |trade: &&Trade| {
            (tickers.is_empty() || tickers.contains(&trade.ticker))
                && side.is_none_or(|side| trade.side == side)
                && (!says(&["today"]) || trade.executed_at >= day)
                && (!says(&["yesterday"]) || (trade.executed_at < day && trade.executed_at >= day_before))
        };
        let found: Vec<_> = self.setting.context.recent_trades.iter().filter(is_meant).collect();
        let when = match (says(&["today"]), says(&["yesterday"])) {
            (true, _) => " today",
            (false, true) => " yesterday",
            (false, false) => "",
        };
        let of = match tickers {
            [] => String::new(),
            tickers => format!(" in {}", tickers.iter().map(Ticker::to_string).collect::<Vec<_>>().join(" and ")),
        };
        let verb = match side {
            None => "traded",
            Some(Side::Buy) => "bought",
            Some(Side::Sell) => "sold",
        };
        if found.is_empty() {
            return format!("You have {verb} nothing{of}{when}.");
        }
        let shown = if says(&["last", "latest"]) && !says(&["trades", "orders"]) { 1 } else { LINES_MAX };
        let mut lines = vec![format!("What you {verb}{of}{when}, newest first:")];
        lines.extend(found.iter().take(shown).map(|trade| trade_line(trade)));
        if shown > 1 {
            lines.extend(rest_of(found.len()));
        }
        list(&lines)
    }
}

/// `- 2026-11-30 14:02 UTC: bought 5 AAPL at $190.00 for $950.00`
fn trade_line(trade: &Trade) -> String {
    let moment = trade.executed_at.to_rfc3339().replace('T', " ");
    let moment = moment.get(..16).unwrap_or_default();
    let verb = match trade.side {
        Side::Buy => "bought",
        Side::Sell => "sold",
    };
    let realized = match trade.side {
        Side::Buy => String::new(),
        Side::Sell => format!(", realising {}", signed(trade.realized_pnl)),
    };
    format!(
        "- {moment} UTC: {verb} {} {} at {} for {}{realized}",
        trade.quantity,
        trade.ticker,
        at(trade.price),
        trade.notional
    )
}
