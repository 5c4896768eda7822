//! The header: the portfolio's value and its changes, the cash, the connection, and the settings.

pub mod clock;
mod connection;
pub mod settings;

use leptos::prelude::*;

use super::{icons, layout::menu::LayoutMenu};
use crate::app::{
    effects::memo,
    erase::{Content, Erase, Piece},
    format::{arrow, money, or_missing, signed_money, signed_percent, tone},
    parts::{Part, show_quiet_part},
    trade::alerts::open_tab,
    workspace::{Workspace, use_workspace},
};
use crate::domain::{day::DayPnl, money::Money, quote::Direction};
use connection::ConnectionStatus;
use settings::Settings;
pub use settings::{fetch_reset, fetch_settings};

#[component]
pub fn Header(
    market_source: String,
    /// Content beside the connection.
    #[prop(optional)]
    children: Option<Content>,
) -> impl IntoView {
    let Workspace { books, market, commands, .. } = use_workspace();
    let total_value = memo(move || books.with_portfolio(|portfolio| portfolio.total_value));
    let cash = memo(move || books.cash());
    let day_pnl = memo(move || books.day_gain().map(Gain::from));
    let total_pnl = memo(move || Gain::since(Some(books.paid_in()), total_value.get()));
    let total_words = Signal::derive(move || or_missing(total_value.get()));
    let is_stale = memo(move || books.with_portfolio(|portfolio| portfolio.stale));
    let stale_words = Signal::derive(move || is_stale.get().then_some("Not all prices in it are of now"));
    let cash_words = Signal::derive(move || cash.get().to_string());
    let buying_power = memo(move || books.with_portfolio(|portfolio| portfolio.buying_power));
    let power_words = Signal::derive(move || buying_power.get().to_string());
    let held_words =
        Signal::derive(move || format!("Cash less the {} held for open orders", money(books.held_for_orders())));
    view! {
        <header class="header">
            <h1 class="brand">"Fin"<b>"Ally"</b></h1>
            <dl class="stats">
                <div class="stat big">
                    <dt>"Total value"</dt>
                    <dd translate="no" data-testid="total-value" class:stale=is_stale title=stale_words>
                        {total_words}
                    </dd>
                </div>
                <GainStat label="Day P&L" test_id="day-pnl" gain=day_pnl/>
                <GainStat label="Total P&L" test_id="total-pnl" gain=total_pnl/>
                <div class="stat">
                    <dt>"Cash"</dt>
                    <dd translate="no" data-testid="cash-balance">{cash_words}</dd>
                </div>
                <div class="stat power" title=held_words>
                    <dt>"Buying power"</dt>
                    <dd translate="no" data-testid="buying-power">{power_words}</dd>
                </div>
            </dl>
            <div class="header-tools">
                {children.map(Content::show)}
                <div class="market-state">
                    <ConnectionStatus market market_source/>
                    {show_quiet_part(Part::Clock)}
                </div>
                <button
                    class="palette-hint"
                    aria-label="Open the command palette"
                    title="Command palette"
                    on:click=move |_| commands.open_palette()
                >
                    <kbd>"Ctrl K"</kbd>
                </button>
                {show_bell()}
                <LayoutMenu/>
                <Settings/>
            </div>
        </header>
    }
    .erase()
}

/// Shows the alerts; beside the bell, how many firings are unread.
fn show_bell() -> Piece {
    let workspace = use_workspace();
    let count = Signal::derive(move || unread_words(workspace.alerts.unread.get()));
    let name = Signal::derive(move || match count.get() {
        Some(count) => format!("Alerts, {count} new"),
        None => "Alerts".to_owned(),
    });
    let is_hidden = memo(move || count.with(Option::is_none));
    view! {
        <button class="bell" data-testid="header-alerts" aria-label=name title="Alerts (N)" on:click=move |_| open_tab(workspace)>
            {icons::show(icons::BELL)}
            <span class="count" translate="no" hidden=is_hidden>{count}</span>
        </button>
    }
    .erase()
}

/// `3`, and from a hundred on `99+`; nothing for none.
fn unread_words(unread: u64) -> Option<String> {
    match unread {
        0 => None,
        1..=99 => Some(unread.to_string()),
        _ => Some("99+".to_owned()),
    }
}

/// Change of a value since an earlier one.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Gain {
    amount: Money,
    percent: Option<f64>,
}

impl From<DayPnl> for Gain {
    fn from(DayPnl { amount, percent }: DayPnl) -> Self {
        Self { amount, percent }
    }
}

impl Gain {
    /// `None` while either is unknown.
    fn since(before: Option<Money>, now: Option<Money>) -> Option<Self> {
        let before = before?;
        let amount = now?.checked_sub(before)?;
        Some(Self { amount, percent: amount.percent_of(before) })
    }

    fn direction(self) -> Direction {
        match self.amount.cmp(&Money::ZERO) {
            std::cmp::Ordering::Greater => Direction::Up,
            std::cmp::Ordering::Less => Direction::Down,
            std::cmp::Ordering::Equal => Direction::Flat,
        }
    }

    /// `▲ +$128.40 (+1.25%)`
    fn describe(self) -> String {
        let percent = self.percent.map(|percent| format!(" ({})", signed_percent(percent))).unwrap_or_default();
        format!("{} {}{percent}", arrow(self.direction()), signed_money(self.amount))
    }
}

#[component]
fn GainStat(label: &'static str, test_id: &'static str, gain: Memo<Option<Gain>>) -> impl IntoView {
    let colour = Signal::derive(move || tone(gain.get().map(|gain| gain.amount)));
    let words = Signal::derive(move || or_missing(gain.get().map(Gain::describe)));
    view! {
        <div class="stat">
            <dt>{label}</dt>
            <dd class=colour translate="no" data-testid=test_id>
                {words}
            </dd>
        </div>
    }
    .erase()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(1_000_000, 1_012_840, "▲ +$128.40 (+1.28%)")]
    #[case(1_000_000, 998_000, "▼ −$20.00 (−0.20%)")]
    #[case(1_000_000, 1_000_000, "◆ $0.00 (0.00%)")]
    #[case(0, 500, "▲ +$5.00")]
    fn a_gain_has_a_shape_and_a_sign(#[case] before: i64, #[case] now: i64, #[case] text: &str) {
        let gain = Gain::since(Some(Money::from_cents(before)), Some(Money::from_cents(now)));
        assert_eq!(gain.unwrap().describe(), text);
    }

    #[rstest]
    #[case(0, None)]
    #[case(1, Some("1"))]
    #[case(99, Some("99"))]
    #[case(100, Some("99+"))]
    fn unread_firings_are_counted_up_to_a_width(#[case] unread: u64, #[case] words: Option<&str>) {
        assert_eq!(unread_words(unread).as_deref(), words);
    }

    #[test]
    fn a_gain_is_missing_while_a_value_is() {
        assert_eq!(Gain::since(None, Some(Money::ZERO)), None);
        assert_eq!(Gain::since(Some(Money::ZERO), None), None);
    }
}
