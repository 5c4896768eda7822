//! Reading orders: with their fills, open or ended, and by what their senders call them.

use std::collections::HashMap;

use crate::{
    domain::{
        account_id::AccountId,
        orders::{
            book::SavedMarks,
            group::Group,
            id::OrderId,
            view::{FillView, OrderView, OrdersPage, StatusFilter},
        },
        ticker::Ticker,
    },
    error::ApiError,
    server::ledger::Ledger,
};

/// The most orders of a page; a bracket is one.
pub const ORDERS_MAX: usize = 500;

/// A group as it is recorded, with the fills of its orders.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedGroup {
    pub group: Group,
    pub fills: HashMap<OrderId, Vec<FillView>>,
}

/// Which groups are asked for, newest first.
#[derive(Debug, Clone, Copy)]
pub struct GroupQuery {
    pub status: StatusFilter,
    pub ticker: Option<Ticker>,
    /// Of those before this sequence.
    pub before: i64,
    pub limit: usize,
}

/// Earlier use of a client's order id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedOrder {
    pub order_id: OrderId,
    /// Request that was sent under this id, as JSON.
    pub request: String,
}

impl RecordedGroup {
    /// The leader with its legs.
    pub fn view(&self) -> OrderView {
        OrderView::of_group(&self.group, |id| self.fills_of(id))
    }

    /// One order of the group: the leader with its legs, or a leg alone.
    pub fn view_of(&self, id: OrderId) -> OrderView {
        match self.group.get(id) {
            Some(order) if order.parent_id.is_some() => OrderView::of(order, self.fills_of(id)),
            Some(_) | None => self.view(),
        }
    }

    fn fills_of(&self, id: OrderId) -> Vec<FillView> {
        self.fills.get(&id).cloned().unwrap_or_default()
    }
}

impl Ledger {
    /// An order with its fills; a leg comes without its group.
    ///
    /// # Errors
    /// [`ApiError::UnknownOrder`], or when the database does not answer.
    pub async fn order(&self, account: AccountId, id: OrderId) -> Result<OrderView, ApiError> {
        let found = self.read(move |rows| rows.order_group(account, id)).await?;
        found.map(|recorded| recorded.view_of(id)).ok_or(ApiError::UnknownOrder)
    }

    /// The account's orders, newest first; at most [`ORDERS_MAX`].
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn orders(&self, account: AccountId, query: GroupQuery) -> Result<OrdersPage, ApiError> {
        let limit = query.limit.min(ORDERS_MAX);
        // One more than asked for tells whether there is another page.
        let query = GroupQuery { limit: limit + 1, ..query };
        let mut found = self.read(move |rows| rows.order_groups(account, query)).await?;
        let has_more = found.len() > limit;
        found.truncate(limit);
        let next_cursor = found.last().filter(|_| has_more).map(|(sequence, _)| sequence.to_string());
        Ok(OrdersPage { orders: found.iter().map(|(_, recorded)| recorded.view()).collect(), next_cursor })
    }

    /// The marks of trailing stops as they were last saved.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn saved_marks(&self) -> Result<SavedMarks, ApiError> {
        let saved = self.read(|rows| rows.trail_marks()).await?;
        Ok(saved.map_or_else(SavedMarks::default, |(saved_at, marks)| SavedMarks::new(saved_at, marks)))
    }
}
