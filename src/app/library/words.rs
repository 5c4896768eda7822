//! How the library's figures and states are said.

use crate::domain::library::{Document, DocumentState, Stage, Task, TaskState};

/// `1 page`, `148 pages`
pub fn count(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

/// `42,906`
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `312 MB`, `4.2 kB`
pub fn size(bytes: u64) -> String {
    let scaled = |unit: u64, name: &str| match bytes / unit {
        whole @ 10.. => format!("{whole} {name}"),
        whole => format!("{whole}.{} {name}", bytes % unit * 10 / unit),
    };
    match bytes {
        ..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => scaled(1_000, "kB"),
        1_000_000..1_000_000_000 => scaled(1_000_000, "MB"),
        _ => scaled(1_000_000_000, "GB"),
    }
}

/// What a document is: `Boeing · 10-K · FY2022`, or where it came from.
pub fn subtitle(document: &Document) -> String {
    let parts = [&document.issuer, &document.form, &document.period];
    let parts: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
    match parts.is_empty() {
        false => parts.join(" · "),
        true if document.source.is_empty() => "A pasted text".to_owned(),
        true => document.source.clone(),
    }
}

/// What a document holds: `148 pages · 1,204 passages`.
pub fn contents(document: &Document) -> String {
    let (pages, passages) = (u64::from(document.pages), u64::from(document.segments));
    format!("{} · {}", count(pages, "page", "pages"), count(passages, "passage", "passages"))
}

/// A task that waits, runs or went wrong, in words; nothing when all is done.
pub fn task(task: &Task) -> Option<String> {
    let total = |one: &str| task.total.map_or_else(|| one.to_owned(), |total| format!("{one} of {}", grouped(total)));
    let words = match (task.state, task.stage) {
        (TaskState::Done, _) => return None,
        (TaskState::Cancelled, _) => "Cancelled".to_owned(),
        (TaskState::Failed, _) => task.error_text.clone().unwrap_or_else(|| "It could not be read.".to_owned()),
        (TaskState::Queued, _) if task.attempt > 1 => {
            format!("waiting for attempt {}", task.attempt)
        }
        (TaskState::Queued, _) => "waiting".to_owned(),
        (TaskState::Running, Stage::Fetch) => match task.total {
            Some(total) => format!("fetching {} of {}", size(task.done), size(total)),
            None => format!("fetching, {} so far", size(task.done)),
        },
        (TaskState::Running, Stage::Extract) => total(&format!("page {}", grouped(task.done))),
        (TaskState::Running, Stage::Index) => total(&format!("indexing page {}", grouped(task.done))),
        (TaskState::Running, Stage::Embed) => total(&format!("meaning of passage {}", grouped(task.done))),
    };
    Some(words)
}

/// The part of a running stage that is done, in whole percent; nothing while that is not known.
pub fn percent(task: &Task) -> Option<u64> {
    let total = task.total.filter(|total| *total > 0)?;
    (task.state == TaskState::Running).then(|| (task.done * 100 / total).min(100))
}

/// The sign of a state, and its name for those who hear the page.
pub fn mark(state: DocumentState) -> (&'static str, &'static str) {
    match state {
        DocumentState::Done | DocumentState::Searchable => ("✓", "ready"),
        DocumentState::Reading => ("…", "being read"),
        DocumentState::Failed => ("!", "not read"),
        DocumentState::Cancelled => ("–", "cancelled"),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(0, "0 B")]
    #[case(999, "999 B")]
    #[case(4_250, "4.2 kB")]
    #[case(312_000_000, "312 MB")]
    #[case(2_500_000_000, "2.5 GB")]
    fn sizes_are_short(#[case] bytes: u64, #[case] words: &str) {
        assert_eq!(size(bytes), words);
    }

    #[test]
    fn a_running_task_says_where_it_is() {
        let mut running = Task {
            id: String::new(),
            document: String::new(),
            title: String::new(),
            stage: Stage::Extract,
            state: TaskState::Running,
            done: 93,
            total: Some(1_500),
            attempt: 1,
            error_code: None,
            error_text: None,
            created_at: String::new(),
            updated_at: String::new(),
        };
        assert_eq!(task(&running).as_deref(), Some("page 93 of 1,500"));
        assert_eq!(percent(&running), Some(6));
        running.state = TaskState::Failed;
        running.error_text = Some("Locked with a password.".to_owned());
        assert_eq!(task(&running).as_deref(), Some("Locked with a password."));
        assert_eq!(percent(&running), None);
    }
}
