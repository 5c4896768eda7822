//! A picture's panel, with a switch that shows its figures as a table.

use leptos::prelude::*;

use crate::app::erase::{Erase, Piece, show_when};

/// A panel of the view.
pub struct Panel {
    /// Name in the style sheet, and of its heading's id.
    pub name: &'static str,
    pub title: &'static str,
    /// Controls and a legend beside the title.
    pub controls: Piece,
    pub body: Piece,
}

pub fn show_panel(panel: Panel) -> Piece {
    let Panel { name, title, controls, body } = panel;
    let id = format!("performance-{name}-title");
    let labelled = id.clone();
    view! {
        <section class=format!("performance-panel performance-{name}") aria-labelledby=labelled>
            <div class="bar">
                <h3 id=id>{title}</h3>
                {controls}
            </div>
            {body}
        </section>
    }
    .erase()
}

/// The switch between a picture and its table.
pub fn show_switch(name: &'static str, is_table: RwSignal<bool>) -> Piece {
    view! {
        <button
            class="small performance-switch"
            data-testid=format!("{name}-as-table")
            aria-pressed=move || is_table.get().to_string()
            on:click=move |_| is_table.update(|is| *is = !*is)
        >
            "Show as table"
        </button>
    }
    .erase()
}

/// Most rows of a picture's table; the exports have all of them.
pub const ROWS_MAX: usize = 400;

/// A table that exists while its switch is on.
pub fn show_table(
    is_table: RwSignal<bool>,
    label: &'static str,
    titles: impl Fn() -> Vec<String> + Copy + Send + Sync + 'static,
    rows: impl Fn() -> Vec<Vec<String>> + Copy + Send + Sync + 'static,
) -> Piece {
    show_when(move || is_table.get(), move || table(label, Box::new(titles), Box::new(rows)))
}

type Titles = Box<dyn Fn() -> Vec<String> + Send + Sync>;
type Rows = Box<dyn Fn() -> Vec<Vec<String>> + Send + Sync>;

fn table(label: &'static str, titles: Titles, rows: Rows) -> Piece {
    let head = move || titles().into_iter().map(|title| view! { <th scope="col">{title}</th> }).collect_view();
    let row = |cells: Vec<String>| {
        let cells = cells.into_iter().enumerate().map(|(index, cell)| match index {
            0 => view! { <th scope="row">{cell}</th> }.erase(),
            _ => view! { <td>{cell}</td> }.erase(),
        });
        view! { <tr>{cells.collect_view()}</tr> }.erase()
    };
    let all = Signal::derive(rows);
    let body = move || all.get().into_iter().take(ROWS_MAX).map(row).collect_view();
    let rest = move || {
        let rest = all.with(Vec::len).saturating_sub(ROWS_MAX);
        (rest > 0).then(|| format!("{rest} more rows are in the export of days."))
    };
    view! {
        <div class="scroll performance-table" tabindex="0" role="region" aria-label=label>
            <table>
                <thead>
                    <tr>{head}</tr>
                </thead>
                <tbody translate="no">{body}</tbody>
            </table>
            <p class="muted">{rest}</p>
        </div>
    }
    .erase()
}
