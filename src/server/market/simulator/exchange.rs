//! The whole simulated market, without a clock or a timer: one tick at a time, for whoever is wanted.

use std::{collections::BTreeMap, sync::Arc};

use super::{pace::Pace, sectors::Sectors, walk::Walk};
use crate::{
    domain::{instant::UtcInstant, ticker::Ticker},
    server::{ledger::TickerSet, market::Update},
};

/// How many walks are kept for tickers that are not wanted now. One that is not kept replays from the first tick.
const IDLE_WALKS_MAX: usize = 1_000;

/// The sectors, and the tickers that were wanted so far.
pub struct Exchange {
    seed: u64,
    pace: Pace,
    sectors: Sectors,
    has_opened: bool,
    /// At the tick before,
    wanted: Arc<TickerSet>,
    /// …with their walks.
    walks: BTreeMap<Ticker, Walk>,
    /// Of others that were wanted once.
    idle: BTreeMap<Ticker, Walk>,
    /// Whose history is told at the next tick, whether they are new or not.
    retold: TickerSet,
}

impl Exchange {
    pub fn new(seed: u64, pace: Pace) -> Self {
        Self {
            seed,
            pace,
            sectors: Sectors::new(seed, pace.ticks_a_day),
            has_opened: false,
            wanted: Arc::default(),
            walks: BTreeMap::new(),
            idle: BTreeMap::new(),
            retold: TickerSet::new(),
        }
    }

    /// Tells a ticker's history with the next tick, if it is wanted then.
    pub fn retell(&mut self, ticker: Ticker) {
        self.retold.insert(ticker);
    }

    /// The next tick, which happens `at`: a print of every wanted ticker, and the history of each that was not wanted at
    /// the tick before. The first tick shows opening prices.
    pub fn step(&mut self, wanted: &Arc<TickerSet>, at: UtcInstant) -> Update {
        if std::mem::replace(&mut self.has_opened, true) {
            self.sectors.advance();
        }
        // Mostly it is the very same set, and not compared.
        let mut told = std::mem::take(&mut self.retold);
        if self.wanted != *wanted {
            told.extend(self.change(wanted));
        }
        let print = |walk: &mut Walk| {
            walk.advance_to(self.sectors.tick);
            walk.print(&self.sectors, at)
        };
        let prints = self.walks.values_mut().map(print).collect();
        let history = |ticker: &Ticker| self.walks.get(ticker).map(|walk| walk.history(&self.sectors, at));
        let histories = told.iter().filter_map(history).collect();
        Update { prints, histories, ..Update::default() }
    }

    /// Takes up the walks of what is wanted, and lays those aside that are not; gives the tickers that were not wanted
    /// at the tick before.
    fn change(&mut self, wanted: &Arc<TickerSet>) -> Vec<Ticker> {
        self.idle.extend(self.walks.extract_if(.., |ticker, _| !wanted.contains(ticker)));
        let newcomers: Vec<Ticker> = wanted.difference(&self.wanted).copied().collect();
        for ticker in &newcomers {
            let walk = self.idle.remove(ticker).unwrap_or_else(|| Walk::new(self.seed, *ticker, self.pace));
            self.walks.insert(*ticker, walk);
        }
        if self.idle.len() > IDLE_WALKS_MAX {
            self.idle.clear();
        }
        self.wanted = Arc::clone(wanted);
        newcomers
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::server::market::Print;

    const SEED: u64 = 42;

    fn set(symbols: &[&str]) -> Arc<TickerSet> {
        Arc::new(symbols.iter().map(|symbol| symbol.parse().unwrap()).collect())
    }

    fn at(tick: u64) -> UtcInstant {
        UtcInstant::from_unix_ms(1_795_356_131_512 + tick as i64 * 60_000)
    }

    /// With ticks of a minute, so that days open within a test.
    fn exchange(seed: u64) -> Exchange {
        Exchange::new(seed, Pace::of(Duration::from_secs(60)))
    }

    /// All prints of so many ticks, of what is wanted at each.
    fn run(seed: u64, ticks: u64, wanted: impl Fn(u64) -> Arc<TickerSet>) -> Vec<Vec<Print>> {
        let mut exchange = exchange(seed);
        (0..ticks).map(|tick| exchange.step(&wanted(tick), at(tick)).prints).collect()
    }

    #[test]
    fn a_seed_is_a_market() {
        let wanted = |_| set(&["AAPL", "TSLA", "ZZZZ"]);
        assert_eq!(run(SEED, 2_000, wanted), run(SEED, 2_000, wanted));
        assert_ne!(run(SEED, 10, wanted), run(SEED + 1, 10, wanted));
    }

    #[test]
    fn the_clock_changes_only_the_time_of_a_print() {
        let wanted = set(&["AAPL", "TSLA"]);
        let (mut early, mut late) = (exchange(SEED), exchange(SEED));
        for tick in 0..3_000 {
            // A clock that runs, beside one that stands still.
            let (early, mut late) = (early.step(&wanted, at(tick)).prints, late.step(&wanted, at(0)).prints);
            late.iter_mut().for_each(|print| print.quote.at = at(tick));
            assert_eq!(early, late);
        }
    }

    #[test]
    fn a_tickers_prints_do_not_depend_on_who_is_wanted_when() {
        const TICKS: u64 = 3_200;
        let all = run(SEED, TICKS, |_| set(&["AAPL", "TSLA", "V", "ZZZZ"]));
        let some = run(SEED, TICKS, |tick| {
            let mut wanted = TickerSet::new();
            // AAPL comes late, goes for a day's opening and comes back; V comes and goes; ZZZZ comes on the second day.
            wanted.extend((tick >= 7 && !(1_400..1_500).contains(&tick)).then(|| "AAPL".parse::<Ticker>().unwrap()));
            wanted.extend((tick / 200).is_multiple_of(2).then(|| "V".parse::<Ticker>().unwrap()));
            wanted.extend((tick >= 2_000).then(|| "ZZZZ".parse::<Ticker>().unwrap()));
            Arc::new(wanted)
        });
        let mut compared = 0;
        for (all, some) in all.iter().zip(&some) {
            assert!(some.iter().all(|print| all.contains(print)), "{some:?}, but {all:?}");
            compared += some.len() as u64;
        }
        assert_eq!(compared, (TICKS - 7 - 100) + TICKS / 2 + (TICKS - 2_000));
    }

    #[test]
    fn a_forgotten_walk_comes_back_as_it_was() {
        let always = run(SEED, 100, |_| set(&["AAPL"]));
        let mut exchange = exchange(SEED);
        exchange.step(&set(&["AAPL"]), at(0));
        for n in 0..IDLE_WALKS_MAX {
            let letter = |number: usize| char::from(b'A' + (number % 26) as u8);
            let ticker = format!("X{}{}{}", letter(n), letter(n / 26), letter(n / 676)).parse().unwrap();
            exchange.idle.insert(ticker, Walk::new(SEED, ticker, exchange.pace));
        }
        (1..99).for_each(|tick| drop(exchange.step(&set(&["V"]), at(tick))));
        assert!(exchange.walks.keys().copied().eq(set(&["V"]).iter().copied()) && exchange.idle.is_empty());
        assert_eq!(exchange.step(&set(&["AAPL"]), at(99)).prints, always[99]);
    }

    #[test]
    fn quotes_chain_and_start_at_the_opening() {
        let prints = run(SEED, 3_000, |_| set(&["AAPL"]));
        let quotes: Vec<_> = prints.iter().map(|prints| prints[0].quote).collect();
        assert_eq!((quotes[0].price.to_string().as_str(), quotes[0].previous_price), ("190.00", quotes[0].price));
        assert!(quotes.windows(2).all(|pair| pair[1].previous_price == pair[0].price));
        // A day is 1,440 ticks of a minute, the first one having begun before the first tick.
        assert!(quotes[..1_440].iter().all(|quote| quote.previous_close == quotes[0].previous_close));
        assert!(quotes[1_440..2_880].iter().all(|quote| quote.previous_close == quotes[1_440].price));
        assert!(quotes[2_880..].iter().all(|quote| quote.previous_close == quotes[2_880].price));
    }

    #[test]
    fn the_first_days_change_is_plausible() {
        let wanted = set(&["AAPL", "GOOGL", "MSFT", "AMZN", "TSLA", "NVDA", "META", "JPM", "V", "NFLX"]);
        for print in exchange(SEED).step(&wanted, at(0)).prints {
            let change = print.quote.day_change_percent();
            // A trading day's deviation is σ/√252, 3.5 % for Tesla's 0.55; five of them are never seen.
            assert!(change != 0.0 && change.abs() < 17.5, "{print:?}");
        }
    }

    #[test]
    fn a_ticker_that_becomes_wanted_comes_with_its_history() {
        let mut exchange = exchange(SEED);
        let (both, one) = (set(&["AAPL", "V"]), set(&["V"]));
        let mut with_history = |wanted: &Arc<TickerSet>, tick| {
            let update = exchange.step(wanted, at(tick));
            for history in &update.histories {
                let quote = update.prints.iter().find(|print| print.quote.ticker == history.ticker).unwrap().quote;
                assert_eq!(history.days.last().unwrap().close, quote.price);
                // The day opened 390 minutes before the first tick; the minute that held it opens at its price.
                let opened = (tick as usize) + 390;
                assert_eq!(history.minutes[history.minutes.len() - 1 - opened].open, quote.previous_close);
            }
            update.histories.into_iter().map(|history| history.ticker).collect::<TickerSet>()
        };
        assert_eq!(with_history(&both, 0), *both);
        assert_eq!(with_history(&both, 1), TickerSet::new());
        assert_eq!(with_history(&one, 2), TickerSet::new());
        assert_eq!(with_history(&both, 3), *set(&["AAPL"]));
        assert_eq!(with_history(&both, 4), TickerSet::new());
    }

    #[test]
    fn a_ticker_without_a_listing_opens_at_a_price_of_its_own() {
        let opening = |seed, symbol| exchange(seed).step(&set(&[symbol]), at(0)).prints[0].quote.price;
        assert_eq!(opening(SEED, "ZZZZ"), opening(SEED, "ZZZZ"));
        assert_ne!(opening(SEED, "ZZZZ"), opening(SEED, "YYYY"));
        assert_ne!(opening(SEED, "ZZZZ"), opening(SEED + 1, "ZZZZ"));
    }
}
