//! Rows of splits and dividends.

use super::{CompanyAction, CompanyActionStatus, Tables, between};
use crate::{
    domain::{
        account_id::AccountId,
        corporate_action::{ActionRecord, ExchangeDate},
        instant::UtcInstant,
        ticker::Ticker,
    },
    server::ledger::{
        corporate_actions::{OwedDividend, PastSplit},
        effect::ActionOutcome,
        store::{ActionRows, StoreFault},
    },
};

impl ActionRows for Tables {
    fn is_action_recorded(&mut self, account: AccountId, kind: &str, id: &str) -> Result<bool, StoreFault> {
        let is_of_orders = || self.of(account).is_some_and(|rows| rows.order_splits.iter().any(|split| split == id));
        let mut actions = self.company_actions(account).iter();
        Ok(actions.any(|act| act.row.outcome.kind() == kind && act.row.id == id) || (kind == "split" && is_of_orders()))
    }

    fn splits(&mut self, account: AccountId, ticker: Option<Ticker>) -> Result<Vec<PastSplit>, StoreFault> {
        let rows = self.company_actions(account).iter().map(|act| &act.row);
        let rows = rows.filter(|row| ticker.is_none_or(|ticker| row.ticker == ticker));
        let mut splits: Vec<_> = rows
            .filter_map(|row| match row.outcome {
                ActionOutcome::Split { ratio, price, .. } => {
                    Some(PastSplit { ticker: row.ticker, day: row.ex_date, ratio, price })
                }
                ActionOutcome::Dividend { .. } => None,
            })
            .collect();
        splits.sort_by_key(|split| split.day);
        Ok(splits)
    }

    fn actions(
        &mut self,
        account: AccountId,
        since: UtcInstant,
        before: i64,
        limit: usize,
    ) -> Result<Vec<(i64, ActionRecord)>, StoreFault> {
        let found = between(self.company_actions(account), 0, before)
            .filter(|(_, act)| act.status != CompanyActionStatus::Lapsed && act.row.recorded_at >= since);
        Ok(found.take(limit).map(|(sequence, act)| (sequence, act.record())).collect())
    }

    fn dividends_due(&mut self, account: AccountId, day: ExchangeDate) -> Result<Vec<OwedDividend>, StoreFault> {
        let owed = (1..).zip(self.company_actions(account)).filter(|(_, act)| act.status == CompanyActionStatus::Owed);
        let mut due: Vec<_> = owed
            .filter_map(|(sequence, act)| match act.row.outcome {
                ActionOutcome::Dividend { pay_date, cash, .. } if pay_date <= day => {
                    Some((pay_date, OwedDividend { sequence, ticker: act.row.ticker, amount: cash }))
                }
                ActionOutcome::Dividend { .. } | ActionOutcome::Split { .. } => None,
            })
            .collect();
        due.sort_by_key(|(pay_date, owed)| (*pay_date, owed.sequence));
        Ok(due.into_iter().map(|(_, owed)| owed).collect())
    }
}

impl Tables {
    fn company_actions(&self, account: AccountId) -> &[CompanyAction] {
        self.of(account).map_or(&[], |rows| &rows.corporate_actions)
    }
}

impl CompanyAction {
    fn record(&self) -> ActionRecord {
        let row = &self.row;
        let mut record = ActionRecord {
            id: row.id.clone(),
            kind: row.outcome.kind().to_owned(),
            ticker: row.ticker,
            ex_date: row.ex_date.to_string(),
            pay_date: None,
            split_from: None,
            split_to: None,
            cash_amount: None,
            quantity: row.quantity,
            quantity_after: None,
            amount: None,
            status: self.status.as_str().to_owned(),
            recorded_at: row.recorded_at,
            applied_at: self.applied_at,
        };
        match row.outcome {
            ActionOutcome::Split { ratio, quantity_after, .. } => {
                (record.split_from, record.split_to) = (Some(ratio.from), Some(ratio.to));
                record.quantity_after = Some(quantity_after);
            }
            ActionOutcome::Dividend { rate, pay_date, cash } => {
                record.pay_date = Some(pay_date.to_string());
                record.cash_amount = Some(rate.billionths() as f64 / 1e9);
                record.amount = Some(cash);
            }
        }
        record
    }
}

impl CompanyActionStatus {
    fn as_str(self) -> &'static str {
        match self {
            Self::Owed => "owed",
            Self::Applied => "applied",
            Self::Lapsed => "lapsed",
        }
    }
}
