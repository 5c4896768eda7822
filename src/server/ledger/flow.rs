//! Deposits and withdrawals.

use std::sync::Arc;

use super::{
    Books, Change, Ledger, Write,
    effect::{Amounts, Effect, Effects},
    snapshot::record,
    store::{Rows, StoreFault},
};
use crate::{
    domain::{
        account_id::AccountId,
        instant::UtcInstant,
        money::Money,
        performance::flow::{FLOW_MAX, Flow, FlowKind, FlowReceipt, FlowsPage, NOTE_LENGTH_MAX, NewFlow},
    },
    error::ApiError,
    server::market::feed::Tick,
};

/// Most flows of a page.
pub const FLOWS_MAX: usize = 500;

/// Id of the opening cash among the flows.
const OPENING: &str = "opening";

/// Records a deposit or withdrawal. A withdrawal takes only cash that no open order holds.
pub struct RecordFlow {
    pub flow: NewFlow,
    /// A UUID v7.
    pub id: String,
    /// The market's prices, at which the account is valued before it.
    pub prices: Arc<Tick>,
    pub at: UtcInstant,
}

impl Write for RecordFlow {
    type Outcome = FlowReceipt;

    /// The flow that was recorded under the same client's id.
    type Found = Option<Flow>;

    fn valued_at(&self) -> Option<(&Tick, UtcInstant)> {
        Some((&self.prices, self.at))
    }

    fn find(&self, account: AccountId, _: &Books, rows: &mut dyn Rows) -> Result<Option<Flow>, StoreFault> {
        match &self.flow.client_flow_id {
            None => Ok(None),
            Some(name) => rows.flow_named(account, name),
        }
    }

    fn decide(&self, books: &Books, named: &Option<Flow>) -> Result<(FlowReceipt, Effects), ApiError> {
        if let Some(earlier) = named {
            return Ok((self.replay(earlier)?, Effects::new()));
        }
        let amount = self.check(books)?;
        let mut account = books.account.clone();
        account.flow(amount).map_err(|_| invalid_amount("the account would outgrow all bounds"))?;
        let value_before = books.valued(&self.prices, self.at).total();
        let flow = Flow {
            id: self.id.clone(),
            kind: if amount > Money::ZERO { FlowKind::Deposit } else { FlowKind::Withdrawal },
            amount,
            note: self.flow.note.clone(),
            client_flow_id: self.flow.client_flow_id.clone(),
            value_before,
            cash_after: account.cash,
            recorded_at: self.at,
        };
        let mut effects = vec![Effect::Flow(Box::new(flow.clone()))];
        // The highest value moves with the flow: a withdrawal is no drawdown, and a deposit no new high.
        let moved = books.high_water_mark.and_then(|high| high.checked_add(amount));
        let high_water_mark = match value_before.checked_add(amount) {
            Some(value) => {
                record(books, value, self.at, &mut effects);
                moved.max(Some(value))
            }
            None => moved,
        };
        effects.push(Effect::Amounts(Amounts { cash: account.cash, high_water_mark, ..books.amounts() }));
        effects.push(Effect::Event(Change::Account));
        Ok((FlowReceipt { cash_balance: account.cash, flow, replayed: false }, effects))
    }
}

impl RecordFlow {
    /// The amount, if it can flow.
    fn check(&self, books: &Books) -> Result<Money, ApiError> {
        let amount = self.flow.amount;
        if amount.is_zero() {
            return Err(invalid_amount("it has to be above 0 for a deposit, or below 0 for a withdrawal"));
        }
        let size = Money::from_cents(amount.cents().saturating_abs());
        if size > FLOW_MAX {
            return Err(invalid_amount(&format!("at most {FLOW_MAX} can flow at once")));
        }
        if self.flow.note.as_ref().is_some_and(|note| note.chars().count() > NOTE_LENGTH_MAX) {
            let reason = format!("it has at most {NOTE_LENGTH_MAX} characters");
            return Err(ApiError::InvalidParameter { parameter: "note".to_owned(), reason });
        }
        let free = books.account.cash.checked_sub(books.orders.holds().cash).unwrap_or_default().max(Money::ZERO);
        if amount < Money::ZERO && size > free {
            return Err(ApiError::WithdrawalTooLarge { amount: size, available: free });
        }
        Ok(amount)
    }

    fn replay(&self, earlier: &Flow) -> Result<FlowReceipt, ApiError> {
        if (earlier.amount, &earlier.note) == (self.flow.amount, &self.flow.note) {
            return Ok(FlowReceipt { flow: earlier.clone(), cash_balance: earlier.cash_after, replayed: true });
        }
        let client_flow_id = self.flow.client_flow_id.as_ref().map(|id| id.as_str().to_owned()).unwrap_or_default();
        Err(ApiError::FlowIdReused { client_flow_id })
    }
}

fn invalid_amount(reason: &str) -> ApiError {
    ApiError::InvalidParameter { parameter: "amount".to_owned(), reason: reason.to_owned() }
}

impl Ledger {
    /// Flows since the account was opened or last reset, newest first, the opening cash last: at most `limit` and
    /// [`FLOWS_MAX`], and only those before the one with the number `before`.
    ///
    /// # Errors
    /// If the database does not respond.
    pub async fn flows(&self, account: AccountId, limit: usize, before: Option<i64>) -> Result<FlowsPage, ApiError> {
        let limit = limit.min(FLOWS_MAX);
        let books = self.books(account);
        let before = before.unwrap_or(i64::MAX);
        // One more than requested shows whether there is another page.
        let mut found = self.read(move |rows| rows.flows(account, before, limit + 1)).await?;
        // The opening cash is the flow of number 0.
        if before > 0 {
            let opening = Flow {
                id: OPENING.to_owned(),
                kind: FlowKind::Opening,
                amount: books.account.initial_deposit,
                note: None,
                client_flow_id: None,
                value_before: Money::ZERO,
                cash_after: books.account.initial_deposit,
                recorded_at: books.opened_at,
            };
            found.push((0, opening));
        }
        let has_more = found.len() > limit;
        found.truncate(limit);
        let next_cursor = found.last().filter(|_| has_more).map(|(number, _)| number.to_string());
        Ok(FlowsPage {
            flows: found.into_iter().map(|(_, flow)| flow).collect(),
            next_cursor,
            total: books.counts.flows + 1,
            sum: books.account.paid_in(),
        })
    }
}
