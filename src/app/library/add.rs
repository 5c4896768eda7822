//! Adding documents: files, a text, an address, the folder of the settings; and the samples for those who have none.

use leptos::{ev::SubmitEvent, html, prelude::*};

use super::{
    calls::{Source, read_folder},
    store::{Shelf, use_shelf},
    words,
};
use crate::{
    app::{
        effects::detach,
        erase::{Erase, Piece},
        workspace::use_workspace,
    },
    error::ApiError,
    wire::ask::ask_rest,
};

/// Endings of the files that can be read.
const ENDINGS: &str = ".pdf,.docx,.html,.htm,.md,.markdown,.txt,.csv";

/// The samples: companies that do not exist, with figures that were made up.
const SAMPLES: [(&str, &str); 3] = [
    ("Sample: Lantern Works annual report", "/samples/lantern-works-10-k.txt"),
    ("Sample: Lantern Works first quarter", "/samples/lantern-works-10-q.txt"),
    ("Sample: Harbor Grain earnings call", "/samples/harbor-grain-call.txt"),
];

/// The form that takes documents in.
pub fn show_add() -> Piece {
    let shelf = use_shelf();
    let is_open = shelf.is_adding;
    let toasts = use_workspace().toasts;
    let (words, title) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let failure = RwSignal::new(None::<String>);
    let is_sending = RwSignal::new(false);
    let is_address = move || words.with(|words| is_address(words));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let (typed, title) = (words.get_untracked().trim().to_owned(), title.get_untracked().trim().to_owned());
        if typed.is_empty() || is_sending.get_untracked() {
            return;
        }
        let source = match self::is_address(&typed) {
            true => Source { url: typed, title, ..Source::default() },
            false => Source { text: typed, title, ..Source::default() },
        };
        is_sending.set(true);
        detach(async move {
            let taken = shelf.uploads.add_source(&source).await;
            is_sending.try_set(false);
            failure.try_set(taken.as_ref().err().map(ToString::to_string));
            if taken.is_ok() {
                is_open.try_set(false);
                shelf.reload();
            }
        });
    };
    let look = move |_| {
        detach(async move {
            match read_folder().await {
                Ok(look) => {
                    let added = words::count(look.added, "new document", "new documents");
                    toasts.success(format!("{added} in the folder; {} the library had.", words::grouped(look.known)));
                }
                Err(error) => {
                    failure.try_set(Some(error.to_string()));
                }
            }
        });
    };
    view! {
        <form class="library-add" on:submit=submit>
            {show_picker(shelf)}
            <label>
                <span class="label">"Or a web address, or a text"</span>
                <textarea
                    rows="3"
                    placeholder="https://… or paste a text"
                    prop:value=words
                    on:input:target=move |event| words.set(event.target().value())
                ></textarea>
            </label>
            <label>
                <span class="label">"Its title, if you like"</span>
                <input maxlength="200" prop:value=title on:input:target=move |event| title.set(event.target().value())/>
            </label>
            {move || failure.get().map(|reason| view! { <p class="panel-error" role="alert">{reason}</p> }.erase())}
            <div class="library-buttons">
                <button class="send" type="submit" disabled=move || is_sending.get() || words.with(|words| words.trim().is_empty())>
                    {move || if is_address() { "Fetch it" } else { "Add the text" }}
                </button>
                <button class="small" type="button" on:click=look>"Read the folder"</button>
                <button class="small" type="button" on:click=move |_| is_open.set(false)>"Close"</button>
            </div>
        </form>
    }
    .erase()
}

fn is_address(words: &str) -> bool {
    let words = words.trim();
    (words.starts_with("https://") || words.starts_with("http://")) && !words.contains(char::is_whitespace)
}

/// The field that chooses files.
fn show_picker(shelf: Shelf) -> Piece {
    let field = NodeRef::<html::Input>::new();
    let take = move |_| {
        let Some(field) = field.get_untracked() else { return };
        if let Some(files) = field.files() {
            shelf.uploads.add(&files);
        }
        // The same file may be chosen again.
        field.set_value("");
    };
    view! {
        <label class="library-pick">
            <span>"Choose files, or drop them anywhere here"</span>
            <span class="muted">"PDF, DOCX, HTML, Markdown, text, CSV; up to 50 MB each"</span>
            <input
                type="file"
                multiple=true
                accept=ENDINGS
                data-testid="library-upload"
                node_ref=field
                on:change=take
            />
        </label>
    }
    .erase()
}

/// Empty state: the library's purpose, and ways to begin.
pub fn show_beginning() -> Piece {
    let shelf = use_shelf();
    let is_adding = shelf.is_adding;
    let toasts = use_workspace().toasts;
    let is_loading = RwSignal::new(false);
    let load = move |_| {
        if is_loading.get_untracked() {
            return;
        }
        is_loading.set(true);
        detach(async move {
            let loaded = load_samples(shelf).await;
            is_loading.try_set(false);
            if let Err(error) = loaded {
                toasts.error(format!("The samples could not be loaded. {error}"));
            }
            shelf.reload();
        });
    };
    view! {
        <div class="library-beginning" data-testid="library-empty">
            <h3>"Ask your documents"</h3>
            <p>"Add annual reports, filings, transcripts or notes. FinAlly reads them here, on your server, and answers questions with the very lines that say so."</p>
            {move || (!is_adding.get()).then(|| show_picker(shelf))}
            <button class="plain" data-testid="library-samples" disabled=move || is_loading.get() on:click=load>
                "Load three sample documents"
            </button>
            <p class="muted">"Two companies that do not exist, with made-up figures: enough to see an answer with its sources."</p>
        </div>
    }
    .erase()
}

async fn load_samples(shelf: Shelf) -> Result<(), ApiError> {
    for (title, path) in SAMPLES {
        let text = ask_rest("GET", path, None).await?;
        shelf.uploads.add_source(&Source { title: title.to_owned(), text, ..Source::default() }).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(" https://example.org/a.pdf ", true)]
    #[case("https://example.org is a site", false)]
    #[case("Revenue was 5.", false)]
    fn an_address_is_told_from_a_text(#[case] words: &str, #[case] expected: bool) {
        assert_eq!(is_address(words), expected);
    }
}
