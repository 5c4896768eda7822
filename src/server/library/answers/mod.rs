//! Answers: durable tasks that find passages, have a language model write statements about them, and check each
//! statement.
//!
//! The model gets passages as data and gives text back: there is nothing in an answer's form that could do anything. What
//! it quotes is looked up in the passages, its numbers in the quotations ([`check`]). Without a model the best passages
//! speak for themselves ([`extractive`]), and figures of years are read from their table's row ([`figures`]). Each event is in the file before it is told, so a reader that was cut off goes on
//! where it was.

mod ask;
mod calc;
mod check;
mod decimal;
pub mod extractive;
mod figures;
pub mod fold;
mod numbers;
mod objects;

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};
use uuid::Uuid;

use self::{ask::AskError, check::Passage, objects::Objects};
use super::{
    Library, LibraryChange, Question,
    bounds::{ANSWER_WALL, HITS_MAX, PASSAGE_TOKENS_MAX, PASSAGES_MAX, QUESTION_CHARS_MAX, STATEMENTS_MAX},
    store::{Store, answers},
};
use crate::{
    domain::library::{
        Answer, AnswerEvent, AnswerUsage, Filters, Mode, SearchResult, Statement, Support,
        answer::{Failure, Source, Sources, Started, Totals},
        words,
    },
    error::ApiError,
    server::config::copilot::LlmConfig,
};

/// Approximate bytes per token of English text.
const BYTES_PER_TOKEN: usize = 4;
/// Least share of the question's words that a passage must contain to count as relevant.
const FLOOR: f64 = 0.34;
/// Or its direction is so close to the question's: the cosine.
const DENSE_FLOOR: f64 = 0.45;
/// After a failure of the database's own.
const STORE_WAIT: Duration = Duration::from_secs(2);

const NOT_SAID: &str = "The library does not say.";

/// Last event of an answer that a crash or shutdown interrupted.
pub fn cut_off() -> AnswerEvent {
    AnswerEvent::Error(Failure {
        code: "cut_off".to_owned(),
        message: "The server stopped before the answer was whole.".to_owned(),
        retryable: true,
        request_id: Uuid::now_v7().to_string(),
    })
}

impl Library {
    /// Queues a question and returns its answer in its first state.
    ///
    /// # Errors
    /// If the question is empty or too long, or too many are waiting.
    pub async fn ask(&self, question: String, filters: Filters) -> Result<Answer, ApiError> {
        let length = question.trim().chars().count();
        if length == 0 || length > QUESTION_CHARS_MAX {
            let reason = format!("it has to have 1 to {QUESTION_CHARS_MAX} characters");
            return Err(ApiError::InvalidParameter { parameter: "question".to_owned(), reason });
        }
        let now = self.now();
        let asked = self.store().await?.write(move |rows| {
            let id = answers::insert(rows, question.trim(), &filters, now)?;
            Ok(answers::get(rows, &id)?.ok_or(ApiError::Internal)?)
        });
        let answer = asked.await?;
        self.0.asked.notify_one();
        self.tell(LibraryChange::Answer { id: answer.id.clone() });
        Ok(answer)
    }

    /// An answer with its statements so far.
    ///
    /// # Errors
    /// If there is no such answer.
    pub async fn answer(&self, id: String) -> Result<Answer, ApiError> {
        self.store().await?.read(move |rows| answers::get(rows, &id)).await?.ok_or(ApiError::NotFound)
    }

    /// A page of answers, newest first, without their statements, and the total count.
    ///
    /// # Errors
    /// If the database does not respond.
    pub async fn answers(&self, cursor: Option<String>, limit: usize) -> Result<(Vec<Answer>, u64), ApiError> {
        self.store().await?.read(move |rows| answers::list(rows, cursor.as_deref(), limit)).await
    }

    /// An answer's events after the one numbered `after`, with their numbers.
    ///
    /// # Errors
    /// If there is no such answer.
    pub async fn answer_events(&self, id: String, after: u64) -> Result<Vec<(u64, AnswerEvent)>, ApiError> {
        self.store().await?.read(move |rows| answers::events(rows, &id, after)).await?.ok_or(ApiError::NotFound)
    }

    /// Counter that changes with each event of any answer.
    pub fn answers_told(&self) -> tokio::sync::watch::Receiver<u64> {
        self.0.told.subscribe()
    }

    /// Cancels an answer; all of its work has stopped when this returns. A finished answer keeps its state.
    ///
    /// # Errors
    /// If there is no such answer.
    pub async fn cancel_answer(&self, id: String) -> Result<Answer, ApiError> {
        let store = self.store().await?;
        let (own, now) = (id.clone(), self.now());
        store.write(move |rows| Ok(answers::tell(rows, &own, &AnswerEvent::Cancelled {}, now)?)).await?;
        self.0.live_answers.stop(&id).await;
        self.told(&id);
        self.answer(id).await
    }

    fn told(&self, id: &str) {
        self.0.told.send_modify(|count| *count += 1);
        self.tell(LibraryChange::Answer { id: id.to_owned() });
    }
}

/// Answers queued questions one at a time, until shutdown.
pub async fn run(library: Library, store: Store, shutdown: CancellationToken) {
    loop {
        let taken = store.write(|rows| Ok(answers::take(rows)?)).await;
        match taken {
            Ok(Some(answer)) => attend(&library, &store, answer, &shutdown).await,
            Ok(None) => tokio::select! {
                () = shutdown.cancelled() => return,
                () = library.0.asked.notified() => {}
            },
            Err(_) => sleep(STORE_WAIT).await,
        }
        if shutdown.is_cancelled() {
            return;
        }
    }
}

/// Answers a question and always writes a last event, even after a panic.
async fn attend(library: &Library, store: &Store, answer: Answer, shutdown: &CancellationToken) {
    let id = answer.id.clone();
    let (stop, ended) = library.0.live_answers.begin(&id, shutdown);
    let teller = Teller { library: library.clone(), store: store.clone(), id: id.clone() };
    let (own, deadline) = (teller.clone(), Instant::now() + ANSWER_WALL);
    // A separate task contains a panic.
    let work = tokio::spawn(async move { own.answer(answer, deadline).await });
    let abort = work.abort_handle();
    let last = tokio::select! {
        outcome = work => match outcome {
            Ok(last) => last,
            Err(_) => failure(&AskError { code: "internal", cause: "the work panicked".to_owned(), may_pass: false }),
        },
        // A cancellation has already written its event; a shutdown counts as an interruption.
        () = stop.cancelled() => {
            abort.abort();
            cut_off()
        }
    };
    if let Err(cause) = teller.tell(last).await {
        error!(%cause, "how an answer ended could not be written; the next start tells it as cut off");
    }
    library.0.live_answers.end(&id, &ended);
}

/// Event for an error: a fixed message for the caller; the cause is logged.
fn failure(error: &AskError) -> AnswerEvent {
    let request_id = Uuid::now_v7().to_string();
    warn!(library.cause = error.cause, library.code = error.code, request.id = %request_id, "an answer failed");
    let message = match error.code {
        "llm_timeout" => format!("The model did not answer within {} s.", ANSWER_WALL.as_secs()),
        "llm_invalid_reply" => "The model's answer could not be understood.".to_owned(),
        "llm_unavailable" => "The model cannot be asked now.".to_owned(),
        "cut_off" => "The model's answer was cut off.".to_owned(),
        "busy" => "The library is busy.".to_owned(),
        _ => "Something went wrong on the server; it has been logged.".to_owned(),
    };
    AnswerEvent::Error(Failure { code: error.code.to_owned(), message, retryable: error.may_pass, request_id })
}

/// Writes an answer's events.
#[derive(Clone)]
struct Teller {
    library: Library,
    store: Store,
    id: String,
}

/// Counts over an answer's statements.
#[derive(Default)]
struct Tally {
    statements: usize,
    cited: u32,
    unsupported: u32,
}

impl Tally {
    fn count(&mut self, statement: &Statement) {
        self.statements += 1;
        match statement.support {
            Support::Cited => self.cited += 1,
            Support::NumberNotFound | Support::NotCited => self.unsupported += 1,
        }
    }

    fn done(&self, usage: AnswerUsage) -> AnswerEvent {
        AnswerEvent::Done(Totals { usage, cited: self.cited, unsupported: self.unsupported })
    }
}

impl Teller {
    /// Stores an event, then announces it. Events of a finished answer are dropped.
    async fn tell(&self, event: AnswerEvent) -> Result<(), ApiError> {
        let (id, now) = (self.id.clone(), self.library.now());
        self.store.write(move |rows| Ok(answers::tell(rows, &id, &event, now)?)).await?;
        self.library.told(&self.id);
        Ok(())
    }

    /// Produces the answer and returns its last event.
    async fn answer(self, answer: Answer, deadline: Instant) -> AnswerEvent {
        match timeout_at(deadline, self.answer_in_time(answer)).await {
            Ok(Ok(last)) => last,
            Ok(Err(error)) => failure(&error),
            Err(_) => failure(&AskError { code: "llm_timeout", cause: "its time is over".to_owned(), may_pass: true }),
        }
    }

    async fn answer_in_time(&self, answer: Answer) -> Result<AnswerEvent, AskError> {
        let busy = |cause: ApiError| AskError { code: "busy", cause: cause.to_string(), may_pass: true };
        let started = Started { id: self.id.clone(), question: answer.question.clone() };
        self.tell(AnswerEvent::Started(started)).await.map_err(busy)?;
        let question = Question {
            text: answer.question.clone(),
            mode: Mode::Hybrid,
            finds_filters: !answer.filters.as_given,
            filters: answer.filters,
            limit: HITS_MAX,
        };
        let mut found = self.library.search(question).await.map_err(busy)?;
        let asked = figures::asked(&answer.question, found.filters.issuer.as_deref());
        let row = asked.as_ref().and_then(|asked| figures::find(asked, &found.hits));
        // The passage with the row comes first, whoever writes the answer.
        if let Some((place, _)) = row {
            found.hits[..=place].rotate_right(1);
        }
        let passages = passages(&answer.question, &found);
        let figures = match (&asked, row) {
            (Some(asked), Some((_, row))) => figures::statements(asked, &row, &found.hits[0], &passages),
            _ => Vec::new(),
        };
        let model = if passages.is_empty() { None } else { self.library.model() };
        let kind = match (&model, passages.is_empty()) {
            (_, true) => "none",
            (Some(_), false) => "model",
            (None, false) => "extract",
        };
        self.tell_sources(kind, &found, &passages, model.as_ref()).await.map_err(busy)?;
        let mut tally = Tally::default();
        match model {
            Some(model) => self.have_written(&model, &answer.question, &passages, &mut tally).await,
            None if passages.is_empty() => {
                self.state(not_said(), &mut tally).await.map_err(busy)?;
                Ok(tally.done(AnswerUsage::default()))
            }
            None => {
                // The row's own passage has been quoted then.
                let (from, most) = match figures.is_empty() {
                    true => (0, extractive::QUOTED_MAX),
                    false => (1, extractive::QUOTED_BESIDE_FIGURES),
                };
                let telling = extractive::telling(&answer.question, found.filters.issuer.as_deref());
                let quoted = extractive::statements(&telling, &passages[from..], most);
                for statement in figures.into_iter().chain(quoted) {
                    self.state(statement, &mut tally).await.map_err(busy)?;
                }
                Ok(tally.done(AnswerUsage::default()))
            }
        }
    }

    async fn state(&self, statement: Statement, tally: &mut Tally) -> Result<(), ApiError> {
        tally.count(&statement);
        self.tell(AnswerEvent::Statement(statement)).await
    }

    async fn tell_sources(
        &self,
        kind: &'static str,
        found: &SearchResult,
        passages: &[Passage],
        model: Option<&LlmConfig>,
    ) -> Result<(), ApiError> {
        let source = |passage: &Passage| Source {
            handle: passage.handle.clone(),
            segment: passage.hit.segment,
            document: passage.hit.document.clone(),
            title: passage.hit.title.clone(),
            page: passage.hit.page,
            context: passage.hit.context.clone(),
        };
        let sources = passages.iter().map(source).collect();
        let (id, name, filters) = (self.id.clone(), model.map(|model| model.model.clone()), found.filters.clone());
        self.store.write(move |rows| Ok(answers::set_kind(rows, &id, kind, name.as_deref(), &filters)?)).await?;
        let (filters, note) = (found.filters.clone(), found.note.clone());
        self.tell(AnswerEvent::Sources(Sources { kind: kind.to_owned(), filters, note, sources })).await
    }

    /// Asks the model, and publishes each statement once it is checked.
    async fn have_written(
        &self,
        model: &LlmConfig,
        question: &str,
        passages: &[Passage],
        tally: &mut Tally,
    ) -> Result<AnswerEvent, AskError> {
        let busy = |cause: ApiError| AskError { code: "busy", cause: cause.to_string(), may_pass: true };
        let mut writing = ask::ask(model, &ask::messages(question, passages)).await?;
        let mut objects = Objects::default();
        'writing: while let Some(piece) = writing.next().await? {
            for object in objects.take(&piece) {
                if let Some(statement) = check::statement(&object, passages) {
                    self.state(statement, tally).await.map_err(busy)?;
                }
                if tally.statements >= STATEMENTS_MAX {
                    break 'writing;
                }
            }
        }
        if tally.statements == 0 {
            return Err(AskError {
                code: "llm_invalid_reply",
                cause: "it holds no statement".to_owned(),
                may_pass: true,
            });
        }
        Ok(tally.done(writing.usage))
    }
}

/// Statement that the documents do not say; it has no citation.
fn not_said() -> Statement {
    Statement {
        text: NOT_SAID.to_owned(),
        citations: Vec::new(),
        support: Support::NotCited,
        unsupported_numbers: Vec::new(),
        calculation: None,
    }
}

/// Relevant hits with their handles, as many as fit in the prompt.
fn passages(question: &str, found: &SearchResult) -> Vec<Passage> {
    let terms = words::terms(question);
    let mut room = PASSAGE_TOKENS_MAX * BYTES_PER_TOKEN;
    let mut passages = Vec::new();
    let telling = found.hits.iter().filter(|hit| {
        hit.scores.dense.is_some_and(|cosine| cosine >= DENSE_FLOOR) || is_above_floor(&hit.text, &hit.context, &terms)
    });
    for hit in telling.take(PASSAGES_MAX) {
        let bytes = hit.text.len() + hit.context.len() + hit.title.len();
        if bytes > room {
            break;
        }
        room -= bytes;
        passages.push(Passage { handle: format!("S{}", passages.len() + 1), hit: hit.clone() });
    }
    passages
}

fn is_above_floor(text: &str, context: &str, terms: &[String]) -> bool {
    holds_part(text, context, terms, FLOOR, 1)
}

/// Whether a passage holds this part of a question's words, and so many of them.
pub fn holds_part(text: &str, context: &str, terms: &[String], part: f64, least: usize) -> bool {
    let holds = |term: &&String| {
        let alone = std::slice::from_ref(*term);
        !words::marks(text, alone).is_empty() || !words::marks(context, alone).is_empty()
    };
    let held = terms.iter().filter(holds).count();
    held >= least && held as f64 >= terms.len() as f64 * part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passage_that_shares_one_word_of_many_says_nothing() {
        let terms = words::terms("What was the revenue of rockets in Brazil last winter?");
        assert!(!is_above_floor("The winter was cold.", "", &terms));
        assert!(is_above_floor("Revenue of rockets was 5.", "", &terms));
    }
}
