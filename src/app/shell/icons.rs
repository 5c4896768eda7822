//! Icons: paths in a square of 20, drawn with the text's colour.

use leptos::prelude::*;

use crate::app::erase::{Erase, Piece};

pub const TRADE: &str = "M5 3v3m0 7v4M3.5 6h3v7h-3zM10 2v2m0 6v5M8.5 4h3v6h-3zM15 6v2m0 6v3M13.5 8h3v6h-3z";
pub const WATCH: &str = "M3 5h2m3 0h9M3 10h2m3 0h9M3 15h2m3 0h9";
pub const PORTFOLIO: &str = "M3 17h14M3 13l4-4 3 3 6-7M12.5 5H16v3.5";
pub const COPILOT: &str = "M4 4h12v9H9l-4 3.5V13H4z";
pub const LIBRARY: &str =
    "M10 5.5C8 4.2 5.5 4 3 4v11c2.5 0 5 .2 7 1.5 2-1.3 4.5-1.5 7-1.5V4c-2.5 0-5 .2-7 1.5zM10 5.5v11";
pub const PERFORMANCE: &str = "M3 3v14h14M6 14v-4m4 4V7m4 7V5";
pub const ACCOUNT: &str = "M10 3.5a3 3 0 1 1 0 6 3 3 0 0 1 0-6zM4 17c.5-3 2.7-4.5 6-4.5s5.5 1.5 6 4.5z";
pub const BELL: &str = "M5 14V9.5a5 5 0 0 1 10 0V14l1.5 1.5h-13zM8.5 17.5h3M10 3v1.5";
pub const HELP: &str = "M10 3a7 7 0 1 1 0 14 7 7 0 0 1 0-14zM8 8a2 2 0 1 1 2.8 1.8c-.6.3-.8.7-.8 1.4M10 13.8v.2";

pub fn show(path: &'static str) -> Piece {
    view! {
        <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
            <path d=path></path>
        </svg>
    }
    .erase()
}
