//! Open orders and alerts on the chart: a line for each price that is waited for, which can be moved and cancelled there.

mod dragging;
mod line;
mod menu;
mod placing;
mod view;

use leptos::{html::Div, prelude::*};
use wasm_split_helpers::{SplitLoaderError, wasm_split};

use self::{
    dragging::Drag,
    line::{Basis, Key, Line, line_of_alert, lines_of_order, lines_of_ticket, spread},
    menu::show_menu,
    placing::show_placing,
    view::show_line,
};
use crate::app::{
    effects::memo,
    erase::Erase,
    parts::PartView,
    rows::list_of,
    trade::chart::ChartTools,
    workspace::{Workspace, use_workspace},
};

#[wasm_split(lines, fallible)]
pub fn fetch_lines() -> Result<PartView, SplitLoaderError> {
    Ok(|| view! { <OrderLines/> }.erase())
}

/// State that all lines share; copies share it.
#[derive(Clone, Copy)]
struct Overlay {
    lines: Memo<Vec<Line>>,
    /// Horizontal level of each label, so that near labels do not overlap.
    levels: Memo<Vec<(Key, u8)>>,
    drag: RwSignal<Option<Drag>>,
    layer: NodeRef<Div>,
    tools: ChartTools,
}

impl Overlay {
    /// Tracked; nothing when it is gone.
    fn line(self, key: Key) -> Option<Line> {
        self.lines.with(|lines| lines.iter().find(|line| line.key == key).cloned())
    }
}

#[component]
fn OrderLines() -> impl IntoView {
    let workspace = use_workspace();
    let Workspace { orders: book, alerts, selected, books, ticket, chart_tools: tools, .. } = workspace;
    book.follow();
    tools.has_menu.set_value(true);
    on_cleanup(move || tools.has_menu.set_value(false));
    let lines = memo(move || {
        let Some(ticker) = selected.get() else {
            return Vec::new();
        };
        // Without the prices: the account changes seldom, and a tick does nothing here.
        books.track_changes();
        let average_cost = untrack(|| books.position(ticker)).and_then(|position| position.avg_cost);
        let mut lines = Vec::new();
        for order in book.open_of(ticker) {
            let entry = order
                .parent_id
                .and_then(|parent| book.order(parent))
                .and_then(|parent| parent.filled_avg_price.or(parent.limit_price).or(parent.stop_price));
            lines.extend(lines_of_order(&order, Basis { average_cost, entry }));
        }
        lines.extend(alerts.at_prices_of(ticker).into_iter().map(line_of_alert));
        if ticket.ticker() == Some(ticker) && ticket.terms.is_shown() {
            lines.extend(lines_of_ticket(ticket.terms));
        }
        lines
    });
    let levels = memo(move || match tools.scale.get() {
        Some(scale) => lines.with(|lines| spread(lines, scale)),
        None => Vec::new(),
    });
    let overlay = Overlay { lines, levels, drag: RwSignal::new(None), layer: NodeRef::new(), tools };
    let axis = move || tools.scale.get().map(|scale| format!("{}px", scale.axis_width));
    let height = move || tools.scale.get().map(|scale| format!("{}px", scale.height));
    let keys = move || lines.with(|lines| lines.iter().map(|line| line.key).collect::<Vec<_>>());
    view! {
        <div
            class="order-lines"
            role="group"
            aria-label="Orders and alerts on the chart"
            node_ref=overlay.layer
            data-testid="chart-orders"
            style:--axis=axis
            style:height=height
            hidden=move || tools.scale.with(Option::is_none)
        >
            {list_of(keys, |key| key.to_string(), move |key| show_line(key, overlay))}
            {show_placing(workspace)}
        </div>
        {show_menu(workspace)}
    }
    .erase()
}
