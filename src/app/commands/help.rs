//! The help sheet: all shortcuts.

use leptos::prelude::*;
use wasm_split_helpers::{SplitLoaderError, wasm_split};

use super::{Commands, SECTIONS, Section};
use crate::app::{erase::Erase, parts::PartView, workspace::use_workspace};

#[wasm_split(commands, fallible)]
pub fn fetch_help() -> Result<PartView, SplitLoaderError> {
    Ok(|| view! { <Help/> }.erase())
}

/// Content of the dialog.
#[component]
fn Help() -> impl IntoView {
    let commands = use_workspace().commands;
    view! {
        <div class="help-sections">
            {SECTIONS.into_iter().map(|section| list(commands, section)).collect_view()}
        </div>
    }
    .erase()
}

fn list(commands: Commands, section: Section) -> impl IntoView {
    let lines = commands.known.with(|known| {
        let with_keys = known.iter().filter(|command| command.section == section);
        with_keys.filter_map(|command| Some((command.keys?, command.title.clone()))).collect::<Vec<_>>()
    });
    (!lines.is_empty()).then(|| {
        let lines = lines.into_iter().map(|(keys, title)| {
            let keys = keys.split(' ').map(|key| view! { <kbd>{key.to_ascii_uppercase()}</kbd> }).collect_view();
            view! {
                <div>
                    <dt>{title}</dt>
                    <dd>{keys}</dd>
                </div>
            }
        });
        view! {
            <section>
                <h3>{section.title()}</h3>
                <dl>{lines.collect_view()}</dl>
            </section>
        }
    })
}
