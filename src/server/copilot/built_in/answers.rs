//! Questions about the account, answered from one state of the books, valued at one tick: the figures that the page shows too.

use std::cmp::Reverse;

use super::{
    figures::{UNKNOWN, at, change, count, direction, known, percent, signed},
    words::Word,
};
use crate::{
    domain::{
        day::DayPnl,
        equity::Drawdown,
        instant::UtcInstant,
        money::Money,
        order::{Side, Trade},
        portfolio::{Portfolio, Position},
        ticker::Ticker,
    },
    server::{copilot::prompt::Setting, market::company_name},
};

/// The state that questions are answered from.
pub struct View<'a> {
    pub setting: &'a Setting<'a>,
    pub portfolio: Portfolio,
}

/// The lines of a list; of more, the rest is counted.
const LINES_MAX: usize = 10;

/// The subject of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Topic {
    Help,
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
    Overview,
    Ticker,
}

/// The answer to what was said, which may name these tickers.
pub fn answer(words: &[Word], tickers: &[Ticker], view: &View<'_>) -> String {
    match topic_of(words, tickers) {
        Some(topic) => view.answer(topic, words, tickers),
        None => format!("I did not understand that. {HELP}"),
    }
}

const HELP: &str = "I am built in and no language model, so I know a few things well. Ask *How am I doing?*, *What is my \
                    largest position?*, *Why did my total fall today?* or *What did I trade?*, or tell me what to do: *buy 2 \
                    NVDA*, *sell all my TSLA*, *watch XOM*. To connect a language model, open the settings (⚙) and choose \
                    *Language model*.";

/// The topic of a question, by its keywords; the more particular topics are tried first.
fn topic_of(words: &[Word], tickers: &[Ticker]) -> Option<Topic> {
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

impl View<'_> {
    fn answer(&self, topic: Topic, words: &[Word], tickers: &[Ticker]) -> String {
        match topic {
            Topic::Help => HELP.to_owned(),
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
            Topic::Overview => self.overview(),
            Topic::Ticker => tickers.iter().map(|ticker| self.ticker(*ticker)).collect::<Vec<_>>().join("\n\n"),
        }
    }

    /// The positions whose value is known, the heaviest first.
    fn by_value(&self) -> Vec<(&Position, Money)> {
        let positions = self.portfolio.positions.iter();
        let mut valued: Vec<_> = positions.filter_map(|position| Some((position, position.market_value?))).collect();
        valued.sort_by_key(|(_, value)| Reverse(*value));
        valued
    }

    fn overview(&self) -> String {
        let Portfolio { cash_balance, total_value, positions_value, unrealized_pnl, realized_pnl, positions, .. } =
            &self.portfolio;
        let deposit = self.setting.context.account.initial_deposit;
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

    /// The total's gain on the trading day, the total, and the change in words.
    fn day_change(&self) -> Option<(Money, Money, String)> {
        let (context, quotes) = (self.setting.context, &self.setting.prices.quotes);
        let total = self.portfolio.total_value?;
        let gain =
            context.today.gain(context.day, &context.account, Some(total), |ticker| quotes.get(ticker).copied())?;
        Some((gain.amount, total.checked_sub(gain.amount)?, change(Some(gain.amount), gain.percent)))
    }

    /// The day's gain of each ticker that is held or was traded today; the largest moves first.
    fn day_moves(&self) -> Vec<(Ticker, DayPnl)> {
        let context = self.setting.context;
        let mut tickers: Vec<Ticker> = context.account.holdings.keys().copied().collect();
        tickers.extend(context.recent_trades.iter().map(|trade| trade.ticker));
        tickers.sort_unstable();
        tickers.dedup();
        let quantity = |ticker| context.account.holdings.get(&ticker).map(|holding| holding.quantity);
        let mut moves: Vec<_> = tickers
            .into_iter()
            .filter_map(|ticker| {
                let quote = self.setting.prices.quotes.get(ticker)?;
                Some((ticker, context.today.pnl(context.day, quantity(ticker), quote)?))
            })
            .filter(|(_, pnl)| pnl.amount != Money::ZERO)
            .collect();
        moves.sort_by_key(|(_, pnl)| Reverse(pnl.amount.cents().abs()));
        moves
    }

    fn today(&self) -> String {
        let (Some((amount, _, text)), Some(total)) = (self.day_change(), self.portfolio.total_value) else {
            return format!("What today changed is {UNKNOWN}.");
        };
        let mut lines = vec![format!("Your total is {total}, {} today: {text}.", direction(amount))];
        lines.extend(self.move_lines(amount));
        list(&lines)
    }

    fn why_today(&self, words: &[Word], tickers: &[Ticker]) -> String {
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
    fn move_lines(&self, day_change: Money) -> Vec<String> {
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

    fn extreme(&self, is_largest: bool) -> String {
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

    fn nothing_held(&self) -> String {
        match self.portfolio.positions.len() {
            0 => format!("You hold no positions; all of your {} is cash.", self.portfolio.cash_balance),
            held => format!("You hold {}, but none has a price now.", count(held, "position")),
        }
    }

    fn concentration(&self) -> String {
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

    fn performer(&self, words: &[Word], is_best: bool) -> String {
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

    fn movers(&self) -> String {
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

    fn watchlist(&self) -> String {
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

    fn afford(&self, tickers: &[Ticker]) -> String {
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

    fn cash(&self) -> String {
        let cash = self.portfolio.cash_balance;
        let share = self.portfolio.total_value.and_then(|total| cash.percent_of(total));
        match share {
            Some(share) => format!("You have **{cash}** in cash, {} of your total.", percent(share)),
            None => format!("You have **{cash}** in cash."),
        }
    }

    fn positions(&self) -> String {
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

    fn realized(&self) -> String {
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

    fn unrealized(&self) -> String {
        let mut lines = vec![format!(
            "Your positions' unrealised P&L is {}.",
            self.portfolio.unrealized_pnl.map_or_else(|| UNKNOWN.to_owned(), signed)
        )];
        lines.extend(self.by_value().iter().take(LINES_MAX).map(|(position, _)| {
            format!("- {}: {}", position.ticker, change(position.unrealized_pnl, position.unrealized_pnl_percent))
        }));
        list(&lines)
    }

    fn drawdown(&self) -> String {
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

    fn limits(&self) -> String {
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

    fn ticker(&self, ticker: Ticker) -> String {
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

    fn trades(&self, words: &[Word], tickers: &[Ticker]) -> String {
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

fn rest_of(count: usize) -> Option<String> {
    (count > LINES_MAX).then(|| format!("- and {} more", count - LINES_MAX))
}

/// A sentence, and the points under it.
fn list(lines: &[String]) -> String {
    match lines {
        [first, rest @ ..] if !rest.is_empty() => format!("{first}\n\n{}", rest.join("\n")),
        lines => lines.join("\n"),
    }
}
