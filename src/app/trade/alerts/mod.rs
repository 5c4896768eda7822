//! The account's alerts as the page knows them: read once the page is idle, and again after each change.

mod acts;
mod desktop;
mod fields;
mod form;
mod log;
mod news;
mod row;
mod tab;
mod words;
mod written;

use std::time::Duration;

use gloo_timers::future::sleep;
use leptos::prelude::*;

pub use self::{form::fetch_form, news::fetch_news, tab::fetch_alerts};
use crate::{
    api::load_alerts,
    app::{
        address::View,
        effects::{detach, effect},
        loading::Loading,
        shell::layout::Panel,
        toast::Toasts,
        trade::positions::Tab,
        workspace::Workspace,
    },
    domain::{
        alerts::{
            AlertStatus,
            request::{AlertView, AlertsAndFirings, Firing},
        },
        condition::{Comparison, Condition, Node, operand::Operand},
        money::Price,
        ticker::Ticker,
        typed_alert::TypedAlert,
    },
};

/// The wait before alerts that could not be read are read again.
const RETRY_DELAY: Duration = Duration::from_secs(5);

/// Identifies an alert in the page: its UUID's 16 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlertId(u128);

impl AlertId {
    /// `None` if the text is not a UUID.
    pub fn of(id: &str) -> Option<Self> {
        u128::from_str_radix(&id.replace('-', ""), 16).ok().map(Self)
    }

    /// The UUID, as the server has it.
    fn uuid(self) -> String {
        let digits = self.to_string();
        [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
    }
}

impl std::fmt::Display for AlertId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// What the form is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A new alert, on this ticker if it is of one.
    New(Option<Ticker>),
    Edit(AlertId),
}

/// An active alert that compares a ticker's price with a number: what the chart draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriceAlert {
    pub id: AlertId,
    pub ticker: Ticker,
    pub comparison: Comparison,
    pub price: Price,
}

/// What the chart and the palette ask for. [`news`] carries it out, so that only that part has the code for it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Wish {
    /// Fires once.
    Set(TypedAlert),
    /// Waits for another price, on its side of the market.
    Move {
        alert: PriceAlert,
        price: Price,
    },
    Delete(AlertId),
}

/// The handle to the page's alerts; copies share it.
#[derive(Clone, Copy)]
pub struct AlertBook {
    known: RwSignal<Option<AlertsAndFirings>>,
    /// Those of the known alerts that the chart draws.
    at_prices: RwSignal<Vec<PriceAlert>>,
    pub loading: RwSignal<Loading>,
    /// Counts what asks for them to be read: changes that were heard of, and retries.
    pub wanted: RwSignal<u32>,
    /// Value of `wanted` at the latest read.
    read_for: StoredValue<Option<u32>>,
    /// Unread firings, once known.
    pub unread: RwSignal<u64>,
    /// Purpose of the open form.
    pub form: RwSignal<Option<Purpose>>,
    wishes: RwSignal<Vec<Wish>>,
    /// Firings since the previous read, until [`news`] has told them.
    fired: RwSignal<Vec<Firing>>,
    /// This tab of the browser leads: it alone makes sounds and desktop notifications.
    pub leads: StoredValue<bool>,
    pub toasts: Toasts,
}

impl AlertBook {
    pub fn new(toasts: Toasts) -> Self {
        Self {
            known: RwSignal::new(None),
            at_prices: RwSignal::new(Vec::new()),
            loading: RwSignal::new(Loading::Pending),
            wanted: RwSignal::new(0),
            read_for: StoredValue::new(None),
            unread: RwSignal::new(0),
            form: RwSignal::new(None),
            wishes: RwSignal::new(Vec::new()),
            fired: RwSignal::new(Vec::new()),
            leads: StoredValue::new(false),
            toasts,
        }
    }

    /// Has the alerts read anew.
    pub fn refresh(self) {
        // The page may be gone by now.
        self.wanted.try_update(|wanted| *wanted = wanted.wrapping_add(1));
    }

    /// Asks for something to be done, as soon as the part that does it is there.
    pub fn wish(self, wish: Wish) {
        if let Wish::Move { alert, price } = wish {
            // The line stays where it was dragged to; the next read corrects it.
            self.at_prices.update(|all| {
                if let Some(known) = all.iter_mut().find(|known| known.id == alert.id) {
                    known.price = price;
                }
            });
        }
        self.wishes.update(|wishes| wishes.push(wish));
    }

    /// Active alerts for prices of a ticker, tracked.
    pub fn at_prices_of(self, ticker: Ticker) -> Vec<PriceAlert> {
        self.at_prices.with(|all| all.iter().filter(|alert| alert.ticker == ticker).copied().collect())
    }

    /// Keeps the alerts up to date for as long as the calling component stands.
    fn follow(self) {
        effect(move || {
            let wanted = self.wanted.get();
            // Another component may have had them read for this.
            let is_new = self.read_for.try_update_value(|read_for| read_for.replace(wanted) != Some(wanted));
            if is_new == Some(true) {
                detach(self.read());
            }
        });
    }

    async fn read(self) {
        match load_alerts().await {
            Ok(alerts) => {
                self.take(alerts);
                self.loading.try_set(Loading::Ready);
            }
            Err(error) => {
                self.loading.try_set(Loading::Failed(error.to_string()));
                sleep(RETRY_DELAY).await;
                self.refresh();
            }
        }
    }

    /// Shows alerts, unless newer ones are shown, and has new firings told.
    fn take(self, now: AlertsAndFirings) {
        let news = self.known.try_with_untracked(|known| match known {
            Some(known) if known.version > now.version => None,
            Some(known) => Some(new_firings(known, &now)),
            None => Some(Vec::new()),
        });
        let Some(Some(news)) = news else {
            return;
        };
        self.unread.try_set(now.firings.unread);
        let at_prices: Vec<PriceAlert> = now.alerts.iter().filter_map(at_price).collect();
        if self.at_prices.try_with_untracked(|known| *known != at_prices) == Some(true) {
            self.at_prices.try_set(at_prices);
        }
        if self.known.try_with_untracked(|known| known.as_ref() != Some(&now)) == Some(true) {
            self.known.try_set(Some(now));
        }
        if !news.is_empty() {
            self.fired.try_update(|fired| fired.extend(news));
        }
    }

    /// Returns true once alerts were read; tracked.
    fn is_known(self) -> bool {
        self.known.with(Option::is_some)
    }

    /// Reads what is known, tracked.
    fn with<T>(self, read: impl FnOnce(&AlertsAndFirings) -> T) -> Option<T> {
        self.known.with(|known| known.as_ref().map(read))
    }

    /// An alert, tracked.
    fn alert(self, id: AlertId) -> Option<AlertView> {
        self.with(|known| known.alerts.iter().find(|alert| AlertId::of(&alert.id) == Some(id)).cloned()).flatten()
    }
}

/// Opens the form for a new alert, in its tab.
pub fn open_form(workspace: Workspace, ticker: Option<Ticker>) {
    let Workspace { navigation, layout, tab, alerts, .. } = workspace;
    navigation.open(View::Trade);
    tab.set(Tab::Alerts);
    alerts.form.set(Some(Purpose::New(ticker)));
    layout.show_at(Panel::Positions, "[data-testid=alert-value]");
}

/// Shows the tab.
pub fn open_tab(workspace: Workspace) {
    let Workspace { navigation, layout, tab, .. } = workspace;
    navigation.open(View::Trade);
    tab.set(Tab::Alerts);
    layout.show(Panel::Positions);
}

/// Firings that were not there before.
fn new_firings(before: &AlertsAndFirings, now: &AlertsAndFirings) -> Vec<Firing> {
    let (before, now) = (&before.firings.firings, &now.firings.firings);
    let since = before.first().map(|firing| firing.fired_at);
    let is_new = |firing: &&Firing| {
        since.is_none_or(|since| firing.fired_at >= since) && before.iter().all(|known| known.id != firing.id)
    };
    // Oldest first, as they are told.
    now.iter().filter(is_new).rev().cloned().collect()
}

/// What the chart draws of an alert: an active one that compares a price with a number.
fn at_price(alert: &AlertView) -> Option<PriceAlert> {
    let id = AlertId::of(&alert.id).filter(|_| alert.status == AlertStatus::Active)?;
    match alert.condition.root() {
        Node::Compare { left: Operand::Price(ticker), op, right: Operand::Number(number) } => {
            Some(PriceAlert { id, ticker: *ticker, comparison: *op, price: Price::nearest(*number)? })
        }
        Node::All(_) | Node::Any(_) | Node::Not(_) | Node::Compare { .. } => None,
    }
}

/// The condition of an alert for another price, turned round where that is on the other side of the market.
fn moved(alert: PriceAlert, price: Price, last: Option<Price>) -> Condition {
    let PriceAlert { comparison, ticker, .. } = alert;
    let is_below = last.map(|last| price < last);
    let comparison = match (comparison, is_below) {
        (Comparison::Above, Some(true)) => Comparison::Below,
        (Comparison::Below, Some(false)) => Comparison::Above,
        (Comparison::AtLeast, Some(true)) => Comparison::AtMost,
        (Comparison::AtMost, Some(false)) => Comparison::AtLeast,
        (Comparison::CrossesAbove, Some(true)) => Comparison::CrossesBelow,
        (Comparison::CrossesBelow, Some(false)) => Comparison::CrossesAbove,
        (same, _) => same,
    };
    Condition::compare(Operand::Price(ticker), comparison, Operand::Number(price.dollars()))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{
        words::tests::{alert, firing},
        *,
    };
    use crate::domain::alerts::request::FiringsPage;

    fn known(ids: &[&str]) -> AlertsAndFirings {
        let firings = ids.iter().map(|id| firing(id)).collect();
        let firings = FiringsPage { firings, next_cursor: None, unread: 0 };
        AlertsAndFirings { version: 1, alerts: Vec::new(), firings }
    }

    #[test]
    fn what_fired_since_is_told_oldest_first() {
        let told = |before: &[&str], now: &[&str]| {
            new_firings(&known(before), &known(now)).into_iter().map(|firing| firing.id).collect::<Vec<_>>()
        };
        assert_eq!(told(&["b", "a"], &["d", "c", "b", "a"]), ["c", "d"]);
        assert_eq!(told(&[], &["a"]), ["a"]);
        assert!(told(&["b", "a"], &["b", "a"]).is_empty());
    }

    #[rstest]
    #[case::above("810", Comparison::Above, "NVDA is above 810")]
    #[case::turned_round("790", Comparison::Above, "NVDA is below 790")]
    #[case::back("810", Comparison::AtMost, "NVDA is at least 810")]
    #[case::crossing("790.5", Comparison::CrossesAbove, "NVDA crosses below 790.5")]
    fn a_price_that_is_moved_is_still_waited_for(
        #[case] price: &str,
        #[case] before: Comparison,
        #[case] sentence: &str,
    ) {
        let (ticker, price) = ("NVDA".parse().unwrap(), price.parse().unwrap());
        let id = AlertId(1);
        let alert = PriceAlert { id, ticker, comparison: before, price: "805".parse().unwrap() };
        let condition = moved(alert, price, Some("800".parse().unwrap()));
        assert_eq!(condition.to_string(), sentence);
    }

    #[test]
    fn the_chart_draws_active_alerts_for_prices() {
        let drawn = at_price(&alert(AlertStatus::Active)).unwrap();
        assert_eq!((drawn.ticker.as_str(), drawn.price.to_string()), ("NVDA", "850.00".to_owned()));
        assert_eq!(at_price(&alert(AlertStatus::Paused)), None);
        let condition = serde_json::json!({"left": {"volume": "NVDA"}, "op": ">", "right": 850});
        let volume = AlertView { condition: serde_json::from_value(condition).unwrap(), ..alert(AlertStatus::Active) };
        assert_eq!(at_price(&volume), None);
    }

    #[test]
    fn an_id_is_that_of_its_text() {
        let id = "01938f5e-7a6c-7c11-8f3e-0a1b2c3d4e5f";
        assert_eq!(AlertId::of(id).unwrap().to_string(), "01938f5e7a6c7c118f3e0a1b2c3d4e5f");
        assert_eq!(AlertId::of(id).unwrap().uuid(), id);
        assert_eq!(AlertId::of("x"), None);
    }
}
