//! The trading day: changes of the total.

use std::cmp::Reverse;

use super::{LINES_MAX, View, list};
use crate::{
    domain::{day::DayPnl, money::Money, quote::Quote, ticker::Ticker},
    server::copilot::built_in::{
        figures::{UNKNOWN, change, direction, signed},
        words::Word,
    },
};

impl View<'_> {
    /// The total's gain on the trading day, the total, and the change in words.
    pub(super) fn day_change(&self) -> Option<(Money, Money, String)> {
        let context = self.setting.context;
        let total = self.portfolio.total_value?;
        let gain = context.today.gain(context.day, &context.account, Some(total), |ticker| self.quote(ticker))?;
        Some((gain.amount, total.checked_sub(gain.amount)?, change(Some(gain.amount), gain.percent)))
    }

    /// The market's quote, or one of the last known price, as in the portfolio's valuation.
    fn quote(&self, ticker: Ticker) -> Option<Quote> {
        let last = || self.setting.context.last_prices.get(&ticker).map(|last| last.quote(ticker));
        self.setting.prices.quotes.get(ticker).copied().or_else(last)
    }

    /// The day's gain of each ticker that is held or was traded today; the largest moves first.
    pub(super) fn day_moves(&self) -> Vec<(Ticker, DayPnl)> {
        let context = self.setting.context;
        let mut tickers: Vec<Ticker> = context.account.holdings.keys().copied().collect();
        tickers.extend(context.recent_trades.iter().map(|trade| trade.ticker));
        tickers.sort_unstable();
        tickers.dedup();
        let quantity = |ticker| context.account.holdings.get(&ticker).map(|holding| holding.quantity);
        let mut moves: Vec<_> = tickers
            .into_iter()
            .filter_map(|ticker| {
                let quote = self.quote(ticker)?;
                Some((ticker, context.today.pnl(context.day, quantity(ticker), &quote)?))
            })
            .filter(|(_, pnl)| pnl.amount != Money::ZERO)
            .collect();
        moves.sort_by_key(|(_, pnl)| Reverse(pnl.amount.cents().abs()));
        moves
    }

    pub(super) fn today(&self) -> String {
        let (Some((amount, _, text)), Some(total)) = (self.day_change(), self.portfolio.total_value) else {
            return format!("What today changed is {UNKNOWN}.");
        };
        let mut lines = vec![format!("Your total is {total}, {} today: {text}.", direction(amount))];
        lines.extend(self.move_lines(amount));
        list(&lines)
    }

    pub(super) fn why_today(&self, words: &[Word], tickers: &[Ticker]) -> String {
        if let ([ticker], true) =
            (tickers, !words.iter().any(|word| matches!(word.plain.as_str(), "total" | "portfolio" | "account")))
        {
            return format!("{} I know prices, and no news, so I cannot tell why.", self.ticker(*ticker));
        }
        let (Some((amount, start, text)), Some(total)) = (self.day_change(), self.portfolio.total_value) else {
            return format!("What today changed is {UNKNOWN}, as a price is missing.");
        };
        let moved = match direction(amount) {
            "unchanged" => format!("Your total is {total}, as it was when the day began."),
            way => format!("Your total is {total}, {way} from {start} when the day began: {text}."),
        };
        let mut lines = vec![moved];
        lines.extend(self.move_lines(amount));
        if lines.len() == 1 {
            lines.push("- You hold nothing that moved today.".to_owned());
        }
        list(&lines)
    }

    /// The parts of the day's change, those of closed positions included.
    pub(super) fn move_lines(&self, day_change: Money) -> Vec<String> {
        let moves = self.day_moves();
        let mut lines: Vec<String> = moves
            .iter()
            .take(LINES_MAX)
            .map(|(ticker, pnl)| format!("- {ticker}: {}", change(Some(pnl.amount), pnl.percent)))
            .collect();
        let told = moves.iter().take(LINES_MAX).try_fold(Money::ZERO, |sum, (_, pnl)| sum.checked_add(pnl.amount));
        match told.and_then(|told| day_change.checked_sub(told)) {
            Some(rest) if rest != Money::ZERO && !lines.is_empty() => {
                lines.push(format!("- Everything else: {}", signed(rest)))
            }
            _ => {}
        }
        lines
    }
}
