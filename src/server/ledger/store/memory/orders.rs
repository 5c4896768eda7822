//! Rows of orders.

use std::collections::{BTreeMap, HashMap};

use super::{Tables, between};
use crate::{
    domain::{
        account_id::AccountId,
        instant::UtcInstant,
        order::ClientOrderId,
        orders::{
            book::TrailMark,
            group::Group,
            id::OrderId,
            view::{FillView, StatusFilter},
        },
    },
    server::ledger::{
        orders::{GroupQuery, NamedOrder, RecordedGroup},
        store::{OrderRows, StoreFault},
    },
};

impl OrderRows for Tables {
    fn order_group(&mut self, account: AccountId, id: OrderId) -> Result<Option<RecordedGroup>, StoreFault> {
        let groups = self.of(account).map_or(&[][..], |rows| &rows.orders);
        Ok(groups.iter().rfind(|group| group.get(id).is_some()).map(|group| self.recorded(account, group)))
    }

    fn order_groups(&mut self, account: AccountId, query: GroupQuery) -> Result<Vec<(i64, RecordedGroup)>, StoreFault> {
        let groups = self.of(account).map_or(&[][..], |rows| &rows.orders);
        let is_asked_for = |group: &Group| {
            let has_status = match query.status {
                StatusFilter::Open => group.is_open(),
                StatusFilter::Closed => !group.is_open(),
                StatusFilter::All => true,
            };
            has_status && query.ticker.is_none_or(|ticker| group.leader().ticker == ticker)
        };
        let found = between(groups, 0, query.before).filter(|(_, group)| is_asked_for(group)).take(query.limit);
        Ok(found.map(|(sequence, group)| (sequence, self.recorded(account, group))).collect())
    }

    fn order_named(&mut self, account: AccountId, name: &ClientOrderId) -> Result<Option<NamedOrder>, StoreFault> {
        Ok(self.of(account).and_then(|rows| rows.order_names.get(name)).cloned())
    }

    fn trail_marks(&mut self) -> Result<Option<(UtcInstant, Vec<TrailMark>)>, StoreFault> {
        let Some((saved_at, marks)) = self.trail_marks.as_ref().filter(|(_, marks)| !marks.is_empty()) else {
            return Ok(None);
        };
        // One mark per moment, in order, as in the file.
        let by_key: BTreeMap<_, _> = marks.iter().map(|mark| ((mark.ticker, mark.side, mark.since), *mark)).collect();
        Ok(Some((*saved_at, by_key.into_values().collect())))
    }
}

impl Tables {
    fn recorded(&self, account: AccountId, group: &Group) -> RecordedGroup {
        let mut fills: HashMap<OrderId, Vec<FillView>> = HashMap::new();
        for row in self.of(account).map_or(&[][..], |rows| &rows.trades) {
            let trade = &row.trade;
            let Some((order, number)) = trade.order_id.zip(row.fill_number) else { continue };
            if group.get(order).is_some() {
                fills.entry(order).or_default().push(FillView {
                    number,
                    trade_id: trade.id.clone(),
                    quantity: trade.quantity,
                    price: trade.price,
                    commission: trade.commission,
                    filled_at: trade.executed_at,
                });
            }
        }
        RecordedGroup { group: group.clone(), fills }
    }
}
