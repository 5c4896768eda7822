//! Compact frames: the price stream at about a byte a ticker and tick, for the page itself.
//!
//! A *key frame* contains the whole state; the order of its tickers numbers them:
//!
//! ```text
//! K7 1795356131500 AAPL:1904200:1904000:1898300 V:2801900:2801900:2790000:1795356130000? @L+ 1795305600 …
//! │  │             │    │       │       │                                 │            │ └ the market's status
//! │  │             │    │       │       │                                 │            └ the price is stale
//! │  │             │    │       │       │                                 └ its own moment, if it differs
//! │  │             │    │       │       └ close of the previous trading day
//! │  │             │    │       └ price at the previous tick
//! │  │             │    └ price, in hundredths of a cent
//! │  └ moment of the prices, in Unix milliseconds
//! └ version of the tick
//! ```
//!
//! A *change* contains the moves of the next tick, one number per ticker in that order:
//!
//! ```text
//! D8 1795356132000 100 EDA
//! │  │             │   └ number of steps that each price moved: here +2, −1 and 0
//! │  │             └ the step, in hundredths of a cent
//! │  └ moment of the frame's prices
//! └ version of the tick, one more than the previous frame's
//! ```
//!
//! Numbers are Base64 VLQ, as in the Source Map format (ECMA-426): five bits a letter, the lowest first, the sign in the
//! lowest bit of all. `!` and a number skip that many tickers without a trade; tickers omitted at the end had no trade
//! either. A key frame is sent for anything that a change cannot express exactly (another ticker, previous close or
//! status). The status has the format of [`MarketStatus::write`], up to the end of the frame.

use std::{fmt::Write as _, iter::Peekable, str::Bytes};

use super::{
    instant::UtcInstant,
    market_status::MarketStatus,
    money::Price,
    quote::{Quote, Quotes},
};

/// Begins a key frame, which needs no frame before it.
pub const KEY_FRAME_MARK: &str = "K";

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const LETTER_BITS: u32 = 5;
const HAS_MORE: u64 = 1 << LETTER_BITS;
const SKIP: u8 = b'!';
const STALE: char = '?';
const STATUS: &str = " @";

/// Most simulated prices are whole cents, which makes for shorter numbers.
const CENT: i64 = 100;

/// The text is not a compact frame, or does not follow the frame before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a compact frame that cannot be read")]
pub struct InvalidFrame;

/// The moment that most quotes share.
fn moment(quotes: &[Quote]) -> UtcInstant {
    quotes.iter().map(|quote| quote.at).max().unwrap_or(UtcInstant::EPOCH)
}

/// Writes a key frame: all quotes and the market's status at a tick.
pub fn write_key_frame(version: u64, quotes: &Quotes, status: &MarketStatus) -> String {
    let at = moment(quotes);
    let mut frame = format!("K{version} {}", at.unix_ms());
    for quote in quotes.iter() {
        let (price, previous, close) =
            (quote.price.units(), quote.previous_price.units(), quote.previous_close.units());
        // Invariant: writing to a string does not fail.
        let _ = write!(frame, " {}:{price}:{previous}:{close}", quote.ticker);
        if quote.at != at {
            let _ = write!(frame, ":{}", quote.at.unix_ms());
        }
        if quote.is_stale {
            frame.push(STALE);
        }
    }
    frame + STATUS + &status.write()
}

/// Writes the changes of a tick; `None` if they need a key frame.
pub fn write_change(version: u64, before: &Quotes, now: &Quotes) -> Option<String> {
    let at = moment(now);
    let mut moves = Vec::with_capacity(now.len());
    if before.len() != now.len() {
        return None;
    }
    for (before, now) in before.iter().zip(now.iter()) {
        let follows = now.previous_price == before.price
            && now.previous_close == before.previous_close
            && now.is_stale == before.is_stale;
        let is_traded = now.at == at && now.at != before.at;
        let is_left = now.at == before.at && now.price == before.price;
        if before.ticker != now.ticker || !follows || !(is_traded || is_left) {
            return None;
        }
        moves.push(is_traded.then(|| now.price.units() - before.price.units()));
    }
    let step = if moves.iter().flatten().all(|units| units % CENT == 0) { CENT } else { 1 };
    let mut frame = format!("D{version} {} {step} ", at.unix_ms());
    let mut skipped = 0;
    for units in moves {
        let Some(units) = units else {
            skipped += 1;
            continue;
        };
        if skipped > 0 {
            frame.push(char::from(SKIP));
            write_number(&mut frame, std::mem::take(&mut skipped));
        }
        write_number(&mut frame, units / step);
    }
    Some(frame)
}

fn write_number(text: &mut String, number: i64) {
    let mut rest = number.unsigned_abs() << 1 | u64::from(number < 0);
    loop {
        let bits = rest & (HAS_MORE - 1);
        rest >>= LETTER_BITS;
        let letter = if rest > 0 { bits | HAS_MORE } else { bits };
        text.push(char::from(LETTERS[letter as usize]));
        if rest == 0 {
            return;
        }
    }
}

fn read_number(letters: &mut Peekable<Bytes>) -> Option<i64> {
    // No change of price needs more bits than these.
    const BITS_MAX: u32 = 60;
    let mut number: u64 = 0;
    for shift in (0..BITS_MAX).step_by(LETTER_BITS as usize) {
        let letter = letters.next()?;
        let bits = LETTERS.iter().position(|known| *known == letter)? as u64;
        number |= (bits & (HAS_MORE - 1)) << shift;
        if bits & HAS_MORE == 0 {
            let size = i64::try_from(number >> 1).ok()?;
            return Some(if number & 1 == 1 { -size } else { size });
        }
    }
    None
}

/// Outcome of reading a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// The frame was applied.
    Taken,
    /// The frame's tick is not newer than the reader's.
    Old,
    /// The frame changes a tick that was missed; the reader needs a key frame.
    Missed,
}

/// Reads compact frames and keeps the latest quotes.
#[derive(Debug, Clone, Default)]
pub struct CompactReader {
    version: u64,
    at: Option<UtcInstant>,
    quotes: Vec<Quote>,
    status: Option<MarketStatus>,
}

impl CompactReader {
    /// Latest quotes, in the order of the last key frame.
    pub fn quotes(&self) -> &[Quote] {
        &self.quotes
    }

    /// The market's status at the last key frame; `None` before the first.
    pub fn status(&self) -> Option<&MarketStatus> {
        self.status.as_ref()
    }

    /// Applies a frame; an invalid one changes nothing.
    ///
    /// # Errors
    /// If the text is not a frame, or is a change that does not fit the quotes.
    pub fn read(&mut self, frame: &str) -> Result<Reading, InvalidFrame> {
        self.try_read(frame).ok_or(InvalidFrame)
    }

    fn try_read(&mut self, frame: &str) -> Option<Reading> {
        let kind = *frame.as_bytes().first()?;
        let (frame, status) = frame.split_once(STATUS).map_or((frame, None), |(frame, status)| (frame, Some(status)));
        let mut words = frame.get(1..)?.split(' ');
        let version = words.next()?.parse().ok()?;
        let at = UtcInstant::from_unix_ms(words.next()?.parse().ok()?);
        match kind {
            b'K' if version <= self.version && self.at.is_some_and(|known| at <= known) => return Some(Reading::Old),
            b'K' => {
                let status = MarketStatus::read(status?)?;
                let quotes: Option<Vec<_>> = words.map(|words| read_quote(words, at)).collect();
                self.quotes = quotes.filter(|quotes| quotes.is_sorted_by(|one, next| one.ticker < next.ticker))?;
                self.status = Some(status);
            }
            b'D' if version <= self.version => return Some(Reading::Old),
            b'D' if self.at.is_none() || version - self.version > 1 => return Some(Reading::Missed),
            b'D' if status.is_some() => return None,
            b'D' => {
                let step = words.next()?.parse().ok()?;
                let letters = words.next()?;
                let moved = moved(&self.quotes, at, step, letters).filter(|_| words.next().is_none())?;
                self.quotes = moved;
            }
            _ => return None,
        }
        self.version = version;
        self.at = Some(at);
        Some(Reading::Taken)
    }
}

/// Parses `TICKER:price:previous:close`, followed by the quote's own time if it differs from the frame's, and by `?` if
/// the quote is stale.
fn read_quote(word: &str, frame_at: UtcInstant) -> Option<Quote> {
    let (word, is_stale) = word.strip_suffix(STALE).map_or((word, false), |word| (word, true));
    let mut parts = word.split(':');
    let ticker = parts.next()?.parse().ok()?;
    let mut price = || Price::from_units(parts.next()?.parse().ok()?);
    let (price, previous_price, previous_close) = (price()?, price()?, price()?);
    let at = match parts.next() {
        Some(unix_ms) => UtcInstant::from_unix_ms(unix_ms.parse().ok()?),
        None => frame_at,
    };
    parts.next().is_none().then_some(Quote { ticker, price, previous_price, previous_close, at, is_stale })
}

/// The quotes after a tick's changes.
fn moved(quotes: &[Quote], at: UtcInstant, step: i64, letters: &str) -> Option<Vec<Quote>> {
    let mut letters = letters.bytes().peekable();
    let mut skipped = 0;
    let mut moved = Vec::with_capacity(quotes.len());
    for quote in quotes {
        if skipped == 0 && letters.next_if_eq(&SKIP).is_some() {
            skipped = read_number(&mut letters).filter(|count| *count > 0)?;
        }
        if skipped > 0 || letters.peek().is_none() {
            skipped = (skipped - 1).max(0);
            moved.push(Quote { previous_price: quote.price, ..*quote });
            continue;
        }
        let units = read_number(&mut letters)?.checked_mul(step)?;
        let price = Price::from_units(quote.price.units().checked_add(units)?)?;
        moved.push(Quote { price, previous_price: quote.price, at, ..*quote });
    }
    (skipped == 0 && letters.next().is_none()).then_some(moved)
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};
    use rstest::rstest;

    use super::*;
    use crate::domain::trading_day::TradingDay;

    fn quote(ticker: &str, price: i64, previous: i64, close: i64, at_ms: i64) -> Quote {
        let price_of = |units| Price::from_units(units).unwrap();
        Quote {
            ticker: ticker.parse().unwrap(),
            price: price_of(price),
            previous_price: price_of(previous),
            previous_close: price_of(close),
            at: UtcInstant::from_unix_ms(at_ms),
            is_stale: false,
        }
    }

    fn status() -> MarketStatus {
        MarketStatus {
            note: "All is well @ the market.".to_owned(),
            ..MarketStatus::live(TradingDay::utc(UtcInstant::EPOCH))
        }
    }

    fn key_frame(version: u64, quotes: &Quotes) -> String {
        write_key_frame(version, quotes, &status())
    }

    fn market(quotes: &[Quote]) -> Quotes {
        quotes.iter().copied().collect()
    }

    fn first() -> Quotes {
        let aapl = quote("AAPL", 1_904_200, 1_904_000, 1_898_300, 1_000);
        market(&[aapl, quote("MSFT", 500, 500, 500, 1_000), quote("V", 2_801_900, 2_801_900, 2_790_000, 700)])
    }

    fn second() -> Quotes {
        let aapl = quote("AAPL", 1_904_400, 1_904_200, 1_898_300, 1_500);
        market(&[aapl, quote("MSFT", 500, 500, 500, 1_500), quote("V", 2_801_900, 2_801_900, 2_790_000, 700)])
    }

    #[test]
    fn frames_are_written_as_documented() {
        let key = "K7 1000 AAPL:1904200:1904000:1898300 MSFT:500:500:500 V:2801900:2801900:2790000:700 @L+ 0 0 86400 All is well @ the market.";
        assert_eq!(key_frame(7, &first()), key);
        let stale = market(&[Quote { is_stale: true, ..quote("V", 1, 1, 1, 7) }]);
        assert!(key_frame(7, &stale).starts_with("K7 7 V:1:1:1? @"));
        assert_eq!(write_change(8, &first(), &second()).unwrap(), "D8 1500 100 EA");
        let untraded = second().iter().map(|quote| Quote { previous_price: quote.price, ..*quote }).collect::<Vec<_>>();
        let third = untraded.into_iter().chain([quote("V", 2_801_733, 2_801_900, 2_790_000, 2_000)]).collect();
        assert_eq!(write_change(9, &second(), &third).unwrap(), "D9 2000 1 !EvK");
    }

    #[rstest]
    #[case::no_more(&[])]
    #[case::another_ticker(&[quote("AAPL", 1, 1_904_200, 1_898_300, 1_500), quote("MSFT", 1, 500, 500, 1_500), quote("W", 1, 1, 1, 1)])]
    #[case::another_close(&[quote("AAPL", 1_904_200, 1_904_200, 9, 1_000), quote("MSFT", 500, 500, 500, 1_500), quote("V", 2_801_900, 2_801_900, 2_790_000, 700)])]
    #[case::stale(&[quote("AAPL", 1_904_200, 1_904_200, 1_898_300, 1_000), quote("MSFT", 500, 500, 500, 1_500), Quote { is_stale: true, ..quote("V", 2_801_900, 2_801_900, 2_790_000, 700) }])]
    #[case::another_price_before(&[quote("AAPL", 1_904_200, 9, 1_898_300, 1_500), quote("MSFT", 500, 500, 500, 1_500), quote("V", 2_801_900, 2_801_900, 2_790_000, 700)])]
    #[case::two_moments(&[quote("AAPL", 1_904_200, 1_904_200, 1_898_300, 1_400), quote("MSFT", 500, 500, 500, 1_500), quote("V", 2_801_900, 2_801_900, 2_790_000, 700)])]
    fn what_a_change_cannot_say_is_told_whole(#[case] now: &[Quote]) {
        assert_eq!(write_change(8, &first(), &market(now)), None);
    }

    #[test]
    fn a_reader_follows_and_is_not_led_astray() {
        let mut reader = CompactReader::default();
        let key = key_frame(7, &first());
        let change = write_change(8, &first(), &second()).unwrap();
        assert_eq!(reader.read(&change), Ok(Reading::Missed), "nothing is known yet");
        assert_eq!(reader.read(&key), Ok(Reading::Taken));
        assert_eq!((reader.quotes(), reader.status()), (&*first(), Some(&status())));
        assert_eq!(reader.read("D9 2000 100 EA"), Ok(Reading::Missed), "a tick was left out");
        assert_eq!(reader.read(&change), Ok(Reading::Taken));
        assert_eq!(reader.quotes(), &*second());
        assert_eq!((reader.read(&change), reader.read(&key)), (Ok(Reading::Old), Ok(Reading::Old)));
        assert_eq!(reader.quotes(), &*second());
        assert_eq!(
            reader.read(&key_frame(1, &market(&[quote("V", 1, 1, 1, 9_000)]))),
            Ok(Reading::Taken),
            "the server began anew"
        );
        assert_eq!(reader.quotes().len(), 1);
    }

    #[rstest]
    #[case::nothing("")]
    #[case::another_kind("X8 1500 100 EA")]
    #[case::no_moment("K8")]
    #[case::no_number("D8 1500 100 A%")]
    #[case::no_end("D8 1500 100 Ag")]
    #[case::too_large("D8 1500 100 ggggggggggggB")]
    #[case::too_many("D8 1500 100 AAAA")]
    #[case::skips_too_many("D8 1500 100 A!I")]
    #[case::skips_nothing("D8 1500 100 A!A")]
    #[case::below_zero("D8 1500 100 A/////B")]
    #[case::step_too_large("D8 1500 9223372036854775807 E")]
    #[case::more_behind("D8 1500 100 EA E")]
    #[case::status("D8 1500 100 EA @L+ 0 0 1")]
    #[case::price_of_nothing("K8 1500 AAPL:0:1:1 @L+ 0 0 1")]
    #[case::too_few_prices("K8 1500 AAPL:1:1 @L+ 0 0 1")]
    #[case::too_much("K8 1500 AAPL:1:1:1:1:1 @L+ 0 0 1")]
    #[case::no_ticker("K8 1500 A1:1:1:1 @L+ 0 0 1")]
    #[case::out_of_order("K8 1500 V:1:1:1 AAPL:1:1:1 @L+ 0 0 1")]
    #[case::no_status("K8 1500 AAPL:1:1:1")]
    #[case::half_a_status("K8 1500 AAPL:1:1:1 @L+ 0")]
    #[case::not_ascii("ä")]
    fn what_is_no_frame_is_refused_and_changes_nothing(#[case] frame: &str) {
        let mut reader = CompactReader::default();
        reader.read(&key_frame(7, &first())).unwrap();
        assert_eq!(reader.read(frame), Err(InvalidFrame));
        assert_eq!(reader.quotes(), &*first());
        assert_eq!(reader.read("D8 1500 100 EA"), Ok(Reading::Taken));
    }

    proptest! {
        #[test]
        fn numbers_come_back(number in -(1_i64 << 58)..(1_i64 << 58)) {
            let mut text = String::new();
            write_number(&mut text, number);
            prop_assert_eq!(read_number(&mut text.bytes().peekable()), Some(number));
        }

        /// Each tick trades some tickers, at prices of their own.
        #[test]
        fn a_reader_knows_every_tick_exactly(ticks in vec(vec(proptest::option::of(1_i64..100_000_000_000), 4), 1..30)) {
            let mut now = market(&["A", "BB", "CCC", "D.E"].map(|ticker| quote(ticker, 5_000, 5_000, 4_000, 0)));
            let mut reader = CompactReader::default();
            reader.read(&key_frame(1, &now)).unwrap();
            for (version, tick) in (2..).zip(ticks) {
                let before = now.clone();
                let follow = |(quote, price): (&Quote, Option<i64>)| match price.map(|units| Price::from_units(units).unwrap()) {
                    Some(price) => {
                        let at = UtcInstant::from_unix_ms(version as i64 * 500);
                        Quote { previous_price: quote.price, price, at, ..*quote }
                    }
                    None => Quote { previous_price: quote.price, ..*quote },
                };
                now = before.iter().zip(tick).map(follow).collect();
                let frame = write_change(version, &before, &now).unwrap_or_else(|| key_frame(version, &now));
                prop_assert_eq!(reader.read(&frame), Ok(Reading::Taken));
                prop_assert_eq!(reader.quotes(), &*now);
            }
        }

        #[test]
        fn anything_can_be_read(frames in vec("[KD]?[0-9]{0,3} [0-9]{1,4} ?[A-Z:0-9! ]{0,30}|.{0,40}", 1..8)) {
            let mut reader = CompactReader::default();
            for frame in frames {
                let _ = reader.read(&frame);
            }
        }
    }
}
