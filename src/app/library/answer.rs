//! An answer as it grows: its stream, and what that has told so far.

use leptos::prelude::*;
use serde::de::DeserializeOwned;

use super::{calls, store::Cited};
use crate::{
    app::effects::detach,
    domain::library::{
        Filters, Statement,
        answer::{Failure, Sources, Started, Totals},
    },
    interop::event_source::{EventSource, Told},
    wire,
};

/// The events of an answer's stream.
const KINDS: [&str; 5] = ["started", "sources", "statement", "done", "cancelled"];

/// State of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Phase {
    /// None is shown.
    None,
    Opening,
    Running,
    /// The stream was lost; it comes back by itself, unless it is closed.
    CutOff {
        is_closed: bool,
    },
    Done(Totals),
    Failed(Failure),
    Cancelled,
    /// There is no such answer, or it could not be read; with the reason.
    Missing(String),
}

impl Phase {
    /// Whether more is to come.
    pub fn is_live(&self) -> bool {
        matches!(self, Self::Opening | Self::Running | Self::CutOff { .. })
    }
}

/// The handle to the answer that is shown; copies share it.
#[derive(Clone, Copy)]
pub struct Answering {
    pub id: RwSignal<Option<String>>,
    pub question: RwSignal<String>,
    pub sources: RwSignal<Option<Sources>>,
    pub statements: RwSignal<Vec<Statement>>,
    pub phase: RwSignal<Phase>,
    stream: StoredValue<Option<EventSource>, LocalStorage>,
}

impl Answering {
    pub fn new() -> Self {
        Self {
            id: RwSignal::new(None),
            question: RwSignal::new(String::new()),
            sources: RwSignal::new(None),
            statements: RwSignal::new(Vec::new()),
            phase: RwSignal::new(Phase::None),
            stream: StoredValue::new_local(None),
        }
    }

    /// Shows the answer with this id from its beginning on, or none.
    pub fn show(self, id: Option<String>) {
        self.stream.set_value(None);
        self.sources.set(None);
        self.statements.set(Vec::new());
        self.question.set(String::new());
        self.phase.set(if id.is_some() { Phase::Opening } else { Phase::None });
        self.id.set(id.clone());
        let Some(id) = id else { return };
        let own = id.clone();
        let hear = move |told: Told<'_>| {
            // A stream that was closed says nothing more, but may have said it before.
            if self.id.try_with_untracked(|shown| shown.as_ref() == Some(&own)) == Some(true) {
                self.hear(&told);
            }
        };
        match EventSource::open(&format!("/api/library/answers/{id}/events"), &KINDS, hear) {
            Ok(stream) => self.stream.set_value(Some(stream)),
            Err(_) => self.phase.set(Phase::Missing("Its stream could not be opened.".to_owned())),
        }
    }

    fn hear(self, told: &Told<'_>) {
        let Some(data) = &told.data else { return self.hear_cut(told.is_closed) };
        match told.kind {
            "started" => {
                // The same stream again from its beginning.
                self.statements.set(Vec::new());
                self.read(data, |started: Started| self.question.set(started.question));
                self.phase.set(Phase::Running);
            }
            "sources" => self.read(data, |sources| self.sources.set(Some(sources))),
            "statement" => self.read(data, |statement| {
                self.phase.set(Phase::Running);
                self.statements.update(|statements| statements.push(statement));
            }),
            "done" => self.read(data, |totals| self.end(Phase::Done(totals))),
            "cancelled" => self.end(Phase::Cancelled),
            // The only other kind is the server's own error.
            _ => self.read(data, |failure| self.end(Phase::Failed(failure))),
        }
    }

    fn read<T: DeserializeOwned>(self, data: &str, take: impl FnOnce(T)) {
        match wire::read(data) {
            Ok(value) => take(value),
            Err(_) => self
                .end(Phase::Missing("The server tells it in words that this page cannot read; reload it.".to_owned())),
        }
    }

    fn hear_cut(self, is_closed: bool) {
        if !self.phase.with_untracked(Phase::is_live) {
            return;
        }
        let was_opening = self.phase.get_untracked() == Phase::Opening;
        self.phase.set(Phase::CutOff { is_closed });
        let Some(id) = self.id.get_untracked().filter(|_| is_closed && was_opening) else { return };
        // A stream does not say why it was refused.
        detach(async move {
            if let Err(error) = calls::answer(&id).await {
                self.phase.try_set(Phase::Missing(error.to_string()));
            }
        });
    }

    /// Closes the stream once its event has been heard.
    fn end(self, phase: Phase) {
        self.phase.set(phase);
        detach(async move {
            self.stream.try_set_value(None);
        });
    }

    /// Follows the answer again after its stream was lost.
    pub fn resume(self) {
        self.show(self.id.get_untracked());
    }

    /// The lines that its statements rest on, in their order, each once; tracked.
    pub fn cited(self) -> Vec<Cited> {
        let mut cited: Vec<Cited> = Vec::new();
        self.statements.with(|statements| {
            for citation in statements.iter().flat_map(|statement| &statement.citations) {
                let lines = Cited {
                    document: citation.document.clone(),
                    page: citation.page,
                    begin: citation.start,
                    end: citation.end,
                };
                if !cited.contains(&lines) {
                    cited.push(lines);
                }
            }
        });
        cited
    }

    /// Filters of its search; tracked.
    pub fn filters(self) -> Option<Filters> {
        self.sources.with(|sources| sources.as_ref().map(|sources| sources.filters.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::library::{AnswerEvent, AnswerUsage};

    fn data(event: &AnswerEvent) -> String {
        serde_json::to_value(event).unwrap()["data"].to_string()
    }

    #[test]
    fn what_the_server_tells_is_read() {
        let totals = Totals { usage: AnswerUsage::default(), cited: 2, unsupported: 1 };
        assert_eq!(wire::read(&data(&AnswerEvent::Done(totals.clone()))), Ok(totals));
        let sources = Sources {
            kind: "extract".to_owned(),
            filters: Filters {
                issuer: Some("Boeing".to_owned()),
                found: vec!["issuer".to_owned()],
                ..Filters::default()
            },
            note: None,
            sources: Vec::new(),
        };
        assert_eq!(wire::read(&data(&AnswerEvent::Sources(sources.clone()))), Ok(sources));
        let failure =
            Failure { code: "a".to_owned(), message: "b".to_owned(), retryable: true, request_id: "c".to_owned() };
        assert_eq!(wire::read(&data(&AnswerEvent::Error(failure.clone()))), Ok(failure));
        let names: Vec<_> = KINDS.iter().copied().chain(["error"]).collect();
        for event in
            [AnswerEvent::Cancelled {}, AnswerEvent::Started(Started { id: String::new(), question: String::new() })]
        {
            assert!(names.contains(&event.name()));
        }
    }
}
