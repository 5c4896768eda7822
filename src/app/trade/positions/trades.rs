//! The history of trades by day, page by page, with a filter; and all of it as a file.

use leptos::{prelude::*, task::spawn_local};
use wasm_split_helpers::{SplitLoaderError, wasm_split};

use super::{csv, read_for};
use crate::{
    api::{count_trades, load_trades},
    app::{
        download::save_text,
        effects::memo,
        erase::{Erase, Piece},
        format::{local_time, signed_money, tone},
        loading::{Loading, show_loading},
        parts::PartView,
        storage,
        toast::Toasts,
        workspace::{Workspace, use_workspace},
    },
    domain::{
        order::{Adjusted, Correction, OrderSource, Side, Trade, TradesPage},
        ticker::Ticker,
    },
    error::ApiError,
};

/// The trades that are read at a time to be shown…
const PAGE: usize = 50;
/// …and to be saved.
const FILE_PAGE: usize = 500;

#[wasm_split(trades, fallible)]
pub fn fetch_trades() -> Result<PartView, SplitLoaderError> {
    Ok(|| view! { <TradesTab/> }.erase())
}

#[component]
fn TradesTab() -> impl IntoView {
    let Workspace { books, toasts, selected, .. } = use_workspace();
    let (trades, next) = (RwSignal::new(Vec::<Trade>::new()), RwSignal::new(None::<String>));
    let (loading, retries) = (RwSignal::new(Loading::Pending), RwSignal::new(0));
    let is_busy = RwSignal::new(false);
    let total = RwSignal::new(0);
    let show = move |(page, count): (TradesPage, u64)| {
        total.set(count);
        let (shown, rest) = trades.with_untracked(|old| join(page.clone(), old));
        // What came after the trades that are kept is known already.
        if rest == 0 {
            next.set(page.next_before);
        }
        trades.set(shown);
    };
    read_for(books, retries, loading, load_first, show);
    let load_more = move |_| {
        is_busy.set(true);
        spawn_local(async move {
            match load_trades(PAGE, next.get_untracked()).await {
                Ok(page) => {
                    next.try_set(page.next_before);
                    trades.try_update(|trades| trades.extend(page.trades));
                }
                Err(error) => toasts.error(format!("Older trades could not be read. {error}")),
            }
            is_busy.try_set(false);
        });
    };
    let save = move |_| {
        is_busy.set(true);
        spawn_local(async move {
            save_trades(toasts).await;
            is_busy.try_set(false);
        });
    };
    let filter = RwSignal::new(String::new());
    let kept = memo(move || {
        let filter = filter.get().to_ascii_lowercase();
        trades.with(|trades| trades.iter().filter(|trade| is_kept(trade, &filter)).cloned().collect::<Vec<_>>())
    });
    // The rows change with a trade, not with a tick.
    let rows = move || {
        let by_day = |trades: &Vec<Trade>| {
            let days = trades.chunk_by(|one, next| local_date(one) == local_date(next));
            days.map(|day| show_day(day, selected)).collect_view()
        };
        kept.with(by_day)
    };
    let found = move || match filter.with(|filter| filter.trim().is_empty()) {
        true => String::new(),
        false => format!("{} of {} loaded", kept.with(Vec::len), trades.with(Vec::len)),
    };
    let nothing = move || {
        let is_empty = loading.get() == Loading::Ready && trades.with(Vec::is_empty);
        is_empty.then(|| view! { <p class="empty">"No trades yet. Each one is listed here, newest first."</p> })
    };
    let not_printed = move || trades.with(|trades| describe_rest(total.get(), trades.len()));
    let (is_whole, is_none) = (memo(move || next.with(Option::is_none)), memo(move || trades.with(Vec::is_empty)));
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label="Trades">
            <div class="table-tools" hidden=is_none>
                <input
                    type="search"
                    aria-label="Filter the trades"
                    placeholder="Ticker, buy, sell, copilot…"
                    data-testid="trades-filter"
                    spellcheck="false"
                    autocomplete="off"
                    on:input:target=move |event| filter.set(event.target().value())
                />
                <span class="muted" role="status">{found}</span>
                <button class="small" data-testid="trades-csv" disabled=is_busy on:click=save>"Download CSV"</button>
            </div>
            <table data-testid="trades-table">
                <thead>
                    <tr>
                        {["Time", "Ticker", "Side", "Quantity", "Price", "Amount", "Realised", "By"]
                            .map(|title| view! { <th scope="col">{title}</th> })}
                    </tr>
                </thead>
                {rows}
            </table>
            <p class="print-only" data-testid="trades-not-printed">{not_printed}</p>
            {nothing}
            {show_loading("The trades", loading, retries)}
            <div class="more">
                <button class="small" data-testid="trades-more" hidden=is_whole disabled=is_busy on:click=load_more>
                    "Load more"
                </button>
            </div>
        </div>
    }
    .erase()
}

/// The newest page, and how many trades there are in all.
async fn load_first() -> Result<(TradesPage, u64), ApiError> {
    let page = load_trades(PAGE, None).await?;
    let total = match page.next_before {
        Some(_) => count_trades().await?,
        None => page.trades.len() as u64,
    };
    Ok((page, total))
}

/// How many trades a print lacks; nothing when it has all of them.
fn describe_rest(total: u64, shown: usize) -> Option<String> {
    let rest = total.saturating_sub(shown as u64);
    (rest > 0).then(|| format!("{rest} older trades are not shown. Load them first, or download all as CSV."))
}

/// A newest page in front of the older trades that are shown already, and how many of those there are; they are
/// dropped when the page does not reach them.
fn join(page: TradesPage, old: &[Trade]) -> (Vec<Trade>, usize) {
    let last = page.trades.last().map(|trade| trade.id.clone());
    let kept = old.iter().position(|trade| Some(&trade.id) == last.as_ref()).map_or(&[][..], |index| &old[index + 1..]);
    let mut trades = page.trades;
    trades.extend_from_slice(kept);
    (trades, kept.len())
}

/// Whether each word of a filter, in small letters, begins the ticker, the side or the source of a trade.
fn is_kept(trade: &Trade, filter: &str) -> bool {
    let texts = [trade.ticker.as_str(), side_words(trade.side).1, source_words(trade)];
    let is_there = |word: &str| texts.iter().any(|text| text.to_ascii_lowercase().starts_with(word));
    filter.split_whitespace().all(is_there)
}

/// `▲ Buy`, and the word alone.
fn side_words(side: Side) -> (&'static str, &'static str) {
    match side {
        Side::Buy => ("▲ Buy", "Buy"),
        Side::Sell => ("▼ Sell", "Sell"),
    }
}

fn source_words(trade: &Trade) -> &'static str {
    match (trade.correction, trade.source) {
        (Some(Correction::WriteOff), _) => "Written off",
        (None, OrderSource::Manual) => "You",
        (None, OrderSource::Copilot) => "Copilot",
    }
}

/// `2026-12-01`, by the browser's clock.
fn local_date(trade: &Trade) -> String {
    let mut text = local_time(trade.executed_at);
    text.truncate("2026-12-01".len());
    text
}

/// The trades of a day below its date, their count and what they realised.
fn show_day(day: &[Trade], selected: RwSignal<Option<Ticker>>) -> Piece {
    let date = day.first().map(local_date).unwrap_or_default();
    let count = match day.len() {
        1 => "1 trade".to_owned(),
        count => format!("{count} trades"),
    };
    let sales = day.iter().filter(|trade| trade.side == Side::Sell).map(|trade| trade.realized_pnl);
    let realized = sales.reduce(|sum, pnl| sum.checked_add(pnl).unwrap_or(sum));
    let rows = day.iter().cloned().map(|trade| show_trade(trade, selected)).collect_view();
    view! {
        <tbody translate="no">
            <tr class="day-row" data-testid="trades-day">
                <th scope="rowgroup" colspan="6">{date}" · "{count}</th>
                <td class=tone(realized)>{realized.map(signed_money).unwrap_or_default()}</td>
                <td></td>
            </tr>
            {rows}
        </tbody>
    }
    .erase_to_change()
}

fn show_trade(trade: Trade, selected: RwSignal<Option<Ticker>>) -> Piece {
    let ticker = trade.ticker;
    let side = side_words(trade.side).0;
    let side_tone = if trade.side == Side::Buy { "up" } else { "down" };
    let source = source_words(&trade);
    // What it was executed at stays; beside it, what that is after a split.
    let after_split = move |figure: fn(Adjusted) -> String| {
        trade.adjusted.map(|adjusted| view! { <small title="After a split">{figure(adjusted)}</small> })
    };
    let realized = (trade.side == Side::Sell).then_some(trade.realized_pnl);
    view! {
        <tr data-testid="trade-row" data-ticker=ticker.to_string()>
            <th scope="row"><time datetime=trade.executed_at.to_rfc3339()>{local_time(trade.executed_at)}</time></th>
            <td><button class="symbol" on:click=move |_| selected.set(Some(ticker))>{ticker.to_string()}</button></td>
            <td class=side_tone>{side}</td>
            <td>{trade.quantity.to_string()}{after_split(|after| format!(" → {}", after.quantity))}</td>
            <td>{trade.price.to_string()}{after_split(|after| format!(" → {}", after.price))}</td>
            <td>{trade.notional.to_string()}</td>
            <td class=tone(realized)>{realized.map(signed_money).unwrap_or_default()}</td>
            <td>{source}</td>
        </tr>
    }
    .erase_to_change()
}

/// Reads all pages and lets the browser save them.
pub async fn save_trades(toasts: Toasts) {
    let form = csv::Form::read(&storage::read(csv::STORAGE_KEY).unwrap_or_default());
    match load_all().await {
        Ok(trades) => match save_text("finally-trades.csv", "text/csv;charset=utf-8", &csv::write(&trades, form)) {
            Ok(()) => toasts.success(format!("Saved {} trades as finally-trades.csv.", trades.len())),
            Err(_) => toasts.error("The browser did not save the file.".to_owned()),
        },
        Err(error) => toasts.error(format!("The trades could not be read. {error}")),
    }
}

async fn load_all() -> Result<Vec<Trade>, ApiError> {
    let mut trades = Vec::new();
    let mut before = None;
    loop {
        let page = load_trades(FILE_PAGE, before).await?;
        trades.extend(page.trades);
        before = page.next_before;
        if before.is_none() {
            return Ok(trades);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        instant::UtcInstant,
        money::{Money, Price},
    };

    fn trades(ids: &[&str]) -> Vec<Trade> {
        let trade = |id: &&str| Trade {
            id: (*id).to_owned(),
            client_order_id: None,
            ticker: "V".parse().unwrap(),
            side: Side::Buy,
            quantity: "1".parse().unwrap(),
            price: Price::from_units(1).unwrap(),
            notional: Money::CENT,
            realized_pnl: Money::ZERO,
            source: OrderSource::Manual,
            executed_at: UtcInstant::from_unix_ms(0),
            correction: None,
            adjusted: None,
            order_id: None,
            commission: Money::ZERO,
        };
        ids.iter().map(trade).collect()
    }

    fn joined(page: &[&str], old: &[&str]) -> (Vec<String>, usize) {
        let page = TradesPage { trades: trades(page), next_before: None };
        let (trades, rest) = join(page, &trades(old));
        (trades.into_iter().map(|trade| trade.id).collect(), rest)
    }

    #[test]
    fn a_filter_asks_for_each_of_its_words() {
        let trade = &trades(&["1"])[0];
        for filter in ["", "v", "buy", "you", "v buy", " bu  v "] {
            assert!(is_kept(trade, filter), "{filter}");
        }
        for filter in ["nvda", "sell", "copilot", "v sell", "uy"] {
            assert!(!is_kept(trade, filter), "{filter}");
        }
    }

    #[test]
    fn a_print_tells_how_many_trades_it_lacks() {
        assert_eq!(describe_rest(120, 50).unwrap().split(' ').next(), Some("70"));
        assert_eq!((describe_rest(50, 50), describe_rest(49, 50)), (None, None));
    }

    #[test]
    fn a_newest_page_goes_in_front_of_what_is_shown() {
        assert_eq!(joined(&["5", "4", "3"], &["4", "3", "2", "1"]).0, ["5", "4", "3", "2", "1"]);
        assert_eq!(joined(&["9", "8", "7"], &["4", "3"]), (["9", "8", "7"].map(String::from).to_vec(), 0));
        assert_eq!(joined(&[], &["4", "3"]).0, [""; 0], "after a reset");
        assert_eq!(joined(&["2", "1"], &[]).0, ["2", "1"]);
    }
}
