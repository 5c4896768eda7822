//! The watchlist, its movers, and single tickers.

use super::{View, list};
use crate::{
    domain::ticker::Ticker,
    server::{
        copilot::built_in::figures::{UNKNOWN, at, change, count, known},
        market::company_name,
    },
};

impl View<'_> {
    pub(super) fn movers(&self) -> String {
        let mut quotes: Vec<_> = self
            .setting
            .context
            .watchlist
            .iter()
            .filter_map(|watched| self.setting.prices.quotes.get(watched.ticker))
            .collect();
        quotes.sort_by(|one, other| other.day_change_percent().abs().total_cmp(&one.day_change_percent().abs()));
        if quotes.is_empty() {
            return "Nothing on your watchlist has a price now.".to_owned();
        }
        let mut lines = vec!["What moved most today on your watchlist:".to_owned()];
        lines.extend(
            quotes.iter().take(5).map(|quote| {
                format!("- {}: {:+.2} % to {}", quote.ticker, quote.day_change_percent(), at(quote.price))
            }),
        );
        list(&lines)
    }

    pub(super) fn watchlist(&self) -> String {
        let watchlist = &self.setting.context.watchlist;
        let mut lines = vec![format!("You watch {}.", count(watchlist.len(), "ticker"))];
        lines.extend(watchlist.iter().map(|watched| match self.setting.prices.quotes.get(watched.ticker) {
            Some(quote) => {
                format!("- {}: {}, {:+.2} % today", watched.ticker, at(quote.price), quote.day_change_percent())
            }
            None => format!("- {}: no price now", watched.ticker),
        }));
        list(&lines)
    }

    pub(super) fn ticker(&self, ticker: Ticker) -> String {
        let name = company_name(ticker).map(|name| format!(" ({name})")).unwrap_or_default();
        let price = match self.setting.prices.quotes.get(ticker) {
            Some(quote) => {
                let day = quote.day_change_percent();
                let age = if quote.is_stale { " That price is an old one." } else { "" };
                format!("**{ticker}**{name} is at {}, {day:+.2} % today.{age}", at(quote.price))
            }
            None => format!("**{ticker}**{name} has no price here; watch it to get one."),
        };
        let held = match self.portfolio.position(ticker) {
            Some(position) => format!(
                "You hold {} worth {}, bought at {} on average: {}.",
                position.quantity,
                known(position.market_value),
                position.avg_cost.map_or_else(|| UNKNOWN.to_owned(), at),
                change(position.unrealized_pnl, position.unrealized_pnl_percent)
            ),
            None => "You hold none.".to_owned(),
        };
        format!("{price} {held}")
    }
}
