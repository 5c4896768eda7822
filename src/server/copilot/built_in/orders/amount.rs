//! The amount to trade: shares, dollars, all or half of a holding.

use super::{capitalised, is_currency, read_number_word_at, reader::Reader};
use crate::{
    domain::{
        money::{Money, Quantity},
        order::Side,
        ticker::Ticker,
    },
    server::copilot::built_in::words::read_sum,
};

/// An amount to trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    Shares(Quantity),
    Dollars(Money),
    All,
    Half,
}

impl Reader<'_> {
    /// Parses the amount at `from`; returns it with the index after it.
    pub(super) fn read_amount(&self, from: usize) -> (Option<Result<Amount, String>>, usize) {
        let mut at = self.skip(
            from,
            &["just", "another", "about", "me", "some", "up", "out", "off", "exactly", "only", "the", "for"],
        );
        let has_another = self.words[from.min(self.words.len())..at].iter().any(|word| word.plain == "another");
        match self.plain(at) {
            "all" | "everything" => return (Some(Ok(Amount::All)), at + 1),
            "rest" | "remaining" | "remainder" => return (Some(Ok(Amount::All)), at + 1),
            "half" => return (Some(Ok(Amount::Half)), at + 1),
            _ => {}
        }
        if let Some(dollars) = self.read_dollars(at) {
            return dollars;
        }
        let Some(number) = read_number_word_at(self.words, at) else {
            let one = has_another.then(|| "1".parse().ok()).flatten();
            return (one.map(|one| Ok(Amount::Shares(one))), at);
        };
        at += 1;
        let is_article = matches!(self.plain(at - 1), "a" | "an");
        if is_article && let Some(number) = read_number_word_at(self.words, at) {
            // "a dozen", "a couple of"
            return (Some(number.map(Amount::Shares).map_err(|doubt| format!("{doubt}."))), at + 1);
        }
        (Some(number.map(Amount::Shares).map_err(|doubt| format!("{}.", capitalised(&doubt.to_string())))), at)
    }

    /// `$500`, `500 dollars`
    fn read_dollars(&self, at: usize) -> Option<(Option<Result<Amount, String>>, usize)> {
        let word = self.words.get(at)?;
        let (figures, length) = match word.text.strip_prefix('$') {
            Some(figures) => (figures, 1),
            None if is_currency(self.plain(at + 1)) => (word.text.as_str(), 2),
            None => return None,
        };
        let amount = match read_sum(figures) {
            // To the cent, like every sum of money.
            Ok(sum) => Ok(Amount::Dollars(Money::from_cents(sum.millionths() / 10_000))),
            Err(doubt) => {
                if !figures.chars().next()?.is_numeric() {
                    return None;
                }
                Err(format!("{}.", capitalised(&doubt.to_string())))
            }
        };
        Some((Some(amount), at + length))
    }

    pub(super) fn shares(&self, side: Side, ticker: Ticker, amount: Amount) -> Result<Quantity, String> {
        let held = self.market.account.holdings.get(&ticker).map(|holding| holding.quantity);
        let part = |parts: i64| match (side, held) {
            (Side::Sell, Some(held)) => Quantity::from_millionths(held.millionths() / parts)
                .map_err(|_| format!("You hold too little {ticker} for that.")),
            (Side::Sell, None) => Err(format!("You hold no {ticker}.")),
            (Side::Buy, _) => Err(format!("How many {ticker} do you want to buy? Say a number of shares, or dollars.")),
        };
        match amount {
            Amount::Shares(quantity) => Ok(quantity),
            Amount::All => part(1),
            Amount::Half => part(2),
            Amount::Dollars(sum) => {
                let price = (self.market.price)(ticker).ok_or_else(|| {
                    format!(
                        "{ticker} has no price now, so I cannot tell how many shares that is. Say a number of shares."
                    )
                })?;
                // Rounded down, so that the cost does not exceed the sum.
                let millionths = i128::from(sum.cents()) * 100 * 1_000_000 / i128::from(price.units());
                let quantity =
                    i64::try_from(millionths).ok().and_then(|millionths| Quantity::from_millionths(millionths).ok());
                quantity.ok_or_else(|| format!("{sum} is no amount that {ticker} can be traded for."))
            }
        }
    }
}
