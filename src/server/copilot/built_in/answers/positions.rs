//! Positions: the largest and smallest, the best and worst, and their concentration.

use std::cmp::Reverse;

use super::{LINES_MAX, View, list, rest_of};
use crate::{
    domain::{money::Money, portfolio::Position, ticker::Ticker},
    server::{
        copilot::built_in::{
            figures::{UNKNOWN, change, count, known, percent, signed},
            words::Word,
        },
        market::company_name,
    },
};

impl View<'_> {
    /// Positions with a known value, the heaviest first.
    pub(super) fn by_value(&self) -> Vec<(&Position, Money)> {
        let positions = self.portfolio.positions.iter();
        let mut valued: Vec<_> = positions.filter_map(|position| Some((position, position.market_value?))).collect();
        valued.sort_by_key(|(_, value)| Reverse(*value));
        valued
    }

    pub(super) fn extreme(&self, is_largest: bool) -> String {
        let valued = self.by_value();
        let found = if is_largest { valued.first() } else { valued.last() };
        let Some((position, value)) = found else {
            return self.nothing_held();
        };
        let name = company_name(position.ticker).map(|name| format!(" ({name})")).unwrap_or_default();
        let weight = position.weight.map(|weight| format!(", {} of your total", percent(weight))).unwrap_or_default();
        format!(
            "Your {} position is **{}**{name}: {} shares worth {value}{weight}. Its P&L is {}.",
            if is_largest { "largest" } else { "smallest" },
            position.ticker,
            position.quantity,
            change(position.unrealized_pnl, position.unrealized_pnl_percent),
        )
    }

    pub(super) fn nothing_held(&self) -> String {
        match self.portfolio.positions.len() {
            0 => format!("You hold no positions; all of your {} is cash.", self.portfolio.cash_balance),
            held => format!("You hold {}, but none has a price now.", count(held, "position")),
        }
    }

    pub(super) fn concentration(&self) -> String {
        let (Some(concentration), false) = (self.portfolio.concentration(), self.by_value().is_empty()) else {
            return self.nothing_held();
        };
        let cash = self.portfolio.total_value.and_then(|total| self.portfolio.cash_balance.percent_of(total));
        let cash = cash.map(|cash| format!(" Cash is {} of it.", percent(cash))).unwrap_or_default();
        let mut lines = vec![format!(
            "Your largest position is {} of your total, and the Herfindahl index is {:.2} (1 is all in one).{cash}",
            percent(concentration.largest_weight),
            concentration.herfindahl_index,
        )];
        lines.extend(self.by_value().iter().take(LINES_MAX).map(|(position, value)| {
            let weight = position.weight.map_or_else(|| UNKNOWN.to_owned(), percent);
            format!("- {}: {weight} ({value})", position.ticker)
        }));
        list(&lines)
    }

    pub(super) fn performer(&self, words: &[Word], is_best: bool) -> String {
        let is_today = words.iter().any(|word| word.plain == "today");
        let mut found: Vec<(Ticker, Money, Option<f64>)> = if is_today {
            self.day_moves().into_iter().map(|(ticker, pnl)| (ticker, pnl.amount, pnl.percent)).collect()
        } else {
            let positions = self.portfolio.positions.iter();
            positions
                .filter_map(|held| Some((held.ticker, held.unrealized_pnl?, held.unrealized_pnl_percent)))
                .collect()
        };
        found.sort_by_key(
            |(_, amount, _)| if is_best { -i128::from(amount.cents()) } else { i128::from(amount.cents()) },
        );
        let Some((ticker, amount, share)) = found.first() else {
            return if is_today { "You hold nothing that moved today.".to_owned() } else { self.nothing_held() };
        };
        let when = if is_today { "today" } else { "so far" };
        let word = if is_best { "best" } else { "worst" };
        let mut lines =
            vec![format!("Your {word} position {when} is **{ticker}**: {}.", change(Some(*amount), *share))];
        lines.extend(
            found
                .iter()
                .skip(1)
                .take(2)
                .map(|(ticker, amount, share)| format!("- then {ticker}: {}", change(Some(*amount), *share))),
        );
        list(&lines)
    }

    pub(super) fn positions(&self) -> String {
        let positions = &self.portfolio.positions;
        if positions.is_empty() {
            return self.nothing_held();
        }
        let mut lines = vec![format!(
            "You hold {}, worth {}.",
            count(positions.len(), "position"),
            known(self.portfolio.positions_value)
        )];
        let mut sorted: Vec<_> = positions.iter().collect();
        sorted.sort_by_key(|position| Reverse(position.market_value));
        lines.extend(sorted.iter().take(LINES_MAX).map(|position| {
            format!(
                "- {} {}: {}, P&L {}",
                position.quantity,
                position.ticker,
                known(position.market_value),
                change(position.unrealized_pnl, position.unrealized_pnl_percent)
            )
        }));
        lines.extend(rest_of(positions.len()));
        list(&lines)
    }

    pub(super) fn unrealized(&self) -> String {
        let mut lines = vec![format!(
            "Your positions' unrealised P&L is {}.",
            self.portfolio.unrealized_pnl.map_or_else(|| UNKNOWN.to_owned(), signed)
        )];
        lines.extend(self.by_value().iter().take(LINES_MAX).map(|(position, _)| {
            format!("- {}: {}", position.ticker, change(position.unrealized_pnl, position.unrealized_pnl_percent))
        }));
        list(&lines)
    }
}
