//! Runs a reply's actions: each is an ordinary order or change of the watchlist, with the copilot's additional limits.
//!
//! Autonomy, limits, a proposal's age and its price bound are checked here, in the transaction that applies the action
//! and at the price that fills it, so earlier responses about them hold.

use std::collections::HashMap;

use crate::{
    domain::{
        account_id::AccountId,
        chat::{ActionStatus, RecordedAction},
        copilot::{Autonomy, CopilotLimits, OverLimit, price_lapse},
        instant::UtcInstant,
        money::{Money, Price},
        order::{OrderSource, TradeReceipt},
        orders::{hold::hold_price, order::Order},
    },
    error::ApiError,
    server::ledger::{
        Books, Change, Draft, Named, PlaceOrder, UnwatchTicker, WatchTicker, Watched, Write,
        alerts::CreateAlert,
        effect::{ActionDecision, Effect, Effects},
        orders::{CancelOrder, CancelOrders, NameTaken, RecordedGroup, SubmitOrder},
        store::{Rows, StoreFault},
    },
};

/// Time window for adding up the copilot's trades.
const MINUTE_MS: i64 = 60_000;

/// An action, ready to run.
pub struct ActionRun {
    /// Id of the action's row.
    pub action_id: String,
    pub step: Step,
}

/// The action's write, the same as for a person's order or change.
pub enum Step {
    Watch(WatchTicker),
    Trade(Box<PlaceOrder>),
    Unwatch(UnwatchTicker),
    Order(Box<SubmitOrder>),
    Cancel(CancelOrder),
    CancelSeveral(CancelOrders),
    Alert(Box<CreateAlert>),
    /// It cannot be done, and this is why.
    Refused(ApiError),
}

/// Actions by id, each after the id of its reply.
pub type Recorded = HashMap<String, (String, RecordedAction)>;

/// The rows that one action needs.
pub enum FoundForStep {
    Nothing,
    /// Earlier use of the trade's client id.
    Trade(Box<Named>),
    /// Earlier use of the order's client id.
    Order(NameTaken),
    /// The order that is cancelled.
    Cancel(Option<RecordedGroup>),
}

/// Rows needed for running actions.
pub struct RunsFound {
    /// Notional of the copilot's trades within a minute.
    spent: Money,
    /// For each run.
    steps: Vec<FoundForStep>,
}

/// Looks up the rows needed for running these actions.
///
/// # Errors
/// The store's.
pub fn find_for_runs(
    runs: &[ActionRun],
    at: UtcInstant,
    account: AccountId,
    books: &Books,
    rows: &mut dyn Rows,
) -> Result<RunsFound, StoreFault> {
    let mut found = RunsFound { spent: Money::ZERO, steps: Vec::with_capacity(runs.len()) };
    for run in runs {
        found.steps.push(match &run.step {
            Step::Trade(order) => FoundForStep::Trade(Box::new(order.find(account, books, rows)?)),
            Step::Order(order) => FoundForStep::Order(order.find(account, books, rows)?),
            Step::Cancel(cancel) => FoundForStep::Cancel(cancel.find(account, books, rows)?),
            Step::Watch(_) | Step::Unwatch(_) | Step::CancelSeveral(_) | Step::Alert(_) | Step::Refused(_) => {
                FoundForStep::Nothing
            }
        });
    }
    if runs.iter().any(|run| matches!(run.step, Step::Trade(_) | Step::Order(_))) {
        let (after, before) = minute_around(at);
        found.spent = rows.copilot_notional(account, after, before)?;
    }
    Ok(found)
}

/// The minute before a moment and, if the clock went back a little, the one after. Trades further in the future come
/// from a clock that went far back; counting them would block the copilot for as long.
fn minute_around(at: UtcInstant) -> (UtcInstant, UtcInstant) {
    let moved = |ms| UtcInstant::from_unix_ms(at.unix_ms() + ms);
    (moved(-MINUTE_MS), moved(MINUTE_MS))
}

/// Runs actions in order. A failing action does not affect the others.
pub struct RunActions {
    /// Status that each action must have; others are skipped.
    pub from: ActionStatus,
    pub runs: Vec<ActionRun>,
    pub limits: CopilotLimits,
    pub at: UtcInstant,
}

impl Write for RunActions {
    type Outcome = ();
    type Found = (Recorded, RunsFound);

    fn find(&self, account: AccountId, books: &Books, rows: &mut dyn Rows) -> Result<Self::Found, StoreFault> {
        let mut recorded = Recorded::with_capacity(self.runs.len());
        for run in &self.runs {
            if let Some(action) = rows.action(account, &run.action_id)? {
                recorded.insert(run.action_id.clone(), action);
            }
        }
        Ok((recorded, find_for_runs(&self.runs, self.at, account, books, rows)?))
    }

    fn decide(&self, books: &Books, (recorded, found): &Self::Found) -> Result<((), Effects), ApiError> {
        let mut draft = Draft::of(books);
        let runs = Runs { runs: &self.runs, from: self.from, limits: &self.limits, at: self.at };
        runs.run(recorded, found, &mut draft);
        Ok(((), draft.into_effects()))
    }
}

/// Actions that run in sequence.
pub struct Runs<'a> {
    pub runs: &'a [ActionRun],
    /// Status that each action must have.
    pub from: ActionStatus,
    pub limits: &'a CopilotLimits,
    pub at: UtcInstant,
}

impl Runs<'_> {
    /// Decides each action on the state that the previous ones leave.
    pub fn run(&self, recorded: &Recorded, found: &RunsFound, draft: &mut Draft) {
        let mut spent = found.spent;
        for (run, found) in self.runs.iter().zip(&found.steps) {
            let Some((message_id, action)) = recorded.get(&run.action_id).filter(|(_, it)| it.status == self.from)
            else {
                continue;
            };
            let decision = self.decide(run, action, found, &mut spent, draft);
            let told = Effect::Event(Change::Message { id: message_id.clone() });
            draft.extend([Effect::ActionDecided(Box::new(decision)), told]);
        }
    }

    fn decide(
        &self,
        run: &ActionRun,
        action: &RecordedAction,
        found: &FoundForStep,
        spent: &mut Money,
        draft: &mut Draft,
    ) -> ActionDecision {
        let price = run.step.price();
        let (status, price, trade_id, error) = match hold_back(action, price, draft.books().autonomy, self.at) {
            Some((status, reason)) => (status, price, None, reason),
            None => match run.step.decide(self.limits, found, (*spent, self.at), draft.books()) {
                Ok((receipt, effects)) => {
                    draft.extend(effects);
                    *spent = self.spent_with(*spent, receipt.as_ref());
                    let done = receipt.map(|receipt| (receipt.trade.price, receipt.trade.id));
                    let (price, trade_id) = done.unzip();
                    (ActionStatus::Executed, price, trade_id, None)
                }
                Err(reason) => (ActionStatus::Rejected, None, None, Some(reason)),
            },
        };
        // A rejected proposal keeps the price that it was made at.
        let price = price.filter(|_| matches!(status, ActionStatus::Executed | ActionStatus::Proposed));
        ActionDecision { action_id: run.action_id.clone(), status, price, trade_id, error, at: self.at }
    }

    /// The notional including a trade that was just made.
    fn spent_with(&self, spent: Money, receipt: Option<&TradeReceipt>) -> Money {
        let (after, before) = minute_around(self.at);
        let counts = |receipt: &&TradeReceipt| {
            let at = receipt.trade.executed_at;
            !receipt.replayed && receipt.trade.source == OrderSource::Copilot && after < at && at < before
        };
        let notional = receipt.filter(counts).map_or(Money::ZERO, |receipt| receipt.trade.notional);
        spent.checked_add(notional).unwrap_or(spent)
    }
}

/// Status that an action gets instead of being run: by the present autonomy and, for a proposal, by its age and its
/// price's move since.
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
    // Without a current price, the order is refused for that reason.
    let lapse = Option::zip(action.price, price).and_then(|(proposed, now)| price_lapse(proposed, now))?;
    Some((ActionStatus::Lapsed, Some(lapse.to_string())))
}

impl Step {
    /// Price that the order would be filled at.
    pub fn price(&self) -> Option<Price> {
        match self {
            Self::Trade(order) => order.prices.price(order.order.ticker),
            Self::Watch(_)
            | Self::Unwatch(_)
            | Self::Order(_)
            | Self::Cancel(_)
            | Self::CancelSeveral(_)
            | Self::Alert(_)
            | Self::Refused(_) => None,
        }
    }

    /// The receipt of an order, and the effects; the error is a sentence for people.
    fn decide(
        &self,
        limits: &CopilotLimits,
        found: &FoundForStep,
        (spent, at): (Money, UtcInstant),
        books: &Books,
    ) -> Result<(Option<TradeReceipt>, Effects), String> {
        // Open orders count as if they were filled.
        let spent = spent.checked_add(waiting_notional(books, at)).unwrap_or(spent);
        let decided = match (self, found) {
            (Self::Watch(watch), _) => watch.decide(books, &()).map(|(_, effects): (Watched, _)| (None, effects)),
            (Self::Unwatch(unwatch), _) => unwatch.decide(books, &()).map(|((), effects)| (None, effects)),
            (Self::Trade(order), FoundForStep::Trade(earlier)) => {
                check_limits(order, limits, spent, books).map_err(|over| over.to_string())?;
                order.decide(books, earlier).map(|(receipt, effects)| (Some(receipt), effects))
            }
            (Self::Order(order), FoundForStep::Order(taken)) => {
                let total_value = books.value(&order.market.prices).total_value;
                let notional = notional_of(order);
                limits.check(notional, total_value, spent).map_err(|over| over.to_string())?;
                order.decide(books, taken).map(|(_, effects)| (None, effects))
            }
            (Self::Cancel(cancel), FoundForStep::Cancel(group)) => {
                cancel.decide(books, group).map(|((), effects)| (None, effects))
            }
            (Self::CancelSeveral(cancel), _) => match cancel.decide(books, &()) {
                Ok((cancelled, _)) if cancelled.is_empty() => return Err(NOTHING_OPEN.to_owned()),
                decided => decided.map(|(_, effects)| (None, effects)),
            },
            (Self::Alert(alert), _) => alert.decide(books, &()).map(|((), effects)| (None, effects)),
            (Self::Refused(reason), _) => Err(reason.clone()),
            // Invariant: rows are found for the very step.
            (Self::Trade(_) | Self::Order(_) | Self::Cancel(_), _) => Err(ApiError::Internal),
        };
        decided.map_err(|error| error.to_string())
    }
}

/// Why several orders are not cancelled.
const NOTHING_OPEN: &str = "There is no such open order.";

/// Notional of an open order, at the price of its hold.
fn notional_of(order: &SubmitOrder) -> Money {
    let request = &order.request;
    let price = request.plan().map_or(order.tick.last, |plan| hold_price(plan.terms, request.side, order.tick.last));
    let notional = request.quantity.and_then(|quantity| Money::of_rounded_up(quantity, price));
    // A notional that overflows exceeds every limit.
    request.notional.or(notional).unwrap_or(Money::from_cents(i64::MAX))
}

/// Notional of the copilot's open orders that were placed within a minute.
fn waiting_notional(books: &Books, at: UtcInstant) -> Money {
    let (after, before) = minute_around(at);
    let leaders = books.orders.groups().map(|listed| listed.group.leader());
    let recent = leaders.filter(|order| {
        order.source == OrderSource::Copilot && order.is_open() && after < order.created_at && order.created_at < before
    });
    let worth = |order: &Order| Money::of_rounded_up(order.left()?, order.hold_price?);
    recent.filter_map(worth).fold(Money::ZERO, |sum, worth| sum.checked_add(worth).unwrap_or(sum))
}

/// Checks an order that could be filled against the limits; refusals by the books are left to the books.
fn check_limits(order: &PlaceOrder, limits: &CopilotLimits, spent: Money, books: &Books) -> Result<(), OverLimit> {
    let request = &order.order;
    let Some(price) = order.prices.price(request.ticker) else {
        return Ok(());
    };
    match books.account.fill(request.side, request.ticker, request.quantity, price) {
        Err(_) => Ok(()),
        Ok(fill) => limits.check(fill.notional, books.value(&order.prices).total_value, spent),
    }
}

/// Dismisses a proposal on a person's request. An action that is no longer a proposal is unchanged.
pub struct DismissAction {
    pub action_id: String,
    pub at: UtcInstant,
}

impl Write for DismissAction {
    type Outcome = ();

    /// The action, after the id of its reply.
    type Found = Option<(String, RecordedAction)>;

    fn find(&self, account: AccountId, _: &Books, rows: &mut dyn Rows) -> Result<Self::Found, StoreFault> {
        rows.action(account, &self.action_id)
    }

    fn decide(&self, _: &Books, found: &Self::Found) -> Result<((), Effects), ApiError> {
        let Some((message_id, _)) = found.as_ref().filter(|(_, it)| it.status == ActionStatus::Proposed) else {
            return Ok(((), Effects::new()));
        };
        let decision = ActionDecision {
            action_id: self.action_id.clone(),
            status: ActionStatus::Dismissed,
            price: None,
            trade_id: None,
            error: None,
            at: self.at,
        };
        let told = Effect::Event(Change::Message { id: message_id.clone() });
        Ok(((), vec![Effect::ActionDecided(Box::new(decision)), told]))
    }
}
