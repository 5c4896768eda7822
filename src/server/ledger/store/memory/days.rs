//! Rows of days and flows.

use std::sync::Arc;

use super::{Tables, Undo, between};
use crate::{
    domain::{
        account_id::AccountId,
        performance::{
            day::AccountDay,
            flow::{ClientFlowId, Flow},
        },
    },
    server::ledger::store::{DayRows, StoreFault},
};

impl DayRows for Tables {
    fn account_days(&mut self, account: AccountId) -> Result<Vec<AccountDay>, StoreFault> {
        let days = self.of(account).into_iter().flat_map(|rows| rows.days.values());
        Ok(days.map(|day| AccountDay::clone(day)).collect())
    }

    fn flows(&mut self, account: AccountId, before: i64, limit: usize) -> Result<Vec<(i64, Flow)>, StoreFault> {
        let Some(rows) = self.of(account) else { return Ok(Vec::new()) };
        let flows = between(&rows.flows, rows.flows_past, before).take(limit);
        Ok(flows.map(|(sequence, flow)| (sequence, flow.clone())).collect())
    }

    fn flow_named(&mut self, account: AccountId, name: &ClientFlowId) -> Result<Option<Flow>, StoreFault> {
        let mut flows = self.of(account).into_iter().flat_map(|rows| &rows.flows);
        Ok(flows.find(|flow| flow.client_flow_id.as_ref() == Some(name)).cloned())
    }
}

impl Tables {
    pub(super) fn put_day(&mut self, account: AccountId, day: Arc<AccountDay>) -> Undo {
        let date = day.date;
        let before = self.of_mut(account).days.insert(date, day);
        Box::new(move |tables| {
            let days = &mut tables.of_mut(account).days;
            match before {
                Some(before) => days.insert(date, before),
                None => days.remove(&date),
            };
        })
    }

    /// Begins days and flows anew; the flows so far are only found by name.
    pub(super) fn forget_days(&mut self, account: AccountId) -> Undo {
        let rows = self.of_mut(account);
        let days = std::mem::take(&mut rows.days);
        let past = std::mem::replace(&mut rows.flows_past, i64::try_from(rows.flows.len()).unwrap_or(i64::MAX));
        Box::new(move |tables| {
            let rows = tables.of_mut(account);
            (rows.days, rows.flows_past) = (days, past);
        })
    }
}
