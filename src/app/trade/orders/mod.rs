//! The account's orders as the page knows them: read when something shows them, and again after each change.

mod cancel;
mod detail;
mod edit;
mod form;
mod lines;
mod row;
mod tab;
mod words;

use std::{collections::BTreeMap, time::Duration};

use gloo_timers::future::sleep;
use leptos::prelude::*;

pub use self::{form::fetch_form, lines::fetch_lines, tab::fetch_orders};
use crate::{
    api::load_orders,
    app::{
        account::Books,
        effects::{detach, effect},
        loading::Loading,
        toast::Toasts,
    },
    domain::{
        orders::{
            id::OrderId,
            order::StatusWord,
            terms::OrderType,
            view::{OpenAndRecent, OrderView},
        },
        ticker::Ticker,
    },
};

/// Interval of reads while a trailing stop is open: its stop moves without an event.
const TRAILING_INTERVAL: Duration = Duration::from_secs(4);

/// The wait before orders that could not be read are read again.
const RETRY_DELAY: Duration = Duration::from_secs(5);

/// The handle to the page's orders; copies share it.
#[derive(Clone, Copy)]
pub struct OrderBook {
    known: RwSignal<Option<OpenAndRecent>>,
    pub loading: RwSignal<Loading>,
    /// Counts what asks for them to be read: changes that were heard of, and retries.
    pub wanted: RwSignal<u32>,
    /// Value of `wanted` at the latest read.
    read_for: StoredValue<Option<u32>>,
    pub books: Books,
    pub toasts: Toasts,
}

impl OrderBook {
    pub fn new(books: Books, toasts: Toasts) -> Self {
        Self {
            known: RwSignal::new(None),
            loading: RwSignal::new(Loading::Pending),
            wanted: RwSignal::new(0),
            read_for: StoredValue::new(None),
            books,
            toasts,
        }
    }

    /// Has the orders read anew, by whatever shows them now or next.
    pub fn refresh(self) {
        // The page may be gone by now.
        self.wanted.try_update(|wanted| *wanted = wanted.wrapping_add(1));
    }

    /// Keeps the orders up to date for as long as the calling component stands.
    pub fn follow(self) {
        effect(move || {
            let wanted = self.wanted.get();
            // Another component may have had them read for this.
            let is_new = self.read_for.try_update_value(|read_for| read_for.replace(wanted) != Some(wanted));
            if is_new == Some(true) {
                detach(self.read());
            }
        });
        effect(move || {
            let look = move || {
                if self.known.with_untracked(|known| known.as_ref().is_some_and(has_trailing)) {
                    self.refresh();
                }
            };
            // Only a page without timers refuses.
            if let Ok(timer) = set_interval_with_handle(look, TRAILING_INTERVAL) {
                on_cleanup(move || timer.clear());
            }
        });
    }

    async fn read(self) {
        match load_orders().await {
            Ok(orders) => {
                self.take(orders);
                self.loading.try_set(Loading::Ready);
            }
            Err(error) => {
                self.loading.try_set(Loading::Failed(error.to_string()));
                sleep(RETRY_DELAY).await;
                self.refresh();
            }
        }
    }

    /// Shows orders, unless newer ones are shown, and tells what became of those that were open.
    fn take(self, orders: OpenAndRecent) {
        let told = self.known.try_with_untracked(|known| match known {
            Some(known) if known.version > orders.version => None,
            Some(known) if *known == orders => None,
            Some(known) => Some(news(known, &orders)),
            None => Some(Vec::new()),
        });
        let Some(Some(news)) = told else {
            return;
        };
        self.known.try_set(Some(orders));
        for (order, is_good) in news {
            let words = words::outcome(&order);
            if is_good { self.toasts.success(words) } else { self.toasts.error(words) }
        }
    }

    /// Shows an order as the server has just told it.
    fn put(self, order: OrderView) {
        self.known.update(|known| {
            let all = known.iter_mut().flat_map(|known| &mut known.open);
            for leader in all {
                if leader.id == order.id {
                    *leader = order;
                    return;
                }
                if let Some(leg) = leader.legs.iter_mut().find(|leg| leg.id == order.id) {
                    *leg = order;
                    return;
                }
            }
        });
    }

    /// Number of open orders without their legs, tracked.
    pub fn open_count(self) -> Option<usize> {
        self.known.with(|known| known.as_ref().map(|known| known.open.len()))
    }

    /// Returns true once orders were read; tracked.
    pub fn is_known(self) -> bool {
        self.known.with(Option::is_some)
    }

    /// Reads what is known, tracked.
    pub fn with<T>(self, read: impl FnOnce(&OpenAndRecent) -> T) -> Option<T> {
        self.known.with(|known| known.as_ref().map(read))
    }

    /// An order or a leg, tracked.
    pub fn order(self, id: OrderId) -> Option<OrderView> {
        self.with(|known| find(known, id).cloned()).flatten()
    }

    /// The orders and legs of a ticker that are open, tracked.
    pub fn open_of(self, ticker: Ticker) -> Vec<OrderView> {
        let is_meant = |order: &&OrderView| order.ticker == ticker && is_open(order);
        self.with(|known| known.open.iter().flat_map(with_legs).filter(is_meant).cloned().collect()).unwrap_or_default()
    }
}

/// Returns true for an order that has not ended.
pub fn is_open(order: &OrderView) -> bool {
    match order.status {
        StatusWord::Held | StatusWord::Working | StatusWord::Triggered | StatusWord::PartiallyFilled => true,
        StatusWord::Filled | StatusWord::Canceled | StatusWord::Expired | StatusWord::Rejected => false,
    }
}

/// An order, then its legs.
fn with_legs(order: &OrderView) -> impl Iterator<Item = &OrderView> {
    std::iter::once(order).chain(&order.legs)
}

fn all(known: &OpenAndRecent) -> impl Iterator<Item = &OrderView> {
    known.open.iter().chain(&known.recent).flat_map(with_legs)
}

fn find(known: &OpenAndRecent, id: OrderId) -> Option<&OrderView> {
    all(known).find(|order| order.id == id)
}

fn has_trailing(known: &OpenAndRecent) -> bool {
    known.open.iter().flat_map(with_legs).any(|order| order.order_type == OrderType::TrailingStop && is_open(order))
}

/// Orders that were open and have filled (`true`), expired or been rejected (`false`). A cancelled order is reported where it is
/// cancelled.
fn news(before: &OpenAndRecent, now: &OpenAndRecent) -> Vec<(OrderView, bool)> {
    let was_open: BTreeMap<OrderId, f64> = before
        .open
        .iter()
        .flat_map(with_legs)
        .filter(|order| is_open(order))
        .map(|order| (order.id, order.filled_quantity))
        .collect();
    let mut news = Vec::new();
    for order in all(now) {
        let Some(filled_before) = was_open.get(&order.id) else {
            continue;
        };
        let is_good = match order.status {
            StatusWord::Expired | StatusWord::Rejected => false,
            _ if order.filled_quantity > *filled_before => true,
            _ => continue,
        };
        news.push((order.clone(), is_good));
    }
    news
}

#[cfg(test)]
mod tests {
    use super::{words::tests::order, *};

    fn known(open: Vec<OrderView>, recent: Vec<OrderView>) -> OpenAndRecent {
        use crate::domain::money::Money;
        OpenAndRecent { version: 1, open, recent, buying_power: Money::ZERO, held_for_orders: Money::ZERO }
    }

    #[test]
    fn a_fill_is_news_and_a_cancelled_order_is_not() {
        let open = order(1, StatusWord::Working);
        let before =
            known(vec![open.clone(), order(2, StatusWord::Working), order(3, StatusWord::Working)], Vec::new());
        let filled = OrderView { filled_quantity: 5.0, ..order(1, StatusWord::Filled) };
        let ended = vec![filled, order(2, StatusWord::Canceled), order(3, StatusWord::Expired)];
        let now = known(Vec::new(), ended);
        let told: Vec<_> = news(&before, &now).into_iter().map(|(order, is_good)| (order.status, is_good)).collect();
        assert_eq!(told, [(StatusWord::Filled, true), (StatusWord::Expired, false)]);
        assert_eq!(news(&now, &now), []);
        assert_eq!(news(&before, &before), []);
    }

    #[test]
    fn a_leg_is_found_below_its_order() {
        let leg = order(2, StatusWord::Held);
        let id = leg.id;
        let group = OrderView { legs: vec![leg], ..order(1, StatusWord::Filled) };
        assert_eq!(find(&known(vec![group], Vec::new()), id).map(|order| order.status), Some(StatusWord::Held));
    }
}
