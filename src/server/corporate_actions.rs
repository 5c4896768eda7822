//! Follows the vendor's splits and dividends. Each held or watched ticker is queried at the start, once a day, and when
//! a price jumps as in a split; actions are applied to the books and to the feed's prices once their day has come.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use super::{
    clock::Clock,
    ledger::{Applied, ApplyAction, Ledger, PayDividends},
    market::{feed::Feed, massive::company_actions::CompanyActions},
    pacing::Backoff,
};
use crate::{
    domain::{
        account_id::AccountId,
        corporate_action::{ActionKind, CorporateAction, ExchangeDate},
        instant::UtcInstant,
        money::Price,
        ticker::Ticker,
    },
    error::ApiError,
};

/// Interval of checking whether a day has come.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Interval of querying each ticker.
const ASK_EVERY: Duration = Duration::from_secs(24 * 3_600);

/// Pause between two tickers, to avoid bursts.
const GAP: Duration = Duration::from_millis(100);

/// A change of price by this factor may be a split: the smallest common split is three for two.
const JUMP: f64 = 1.3;

/// Minimum interval between queries of a ticker whose price jumps.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(2);

/// Time that a split waits for a price of its ticker, which classifies trades of the same day.
const PRICE_PATIENCE: Duration = Duration::from_secs(20);

/// Follows the actions until shutdown.
pub async fn follow(reference: CompanyActions, ledger: Ledger, feed: Feed, clock: Clock, shutdown: CancellationToken) {
    let mut follower = Follower {
        reference,
        ledger,
        feed,
        clock,
        tickers: BTreeMap::new(),
        started: Instant::now(),
        not_before: Instant::now(),
        backoff: Backoff::default(),
        has_failed: false,
        paid_until: None,
        shown: BTreeSet::new(),
    };
    let following = async {
        let mut looks = interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            follower.look().await;
        }
    };
    tokio::select! {
        biased;
        () = shutdown.cancelled() => {}
        () = following => {}
    }
}

struct Follower {
    reference: CompanyActions,
    ledger: Ledger,
    feed: Feed,
    clock: Clock,
    /// Held or watched tickers.
    tickers: BTreeMap<Ticker, Known>,
    started: Instant,
    /// Earliest time of the next query.
    not_before: Instant,
    backoff: Backoff,
    has_failed: bool,
    /// Last day on which dividends were paid.
    paid_until: Option<ExchangeDate>,
    /// Today's splits that the feed has applied.
    shown: BTreeSet<(ExchangeDate, String)>,
}

/// A followed ticker and its actions.
#[derive(Default)]
struct Known {
    asked: Option<Instant>,
    /// Whether its price has jumped since the last query.
    is_doubtful: bool,
    /// Price at the last check.
    price: Option<Price>,
    /// Actions not applied yet, in order of their days.
    actions: Vec<CorporateAction>,
}

impl Known {
    fn is_due(&self) -> bool {
        self.asked.is_none_or(|asked| {
            let age = asked.elapsed();
            age >= ASK_EVERY || (self.is_doubtful && age >= ASK_AGAIN_AFTER)
        })
    }

    fn look_at(&mut self, price: Price) {
        let before = self.price.replace(price);
        let factor = before.map_or(1.0, |before| price.dollars() / before.dollars());
        self.is_doubtful |= !(1.0 / JUMP..=JUMP).contains(&factor);
    }
}

impl Follower {
    async fn look(&mut self) {
        self.follow_tickers();
        while let Some(ticker) = self.next_due() {
            self.ask(ticker).await;
            self.apply().await;
            self.pay().await;
            sleep(GAP).await;
        }
        self.apply().await;
        self.pay().await;
    }

    /// Adds new tickers, drops those no longer followed, and detects jumps.
    fn follow_tickers(&mut self) {
        let wanted = self.ledger.wanted().borrow().clone();
        self.tickers.retain(|ticker, _| wanted.contains(ticker));
        let tick = self.feed.latest();
        for ticker in wanted.iter() {
            let known = self.tickers.entry(*ticker).or_default();
            tick.price(*ticker).into_iter().for_each(|price| known.look_at(price));
        }
    }

    /// The next ticker to query; holdings come first.
    fn next_due(&self) -> Option<Ticker> {
        if Instant::now() < self.not_before {
            return None;
        }
        let books: Vec<_> = self.ledger.accounts().into_iter().map(|account| self.ledger.books(account)).collect();
        let is_held = |ticker: &Ticker| books.iter().any(|books| books.account.holdings.contains_key(ticker));
        let due = self.tickers.iter().filter(|(_, known)| known.is_due());
        // A failing ticker does not delay the others.
        let first = due.min_by_key(|(ticker, known)| (known.asked.is_some(), !is_held(ticker), known.asked));
        first.map(|(ticker, _)| *ticker)
    }

    async fn ask(&mut self, ticker: Ticker) {
        // Actions before the first account was opened are irrelevant.
        let opened_at = self.ledger.accounts().into_iter().map(|account| self.ledger.books(account).opened_at).min();
        let since = ExchangeDate::of(opened_at.unwrap_or_else(self.clock));
        match self.reference.actions(ticker, since).await {
            Ok(actions) => {
                self.backoff.reset();
                self.has_failed = false;
                if let Some(known) = self.tickers.get_mut(&ticker) {
                    (known.asked, known.is_doubtful, known.actions) = (Some(Instant::now()), false, actions);
                }
            }
            Err(failure) => {
                self.not_before = Instant::now() + failure.wait().max(self.backoff.next_wait());
                if let Some(known) = self.tickers.get_mut(&ticker) {
                    (known.asked, known.is_doubtful) = (Some(Instant::now()), true);
                }
                // Logged once, not at every attempt.
                if std::mem::replace(&mut self.has_failed, true) {
                    debug!(market.ticker = %ticker, market.cause = %failure, "no splits and dividends yet");
                } else {
                    warn!(market.ticker = %ticker, market.cause = %failure, "no splits and dividends; asked again later");
                }
            }
        }
    }

    /// Applies the actions whose day has come.
    async fn apply(&mut self) {
        let at = (self.clock)();
        let today = ExchangeDate::of(at);
        let tick = self.feed.latest();
        let has_patience = self.started.elapsed() < PRICE_PATIENCE;
        let is_ready = |action: &CorporateAction| {
            let has_to_wait = matches!(action.kind, ActionKind::Split(_)) && action.ex_date == today && has_patience;
            action.ex_date <= today && !(has_to_wait && tick.price(action.ticker).is_none())
        };
        let mut due = Vec::new();
        for known in self.tickers.values_mut() {
            due.extend(known.actions.extract_if(.., |action| is_ready(action)));
        }
        due.sort_by_key(|action| action.ex_date);
        for action in due {
            let mut is_busy = false;
            for account in self.ledger.accounts() {
                is_busy |= !self.apply_to(account, &action, at, today).await;
            }
            // Applying an action again to the same account has no effect.
            if is_busy && let Some(known) = self.tickers.get_mut(&action.ticker) {
                known.actions.insert(0, action);
            }
        }
    }

    /// Applies an action to an account; returns whether the ledger accepted it.
    async fn apply_to(
        &mut self,
        account: AccountId,
        action: &CorporateAction,
        at: UtcInstant,
        today: ExchangeDate,
    ) -> bool {
        let apply = ApplyAction { action: action.clone(), prices: self.feed.latest(), at };
        match self.ledger.submit(account, apply).await {
            Ok(outcome) => self.tell(action, outcome, today),
            Err(ApiError::Busy) => return false,
            Err(cause) => warn!(ledger.cause = %cause, market.action = action.id, "an action was not applied"),
        }
        true
    }

    fn tell(&mut self, action: &CorporateAction, outcome: Applied, today: ExchangeDate) {
        if outcome == Applied::Now {
            info!(market.ticker = %action.ticker, market.action = action.id, "a split or a dividend was recorded");
            self.paid_until = None;
        }
        self.shown.retain(|(day, _)| *day == today);
        // The vendor's prices of later days are already adjusted.
        if let ActionKind::Split(ratio) = action.kind
            && action.ex_date == today
            && self.shown.insert((today, action.id.clone()))
        {
            self.feed.split(action.ticker, ratio, action.ex_date);
        }
    }

    /// Credits due dividends, once a day and after each newly recorded one.
    async fn pay(&mut self) {
        let at = (self.clock)();
        let today = ExchangeDate::of(at);
        if self.paid_until == Some(today) {
            return;
        }
        let paid = async {
            for account in self.ledger.accounts() {
                if self.ledger.is_dividend_due(account, at).await? {
                    let count = self.ledger.submit(account, PayDividends { at }).await?;
                    info!(ledger.dividends = count, "dividends were credited");
                }
            }
            Ok::<_, ApiError>(())
        };
        match paid.await {
            Ok(()) => self.paid_until = Some(today),
            Err(cause) => debug!(ledger.cause = %cause, "dividends are credited a moment later"),
        }
    }
}
