//! Checks proposed trades ahead: their cost, and whether they are possible. An impossible proposal is rejected when it
//! is made rather than when a person approves it.
//!
//! The transaction that runs an approved trade decides independently; this only avoids useless approvals.

use crate::{
    domain::{
        account::{Account, Fill, Refusal},
        chat::{Action, ActionStatus, Estimate},
        copilot::CopilotLimits,
        money::{Money, Price},
        order::OrderRequest,
        portfolio::Portfolio,
    },
    error::ApiError,
    server::{ledger::chat::NewAction, market::feed::Tick},
};

/// Sets each proposed trade's estimate at its current price, and rejects those that are impossible both now and after
/// the trades proposed before them, such as a sale that provides the cash.
pub fn look_ahead(actions: &mut [NewAction], account: &Account, prices: &Tick, limits: &CopilotLimits) {
    let total_value = Portfolio::value(account, |ticker| prices.price(ticker)).total_value;
    let mut after_earlier = account.clone();
    for proposal in actions.iter_mut().filter(|action| action.status == ActionStatus::Proposed) {
        let (Action::Trade { ticker, side, quantity }, Some(price)) = (proposal.action, proposal.price) else {
            continue;
        };
        let order = OrderRequest {
            ticker,
            side,
            quantity,
            client_order_id: None,
            expected_price: None,
            max_slippage_percent: None,
        };
        let mut alone = account.clone();
        let by_itself = fill(&mut alone, &order, price);
        let in_turn = fill(&mut after_earlier, &order, price);
        let outcome = match (by_itself, in_turn) {
            (Ok(filled), _) => Ok((filled, alone.cash)),
            (Err(_), Ok(filled)) => Ok((filled, after_earlier.cash)),
            (Err(refusal), Err(_)) => Err(refusal),
        };
        let refused = match outcome {
            Ok((filled, cash_after)) => {
                proposal.estimate = Some(Estimate { notional: filled.notional, cash_after });
                limits.check(filled.notional, total_value, Money::ZERO).err().map(|over| over.to_string())
            }
            Err(refusal) => {
                proposal.estimate = shortfall(&refusal);
                Some(ApiError::refused(&order, refusal).to_string())
            }
        };
        if refused.is_some() {
            proposal.status = ActionStatus::Rejected;
            proposal.error = refused;
        }
    }
}

fn fill(account: &mut Account, order: &OrderRequest, price: Price) -> Result<Fill, Refusal> {
    account.apply(order.side, order.ticker, order.quantity, price)
}

/// Estimate of a purchase that exceeds the cash, with the negative cash that it would leave.
fn shortfall(refusal: &Refusal) -> Option<Estimate> {
    match refusal {
        Refusal::InsufficientCash { cost, available } => {
            Some(Estimate { notional: *cost, cash_after: available.checked_sub(*cost)? })
        }
        Refusal::InsufficientShares { .. } | Refusal::TooManyPositions | Refusal::TooLarge => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{account::INITIAL_DEPOSIT, instant::UtcInstant, order::Side, quote::Quote};

    /// Outcome of trades proposed in sequence with $10,000 in cash and 10 V at $280: status, cash afterwards, and
    /// reason.
    fn proposed(trades: &[(Side, &str, &str)]) -> Vec<(ActionStatus, Option<i64>, Option<String>)> {
        proposed_within(99, trades)
    }

    /// The same, with each trade limited to a percentage of the total value.
    fn proposed_within(
        trade_percent_max: u32,
        trades: &[(Side, &str, &str)],
    ) -> Vec<(ActionStatus, Option<i64>, Option<String>)> {
        let dollars = |dollars: i64| Price::from_units(dollars * 10_000).unwrap();
        let quotes = [("TSLA", 250), ("V", 280)].map(|(symbol, price)| {
            let price = dollars(price);
            Quote {
                ticker: symbol.parse().unwrap(),
                price,
                previous_price: price,
                previous_close: price,
                is_stale: false,
                at: UtcInstant::EPOCH,
            }
        });
        let tick = Tick::new(1, quotes.into_iter().collect());
        let mut account = Account::open(INITIAL_DEPOSIT.checked_add(Money::from_cents(280_000)).unwrap());
        account.apply(Side::Buy, "V".parse().unwrap(), "10".parse().unwrap(), dollars(280)).unwrap();
        let action = |(side, symbol, quantity): &(Side, &str, &str)| {
            let ticker = symbol.parse().unwrap();
            NewAction {
                id: String::new(),
                action: Action::Trade { ticker, side: *side, quantity: quantity.parse().unwrap() },
                status: ActionStatus::Proposed,
                price: tick.price(ticker),
                error: None,
                estimate: None,
            }
        };
        let mut actions: Vec<_> = trades.iter().map(action).collect();
        look_ahead(&mut actions, &account, &tick, &CopilotLimits { trade_percent_max, ..Default::default() });
        let outcome =
            |action: NewAction| (action.status, action.estimate.map(|sum| sum.cash_after.cents()), action.error);
        actions.into_iter().map(outcome).collect()
    }

    #[test]
    fn what_can_be_done_stays_a_proposal_with_the_cash_after() {
        assert_eq!(proposed(&[(Side::Buy, "TSLA", "4")]), [(ActionStatus::Proposed, Some(900_000), None)]);
        assert_eq!(proposed(&[(Side::Sell, "V", "10")]), [(ActionStatus::Proposed, Some(1_280_000), None)]);
    }

    #[test]
    fn what_cannot_be_done_is_rejected_with_the_reason() {
        let reason = Some("Buying 100 TSLA costs $25,000.00; you have $10,000.00.".to_owned());
        assert_eq!(proposed(&[(Side::Buy, "TSLA", "100")]), [(ActionStatus::Rejected, Some(-1_500_000), reason)]);
        let reason = Some("Selling 11 V is not possible; you hold 10.".to_owned());
        assert_eq!(proposed(&[(Side::Sell, "V", "11")]), [(ActionStatus::Rejected, None, reason)]);
        let reason = Some("Selling 1 TSLA is not possible; you hold none.".to_owned());
        assert_eq!(proposed(&[(Side::Sell, "TSLA", "1")]), [(ActionStatus::Rejected, None, reason)]);
    }

    #[test]
    fn proposals_are_looked_at_by_themselves_and_in_their_order() {
        let two = proposed(&[(Side::Buy, "TSLA", "30"), (Side::Buy, "TSLA", "40")]);
        assert!(
            two.iter().all(|(status, ..)| *status == ActionStatus::Proposed),
            "one of the two can be approved: {two:?}"
        );
        let two = proposed(&[(Side::Sell, "V", "10"), (Side::Buy, "TSLA", "50")]);
        assert_eq!(two[1], (ActionStatus::Proposed, Some(30_000), None), "the sale brings the cash");
    }

    #[test]
    fn a_trade_beyond_the_copilot_s_limits_is_rejected_too() {
        let (status, cash_after, reason) = &proposed_within(50, &[(Side::Buy, "TSLA", "30")])[0];
        assert_eq!((status, cash_after), (&ActionStatus::Rejected, &Some(250_000)));
        assert!(reason.as_ref().unwrap().starts_with("A trade of the copilot may be worth at most 50 %"), "{reason:?}");
    }
}
