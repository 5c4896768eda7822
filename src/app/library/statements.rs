//! An answer: its statements, each with the lines it rests on and what of it was found there.

use leptos::prelude::*;

use super::{
    answer::Phase,
    ask::{Ask, use_ask},
    place::Tab,
    store::Cited,
    words,
};
use crate::{
    app::{
        effects::memo,
        erase::{Erase, Piece, show_when},
        rows::list_of,
    },
    domain::library::{
        Citation, Statement, Support, answer,
        reading::pieces,
        words::{marks, terms},
    },
};

/// Questions that the samples answer, for those who have none yet.
const EXAMPLES: [&str; 3] = [
    "What was Lantern Works revenue in fiscal 2025 and 2024, and how much did it change?",
    "Which risks does Lantern Works name?",
    "What did Harbor Grain say about margins?",
];

pub fn show_answer() -> Piece {
    let ask = use_ask();
    let phase = ask.answer.phase;
    let is_none = memo(move || phase.with(|phase| *phase == Phase::None));
    let content = move || match is_none.get() {
        true => show_examples(),
        false => show_whole(),
    };
    content.erase()
}

/// Empty state: questions to try.
fn show_examples() -> Piece {
    let ask = use_ask();
    let has_documents = memo(move || ask.shelf.stats.with(|stats| stats.documents > 0));
    let examples = EXAMPLES.map(|example| {
        view! { <button class="chip" on:click=move |_| ask.acts.ask.run(example.to_owned())>{example}</button> }
    });
    let words = move || match has_documents.get() {
        true => "Ask about what is in your documents. Each statement of the answer comes with the lines that say so.",
        false => {
            "Add a document first, or load the samples; then ask. Each statement of the answer comes with the lines that say so."
        }
    };
    view! {
        <div class="library-beginning">
            <p>{words}</p>
            <div class="library-examples" role="group" aria-label="Examples">{examples}</div>
        </div>
    }
    .erase()
}

fn show_whole() -> Piece {
    let ask = use_ask();
    let answer = ask.answer;
    let count = memo(move || answer.statements.with(Vec::len));
    let kind = memo(move || {
        answer.sources.with(|sources| sources.as_ref().map(|sources| sources.kind.clone())).unwrap_or_default()
    });
    // Of another answer, each row is another one.
    let rows = move || {
        let id = answer.id.get_untracked().unwrap_or_default();
        (0..count.get()).map(|index| (id.clone(), index)).collect()
    };
    let row = move |(_, index): (String, usize)| {
        let statement = answer.statements.with_untracked(|statements| statements.get(index).cloned());
        let question = answer.question.get_untracked();
        statement.map(|statement| show_statement(index, &statement, &kind.get_untracked(), &question)).erase()
    };
    let note = move || answer.sources.with(|sources| sources.as_ref().and_then(|sources| sources.note.clone()));
    let made_by = move || {
        answer.sources.with(|sources| {
            sources.as_ref().map(|sources| match sources.kind.as_str() {
                "extract" => "No language model is connected: these are the best passages themselves.",
                "none" => "Nothing in the documents is close enough to the question.",
                _ => "Written by the language model, checked against the documents.",
            })
        })
    };
    view! {
        <h3 class="library-question">{move || answer.question.get()}</h3>
        <p class="muted library-made">{made_by}" "{move || totals(&answer.phase.get())}</p>
        <ol class="statements" aria-label="Statements" aria-live="polite">
            {list_of(rows, |(id, index)| format!("{id} {index}"), row)}
        </ol>
        {show_phase()}
        {show_sources()}
        {move || note().map(|note| view! { <p class="muted">{note}</p> }.erase())}
    }
    .erase()
}

/// `4 statements, all cited`
fn totals(phase: &Phase) -> String {
    let Phase::Done(totals) = phase else { return String::new() };
    let all = u64::from(totals.cited + totals.unsupported);
    let statements = words::count(all, "statement", "statements");
    match totals.unsupported {
        0 => format!("{statements}, all exact."),
        unsupported => format!("{statements}, {} not fully found in the sources.", words::grouped(unsupported.into())),
    }
}

fn show_statement(index: usize, statement: &Statement, kind: &str, question: &str) -> Piece {
    let is_extract = kind == "extract";
    let Statement { text, citations, support, unsupported_numbers, calculation } = statement;
    let (name, words) = match (support, calculation) {
        (Support::Cited, None) => ("cited", "✓ exact".to_owned()),
        (Support::Cited, Some(_)) => ("computed", "= computed".to_owned()),
        (Support::NumberNotFound, _) => {
            ("doubtful", words::count(unsupported_numbers.len() as u64, "number not found", "numbers not found"))
        }
        // That the library does not say is no statement about documents.
        (Support::NotCited, _) if kind == "none" => ("plain", String::new()),
        (Support::NotCited, _) => ("doubtful", "no source".to_owned()),
    };
    let marked = match is_extract {
        true => marks(text, &terms(question)).into_iter().map(|(begin, end)| (begin, end, 1)).collect(),
        false => places_of(text, unsupported_numbers),
    };
    let shown = pieces(text, &(0..text.len()), &marked).into_iter().map(|(piece, weight)| match weight {
        0 => piece.into_any(),
        1 => view! { <mark>{piece}</mark> }.into_any(),
        _ => view! { <mark class="doubt" title="Not found in the sources">{piece}</mark> }.into_any(),
    });
    let shown: Vec<_> = shown.collect();
    let missing = (!unsupported_numbers.is_empty()).then(|| {
        let numbers = unsupported_numbers.join(", ");
        view! { <p class="doubt-note"><b>{numbers}</b>" not found in the sources."</p> }
    });
    let calculation = calculation.clone().map(|calculation| view! { <p class="calculation">{calculation}</p> });
    let citations: Vec<_> = citations.iter().map(|citation| show_citation(citation, is_extract)).collect();
    view! {
        <li class="statement" data-testid="statement" data-support=name>
            <span class="statement-number" aria-hidden="true">{index + 1}</span>
            <div>
                <p translate="no">{shown}" "{citations}</p>
                {calculation}
                {missing}
            </div>
            <span class="statement-support">{words}</span>
        </li>
    }
    .erase()
}

/// Where the numbers stand in a text, with the weight of what is doubtful.
fn places_of(text: &str, numbers: &[String]) -> Vec<(u32, u32, u8)> {
    let places = numbers.iter().flat_map(|number| text.match_indices(number.as_str()));
    places.map(|(at, number)| (at as u32, (at + number.len()) as u32, 2)).collect()
}

/// A link to the very lines, with their words when it is hovered or has the focus.
fn show_citation(citation: &Citation, is_extract: bool) -> Piece {
    let Ask { shelf, acts, .. } = use_ask();
    let cited =
        Cited { document: citation.document.clone(), page: citation.page, begin: citation.start, end: citation.end };
    let own = cited.clone();
    let is_open = memo(move || {
        shelf.place.with(|place| {
            place.document.as_ref() == Some(&own.document)
                && place.page == own.page
                && place.lit == Some((own.begin, own.end))
        })
    });
    let label = format!("Page {} of {}", citation.page, citation.title);
    // An extract is the quotation already.
    let quote = (!is_extract).then(|| {
        let quote = citation.quote.split_whitespace().collect::<Vec<_>>().join(" ");
        view! { <span class="citation-quote" role="tooltip"><q>{quote}</q></span> }
    });
    let title = citation.title.clone();
    view! {
        <span class="citation-place">
            <button
                class="citation"
                data-testid="citation"
                aria-label=label
                title=title
                aria-current=move || is_open.get().then_some("true")
                on:click=move |_| acts.open.run(cited.clone())
            >
                {format!("p. {}", citation.page)}
            </button>
            {quote}
        </span>
    }
    .erase()
}

/// State of the answer, and the actions that it permits.
fn show_phase() -> Piece {
    let ask = use_ask();
    let answer = ask.answer;
    let again = move |_| ask.acts.ask.run(answer.question.get_untracked());
    let again_button = move || view! { <button class="small" on:click=again>"Ask again"</button> }.erase();
    let words = move || match answer.phase.get() {
        Phase::None => None,
        Phase::Opening | Phase::Running => Some(
            view! {
                <p class="library-phase" role="status" data-testid="answer-running">
                    <i class="pulse"></i>"Reading the passages… "
                    <button class="small" on:click=move |_| ask.acts.cancel.run(())>"Cancel"</button>
                </p>
            }
            .erase(),
        ),
        Phase::CutOff { is_closed: false } => Some(
            view! { <p class="library-phase is-cut" role="status">"The answer was cut off; connecting again…"</p> }
                .erase(),
        ),
        Phase::CutOff { is_closed: true } => Some(
            view! {
                <p class="library-phase is-cut" role="alert">
                    "The answer was cut off. "
                    <button class="small" on:click=move |_| ask.acts.resume.run(())>"Resume"</button>
                </p>
            }
            .erase(),
        ),
        Phase::Failed(failure) => Some(
            view! {
                <p class="panel-error" role="alert">{failure.message}" "{failure.retryable.then(again_button)}</p>
            }
            .erase(),
        ),
        Phase::Cancelled => Some(view! { <p class="library-phase">"Cancelled. "{again_button()}</p> }.erase()),
        Phase::Missing(reason) => Some(view! { <p class="panel-error" role="alert">{reason}</p> }.erase()),
        Phase::Done(_) => Some(view! { <p class="library-buttons">{show_save()}{again_button()}</p> }.erase()),
    };
    words.erase()
}

/// Keeps the answer as a note of its own in the library.
fn show_save() -> Piece {
    let ask = use_ask();
    let save = move |_| {
        let question = ask.answer.question.get_untracked();
        let text = ask.answer.statements.with_untracked(|statements| note(&question, statements));
        let title: String = question.chars().take(120).collect();
        ask.acts.keep.run((title, text));
    };
    view! { <button class="small" on:click=save>"Save as a note"</button> }.erase()
}

/// An answer as a text, with its sources.
fn note(question: &str, statements: &[Statement]) -> String {
    let line = |statement: &Statement| {
        let places: Vec<String> =
            statement.citations.iter().map(|citation| format!("{}, page {}", citation.title, citation.page)).collect();
        match places.is_empty() {
            true => statement.text.clone(),
            false => format!("{} ({})", statement.text, places.join("; ")),
        }
    };
    let lines: Vec<String> = statements.iter().map(line).collect();
    format!("{question}\n\n{}\n", lines.join("\n\n"))
}

/// The passages that it was made from.
fn show_sources() -> Piece {
    let ask = use_ask();
    let sources = move || {
        ask.answer.sources.with(|sources| sources.as_ref().map(|sources| sources.sources.clone()).unwrap_or_default())
    };
    let row = move |source: answer::Source| {
        let answer::Source { handle, document, title, page, context, .. } = source;
        let open = move |_| {
            ask.acts.open.run(Cited { document: document.clone(), page, begin: 0, end: 0 });
        };
        view! {
            <li>
                <button class="source" on:click=open>
                    <span class="citation" aria-hidden="true">{handle.trim_start_matches('S').to_owned()}</span>
                    <b>{title}</b>
                    <span class="muted">{format!("page {page}")}{(!context.is_empty()).then(|| format!(" · {context}"))}</span>
                </button>
            </li>
        }
        .erase()
    };
    let view = move || {
        view! {
            <details class="sources">
                <summary>{move || words::count(sources().len() as u64, "passage was read", "passages were read")}</summary>
                <ul>{list_of(sources, |source| source.handle.clone(), row)}</ul>
                <button class="link" on:click=move |_| ask.acts.show_tab.run(Tab::Passages)>"Search for passages"</button>
            </details>
        }
        .erase()
    };
    show_when(move || !sources().is_empty(), view)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_was_not_found_is_marked_wherever_it_stands() {
        let made = places_of("It grew 58% to 10, then 58% again.", &["58".to_owned()]);
        assert_eq!(made, [(8, 10, 2), (24, 26, 2)]);
    }

    #[test]
    fn a_note_names_its_sources() {
        let statement = Statement {
            text: "Revenue was 5.".to_owned(),
            citations: vec![Citation {
                source: "S1".to_owned(),
                document: "d".to_owned(),
                title: "Report".to_owned(),
                page: 4,
                start: 0,
                end: 12,
                quote: "Revenue was 5".to_owned(),
                context: String::new(),
            }],
            support: Support::Cited,
            unsupported_numbers: Vec::new(),
            calculation: None,
        };
        assert_eq!(note("What?", &[statement]), "What?\n\nRevenue was 5. (Report, page 4)\n");
    }
}
