//! Index of conditions by the inputs that may change them.

use std::{
    collections::{BTreeSet, HashMap},
    hash::Hash,
};

use crate::domain::{condition::Condition, ticker::Ticker};

/// An input that may change conditions.
pub enum Asked<'a> {
    /// These tickers were printed.
    Prints(&'a [Ticker]),
    Time,
}

/// Conditions by their inputs. `K` identifies the owner of a condition.
pub struct Index<K> {
    by_ticker: HashMap<Ticker, BTreeSet<K>>,
    /// Those that depend on the account.
    of_account: BTreeSet<K>,
    /// Those that time alone may change.
    of_time: BTreeSet<K>,
}

impl<K> Default for Index<K> {
    fn default() -> Self {
        Self { by_ticker: HashMap::new(), of_account: BTreeSet::new(), of_time: BTreeSet::new() }
    }
}

impl<K: Ord + Clone + Hash> Index<K> {
    /// `ends`: the owner expires, so time is an input.
    pub fn put(&mut self, key: &K, condition: &Condition, ends: bool) {
        for ticker in condition.tickers() {
            self.by_ticker.entry(ticker).or_default().insert(key.clone());
        }
        if condition.needs_account() {
            self.of_account.insert(key.clone());
        }
        if condition.needs_time() || ends {
            self.of_time.insert(key.clone());
        }
    }

    pub fn remove(&mut self, key: &K, condition: &Condition) {
        for ticker in condition.tickers() {
            if let Some(keys) = self.by_ticker.get_mut(&ticker) {
                keys.remove(key);
                if keys.is_empty() {
                    self.by_ticker.remove(&ticker);
                }
            }
        }
        self.of_account.remove(key);
        self.of_time.remove(key);
    }

    /// Those that may have changed.
    pub fn asked(&self, asked: &Asked<'_>) -> BTreeSet<K> {
        match asked {
            Asked::Prints(tickers) => {
                let of_tickers = tickers.iter().filter_map(|ticker| self.by_ticker.get(ticker)).flatten();
                of_tickers.chain(&self.of_account).cloned().collect()
            }
            Asked::Time => self.of_time.iter().chain(&self.of_account).cloned().collect(),
        }
    }

    pub fn needs_account(&self, key: &K) -> bool {
        self.of_account.contains(key)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_condition_is_looked_at_when_what_it_is_about_changes() {
        let mut index = Index::default();
        let condition = |json| serde_json::from_value::<Condition>(json).unwrap();
        let conditions = [
            ("price", condition(json!({"left": {"price": "NVDA"}, "op": ">", "right": {"price": "AMD"}}))),
            ("cash", condition(json!({"left": {"account": "cash"}, "op": "<", "right": 5}))),
            ("time", condition(json!({"left": {"time": "15:45", "zone": "UTC"}, "op": ">", "right": 0}))),
        ];
        conditions.iter().for_each(|(key, condition)| index.put(key, condition, false));
        let ticker = |symbol: &str| symbol.parse::<Ticker>().unwrap();
        let keys = |asked: &Asked<'_>| index.asked(asked).into_iter().collect::<Vec<_>>();
        assert_eq!(keys(&Asked::Prints(&[ticker("AMD"), ticker("NVDA")])), ["cash", "price"]);
        assert_eq!(keys(&Asked::Prints(&[ticker("V")])), ["cash"]);
        assert_eq!(keys(&Asked::Time), ["cash", "time"]);
        conditions.iter().for_each(|(key, condition)| index.remove(key, condition));
        assert!(index.by_ticker.is_empty() && index.of_account.is_empty() && index.of_time.is_empty());
        index.put(&"price", &conditions[0].1, true);
        assert_eq!(index.asked(&Asked::Time).len(), 1, "its end");
    }
}
