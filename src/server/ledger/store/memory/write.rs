//! Writing of effects, each with a function that reverts it.

use std::{mem, sync::Arc};

use super::{CompanyAction, CompanyActionStatus, Tables, Undo, alerts::firing_of};
use crate::{
    domain::{account_id::AccountId, orders::group::Group},
    server::ledger::{
        RecordedEvent,
        change::EVENTS_KEPT,
        effect::{ActionDecision, ActionOutcome, CorporateActionRow, Effect, Effects},
        orders::NamedOrder,
        store::{StoreFault, Transaction},
    },
};

impl Transaction for Tables {
    fn write(&mut self, account: AccountId, effects: Effects, version_before: i64) -> Result<(), StoreFault> {
        if !self.touched.contains(&account) {
            self.touched.push(account);
            let books = self.of_mut(account).books.clone();
            self.undo.push(Box::new(move |tables| tables.of_mut(account).books = books));
        }
        let mut version = version_before;
        for effect in effects {
            self.of_mut(account).books.apply(&effect);
            let undo = match effect {
                Effect::Event(change) => {
                    version += 1;
                    let (kind, topic) = (change.kind(), change.topic(&account).to_owned());
                    let data = change.data(&account, version);
                    self.add_event(account, RecordedEvent { sequence: version, kind, topic, data })
                }
                effect => self.write_one(account, effect),
            };
            self.undo.extend(undo);
        }
        Ok(())
    }
}

impl Tables {
    /// Writes an effect other than an event; `None` if only the books store it.
    fn write_one(&mut self, account: AccountId, effect: Effect) -> Option<Undo> {
        match effect {
            Effect::Trade(row) => {
                self.of_mut(account).trades.push(*row);
                undo(move |tables| _ = tables.of_mut(account).trades.pop())
            }
            Effect::Orders { group, .. } => self.put_group(account, group),
            Effect::OrderNamed(row) => {
                let (name, order) = (row.name, NamedOrder { order_id: row.order_id, request: row.request });
                self.of_mut(account).order_names.insert(name.clone(), order);
                undo(move |tables| _ = tables.of_mut(account).order_names.remove(&name))
            }
            Effect::Firing(row) => {
                self.of_mut(account).firings.push(firing_of(*row));
                undo(move |tables| _ = tables.of_mut(account).firings.pop())
            }
            Effect::FiringsRead { until, .. } => self.read_firings(account, until),
            Effect::TrailMarks { saved_at, marks } => {
                let before = self.trail_marks.replace((saved_at, marks)).filter(|(_, marks)| !marks.is_empty());
                undo(move |tables| tables.trail_marks = before)
            }
            Effect::Snapshot { total_value, at } => {
                let second = at.unix_second();
                let before = self.of_mut(account).values.insert(second, total_value);
                undo(move |tables| {
                    let values = &mut tables.of_mut(account).values;
                    match before {
                        Some(before) => values.insert(second, before),
                        None => values.remove(&second),
                    };
                })
            }
            Effect::SnapshotsForgotten { from_s, until_s } => {
                let seconds = self.of_mut(account).values.range(from_s..until_s.max(from_s));
                let seconds = seconds.map(|(second, _)| *second).collect();
                self.delete_values(account, seconds)
            }
            Effect::SnapshotsThinned { seconds } => self.delete_values(account, seconds),
            Effect::Message(row) => {
                self.of_mut(account).messages.push(*row);
                undo(move |tables| _ = tables.of_mut(account).messages.pop())
            }
            Effect::Action(row) => {
                self.of_mut(account).actions.push(*row);
                undo(move |tables| _ = tables.of_mut(account).actions.pop())
            }
            Effect::ActionDecided(decision) => self.decide_action(account, *decision),
            Effect::CorporateAction(row) => self.add_corporate_action(account, *row),
            Effect::OrdersSplit(id) => {
                self.of_mut(account).order_splits.push(id);
                undo(move |tables| _ = tables.of_mut(account).order_splits.pop())
            }
            Effect::DividendPaid { sequence, at, .. } => {
                self.set_dividends(account, CompanyActionStatus::Applied, |number, act| {
                    let is_paid = number == sequence;
                    act.applied_at = if is_paid { Some(at) } else { act.applied_at };
                    is_paid
                })
            }
            Effect::AccountReset { .. } => {
                let days = self.forget_days(account);
                self.undo.push(days);
                self.set_dividends(account, CompanyActionStatus::Lapsed, |_, _| true)
            }
            Effect::Day(day) => Some(self.put_day(account, day)),
            Effect::Flow(flow) => {
                self.of_mut(account).flows.push(*flow);
                undo(move |tables| _ = tables.of_mut(account).flows.pop())
            }
            Effect::AccessKeyKept { hash, kind, .. } => {
                self.of_mut(account).keys.push((hash, kind));
                undo(move |tables| _ = tables.of_mut(account).keys.pop())
            }
            Effect::AccessKeyDropped { hash } => {
                let keys = &mut self.of_mut(account).keys;
                let before = keys.clone();
                keys.retain(|(kept, _)| *kept != hash);
                undo(move |tables| tables.of_mut(account).keys = before)
            }
            Effect::TokenKept(token) => {
                self.of_mut(account).tokens.push(*token);
                undo(move |tables| _ = tables.of_mut(account).tokens.pop())
            }
            Effect::TokenRevoked(id) => {
                let tokens = &mut self.of_mut(account).tokens;
                let before = tokens.clone();
                tokens.retain(|token| token.id != id);
                undo(move |tables| tables.of_mut(account).tokens = before)
            }
            Effect::TokenUsed { id, at } => {
                let tokens = &mut self.of_mut(account).tokens;
                let before = tokens.clone();
                tokens.iter_mut().filter(|token| token.id == id).for_each(|token| token.last_used_at = Some(at));
                undo(move |tables| tables.of_mut(account).tokens = before)
            }
            Effect::MarketSeed(seed) => {
                let before = self.market_seed.replace(seed);
                undo(move |tables| tables.market_seed = before)
            }
            // The books store these.
            Effect::AccountOpened { .. }
            | Effect::Amounts(_)
            | Effect::Holding { .. }
            | Effect::CurveBegins { .. }
            | Effect::Watched(_)
            | Effect::Unwatched(_)
            | Effect::WatchlistOrdered(_)
            | Effect::ChatCleared { .. }
            | Effect::Autonomy(_)
            | Effect::Alert(_)
            | Effect::AlertDeleted(_)
            | Effect::Event(_) => None,
        }
    }

    fn read_firings(&mut self, account: AccountId, until: i64) -> Option<Undo> {
        let mut changed = Vec::new();
        for (sequence, (index, firing)) in (1_i64..).zip(self.of_mut(account).firings.iter_mut().enumerate()) {
            if sequence <= until && !firing.is_read {
                firing.is_read = true;
                changed.push(index);
            }
        }
        undo(move |tables| {
            for index in changed {
                tables.of_mut(account).firings[index].is_read = false;
            }
        })
    }

    fn put_group(&mut self, account: AccountId, group: Arc<Group>) -> Option<Undo> {
        let groups = &mut self.of_mut(account).orders;
        let known = groups.iter().rposition(|known| known.leader().id == group.leader().id);
        match known {
            Some(index) => {
                let before = mem::replace(&mut groups[index], group);
                undo(move |tables| tables.of_mut(account).orders[index] = before)
            }
            None => {
                groups.push(group);
                undo(move |tables| _ = tables.of_mut(account).orders.pop())
            }
        }
    }

    /// Keeps the latest [`EVENTS_KEPT`] and a few more, like the file.
    fn add_event(&mut self, account: AccountId, event: RecordedEvent) -> Option<Undo> {
        let events = &mut self.of_mut(account).events;
        events.push(event);
        let kept = usize::try_from(EVENTS_KEPT).unwrap_or(usize::MAX);
        let mut dropped = Vec::new();
        if events.len() >= 2 * kept {
            dropped = events.drain(..events.len() - kept).collect();
        }
        undo(move |tables| {
            let events = &mut tables.of_mut(account).events;
            events.pop();
            if !dropped.is_empty() {
                dropped.append(events);
                *events = mem::take(&mut dropped);
            }
        })
    }

    fn delete_values(&mut self, account: AccountId, seconds: Vec<i64>) -> Option<Undo> {
        let values = &mut self.of_mut(account).values;
        let deleted: Vec<_> =
            seconds.into_iter().filter_map(|second| Some((second, values.remove(&second)?))).collect();
        undo(move |tables| tables.of_mut(account).values.extend(deleted))
    }

    fn decide_action(&mut self, account: AccountId, decision: ActionDecision) -> Option<Undo> {
        let ActionDecision { action_id, status, price, error, at, .. } = decision;
        let actions = &mut self.of_mut(account).actions;
        let index = actions.iter().rposition(|row| row.action.id == action_id)?;
        let action = &mut actions[index].action;
        let before = action.clone();
        (action.status, action.price) = (status, price.or(action.price));
        (action.error, action.decided_at) = (error, at);
        undo(move |tables| tables.of_mut(account).actions[index].action = before)
    }

    fn add_corporate_action(&mut self, account: AccountId, row: CorporateActionRow) -> Option<Undo> {
        let (status, applied_at) = match row.outcome {
            ActionOutcome::Split { .. } => (CompanyActionStatus::Applied, Some(row.recorded_at)),
            ActionOutcome::Dividend { .. } => (CompanyActionStatus::Owed, None),
        };
        self.of_mut(account).corporate_actions.push(CompanyAction { row, status, applied_at });
        undo(move |tables| _ = tables.of_mut(account).corporate_actions.pop())
    }

    /// Sets the status of the owed dividends whose sequence `choose` accepts.
    fn set_dividends(
        &mut self,
        account: AccountId,
        status: CompanyActionStatus,
        choose: impl Fn(i64, &mut CompanyAction) -> bool,
    ) -> Option<Undo> {
        let mut changed = Vec::new();
        for (sequence, act) in (1..).zip(&mut self.of_mut(account).corporate_actions) {
            if act.status == CompanyActionStatus::Owed && choose(sequence, act) {
                act.status = status;
                changed.push(usize::try_from(sequence - 1).ok()?);
            }
        }
        undo(move |tables| {
            for index in changed {
                let act = &mut tables.of_mut(account).corporate_actions[index];
                (act.status, act.applied_at) = (CompanyActionStatus::Owed, None);
            }
        })
    }
}

fn undo(undo: impl FnOnce(&mut Tables) + Send + 'static) -> Option<Undo> {
    Some(Box::new(undo))
}
