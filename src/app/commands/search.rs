//! Offers of the palette for a typed text: an order, tickers, and commands, the best first.

use super::{
    Command,
    matching::score,
    sized::{self, DollarOrder, Means, Sized},
};
use crate::domain::{
    money::Price,
    order::Side,
    ranking::sorted_by_key,
    ticker::Ticker,
    typed_alert::{self, TypedAlert, plain},
    typed_order::{Typed, TypedOrder, TypedPrice},
};

/// Most offers at a time.
const OFFERS_MAX: usize = 40;

/// A ticker that can be chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    pub ticker: Ticker,
    pub company: String,
    /// Whether it is watched or held and so has a price; others are watched first.
    pub is_followed: bool,
}

/// Effect of choosing an offer.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    Fill(TypedOrder),
    FillDollars(DollarOrder),
    SetAlert(TypedAlert),
    /// Opens the form for an alert.
    WriteAlert(Ticker),
    /// None: the offer explains why the text is not a valid order or alert.
    Refuse,
    Select(Ticker),
    Watch(Ticker),
    /// Runs the command with this index.
    Run(usize),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    pub title: String,
    pub detail: String,
    pub keys: Option<&'static str>,
    pub action: Action,
}

/// Offers for `typed`; for an empty text, followed tickers and commands.
pub fn search(typed: &str, choices: &[Choice], commands: &[Command], means: &Means) -> Vec<Offer> {
    let mut found: Vec<(u32, Offer)> = Vec::new();
    let orders = match TypedOrder::read(typed) {
        None => Vec::new(),
        Some(Typed::Order(order)) => vec![offer_order(order)],
        Some(Typed::Doubtful { reason, readings: [grouped, decimal] }) => {
            vec![refuse(reason), offer_order(grouped), offer_order(decimal)]
        }
    };
    let sized = sized::read(typed, means).into_iter().map(offer_sized);
    let alerts = offer_alerts(typed, means.price);
    found.extend(orders.into_iter().chain(sized).chain(alerts).map(|offer| (u32::MAX, offer)));
    for choice in choices {
        if typed.trim().is_empty() && !choice.is_followed {
            continue;
        }
        // Followed tickers come first among equals.
        let by_symbol = score(typed, choice.ticker.as_str()).map(|score| 2 * score + u32::from(choice.is_followed));
        let by_company = score(typed, &choice.company);
        found.extend(by_symbol.max(by_company).map(|score| (score, offer_choice(choice))));
    }
    for (index, command) in commands.iter().enumerate().filter(|(_, command)| command.run.is_some()) {
        found.extend(score(typed, &command.title).map(|score| (score, offer_command(index, command))));
    }
    // Stable, so that equals keep their order.
    let mut found = sorted_by_key(&found, |(score, _)| std::cmp::Reverse(*score));
    found.truncate(OFFERS_MAX);
    found.into_iter().map(|(_, offer)| offer).collect()
}

fn offer_order(order: TypedOrder) -> Offer {
    let size = order.quantity.plain();
    into_ticket(title(order.side, &size, order.ticker, order.price), Action::Fill(order))
}

fn offer_sized(sized: Sized) -> Offer {
    match sized {
        Sized::Shares(order) => offer_order(order),
        Sized::Dollars(order) => {
            let size = order.dollars.to_string();
            into_ticket(title(order.side, &size, order.ticker, order.price), Action::FillDollars(order))
        }
        Sized::Refused(reason) => refuse(reason),
    }
}

fn title(side: Side, size: &str, ticker: Ticker, price: Option<TypedPrice>) -> String {
    let verb = match side {
        Side::Buy => "Buy",
        Side::Sell => "Sell",
    };
    let price = match price {
        None => String::new(),
        Some(TypedPrice::Limit(price)) => format!(" limit {price}"),
        Some(TypedPrice::Stop(price)) => format!(" stop {price}"),
    };
    format!("{verb} {size} {ticker}{price}")
}

fn into_ticket(title: String, action: Action) -> Offer {
    Offer { title, detail: "Into the ticket; Enter there places it".to_owned(), keys: None, action }
}

fn offer_alerts(typed: &str, price: &dyn Fn(Ticker) -> Option<Price>) -> Vec<Offer> {
    let offer = |alert: TypedAlert| Offer {
        title: format!("Alert when {}", alert.condition(price(alert.ticker)).sentence(plain)),
        detail: "Once; Enter sets it".to_owned(),
        keys: None,
        action: Action::SetAlert(alert),
    };
    match TypedAlert::read(typed) {
        None => Vec::new(),
        Some(typed_alert::Typed::Alert(alert)) => vec![offer(alert)],
        Some(typed_alert::Typed::Refused(reason)) => vec![refuse(reason)],
        Some(typed_alert::Typed::Doubtful { reason, readings: [grouped, decimal] }) => {
            vec![refuse(reason), offer(grouped), offer(decimal)]
        }
        Some(typed_alert::Typed::Begun(ticker)) => vec![Offer {
            title: format!("New alert on {ticker}…"),
            detail: "Or go on: > 850, below 100, rsi < 30".to_owned(),
            keys: None,
            action: Action::WriteAlert(ticker),
        }],
    }
}

fn refuse(reason: String) -> Offer {
    Offer { title: reason, detail: String::new(), keys: None, action: Action::Refuse }
}

fn offer_choice(choice: &Choice) -> Offer {
    let (action, detail) = match choice.is_followed {
        true => (Action::Select(choice.ticker), choice.company.clone()),
        false => (Action::Watch(choice.ticker), format!("{} · add to the watchlist", choice.company)),
    };
    Offer { title: choice.ticker.to_string(), detail, keys: None, action }
}

fn offer_command(index: usize, command: &Command) -> Offer {
    Offer {
        title: command.title.clone(),
        detail: command.section.title().to_owned(),
        keys: command.keys,
        action: Action::Run(index),
    }
}

#[cfg(test)]
mod tests {
    use leptos::prelude::*;

    use super::{super::Section, *};
    use crate::domain::money::Money;

    fn choice(symbol: &str, company: &str, is_followed: bool) -> Choice {
        Choice { ticker: symbol.parse().unwrap(), company: company.to_owned(), is_followed }
    }

    fn titles(typed: &str) -> Vec<String> {
        let owner = Owner::new();
        owner.with(|| {
            let choices =
                [choice("NVDA", "NVIDIA", true), choice("XOM", "Exxon Mobil", false), choice("V", "Visa", true)];
            let command = |title: &str, run: Option<Callback<()>>| Command {
                section: Section::Panels,
                title: title.to_owned(),
                keys: None,
                run,
            };
            let commands = [command("Show the heatmap", Some(Callback::new(|()| ()))), command("Move a row", None)];
            let holdings = vec![("V".parse().unwrap(), "4".parse().ok())];
            let means = Means { price: &|_| "800".parse().ok(), holdings, buying_power: Money::from_cents(100_000) };
            search(typed, &choices, &commands, &means).into_iter().map(|offer| offer.title).collect()
        })
    }

    #[test]
    fn nothing_typed_offers_what_is_followed_and_what_can_be_done() {
        assert_eq!(titles(""), ["NVDA", "V", "Show the heatmap"]);
    }

    #[test]
    fn the_best_comes_first() {
        assert_eq!(titles("v")[0], "V");
        assert_eq!(titles("heat"), ["Show the heatmap"]);
        assert_eq!(titles("exxon"), ["XOM"]);
        assert_eq!(titles("buy 5 nvda")[0], "Buy 5 NVDA");
        assert_eq!(titles("buy 2,5 nvda")[0], "Buy 2.5 NVDA");
        assert_eq!(titles("buy 5 nvda @ 790")[0], "Buy 5 NVDA limit 790.00");
        assert_eq!(titles("sell 5 nvda stop 770")[0], "Sell 5 NVDA stop 770.00");
        assert_eq!(titles("zzz"), [""; 0]);
    }

    #[test]
    fn an_order_may_be_given_by_its_size() {
        assert_eq!(titles("buy $500 nvda"), ["Buy $500.00 NVDA"]);
        assert_eq!(titles("close v")[0], "Sell 4 V");
        assert_eq!(titles("half v")[0], "Sell 2 V");
        assert_eq!(titles("close xom")[0], "You hold no XOM.");
    }

    #[test]
    fn an_alert_is_offered_in_words() {
        assert_eq!(titles("alert nvda > 850")[0], "Alert when NVDA is above 850");
        assert_eq!(titles("alert nvda 700")[0], "Alert when NVDA is below 700");
        assert_eq!(titles("alert nvda")[0], "New alert on NVDA…");
        assert_eq!(titles("alert nvda rsi > 130")[0], "An RSI is from 0 to 100.");
        assert_eq!(
            titles("alert nvda > 1,850")[1..3],
            ["Alert when NVDA is above 1850", "Alert when NVDA is above 1.85"]
        );
    }

    #[test]
    fn an_order_with_a_doubtful_number_is_refused_and_both_readings_stand_below() {
        let offered = titles("buy 1,000 nvda");
        assert!(offered[0].starts_with("1,000 may be 1000 or 1.000"), "{offered:?}");
        assert_eq!(offered[1..3], ["Buy 1000 NVDA", "Buy 1 NVDA"]);
    }
}
