//! How the returns of days are distributed.

use leptos::prelude::*;

use super::{
    shapes::{Bin, histogram},
    store::Desk,
    table::{Panel, show_panel, show_switch, show_table},
    words::counted,
};
use crate::app::{
    effects::memo,
    erase::{Erase, Piece},
    format::{decimal, signed_percent},
};

/// Height of the largest bar, in the picture's units.
const HEIGHT: usize = 100;
/// Width of a bar with its gap.
const STEP: usize = 20;

pub fn show_histogram(desk: Desk) -> Piece {
    let is_table = RwSignal::new(false);
    let bins = memo(move || {
        desk.view.with(|view| {
            let days = view.as_ref().map_or(&[][..], |view| &view.days);
            histogram(&days.iter().filter_map(|day| day.return_percent).collect::<Vec<_>>())
        })
    });
    let rows = move || {
        let row = |bin: &Bin| vec![range(bin), bin.count.to_string()];
        bins.with(|bins| bins.iter().map(row).collect())
    };
    let titles = || ["Return of a day", "Days"].map(str::to_owned).to_vec();
    let controls = show_switch("histogram", is_table);
    let body = view! {
        <div class="histogram" hidden=move || is_table.get()>
            {move || bins.with(|bins| show_bars(bins))}
        </div>
        {show_table(is_table, "Distribution of returns", titles, rows)}
    }
    .erase();
    show_panel(Panel { name: "histogram", title: "Returns of days", controls, body })
}

/// `−0.50% to 0.00%`
fn range(bin: &Bin) -> String {
    format!("{} to {}", signed_percent(bin.from), signed_percent(bin.to))
}

fn show_bars(bins: &[Bin]) -> Option<Piece> {
    let (first, last) = (bins.first()?, bins.last()?);
    let most = bins.iter().map(|bin| bin.count).max().unwrap_or(1).max(1);
    let bar = |(index, bin): (usize, &Bin)| {
        let height = bin.count * HEIGHT / most;
        let tone = if bin.from < 0.0 { "down" } else { "up" };
        view! {
            <rect
                class=tone
                x=(index * STEP + 1).to_string()
                y=(HEIGHT - height).to_string()
                width=(STEP - 2).to_string()
                height=height.to_string()
            >
                <title>{format!("{}: {}", range(bin), counted(bin.count, "day", "days"))}</title>
            </rect>
        }
        .erase()
    };
    let width = bins.len() * STEP;
    let zero = bins.iter().position(|bin| bin.from >= 0.0).map(|index| index * STEP);
    let axis =
        zero.map(|x| view! { <line x1=x.to_string() x2=x.to_string() y1="0" y2=HEIGHT.to_string()></line> }.erase());
    Some(
        view! {
            <svg
                viewBox=format!("0 0 {width} {HEIGHT}")
                preserveAspectRatio="none"
                role="img"
                aria-label="Number of days by return; “Show as table” has the figures."
                data-testid="histogram"
            >
                {axis}
                {bins.iter().enumerate().map(bar).collect_view()}
            </svg>
            <p class="histogram-axis muted" translate="no">
                <span>{signed_percent(first.from)}</span>
                <span>{format!("{}% a bar, at most {}", decimal(first.to - first.from, 2), counted(most, "day", "days"))}</span>
                <span>{signed_percent(last.to)}</span>
            </p>
        }
        .erase(),
    )
}
