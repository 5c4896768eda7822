//! Answers to questions about the account, from one state of the books, valued at one tick, as on the page.

mod day;
mod market;
mod money;
mod orders;
mod period;
mod positions;
mod topic;
mod trades;

pub use self::period::range_asked;
use self::topic::{Topic, topic_of};
use super::{
    figures::{UNKNOWN, change, count, known, signed},
    words::Word,
};
use crate::{
    domain::{portfolio::Portfolio, ticker::Ticker},
    server::copilot::prompt::Setting,
};

/// State that answers are made from.
pub struct View<'a> {
    pub setting: &'a Setting<'a>,
    pub portfolio: Portfolio,
}

/// Most lines of a list; further ones are only counted.
const LINES_MAX: usize = 10;

/// Answer to a message, which may name these tickers.
pub fn answer(words: &[Word], tickers: &[Ticker], view: &View<'_>) -> String {
    match topic_of(words, tickers) {
        Some(topic) => view.answer(topic, words, tickers),
        None => format!("I did not understand that. {HELP}"),
    }
}

const HELP: &str = "I am built in and no language model, so I know a few things well. Ask *How am I doing?*, *What is my \
                    largest position?*, *Why did my total fall today?*, *How did I do this month?* or *What did I trade?*, or tell me what to do: *buy 2 \
                    NVDA*, *buy 5 NVDA at 120*, *sell 5 NVDA stop 110*, *cancel my orders*, *alert me when NVDA is above \
                    130*, *sell all my TSLA*, *watch XOM*. To connect a language model, open the settings (⚙) and choose \
                    *Language model*.";

impl View<'_> {
    fn answer(&self, topic: Topic, words: &[Word], tickers: &[Ticker]) -> String {
        match topic {
            Topic::Help => HELP.to_owned(),
            Topic::Orders => self.orders(tickers),
            Topic::Alerts => self.alerts(),
            Topic::Trades => self.trades(words, tickers),
            Topic::WhyToday => self.why_today(words, tickers),
            Topic::Today => self.today(),
            Topic::Largest => self.extreme(true),
            Topic::Smallest => self.extreme(false),
            Topic::Concentration => self.concentration(),
            Topic::Best => self.performer(words, true),
            Topic::Worst => self.performer(words, false),
            Topic::Movers => self.movers(),
            Topic::Watchlist => self.watchlist(),
            Topic::Afford => self.afford(tickers),
            Topic::Cash => self.cash(),
            Topic::Positions => self.positions(),
            Topic::Realized => self.realized(),
            Topic::Unrealized => self.unrealized(),
            Topic::Drawdown => self.drawdown(),
            Topic::Limits => self.limits(),
            Topic::Period => self.period(),
            Topic::Overview => self.overview(),
            Topic::Ticker => tickers.iter().map(|ticker| self.ticker(*ticker)).collect::<Vec<_>>().join("\n\n"),
        }
    }

    fn overview(&self) -> String {
        let Portfolio { cash_balance, total_value, positions_value, unrealized_pnl, realized_pnl, positions, .. } =
            &self.portfolio;
        let deposit = self.setting.context.account.paid_in();
        let Some(total) = total_value else {
            return format!(
                "What your portfolio is worth is {UNKNOWN}, as a price is missing. You have {cash_balance} in cash and {}.",
                count(positions.len(), "position")
            );
        };
        let gain = total.checked_sub(deposit);
        let gain_percent = gain.and_then(|gain| gain.percent_of(deposit));
        let mut lines = vec![format!(
            "Your portfolio is worth **{total}**: {cash_balance} in cash and {} in {}.",
            known(*positions_value),
            count(positions.len(), "position")
        )];
        lines.push(format!("- Since you began with {deposit}: {}", change(gain, gain_percent)));
        lines.extend(self.day_change().map(|(_, _, text)| format!("- Today: {text}")));
        lines.push(format!("- Unrealised: {}", unrealized_pnl.map_or_else(|| UNKNOWN.to_owned(), signed)));
        lines.push(format!("- Realised: {}", signed(*realized_pnl)));
        if let Some((largest, value)) = self.by_value().first() {
            lines.push(format!("- Largest position: {} with {value}", largest.ticker));
        }
        list(&lines)
    }
}

fn rest_of(count: usize) -> Option<String> {
    (count > LINES_MAX).then(|| format!("- and {} more", count - LINES_MAX))
}

/// A sentence with a list below it.
fn list(lines: &[String]) -> String {
    match lines {
        [first, rest @ ..] if !rest.is_empty() => format!("{first}\n\n{}", rest.join("\n")),
        lines => lines.join("\n"),
    }
}
