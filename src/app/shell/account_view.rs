//! The account view: the copilot's limits and model, the page's look, manual trading, exports, and the reset.

use leptos::prelude::*;
use wasm_split_helpers::{SplitLoaderError, wasm_split};

use super::header::settings::{show_csv_form, show_exports, show_hands, show_look, show_save};
use crate::{
    app::{
        copilot::AutonomySwitch,
        erase::{Content, Erase, Piece},
        parts::{Part, PartView, show_part},
        workspace::{Workspace, use_workspace},
    },
    domain::copilot::Availability,
};

#[wasm_split(account, fallible)]
pub fn fetch_account() -> Result<PartView, SplitLoaderError> {
    Ok(account)
}

pub fn account() -> Piece {
    let Workspace { chat, layout, commands, .. } = use_workspace();
    let answers = Signal::derive(move || match chat.availability() {
        Availability::Off => "Nobody: the copilot is turned off.".to_owned(),
        Availability::BuiltIn => "The built-in copilot answers.".to_owned(),
        Availability::Mock | Availability::Ready => {
            format!("{} answers.", chat.model().unwrap_or_else(|| "A language model".to_owned()))
        }
    });
    view! {
        <h2 class="view-title">"Account"</h2>
        <div class="cards">
            <Card title="Copilot">
                <p>"What it may do by itself. Its orders are checked like yours, and kept within its limits."</p>
                <AutonomySwitch chat/>
                <p>{answers}</p>
                <button class="plain" on:click=move |_| chat.is_connecting.set(true)>"Language model…"</button>
            </Card>
            <Card title="Appearance">
                {show_look("account")}
                <button class="plain" on:click=move |_| layout.reset_all()>"Reset the layout"</button>
            </Card>
            <Card title="Trading by hand">
                {show_hands("account")}
                <button class="plain" on:click=move |_| commands.is_help_open.set(true)>"Keyboard shortcuts"</button>
            </Card>
            <Card title="Take your data along">
                {show_exports()}
                {show_csv_form()}
                {show_save("plain")}
            </Card>
            <Card title="Scripts and MCP clients">
                {show_part(Part::Tokens)}
            </Card>
            <Card title="Start over">
                <p>"All positions go, and cash is the initial deposit again. The watchlist and the conversation stay."</p>
                <button class="plain danger" on:click=move |_| commands.is_reset_open.set(true)>
                    "Reset the account…"
                </button>
            </Card>
        </div>
    }
    .erase()
}

#[component]
fn Card(title: &'static str, children: Content) -> impl IntoView {
    view! {
        <section class="card">
            <h3>{title}</h3>
            {children.show()}
        </section>
    }
    .erase()
}
