//! Cash, what can be afforded, realised P&L, drawdown and limits.

use std::cmp::Reverse;

use super::{LINES_MAX, View, list, rest_of};
use crate::{
    domain::{equity::Drawdown, ticker::Ticker},
    server::copilot::built_in::figures::{UNKNOWN, count, percent, signed},
};

impl View<'_> {
    pub(super) fn cash(&self) -> String {
        let cash = self.portfolio.cash_balance;
        let share = self.portfolio.total_value.and_then(|total| cash.percent_of(total));
        match share {
            Some(share) => format!("You have **{cash}** in cash, {} of your total.", percent(share)),
            None => format!("You have **{cash}** in cash."),
        }
    }

    pub(super) fn afford(&self, tickers: &[Ticker]) -> String {
        let cash = self.portfolio.cash_balance;
        let Some(ticker) = tickers.first() else {
            return self.cash();
        };
        match self.setting.prices.price(*ticker) {
            Some(price) => {
                let whole = i128::from(cash.cents()) * 100 / i128::from(price.units());
                format!("{ticker} costs ${price}; your {cash} of cash buys {whole} whole shares of it.")
            }
            None => format!("{ticker} has no price now. You have {cash} in cash."),
        }
    }

    pub(super) fn realized(&self) -> String {
        let lines_of = &self.setting.past.realized;
        let mut lines = vec![format!("Your sales realised {}.", signed(self.portfolio.realized_pnl))];
        let mut sorted: Vec<_> = lines_of.iter().collect();
        sorted.sort_by_key(|line| Reverse(line.pnl.cents().abs()));
        lines.extend(
            sorted.iter().take(LINES_MAX).map(|line| {
                format!("- {}: {} in {}", line.ticker, signed(line.pnl), count(line.sales as usize, "sale"))
            }),
        );
        lines.extend(rest_of(lines_of.len()));
        list(&lines)
    }

    pub(super) fn drawdown(&self) -> String {
        let (Some(total), Some(highest)) = (self.portfolio.total_value, self.setting.context.high_water_mark) else {
            return format!("Your drawdown is {UNKNOWN}.");
        };
        let drawdown = Drawdown::starting_at(highest.max(total)).followed_by(total);
        format!(
            "Your highest value was {}; your total of {total} is {} below it.",
            drawdown.high_water_mark,
            percent(drawdown.percent.abs())
        )
    }

    pub(super) fn limits(&self) -> String {
        let limits = self.setting.limits;
        format!(
            "The copilot is set to *{}*. Within one reply at most {} run; a trade of it may be worth at most {} % of your total, and \
             its trades of a minute at most {}.",
            self.setting.autonomy,
            count(limits.actions_max, "action"),
            limits.trade_percent_max,
            limits.notional_per_minute_max
        )
    }
}
