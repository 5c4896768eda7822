//! Settles the fired orders of one group at one span: at most one fill, with its consequences.

use super::{
    fault::OrderFault,
    fill::{Filling, filling},
    group::{Change, Group},
    hold::Hold,
    id::OrderId,
    order::{CancelReason, Order, OrderFill, RejectReason, Role},
    rules::{FillRules, Moment, Step},
    span::Span,
};
use crate::domain::instant::UtcInstant;

/// An order of the group that the span affected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fired {
    pub id: OrderId,
    pub step: Step,
}

/// A fill that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settled {
    pub id: OrderId,
    /// Number among the order's fills, from 1.
    pub number: u32,
    pub fill: OrderFill,
}

/// Inputs of a settlement.
#[derive(Debug, Clone, Copy)]
pub struct Settlement<'a> {
    pub span: &'a Span,
    pub rules: &'a FillRules,
    pub at: UtcInstant,
}

impl Settlement<'_> {
    /// Settles the fired orders of one group, in one write.
    ///
    /// If several orders fired, the first by moment acts; at the same moment the stop-loss, then the take-profit, then
    /// the parent; the others wait for the next span. `execute` moves cash and shares: its arguments are the order, the
    /// fill and the group's hold. It returns a reason if the account has too little; then the order is rejected.
    ///
    /// An order that has ended in the meantime is skipped and left unchanged.
    ///
    /// # Errors
    /// If a sum overflows its type.
    pub fn settle(
        &self,
        group: &mut Group,
        fired: &[Fired],
        mut execute: impl FnMut(&Order, &OrderFill, Hold) -> Result<(), RejectReason>,
    ) -> Result<Option<Settled>, OrderFault> {
        let held = group.held().unwrap_or_default();
        let Some(first) = self.first_to_act(group, fired) else {
            return self.end_immediate(group, fired);
        };
        let settled = group.write(self.rules.commission, self.at, |change| {
            let settled = self.act(change, first, held, &mut execute)?;
            self.cancel_immediate(change, fired)?;
            Ok(settled)
        })?;
        Ok(settled)
    }

    fn first_to_act(&self, group: &Group, fired: &[Fired]) -> Option<Fired> {
        let rank = |role: Role| match role {
            Role::StopLoss => 0,
            Role::TakeProfit => 1,
            Role::Leader => 2,
        };
        let working = |fired: &Fired| -> Option<(Moment, u8, Fired)> {
            let order = group.get(fired.id).filter(|order| order.status.is_working())?;
            Some((fired.step.moment()?, rank(order.role), *fired))
        };
        let first = fired.iter().filter_map(working).min_by_key(|(moment, rank, _)| (*moment, *rank));
        first.map(|(_, _, fired)| fired)
    }

    fn act(
        &self,
        change: &mut Change<'_>,
        fired: Fired,
        held: Hold,
        execute: &mut impl FnMut(&Order, &OrderFill, Hold) -> Result<(), RejectReason>,
    ) -> Result<Option<Settled>, OrderFault> {
        let id = fired.id;
        let is_stop = change.order(id)?.terms.is_stop();
        if is_stop && change.order(id)?.elected_at.is_none() {
            change.elect(id)?;
        }
        let Step::Fill { price, .. } = fired.step else {
            return Ok(None);
        };
        let order = change.order(id)?;
        let fill = match filling(order, price, self.span, self.rules) {
            Ok(Filling::NoVolume) => return Ok(None),
            Ok(Filling::Fill(fill)) => execute(order, &fill, held).map(|()| fill),
            Err(reason) => Err(reason),
        };
        match fill {
            Ok(fill) => {
                change.fill(id, &fill, self.span.last)?;
                let number = change.order(id)?.filled.map_or(0, |filled| filled.count);
                Ok(Some(Settled { id, number, fill }))
            }
            Err(reason) => {
                change.reject(id, reason)?;
                Ok(None)
            }
        }
    }

    /// Cancels `ioc` and `fok` orders after their first span.
    fn cancel_immediate(&self, change: &mut Change<'_>, fired: &[Fired]) -> Result<(), OrderFault> {
        for Fired { id, .. } in fired {
            let order = change.order(*id)?;
            if order.time_in_force.is_immediate() && order.status.is_working() {
                change.cancel(*id, CancelReason::NotFilledAtOnce)?;
            }
        }
        Ok(())
    }

    fn end_immediate(&self, group: &mut Group, fired: &[Fired]) -> Result<Option<Settled>, OrderFault> {
        let is_due = |fired: &Fired| {
            group.get(fired.id).is_some_and(|order| order.time_in_force.is_immediate() && order.status.is_working())
        };
        if fired.iter().any(is_due) {
            group.write(self.rules.commission, self.at, |change| self.cancel_immediate(change, fired))?;
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests;
