//! Orders that wait, and alerts.

use super::{LINES_MAX, View, list, rest_of};
use crate::{
    domain::{
        alerts::AlertStatus,
        orders::{
            group::Group,
            order::Order,
            terms::{Terms, Trail},
        },
        ticker::Ticker,
    },
    server::copilot::built_in::figures::count,
};

impl View<'_> {
    pub(super) fn orders(&self, tickers: &[Ticker]) -> String {
        let open = &self.setting.context.orders;
        let is_meant = |group: &&Group| tickers.is_empty() || tickers.contains(&group.leader().ticker);
        let mut groups: Vec<&Group> = open.groups().map(|listed| &*listed.group).filter(is_meant).collect();
        groups.sort_by_key(|group| std::cmp::Reverse(group.leader().id));
        if groups.is_empty() {
            return "You have no open orders.".to_owned();
        }
        let held = open.holds().cash;
        let waiting = count(groups.len(), "open order");
        let mut lines = vec![format!("You have {waiting}; all that wait hold {held} of your cash. Newest first:")];
        lines.extend(groups.iter().take(LINES_MAX).map(|group| order_line(group)));
        lines.extend(rest_of(groups.len()));
        list(&lines)
    }

    pub(super) fn alerts(&self) -> String {
        let alerts = &self.setting.context.alerts;
        let active: Vec<_> = alerts.iter().rev().filter(|alert| alert.status == AlertStatus::Active).collect();
        if active.is_empty() {
            return "You have no active alerts.".to_owned();
        }
        let mut lines = vec![format!("You have {}, newest first:", count(active.len(), "active alert"))];
        lines.extend(active.iter().take(LINES_MAX).map(|alert| format!("- {}", alert.condition)));
        lines.extend(rest_of(active.len()));
        list(&lines)
    }
}

/// `- buy 5 NVDA at 120.00 (working), then sell at 130.00 or stop 110.00`
fn order_line(group: &Group) -> String {
    let leader = group.leader();
    let quantity = leader.left().map_or_else(String::new, |left| format!(" {left}"));
    let mut line =
        format!("- {}{quantity} {}{} ({})", leader.side.as_str(), leader.ticker, terms(leader), leader.status.word());
    if let Some(condition) = &leader.condition {
        line.push_str(&format!(", submitted when {condition}"));
    }
    let legs: Vec<String> = group.legs().iter().filter(|leg| leg.is_open()).map(terms).collect();
    if !legs.is_empty() {
        line.push_str(&format!(", with an exit{}", legs.join(" or")));
    }
    line
}

fn terms(order: &Order) -> String {
    match order.terms {
        Terms::Market => " at the market".to_owned(),
        Terms::Limit { limit } => format!(" at {limit}"),
        Terms::Stop { stop } => format!(" stop {stop}"),
        Terms::StopLimit { stop, limit } => format!(" stop {stop} limit {limit}"),
        Terms::TrailingStop { trail: Trail::Amount(amount) } => format!(" trailing stop {amount}"),
        Terms::TrailingStop { trail: Trail::Percent(percent) } => format!(" trailing stop {percent} %"),
    }
}
