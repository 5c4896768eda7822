//! The help sheet: every shortcut there is.

use leptos::prelude::*;

use super::{Commands, SECTIONS, Section};
use crate::app::erase::Erase;
use crate::app::modal::Modal;

#[component]
pub fn HelpSheet(commands: Commands) -> impl IntoView {
    view! {
        <Modal is_open=commands.is_help_open label="Keyboard shortcuts" class="help-sheet">
            <div class="help-sections">
                {SECTIONS.into_iter().map(|section| list(commands, section)).collect_view()}
            </div>
        </Modal>
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
