//! Listings of the simulated market, with their parameters.

use rand::Rng;

use super::sectors::Sector;
use crate::domain::ticker::Ticker;

/// Parameters of a ticker.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Listing {
    /// Empty for a ticker without a known name.
    pub company: &'static str,
    pub sector: Sector,
    /// Trend's price at the epoch, in dollars.
    pub open: f64,
    /// μ: growth rate of the trend of the logarithm of the price, per trading year. Prices stay near their trend, so
    /// this is a holder's average return.
    pub drift: f64,
    /// σ per year, without events.
    pub volatility: f64,
    /// Shares.
    pub average_daily_volume: u64,
}

/// Listing of a ticker with a known name.
pub fn known(ticker: Ticker) -> Option<Listing> {
    let found = LISTINGS.iter().find(|row| row.0 == ticker.as_str());
    found.map(|&(_, company, sector, open, drift, volatility, millions_a_day)| Listing {
        company,
        sector,
        open,
        drift,
        volatility,
        average_daily_volume: (millions_a_day * 1e6).round() as u64,
    })
}

/// All tickers with a known name, and their companies.
pub fn all() -> impl Iterator<Item = (Ticker, &'static str)> {
    // Each is well-formed, as a test checks.
    LISTINGS.iter().filter_map(|row| Some((row.0.parse().ok()?, row.1)))
}

/// Parameters of any other ticker: a price from 20 to 500 dollars, a volatility and a volume, determined by the stream.
pub fn unlisted(rng: &mut impl Rng) -> Listing {
    Listing {
        company: "",
        sector: Sector::Other,
        open: (rng.random_range(20.0..500.0_f64) * 100.0).round() / 100.0,
        drift: 0.07,
        volatility: rng.random_range(0.2..0.5),
        // Log-uniform, from 300 thousand to 10 million.
        average_daily_volume: 10_f64.powf(rng.random_range(5.5..7.0)).round() as u64,
    }
}

/// Symbol, company, sector, opening price in dollars, drift and volatility a year, millions of shares a day.
type Row = (&'static str, &'static str, Sector, f64, f64, f64, f64);

#[rustfmt::skip]
const LISTINGS: &[Row] = {
    use Sector::*;
    &[
        ("AAPL",  "Apple",                           Technology, 190.00, 0.08, 0.26, 55.0),
        ("GOOGL", "Alphabet",                        Technology, 175.00, 0.08, 0.28, 27.0),
        ("MSFT",  "Microsoft",                       Technology, 420.00, 0.09, 0.24, 21.0),
        ("AMZN",  "Amazon",                          Technology, 185.00, 0.09, 0.31, 42.0),
        ("NVDA",  "NVIDIA",                          Technology, 800.00, 0.12, 0.48, 45.0),
        ("META",  "Meta Platforms",                  Technology, 500.00, 0.10, 0.36, 15.0),
        ("NFLX",  "Netflix",                         Technology, 600.00, 0.08, 0.38, 3.5),
        ("AMD",   "Advanced Micro Devices",          Technology, 165.00, 0.10, 0.47, 58.0),
        ("INTC",  "Intel",                           Technology,  38.00, 0.04, 0.38, 48.0),
        ("ORCL",  "Oracle",                          Technology, 122.00, 0.08, 0.30, 9.0),
        ("CRM",   "Salesforce",                      Technology, 290.00, 0.08, 0.32, 6.0),
        ("ADBE",  "Adobe",                           Technology, 490.00, 0.07, 0.34, 3.3),
        ("CSCO",  "Cisco Systems",                   Technology,  49.00, 0.06, 0.20, 18.0),
        ("QCOM",  "Qualcomm",                        Technology, 170.00, 0.08, 0.36, 8.5),
        ("IBM",   "IBM",                             Technology, 180.00, 0.06, 0.21, 4.2),
        ("UBER",  "Uber Technologies",               Technology,  74.00, 0.09, 0.40, 17.0),

        ("JPM",   "JPMorgan Chase",                  Finance,    195.00, 0.06, 0.21, 9.0),
        ("V",     "Visa",                            Finance,    280.00, 0.07, 0.19, 6.0),
        ("MA",    "Mastercard",                      Finance,    470.00, 0.07, 0.20, 2.6),
        ("BRK.B", "Berkshire Hathaway",              Finance,    410.00, 0.07, 0.15, 3.4),
        ("BAC",   "Bank of America",                 Finance,     37.00, 0.06, 0.26, 38.0),
        ("GS",    "Goldman Sachs",                   Finance,    410.00, 0.07, 0.25, 2.3),
        ("MS",    "Morgan Stanley",                  Finance,     94.00, 0.07, 0.26, 7.5),
        ("C",     "Citigroup",                       Finance,     61.00, 0.06, 0.27, 15.0),
        ("WFC",   "Wells Fargo",                     Finance,     58.00, 0.06, 0.26, 17.0),
        ("AXP",   "American Express",                Finance,    228.00, 0.07, 0.25, 3.0),
        ("PYPL",  "PayPal",                          Finance,     64.00, 0.05, 0.38, 14.0),

        ("KO",    "Coca-Cola",                       Consumer,    60.00, 0.05, 0.14, 14.0),
        ("PEP",   "PepsiCo",                         Consumer,   172.00, 0.05, 0.16, 5.5),
        ("PG",    "Procter & Gamble",                Consumer,   160.00, 0.05, 0.15, 6.8),
        ("WMT",   "Walmart",                         Consumer,    60.00, 0.07, 0.18, 17.0),
        ("COST",  "Costco",                          Consumer,   730.00, 0.08, 0.20, 2.0),
        ("HD",    "Home Depot",                      Consumer,   355.00, 0.06, 0.22, 3.4),
        ("MCD",   "McDonald's",                      Consumer,   275.00, 0.05, 0.17, 3.3),
        ("SBUX",  "Starbucks",                       Consumer,    88.00, 0.05, 0.26, 9.5),
        ("NKE",   "Nike",                            Consumer,    94.00, 0.05, 0.30, 9.0),
        ("DIS",   "Disney",                          Consumer,   112.00, 0.06, 0.27, 11.0),

        ("XOM",   "Exxon Mobil",                     Energy,     118.00, 0.06, 0.24, 17.0),
        ("CVX",   "Chevron",                         Energy,     160.00, 0.05, 0.23, 8.0),

        ("JNJ",   "Johnson & Johnson",               Health,     150.00, 0.05, 0.15, 7.2),
        ("UNH",   "UnitedHealth",                    Health,     490.00, 0.06, 0.25, 3.6),
        ("PFE",   "Pfizer",                          Health,      27.00, 0.03, 0.25, 38.0),
        ("MRK",   "Merck",                           Health,     128.00, 0.05, 0.19, 8.5),
        ("LLY",   "Eli Lilly",                       Health,     760.00, 0.10, 0.32, 3.0),

        ("BA",    "Boeing",                          Industry,   180.00, 0.05, 0.35, 7.5),
        ("GE",    "GE Aerospace",                    Industry,   155.00, 0.08, 0.28, 6.0),
        ("F",     "Ford",                            Industry,    12.50, 0.04, 0.36, 50.0),
        ("GM",    "General Motors",                  Industry,    43.00, 0.05, 0.33, 14.0),

        ("SPY",   "SPDR S&P 500 ETF",                Index,      515.00, 0.07, 0.14, 70.0),
        ("QQQ",   "Invesco QQQ",                     Index,      440.00, 0.09, 0.19, 42.0),

        ("TSLA",  "Tesla",                           Tesla,      250.00, 0.06, 0.55, 95.0),

        ("T",     "AT&T",                            Other,       17.20, 0.04, 0.21, 36.0),
        ("VZ",    "Verizon",                         Other,       40.50, 0.04, 0.20, 18.0),
    ]
};

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn assert_plausible(listing: &Listing) {
        assert!((10.0..=1_000.0).contains(&listing.open), "{listing:?}");
        assert!((0.0..=0.15).contains(&listing.drift), "{listing:?}");
        assert!((0.1..=0.6).contains(&listing.volatility), "{listing:?}");
        assert!((300_000..=100_000_000).contains(&listing.average_daily_volume), "{listing:?}");
    }

    #[test]
    fn every_listing_is_found_once_and_plausible() {
        for row in LISTINGS {
            let listing = known(row.0.parse().unwrap()).unwrap();
            assert_eq!(listing.company, row.1, "{} is there twice", row.0);
            assert!(!listing.company.is_empty());
            assert_plausible(&listing);
        }
        assert_eq!(all().count(), LISTINGS.len());
        assert_eq!(known("ZZZZ".parse().unwrap()), None);
    }

    #[test]
    fn a_ticker_without_a_listing_is_plausible_too() {
        let mut rng = ChaCha8Rng::seed_from_u64(42);
        (0..1_000).for_each(|_| assert_plausible(&unlisted(&mut rng)));
    }
}
