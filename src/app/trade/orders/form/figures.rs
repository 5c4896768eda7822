//! Figures of a previewed order: cost, hold, risk and reward.

use leptos::prelude::*;

use super::written::Written;
use crate::{
    app::{
        erase::{Erase, Piece},
        format::{decimal, money, signed_money, signed_percent},
    },
    domain::{
        money::{Money, Price},
        order::Side,
        orders::view::OrderPreview,
    },
};

/// One line of the figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    pub name: &'static str,
    pub title: &'static str,
    pub words: String,
    pub tone: &'static str,
}

/// The figures of an order, of an account that is worth `total`.
pub fn figures(preview: &OrderPreview, written: &Written, total: Option<Money>) -> Vec<Figure> {
    let mut figures = Vec::new();
    let mut add = |name, title, words: String, tone| figures.push(Figure { name, title, words, tone });
    if let Some(notional) = preview.estimated_notional {
        let title = if preview.side == Side::Buy { "Cost" } else { "Proceeds" };
        add("cost", title, money(notional), "");
    }
    match (preview.fills_at_once, preview.held_quantity) {
        (true, _) => {}
        (false, Some(shares)) => add("held", "Held until filled", format!("{shares} shares"), ""),
        (false, None) => add("held", "Held until filled", money(preview.held_amount), ""),
    }
    add("after", "Buying power after", money(preview.buying_power_after), "");
    if let Some(risk) = preview.risk {
        let of_account = |amount: Money| {
            total.and_then(|total| amount.percent_of(total)).map(|percent| format!(" · {}", signed_percent(percent)))
        };
        let with_share = |amount: Money| format!("{}{}", signed_money(amount), of_account(amount).unwrap_or_default());
        let lost = Money::ZERO.checked_sub(risk.amount).unwrap_or(Money::ZERO);
        add("risk", "At risk", with_share(lost), "down");
        if let Some(reward) = reward(preview, written) {
            add("reward", "Reward", with_share(reward), "up");
        }
        if let Some(ratio) = risk.reward_ratio {
            add("ratio", "Reward to risk", format!("{} : 1", decimal(ratio, 1)), "");
        }
    }
    figures
}

/// Gain between the entry and the target.
fn reward(preview: &OrderPreview, written: &Written) -> Option<Money> {
    let target: Price = written.target()?;
    let apart = Price::from_units(target.change_from(preview.estimated_price?).units().abs())?;
    Money::of(preview.estimated_quantity?, apart)
}

/// Next event of the order, as a sentence.
pub fn course(preview: &OrderPreview, written: &Written) -> String {
    let exits = match (!written.take_profit.trim().is_empty(), !written.stop_loss.trim().is_empty()) {
        (true, true) => ", then stop or target",
        (true, false) => ", then target",
        (false, true) => ", then stop",
        (false, false) => "",
    };
    match (preview.fills_at_once, preview.estimated_price) {
        (true, _) => format!("Fills at once{exits}."),
        (false, Some(price)) => format!("Waits at {price}{exits}."),
        (false, None) => format!("Waits for the open{exits}."),
    }
}

pub fn show_figure(figure: Figure) -> Piece {
    view! {
        <div data-testid=format!("order-{}", figure.name)>
            <dt>{figure.title}</dt>
            <dd class=figure.tone translate="no">{figure.words}</dd>
        </div>
    }
    .erase()
}
