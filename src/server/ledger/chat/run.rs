//! Running a reply's actions: each is an order, or a change of the watchlist, like a person's, within the copilot's
//! limits besides.
//!
//! Autonomy, limits, a proposal's age and its price bound are checked here, in the transaction that applies the action and
//! at the price that fills it: what a person was answered about any of them before holds.

use rusqlite::{Connection, OptionalExtension, params};

use crate::{
    domain::{
        chat::{ActionStatus, RecordedAction},
        copilot::{Autonomy, CopilotLimits, OverLimit, price_lapse},
        instant::UtcInstant,
        money::{Money, Price},
    },
    error::ApiError,
    server::ledger::{Books, Change, PlaceOrder, UnwatchTicker, WatchTicker, Watched, Write, store::ACCOUNT_ID},
};

/// The time over which the copilot's trades are added up.
const MINUTE_MS: i64 = 60_000;

/// An action, ready to run.
pub struct ActionRun {
    /// Whose row says what became of it.
    pub action_id: String,
    pub step: Step,
}

/// What an action changes, by the very write that does it for a person.
pub enum Step {
    Watch(WatchTicker),
    Trade(Box<PlaceOrder>),
    Unwatch(UnwatchTicker),
}

/// What became of a step: the price and the trade of an order.
type Done = Option<(Price, String)>;

/// Runs actions in their order. One that fails leaves the others as they are.
pub struct RunActions {
    /// What each has to be; one that is something else by now is left alone.
    pub from: ActionStatus,
    pub runs: Vec<ActionRun>,
    pub limits: CopilotLimits,
    pub at: UtcInstant,
}

impl Write for RunActions {
    type Outcome = ();

    fn apply(&self, books: &mut Books, rows: &Connection) -> rusqlite::Result<Result<(), ApiError>> {
        run_actions(&self.runs, self.from, &self.limits, self.at, books, rows)?;
        Ok(Ok(()))
    }
}

pub fn run_actions(
    runs: &[ActionRun],
    from: ActionStatus,
    limits: &CopilotLimits,
    at: UtcInstant,
    books: &mut Books,
    rows: &Connection,
) -> rusqlite::Result<()> {
    for run in runs {
        let Some(action) = find(&run.action_id, from, rows)? else {
            continue;
        };
        let price = run.step.price();
        let (status, price, trade_id, error) = match hold_back(&action, price, books.autonomy, at) {
            Some((status, reason)) => (status, price, None, reason),
            None => match run.step.apply(limits, at, books, rows)? {
                Ok(done) => {
                    let (price, trade_id) = done.unzip();
                    (ActionStatus::Executed, price, trade_id, None)
                }
                Err(reason) => (ActionStatus::Rejected, None, None, Some(reason)),
            },
        };
        // A proposal that is turned down keeps the price that it was made at.
        let price = price.filter(|_| matches!(status, ActionStatus::Executed | ActionStatus::Proposed));
        decide(&run.action_id, status, price, trade_id, error.as_deref(), at, rows)?;
        books.outbox.note(Change::Message { id: message_of(&run.action_id, rows)? });
    }
    Ok(())
}

/// What an action becomes instead of being run: by the autonomy as it is now, and, of a proposal, by its age and by how
/// far the price that would fill it is from the one proposed.
fn hold_back(
    action: &RecordedAction,
    price: Option<Price>,
    autonomy: Autonomy,
    at: UtcInstant,
) -> Option<(ActionStatus, Option<String>)> {
    let allowed = action.status.under(autonomy);
    if allowed != action.status {
        return Some((allowed, None));
    }
    if action.status != ActionStatus::Proposed {
        return None;
    }
    let aged = action.clone().at(at);
    if aged.status == ActionStatus::Lapsed {
        return Some((aged.status, aged.error));
    }
    // Without a price now, the order is refused for that.
    let lapse = Option::zip(action.price, price).and_then(|(proposed, now)| price_lapse(proposed, now))?;
    Some((ActionStatus::Lapsed, Some(lapse.to_string())))
}

impl Step {
    /// What an order would be filled at.
    pub fn price(&self) -> Option<Price> {
        match self {
            Self::Trade(order) => order.prices.price(order.order.ticker),
            Self::Watch(_) | Self::Unwatch(_) => None,
        }
    }

    /// The outer error is the database's; the inner one is for people.
    fn apply(
        &self,
        limits: &CopilotLimits,
        at: UtcInstant,
        books: &mut Books,
        rows: &Connection,
    ) -> rusqlite::Result<Result<Done, String>> {
        let outcome = match self {
            Self::Watch(watch) => watch.apply(books, rows)?.map(|_: Watched| None),
            Self::Unwatch(unwatch) => unwatch.apply(books, rows)?.map(|()| None),
            Self::Trade(order) => {
                let spent = spent_around(at.unix_ms(), rows)?;
                if let Err(over) = check_limits(order, limits, spent, books) {
                    return Ok(Err(over.to_string()));
                }
                order.apply(books, rows)?.map(|receipt| Some((receipt.trade.price, receipt.trade.id)))
            }
        };
        Ok(outcome.map_err(|error| error.to_string()))
    }
}

/// Whether an order that could be filled is within the limits; what the books refuse is for them to say.
fn check_limits(order: &PlaceOrder, limits: &CopilotLimits, spent: Money, books: &Books) -> Result<(), OverLimit> {
    let request = &order.order;
    let Some(price) = order.prices.price(request.ticker) else {
        return Ok(());
    };
    match books.account.clone().apply(request.side, request.ticker, request.quantity, price) {
        Err(_) => Ok(()),
        Ok(fill) => limits.check(fill.notional, books.value(&order.prices).total_value, spent),
    }
}

/// What the copilot bought and sold in the minute before, or, if the clock went back a little, after. What seems to
/// come from further in the future was before a clock that went far back, and would block the copilot for as long.
fn spent_around(now_ms: i64, rows: &Connection) -> rusqlite::Result<Money> {
    let (since_ms, until_ms) = (now_ms - MINUTE_MS, now_ms + MINUTE_MS);
    rows.query_row(SPENT, params![ACCOUNT_ID, since_ms, until_ms], |row| row.get(0))
}

pub const SPENT: &str = "SELECT COALESCE(SUM(notional_cents), 0) FROM trades
    WHERE account_id = ?1 AND source = 'copilot' AND executed_at_ms > ?2 AND executed_at_ms < ?3";

/// The action, unless it has another status by now.
fn find(action_id: &str, status: ActionStatus, rows: &Connection) -> rusqlite::Result<Option<RecordedAction>> {
    let found =
        rows.query_row("SELECT * FROM chat_actions WHERE id = ?1", [action_id], super::read_action).optional()?;
    Ok(found.filter(|action| action.status == status))
}

/// The message that an action is part of.
fn message_of(action_id: &str, rows: &Connection) -> rusqlite::Result<String> {
    rows.prepare_cached("SELECT message_id FROM chat_actions WHERE id = ?1")?.query_row([action_id], |row| row.get(0))
}

fn decide(
    action_id: &str,
    status: ActionStatus,
    price: Option<Price>,
    trade_id: Option<String>,
    error: Option<&str>,
    at: UtcInstant,
    rows: &Connection,
) -> rusqlite::Result<()> {
    rows.execute(
        "UPDATE chat_actions SET status = ?2, price_units = COALESCE(?3, price_units), trade_id = ?4, error = ?5,
                                 decided_at_ms = ?6
         WHERE id = ?1",
        params![action_id, status, price, trade_id, error, at],
    )?;
    Ok(())
}

/// Turns a proposal down, since a person said no. What is no longer a proposal is left as it is.
pub struct DismissAction {
    pub action_id: String,
    pub at: UtcInstant,
}

impl Write for DismissAction {
    type Outcome = ();

    fn apply(&self, books: &mut Books, rows: &Connection) -> rusqlite::Result<Result<(), ApiError>> {
        if find(&self.action_id, ActionStatus::Proposed, rows)?.is_some() {
            decide(&self.action_id, ActionStatus::Dismissed, None, None, None, self.at, rows)?;
            books.outbox.note(Change::Message { id: message_of(&self.action_id, rows)? });
        }
        Ok(Ok(()))
    }
}
