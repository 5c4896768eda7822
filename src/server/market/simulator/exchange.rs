//! The simulated market without a clock or a timer: the prices of any ticker at any instant.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    grid::{self, DAY, TRADE_UNITS},
    path::{Cursor, Path, price},
    sectors::Sectors,
    shocks::{Remembered, SectorShocks},
    volume::Volumes,
};
use crate::{
    domain::{instant::UtcInstant, money::Price, quote::Quote, ticker::Ticker, trading_day::TradingDay},
    server::{
        ledger::TickerSet,
        market::{Print, Update, hours::Hours},
    },
};

/// State of the wanted tickers; others need none, since any price can be computed at any time.
pub struct Exchange {
    seed: u64,
    /// Prices are shown at multiples of this, in units.
    step: i64,
    sectors: Arc<Sectors>,
    hours: Hours,
    /// Whether prints carry volumes, which take longer to compute than prices.
    tells_volume: bool,
    wanted: Arc<TickerSet>,
    shown: BTreeMap<Ticker, Shown>,
    /// The latest trading day, and the instant of the last trade before it, in units.
    day: Option<(TradingDay, i64)>,
}

/// A shown ticker, with the cursor of its path.
struct Shown {
    path: Path,
    cursor: Cursor,
    /// Price of the previous print.
    latest: Option<Price>,
    /// Previous day's close, with its instant in units.
    previous_close: Option<(i64, Price)>,
    /// Only if prints carry volumes.
    volumes: Option<Box<Volumes>>,
}

impl Exchange {
    pub fn new(seed: u64, step: i64, sectors: Arc<Sectors>, hours: Hours) -> Self {
        let (wanted, shown) = (Arc::default(), BTreeMap::new());
        Self { seed, step, sectors, hours, tells_volume: false, wanted, shown, day: None }
    }

    /// Prints tell volumes from now on.
    pub fn tell_volume(&mut self) {
        self.tells_volume = true;
    }

    /// Whether a ticker is wanted that was not at the previous tick.
    pub fn has_newcomers(&self, wanted: &Arc<TickerSet>) -> bool {
        self.wanted != *wanted && wanted.iter().any(|ticker| !self.shown.contains_key(ticker))
    }

    /// Prints of all wanted tickers at the instant `at`; the previous tick was at `before`.
    pub fn tick(&mut self, wanted: &Arc<TickerSet>, at: UtcInstant, before: UtcInstant) -> Update {
        self.want(wanted, at);
        let sectors = Arc::clone(&self.sectors);
        let (mut remembered, now, before) = (Remembered::new(&sectors), self.units(at), self.units(before));
        let close = self.previous_close(at);
        let print =
            |(ticker, shown): (&Ticker, &mut Shown)| shown.print(*ticker, at, now, before, close, &mut remembered);
        Update { prints: self.shown.iter_mut().map(print).collect(), ..Update::default() }
    }

    /// Prints of newly wanted tickers, as of the latest tick.
    pub fn welcome(&mut self, wanted: &Arc<TickerSet>, at: UtcInstant, before: UtcInstant) -> Update {
        let newcomers: Vec<Ticker> = wanted.iter().filter(|ticker| !self.shown.contains_key(ticker)).copied().collect();
        self.want(wanted, at);
        let (now, before, close) = (self.units(at), self.units(before), self.previous_close(at));
        let mut sectors = &*self.sectors;
        let print = |ticker: Ticker| {
            let shown = self.shown.get_mut(&ticker)?;
            Some(shown.print(ticker, at, now, before, close, &mut sectors))
        };
        Update { prints: newcomers.into_iter().filter_map(print).collect(), ..Update::default() }
    }

    /// Adds newly wanted tickers, and drops the others.
    fn want(&mut self, wanted: &Arc<TickerSet>, at: UtcInstant) {
        // Usually the same `Arc`, which needs no comparison.
        if self.wanted == *wanted {
            return;
        }
        self.shown.retain(|ticker, _| wanted.contains(ticker));
        let units = self.units(at);
        for ticker in wanted.iter() {
            let (seed, mut sectors) = (self.seed, &*self.sectors);
            let volumes = self.tells_volume.then(Box::default);
            self.shown.entry(*ticker).or_insert_with(|| {
                let path = Path::new(seed, *ticker);
                let cursor = Cursor::new(&path, units, &mut sectors);
                Shown { cursor, path, latest: None, previous_close: None, volumes }
            });
        }
        self.wanted = Arc::clone(wanted);
    }

    /// Instant of the last trade before the trading day of a moment, in units.
    fn previous_close(&mut self, at: UtcInstant) -> i64 {
        if let Some((day, close)) = self.day
            && day.includes(at)
        {
            return close;
        }
        let day = self.hours.day_of(at);
        let before = self.hours.last_traded(UtcInstant::from_unix_ms(day.starts_at * 1_000 - 1));
        let close = grid::units_of_second(before.unix_second() + 1) - TRADE_UNITS;
        self.day = Some((day, close));
        close
    }

    fn units(&self, at: UtcInstant) -> i64 {
        grid::units_of(at).div_euclid(self.step) * self.step
    }
}

impl Shown {
    fn print(
        &mut self,
        ticker: Ticker,
        at: UtcInstant,
        now: i64,
        before: i64,
        close: i64,
        sectors: &mut impl SectorShocks,
    ) -> Print {
        let price_now = price(self.cursor.level(&self.path, now, sectors));
        // A tick that a busy machine skipped was never shown.
        let previous_price = match self.latest.replace(price_now) {
            Some(price) => price,
            None => self.price_at(before, sectors),
        };
        let previous_close = match self.previous_close {
            Some((known, price)) if known == close => price,
            _ => self.price_at(close, sectors),
        };
        self.previous_close = Some((close, previous_close));
        let quote = Quote { ticker, price: price_now, previous_price, previous_close, at, is_stale: false };
        let traded = |volumes: &mut Box<Volumes>| volumes.between(&self.path, before..now, sectors);
        Print { quote, volume: self.volumes.as_mut().map_or(0, traded) }
    }

    /// Price at an instant, without moving the cursor.
    fn price_at(&self, units: i64, sectors: &mut impl SectorShocks) -> Price {
        price(Cursor::new(&self.path, units, sectors).level(&self.path, units, sectors))
    }
}

// The day before the first day must be within the span.
const _: () = assert!(grid::SPAN > 2 * DAY);

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: u64 = 42;

    /// Sunday, 22 November 2026, 23:59:30.
    const START_MS: i64 = 1_795_391_970_000;

    fn set(symbols: &[&str]) -> Arc<TickerSet> {
        Arc::new(symbols.iter().map(|symbol| symbol.parse().unwrap()).collect())
    }

    fn exchange(seed: u64) -> Exchange {
        Exchange::new(seed, TRADE_UNITS, Arc::new(Sectors::new(seed)), Hours::Continuous)
    }

    fn at(tick: i64) -> UtcInstant {
        UtcInstant::from_unix_ms(START_MS + tick * 500)
    }

    fn tick(exchange: &mut Exchange, wanted: &Arc<TickerSet>, n: i64) -> Vec<Print> {
        exchange.tick(wanted, at(n), at(n - 1)).prints
    }

    #[test]
    fn a_seed_is_a_market() {
        let wanted = set(&["AAPL", "TSLA", "ZZZZ"]);
        let run = |seed| {
            let mut exchange = exchange(seed);
            (0..10).map(|n| tick(&mut exchange, &wanted, n)).collect::<Vec<_>>()
        };
        assert_eq!(run(SEED), run(SEED));
        assert_ne!(run(SEED), run(SEED + 1));
    }

    #[test]
    fn prints_do_not_depend_on_when_the_market_was_started_or_who_was_wanted() {
        let all = set(&["AAPL", "TSLA", "V", "ZZZZ"]);
        let mut first = exchange(SEED);
        let prints: Vec<Vec<Print>> = (0..200).map(|n| tick(&mut first, &all, n)).collect();
        let mut later = exchange(SEED);
        for n in (37..200).step_by(3) {
            // AAPL comes and goes, V comes late.
            let mut wanted = TickerSet::from(["ZZZZ".parse().unwrap()]);
            wanted.extend((n % 2 == 0).then(|| "AAPL".parse::<Ticker>().unwrap()));
            wanted.extend((n > 90).then(|| "V".parse::<Ticker>().unwrap()));
            let found = tick(&mut later, &Arc::new(wanted.clone()), n);
            assert!(found.iter().map(|print| &print.quote.ticker).eq(&wanted));
            let now =
                |print: &Print| (print.quote.ticker, print.quote.price, print.quote.previous_close, print.quote.at);
            let expected: Vec<_> = prints[n as usize].iter().map(now).collect();
            assert!(found.iter().all(|print| expected.contains(&now(print))), "{n}");
        }
    }

    #[test]
    fn a_newcomer_is_shown_as_it_is_at_the_latest_tick() {
        let (one, both) = (set(&["V"]), set(&["AAPL", "V"]));
        let (mut exchange, mut other) = (exchange(SEED), exchange(SEED));
        tick(&mut exchange, &one, 5);
        assert!(!exchange.has_newcomers(&one) && exchange.has_newcomers(&both));
        let welcomed = exchange.welcome(&both, at(5), at(4)).prints;
        assert_eq!(welcomed, tick(&mut other, &set(&["AAPL"]), 5));
        assert!(!exchange.has_newcomers(&both) && !exchange.has_newcomers(&one));
        assert_eq!(tick(&mut exchange, &both, 6), tick(&mut other, &both, 6));
    }

    #[test]
    fn quotes_chain_and_a_days_change_is_from_the_last_price_before_midnight() {
        let (wanted, mut exchange) = (set(&["AAPL"]), exchange(SEED));
        let quotes: Vec<Quote> = (0..120).map(|n| tick(&mut exchange, &wanted, n)[0].quote).collect();
        assert!(quotes.windows(2).all(|pair| pair[1].previous_price == pair[0].price));
        // Midnight is at the 60th tick.
        assert!(quotes[..60].iter().all(|quote| quote.previous_close == quotes[0].previous_close));
        assert!(quotes[60..].iter().all(|quote| quote.previous_close == quotes[59].price));
        assert_ne!(quotes[0].previous_close, quotes[59].price);
    }
}
