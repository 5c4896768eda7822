//! Orders by their size: `buy $500 nvda`, `close tsla`, `half amd`, `sell all`, `buy max v`. The account's holdings and
//! cash give the quantity.

use crate::domain::{
    fixed_point::parse_decimal,
    money::{Money, Price, Quantity},
    order::Side,
    sizing::Part,
    ticker::Ticker,
    typed_number::{Unreadable, read_number},
    typed_order::{TypedOrder, TypedPrice, split_price},
};

/// What sizes are computed from.
pub struct Means<'a> {
    /// Last prices.
    pub price: &'a dyn Fn(Ticker) -> Option<Price>,
    /// Shares of each ticker held; `None` where open orders hold all of them.
    pub holdings: Vec<(Ticker, Option<Quantity>)>,
    /// Cash that no open order holds.
    pub buying_power: Money,
}

/// An order that is sized by dollars.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DollarOrder {
    pub side: Side,
    pub dollars: Money,
    pub ticker: Ticker,
    pub price: Option<TypedPrice>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sized {
    Shares(TypedOrder),
    Dollars(DollarOrder),
    /// Why there is no order, as a sentence.
    Refused(String),
}

/// Reads an order by its size. Several where `sell all` names no ticker; none where the text is no such order.
pub fn read(typed: &str, means: &Means) -> Vec<Sized> {
    let Some((text, price)) = split_price(typed) else {
        return Vec::new();
    };
    let text = text.to_ascii_lowercase();
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.as_slice() {
        ["close" | "exit", "all" | "everything"] => sell_all(means, price),
        ["close" | "exit", ticker] => sell(Part::All, ticker, means, price),
        ["half", ticker] => sell(Part::Half, ticker, means, price),
        [verb, rest @ ..] => match side(verb) {
            Some(Side::Buy) => buy_part(rest, means, price).unwrap_or_else(|| by_dollars(Side::Buy, rest, price)),
            Some(Side::Sell) => sell_part(rest, means, price).unwrap_or_else(|| by_dollars(Side::Sell, rest, price)),
            None => Vec::new(),
        },
        [] => Vec::new(),
    }
}

fn side(verb: &str) -> Option<Side> {
    match verb {
        "buy" | "b" => Some(Side::Buy),
        "sell" | "s" => Some(Side::Sell),
        _ => None,
    }
}

fn part(word: &str) -> Option<Part> {
    match word {
        "all" | "max" => Some(Part::All),
        "half" => Some(Part::Half),
        "quarter" => Some(Part::Quarter),
        _ => None,
    }
}

/// A part and a ticker, in either order.
fn part_and_ticker<'a>(words: &[&'a str]) -> Option<(Part, &'a str)> {
    let [first, second] = words else { return None };
    part(first).map(|part| (part, *second)).or_else(|| part(second).map(|part| (part, *first)))
}

fn buy_part(words: &[&str], means: &Means, price: Option<TypedPrice>) -> Option<Vec<Sized>> {
    let (part, ticker) = part_and_ticker(words)?;
    let ticker: Ticker = ticker.parse().ok()?;
    let entry = match price {
        Some(TypedPrice::Limit(price) | TypedPrice::Stop(price)) => Some(price),
        None => (means.price)(ticker),
    };
    Some(vec![match entry.map(|entry| part.of_cash(means.buying_power, entry)) {
        Some(Some(quantity)) => Sized::Shares(TypedOrder { side: Side::Buy, quantity, ticker, price }),
        Some(None) => Sized::Refused("There is no cash to buy with.".to_owned()),
        None => Sized::Refused(format!("{ticker} has no price yet; write a quantity.")),
    }])
}

fn sell_part(words: &[&str], means: &Means, price: Option<TypedPrice>) -> Option<Vec<Sized>> {
    if let ["all" | "everything"] = words {
        return Some(sell_all(means, price));
    }
    let (part, ticker) = part_and_ticker(words)?;
    Some(sell(part, ticker, means, price))
}

fn sell(part: Part, ticker: &str, means: &Means, price: Option<TypedPrice>) -> Vec<Sized> {
    let Ok(ticker) = ticker.parse::<Ticker>() else {
        return Vec::new();
    };
    match means.holdings.iter().find(|(held, _)| *held == ticker) {
        Some((_, free)) => vec![sale(part, ticker, *free, price)],
        None => vec![Sized::Refused(format!("You hold no {ticker}."))],
    }
}

/// One offer for each position.
fn sell_all(means: &Means, price: Option<TypedPrice>) -> Vec<Sized> {
    if means.holdings.is_empty() {
        return vec![Sized::Refused("You hold nothing to sell.".to_owned())];
    }
    means.holdings.iter().map(|(ticker, free)| sale(Part::All, *ticker, *free, price)).collect()
}

fn sale(part: Part, ticker: Ticker, free: Option<Quantity>, price: Option<TypedPrice>) -> Sized {
    match free.and_then(|free| part.of_holding(free)) {
        Some(quantity) => Sized::Shares(TypedOrder { side: Side::Sell, quantity, ticker, price }),
        None => Sized::Refused(format!("Open orders hold all of your {ticker}.")),
    }
}

/// `$500 nvda`, `nvda $500`, `500 usd nvda`.
fn by_dollars(side: Side, words: &[&str], price: Option<TypedPrice>) -> Vec<Sized> {
    let Some((last, before)) = words.split_last() else { return Vec::new() };
    let Some((first, behind)) = words.split_first() else { return Vec::new() };
    let parts = [(before, last), (behind, first)];
    let found =
        parts.into_iter().find_map(|(amount, ticker)| Some((dollars(&amount.join(" "))?, ticker.parse().ok()?)));
    let Some((amount, ticker)) = found else { return Vec::new() };
    match amount {
        Ok(dollars) => vec![Sized::Dollars(DollarOrder { side, dollars, ticker, price })],
        Err(words) => vec![Sized::Refused(words)],
    }
}

/// An amount with its sign or its unit, or why it is none; `None` where neither stands with it.
fn dollars(text: &str) -> Option<Result<Money, String>> {
    let number =
        text.strip_prefix('$').or_else(|| ["$", "usd", "dollars"].iter().find_map(|unit| text.strip_suffix(unit)))?;
    Some(match read_number(number) {
        Ok(number) => match parse_decimal(&number, 2).ok().filter(|cents| *cents > 0) {
            Some(cents) => Ok(Money::from_cents(cents)),
            None => Err("Write an amount of dollars, such as $500 or $99.50.".to_owned()),
        },
        Err(Unreadable::NotANumber) => return None,
        Err(Unreadable::Doubtful { grouped, decimal }) => {
            Err(format!("{} may be {grouped} or {decimal}; write the one that you mean.", number.trim()))
        }
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn told(typed: &str) -> Vec<String> {
        let ticker = |symbol: &str| symbol.parse::<Ticker>().unwrap();
        let quantity = |number: &str| number.parse::<Quantity>().unwrap();
        let means = Means {
            price: &|of| (of == ticker("NVDA")).then(|| "800".parse().unwrap()),
            holdings: vec![
                (ticker("TSLA"), Some(quantity("7"))),
                (ticker("AMD"), Some(quantity("3"))),
                (ticker("KO"), None),
            ],
            buying_power: Money::from_cents(800_000),
        };
        let words = |sized| match sized {
            Sized::Shares(order) => {
                format!("{:?} {} {} {:?}", order.side, order.quantity.plain(), order.ticker, order.price)
            }
            Sized::Dollars(order) => format!("{:?} {} {} {:?}", order.side, order.dollars, order.ticker, order.price),
            Sized::Refused(words) => words,
        };
        read(typed, &means).into_iter().map(words).collect()
    }

    #[rstest]
    #[case("buy $500 nvda", "Buy $500.00 NVDA None")]
    #[case("b nvda $99,50", "Buy $99.50 NVDA None")]
    #[case("sell 500 usd tsla", "Sell $500.00 TSLA None")]
    #[case("buy nvda 500$", "Buy $500.00 NVDA None")]
    #[case("buy $500 nvda @ 790", "Buy $500.00 NVDA Some(Limit(Price(7900000)))")]
    #[case("close tsla", "Sell 7 TSLA None")]
    #[case("sell all tsla", "Sell 7 TSLA None")]
    #[case("sell tsla all", "Sell 7 TSLA None")]
    #[case("half amd", "Sell 1.5 AMD None")]
    #[case("sell half amd stop 90", "Sell 1.5 AMD Some(Stop(Price(900000)))")]
    #[case("buy half nvda", "Buy 5 NVDA None")]
    #[case("buy max nvda", "Buy 9.99 NVDA None")]
    #[case("buy max nvda @ 400", "Buy 19.98 NVDA Some(Limit(Price(4000000)))")]
    fn a_size_becomes_an_order(#[case] typed: &str, #[case] expected: &str) {
        assert_eq!(told(typed), [expected]);
    }

    #[test]
    fn all_of_everything_is_one_offer_a_position() {
        let expected = ["Sell 7 TSLA None", "Sell 3 AMD None", "Open orders hold all of your KO."];
        assert_eq!(told("sell all"), expected);
        assert_eq!(told("close all"), expected);
    }

    #[rstest]
    #[case::not_held("close nvda", "You hold no NVDA.")]
    #[case::all_on_orders("close ko", "Open orders hold all of your KO.")]
    #[case::no_price("buy max v", "V has no price yet; write a quantity.")]
    #[case::doubtful("buy $1,500 nvda", "1,500 may be 1500 or 1.500; write the one that you mean.")]
    #[case::nothing("buy $0 nvda", "Write an amount of dollars, such as $500 or $99.50.")]
    fn what_cannot_be_sized_says_why(#[case] typed: &str, #[case] reason: &str) {
        assert_eq!(told(typed), [reason]);
    }

    #[rstest]
    #[case("")]
    #[case("close")]
    #[case("half")]
    #[case("buy 5 nvda")]
    #[case("close the left panel")]
    #[case("buy $ nvda")]
    #[case("buy $500")]
    #[case("nvda")]
    fn other_texts_are_none(#[case] typed: &str) {
        assert_eq!(told(typed), [""; 0]);
    }
}
