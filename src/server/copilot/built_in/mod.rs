//! The built-in copilot, which answers if no language model is connected. It understands orders and changes of the
//! watchlist in plain words ([`orders`]), and answers questions about the account from its own figures ([`answers`]).
//! The same message over the same state gives the same reply.

mod answers;
mod figures;
mod orders;
mod words;

use self::{
    answers::View,
    orders::{Asked, Market},
    words::{Names, is_shouting, words_of},
};
use super::{prompt::Setting, reply::Reply};
use crate::domain::{chat::Action, performance::range::Range};

/// The range of performance that a message asks about, if any.
pub fn range_asked(message: &str) -> Option<Range> {
    answers::range_asked(&words_of(message))
}

/// Reply to a person's message.
pub fn reply(setting: &Setting<'_>) -> Reply {
    let words = words_of(setting.question);
    let names = Names::new(setting.prices.quotes.iter().map(|quote| quote.ticker).collect());
    let price = |ticker| setting.prices.price(ticker);
    let account = &setting.context.account;
    let market = Market { names: &names, account, price: &price, open_orders: setting.context.orders.len() };
    let Asked { mut actions, doubts } = orders::read(&words, &market);
    if actions.is_empty() && doubts.is_empty() {
        let view = View { setting, portfolio: setting.context.value(setting.prices) };
        let tickers = names.all_in(&words, is_shouting(&words));
        return Reply::saying(answers::answer(&words, &tickers, &view));
    }
    // The message states the request; the outcomes are shown beside it.
    let mut sentences = doubts;
    if !actions.is_empty() {
        let said: Vec<_> = actions.iter().map(Action::to_string).collect();
        sentences.insert(0, format!("You asked me to {}.", said.join(", ")));
    }
    // A trade may name a ticker that the reply adds or removes.
    actions.sort_by_key(|action| match action {
        Action::Watch(_) => 0,
        // Cancelled orders release cash for new ones.
        Action::Cancel(_) => 1,
        Action::Trade { .. } | Action::Order(_) | Action::Alert(_) => 2,
        Action::Unwatch(_) => 3,
    });
    let mut reply = Reply::saying(sentences.join(" "));
    reply.actions = actions;
    reply
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::{
        domain::{
            account::{Account, INITIAL_DEPOSIT},
            copilot::{Autonomy, CopilotLimits},
            day::{DayTrades, Traded},
            instant::UtcInstant,
            money::{Money, Price},
            order::{OrderSource, Side, Trade},
            portfolio::LastPrice,
            quote::Quote,
            realized::RealizedLine,
            trading_day::TradingDay,
            watchlist::WatchedTicker,
        },
        server::{
            copilot::prompt::Past,
            ledger::{alerts::Alerts, chat::TurnContext, orders::OpenOrders},
            market::feed::Tick,
        },
    };

    const NOON_MS: i64 = 1_795_348_800_000;

    fn price(dollars: i64) -> Price {
        Price::from_units(dollars * 10_000).unwrap()
    }

    /// Reply to a question of an account with 10 TSLA, bought at 100, now 90, previous close 95, and 4 AAPL, bought
    /// today at 50, now 55; it has sold 5 TSLA at 110.
    fn answer(question: &str) -> Reply {
        answer_without("", question)
    }

    /// The same account, if the market has no price of one ticker any more, but a last known one.
    fn answer_without(vanished: &str, question: &str) -> Reply {
        let at = UtcInstant::from_unix_ms(NOON_MS);
        let (mut account, mut today) = (Account::open(INITIAL_DEPOSIT), DayTrades::default());
        let mut recent_trades = Vec::new();
        let orders = [
            (Side::Buy, "TSLA", "15", 100, NOON_MS - 90_000_000),
            (Side::Sell, "TSLA", "5", 110, NOON_MS - 80_000_000),
            (Side::Buy, "AAPL", "4", 50, NOON_MS),
        ];
        for (side, ticker, quantity, dollars, at_ms) in orders {
            let (ticker, quantity, at) =
                (ticker.parse().unwrap(), quantity.parse().unwrap(), UtcInstant::from_unix_ms(at_ms));
            let fill = account.apply(side, ticker, quantity, price(dollars)).unwrap();
            let millionths = quantity.millionths();
            let traded = Traded { ticker, side, millionths, notional: fill.notional, previous_close: None };
            today.record(TradingDay::utc(at), traded);
            recent_trades.insert(
                0,
                Trade {
                    id: dollars.to_string(),
                    client_order_id: None,
                    ticker,
                    side,
                    quantity,
                    price: price(dollars),
                    notional: fill.notional,
                    realized_pnl: fill.realized_pnl,
                    source: OrderSource::Manual,
                    executed_at: at,
                    correction: None,
                    adjusted: None,
                    order_id: None,
                    commission: Money::ZERO,
                },
            );
        }
        let quote = |(ticker, now, close): (&str, i64, i64)| Quote {
            ticker: ticker.parse().unwrap(),
            price: price(now),
            previous_price: price(now),
            previous_close: price(close),
            at,
            is_stale: false,
        };
        let all = [("TSLA", 90, 95), ("AAPL", 55, 52), ("V", 280, 270)];
        let (gone, there): (Vec<_>, Vec<_>) = all.into_iter().partition(|(ticker, ..)| *ticker == vanished);
        let prices = Tick::new(1, there.into_iter().map(quote).collect());
        let last_prices =
            gone.iter().map(|(ticker, now, _)| (ticker.parse().unwrap(), LastPrice { price: price(*now), at }));
        let watched = |ticker: &str| WatchedTicker { ticker: ticker.parse().unwrap(), added_at: at };
        let context = TurnContext {
            account,
            last_prices: last_prices.collect(),
            watchlist: vec![watched("AAPL"), watched("V")],
            today,
            day: TradingDay::utc(at),
            high_water_mark: Some(Money::from_cents(1_010_000)),
            recent_trades,
            equity: Vec::new(),
            past_turns: Vec::new(),
            orders: OpenOrders::default(),
            alerts: Alerts::default(),
        };
        let realized = RealizedLine {
            ticker: "TSLA".parse().unwrap(),
            sales: 1,
            proceeds: Money::from_cents(55_000),
            pnl: Money::from_cents(5_000),
        };
        let past = Past { realized: vec![realized] };
        let setting = Setting {
            context: &context,
            past,
            prices: &prices,
            autonomy: Autonomy::Auto,
            limits: CopilotLimits::default(),
            now: at,
            question,
            passages: &[],
            performance: None,
        };
        reply(&setting)
    }

    #[test]
    fn a_vanished_ticker_leaves_the_days_change_known() {
        let told = answer_without("TSLA", "How did today go?").message;
        assert!(told.starts_with("Your total is $9,970.00, up today: +$20.00"), "{told}");
    }

    /// Each case is a topic with questions of it: the answer contains these figures.
    #[rstest]
    #[case::overview(&["How am I doing?", "how's my portfolio", "What is my total value?", "give me a summary", "Show my P&L", "How much money have I made?", "Am I making money?", "am i up or down?", "What's my account worth", "performance"],
        &["**$9,970.00**", "$8,850.00 in cash", "$1,120.00 in 2 positions", "-$30.00 (-0.30 %)", "Unrealised: -$80.00", "Realised: +$50.00"])]
    #[case::largest(&["What is my largest position?", "biggest holding?", "which position is the biggest", "What do I own most of?", "my top holding", "What's my largest stock"],
        &["largest position is **TSLA** (Tesla): 10 shares worth $900.00, 9.03 % of your total", "-$100.00 (-10.00 %)"])]
    #[case::smallest(&["What is my smallest position?"], &["smallest position is **AAPL** (Apple): 4 shares worth $220.00"])]
    #[case::why_today(&["Why did my total fall today?", "Why am I down today?", "why did my portfolio drop", "What happened to my account today?", "explain today's loss", "why is my total lower, what moved today"],
        &["Your total is $9,970.00, down from $10,000.00 when the day began: -$30.00 (-0.30 %).", "- TSLA: -$50.00 (-5.26 %)", "- AAPL: +$20.00 (+10.00 %)"])]
    #[case::today(&["How did today go?", "How am I doing today?", "what did I gain today", "what's my profit today?"], &["Your total is $9,970.00, down today: -$30.00 (-0.30 %)", "- TSLA: -$50.00"])]
    #[case::trades(&["What did I trade?", "show my trades", "list my recent transactions", "trade history", "What have I traded so far?"],
        &["bought 4 AAPL at $50.00 for $200.00", "sold 5 TSLA at $110.00 for $550.00, realising +$50.00", "bought 15 TSLA at $100.00 for $1,500.00"])]
    #[case::bought(&["What did I buy?", "what have I bought"], &["What you bought, newest first", "bought 4 AAPL", "bought 15 TSLA"])]
    #[case::sold(&["what did I sell", "What have I sold?"], &["sold 5 TSLA at $110.00"])]
    #[case::traded_today(&["What did I trade today?"], &["What you traded today, newest first:\n\n- 2026-11-22 12:00 UTC: bought 4 AAPL at $50.00 for $200.00"])]
    #[case::traded_of_one(&["When did I buy TSLA?", "what did i buy of tesla"], &["What you bought in TSLA", "bought 15 TSLA at $100.00"])]
    #[case::traded_yesterday(&["What did I sell yesterday?"], &["What you sold yesterday, newest first:\n\n- 2026-11-21 13:46 UTC: sold 5 TSLA"])]
    #[case::best(&["What is my best position?", "who is my biggest winner"], &["best position so far is **AAPL**: +$20.00 (+10.00 %)"])]
    #[case::worst(&["my worst performer", "What is my biggest loser?", "Which stock lost the most?"], &["worst position so far is **TSLA**: -$100.00 (-10.00 %)"])]
    #[case::concentration(&["How concentrated am I?", "am I diversified?", "what is my exposure"], &["9.03 % of your total", "Cash is 88.77 % of it", "- AAPL: 2.21 % ($220.00)"])]
    #[case::cash(&["How much cash do I have?", "what is my buying power", "how much money do I have left?"], &["**$8,850.00** in cash, 88.77 % of your total"])]
    #[case::afford(&["How many V can I buy?", "can I afford Visa?"], &["V costs $280.00; your $8,850.00 of cash buys 31 whole shares"])]
    #[case::positions(&["What do I own?", "list my positions", "What do I have?", "show my holdings", "what stocks do I hold"], &["2 positions, worth $1,120.00", "- 10 TSLA: $900.00, P&L -$100.00 (-10.00 %)"])]
    #[case::ticker(&["How is TSLA doing?", "tesla", "what's the price of Tesla", "What is Tesla trading at?", "how many TSLA do I have", "how is my Tesla position?"],
        &["**TSLA** (Tesla) is at $90.00, -5.26 % today. You hold 10 worth $900.00, bought at $100.00 on average: -$100.00 (-10.00 %)"])]
    #[case::movers(&["What moved today?", "biggest movers", "how is the market today"], &["What moved most today on your watchlist", "- AAPL: +5.77 % to $55.00"])]
    #[case::watchlist(&["show my watchlist", "What am I watching?"], &["You watch 2 tickers", "- V: $280.00, +3.70 % today"])]
    #[case::realized(&["what are my realized gains", "How much have I realised?"], &["Your sales realised +$50.00.", "- TSLA: +$50.00 in 1 sale"])]
    #[case::unrealized(&["what is my unrealized p&l"], &["unrealised P&L is -$80.00"])]
    #[case::drawdown(&["what is my drawdown", "how far am I from my peak?"], &["highest value was $10,100.00", "1.29 % below"])]
    #[case::limits(&["what are your limits"], &["at most 10 actions", "50 %", "$20,000.00"])]
    #[case::help(&["help", "what can you do?", "who are you", "Hello!"], &["no language model", "*buy 2 NVDA*"])]
    #[case::anything_else(&["What is the meaning of life?", "asdf qwer"], &["I did not understand that", "no language model"])]
    fn questions_are_answered_from_the_books(#[case] questions: &[&str], #[case] figures: &[&str]) {
        for question in questions {
            let reply = answer(question);
            assert!(reply.actions.is_empty(), "{question}: {reply:?}");
            for figure in figures {
                assert!(reply.message.contains(figure), "{question}: no {figure} in {}", reply.message);
            }
        }
    }

    #[test]
    fn what_is_asked_for_is_said_and_not_claimed_to_be_done() {
        let asked = answer("buy 3 more AAPL and watch XOM, and sell all my TSLA");
        assert_eq!(asked.message, "You asked me to buy 3 AAPL, add XOM, sell 10 TSLA.");
        let actions: Vec<_> = asked.actions.iter().map(Action::to_string).collect();
        assert_eq!(actions, ["add XOM", "buy 3 AAPL", "sell 10 TSLA"]);
        assert_eq!(answer("buy 1,000 V").message, "1,000 may be 1000 or 1.000; write the one that you mean.");
    }

    #[test]
    fn the_same_message_over_the_same_state_gets_the_same_reply() {
        assert_eq!(answer("How am I doing?"), answer("How am I doing?"));
    }
}
