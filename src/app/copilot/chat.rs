//! The conversation in the page: the server's last state, and the message in transit.

use std::time::Duration;

use gloo_timers::future::sleep;
use leptos::prelude::*;

use crate::{
    api::{
        approve_action, await_reply, cancel_reply, clear_conversation, dismiss_action, load_conversation, load_notice,
        send_message, set_autonomy,
    },
    app::{
        account::Books,
        effects::{detach, effect},
        names::new_name,
        toast::Toasts,
        trade::watchlist::store::WatchlistStore,
    },
    domain::{
        chat::{ChatLine, ClientMessageId, Conversation, MessageText, RecordedMessage, Role},
        copilot::{Autonomy, Availability},
        instant::UtcInstant,
        rich_text::{Block, Span},
    },
    error::ApiError,
};

/// Number of resends of a message without a response. Its id makes the server answer it once.
const RESENDS_MAX: u32 = 3;
const RESEND_DELAY: Duration = Duration::from_secs(1);

/// Delay after which a notice is requested; most replies come earlier.
const NOTICE_DELAY: Duration = Duration::from_secs(2);

/// A message on the page, which keeps its element while its content changes.
#[derive(Clone)]
pub struct Row {
    /// Constant as long as the row is shown.
    pub key: String,
    pub line: ArcRwSignal<ChatLine>,
}

impl Row {
    fn new(line: ChatLine) -> Self {
        Self { key: line.message.id.clone(), line: ArcRwSignal::new(line) }
    }

    /// Whether it shows this message, or is the page's own one that has become it.
    fn shows(&self, line: &ChatLine) -> bool {
        let (own, told) = (&self.line.read_untracked().message, &line.message);
        let is_unconfirmed = own.created_at == UtcInstant::EPOCH;
        own.id == told.id || (is_unconfirmed && own.role == told.role && own.message == told.message)
    }
}

/// Reason for a missing answer, if the conversation itself does not contain it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    pub reason: String,
    pub remedy: Remedy,
}

/// Suggested remedy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// The message is in the field again, to be sent once more.
    Resend,
    /// Reading the conversation again.
    Reload,
}

/// Handle to the page's conversation; copies share it.
#[derive(Clone, Copy)]
pub struct Chat {
    rows: RwSignal<Vec<Row>>,
    has_more: RwSignal<bool>,
    is_answering: RwSignal<bool>,
    is_loading_earlier: RwSignal<bool>,
    trouble: RwSignal<Option<Trouble>>,
    autonomy: RwSignal<Autonomy>,
    availability: RwSignal<Availability>,
    model: RwSignal<Option<String>>,
    /// Notice of the reply in progress: the cause of its delay.
    notice: RwSignal<Option<String>>,
    /// Text in the field.
    pub draft: RwSignal<String>,
    /// Whether the dialog that connects a model is open.
    pub is_connecting: RwSignal<bool>,
    books: Books,
    watchlist: WatchlistStore,
    toasts: Toasts,
    own: StoredValue<Own>,
}

/// This page's requests in transit; other changes of the conversation do not replace their state.
#[derive(Default)]
struct Own {
    /// Whether a message of this page is being answered.
    is_answering: bool,
    /// Whether the conversation has changed meanwhile.
    is_stale: bool,
    /// Number of pending changes of the autonomy.
    settings: u32,
}

impl Chat {
    /// The conversation as rendered by the server.
    pub fn new(start: Result<Conversation, ApiError>, books: Books, watchlist: WatchlistStore, toasts: Toasts) -> Self {
        let chat = Self {
            rows: RwSignal::new(Vec::new()),
            has_more: RwSignal::new(false),
            is_answering: RwSignal::new(false),
            is_loading_earlier: RwSignal::new(false),
            trouble: RwSignal::new(None),
            autonomy: RwSignal::new(Autonomy::default()),
            availability: RwSignal::new(Availability::Ready),
            model: RwSignal::new(None),
            notice: RwSignal::new(None),
            draft: RwSignal::new(String::new()),
            is_connecting: RwSignal::new(false),
            books,
            watchlist,
            toasts,
            own: StoredValue::default(),
        };
        chat.take_in(start);
        // Waits for a reply that was in progress when the page was opened.
        effect(move || {
            if chat.is_answering.get_untracked() {
                detach(chat.follow_reply());
            }
        });
        chat
    }

    /// Rows; tracked, like everything below.
    pub fn rows(self) -> Vec<Row> {
        self.rows.get()
    }

    pub fn is_empty(self) -> bool {
        self.rows.with(Vec::is_empty)
    }

    pub fn has_more(self) -> bool {
        self.has_more.get()
    }

    /// Whether a reply is in progress.
    pub fn is_answering(self) -> bool {
        self.is_answering.get()
    }

    pub fn is_loading_earlier(self) -> bool {
        self.is_loading_earlier.get()
    }

    pub fn trouble(self) -> Option<Trouble> {
        self.trouble.get()
    }

    pub fn autonomy(self) -> Autonomy {
        self.autonomy.get()
    }

    pub fn availability(self) -> Availability {
        self.availability.get()
    }

    /// Name of the answering model.
    pub fn model(self) -> Option<String> {
        self.model.get()
    }

    /// Cause of a delay other than the model's reasoning.
    pub fn notice(self) -> Option<String> {
        self.notice.get()
    }

    /// Requests the cause of a delay, if the reply takes a while.
    fn follow_notice(self) {
        self.notice.set(None);
        detach(async move {
            sleep(NOTICE_DELAY).await;
            if self.is_answering.try_get_untracked() == Some(true)
                && let Ok(notice) = load_notice().await
            {
                self.notice.try_set(notice);
            }
        });
    }

    /// Sends a message, unless an answer is in progress.
    pub fn send(self, text: String) {
        if self.is_answering.get_untracked() {
            return;
        }
        let (text, name) = match text.trim().parse::<MessageText>().map_err(ApiError::from).and_then(named) {
            Ok(message) => message,
            Err(error) => return self.toasts.error(error.to_string()),
        };
        self.trouble.set(None);
        self.draft.set(String::new());
        self.is_answering.set(true);
        self.own.update_value(|own| own.is_answering = true);
        let said = Row::new(own_line(&text, name.as_str()));
        self.rows.update(|rows| rows.push(said));
        self.follow_notice();
        detach(async move {
            let mut resends = 0;
            let answer = loop {
                match send_message(text.clone(), name.clone()).await.flatten() {
                    Err(ApiError::Unreachable) if resends < RESENDS_MAX => {
                        resends += 1;
                        sleep(RESEND_DELAY).await;
                    }
                    answer => break answer,
                }
            };
            self.hear(answer, Some((text, name.as_str()))).await;
            let was_stale = self.own.try_update_value(|own| {
                own.is_answering = false;
                std::mem::take(&mut own.is_stale)
            });
            if was_stale == Some(true) {
                // If the read fails, the shown state stays; the next change triggers another read.
                let _ = self.follow().await;
            }
        });
    }

    /// Merges changes of the conversation from any source; shown messages keep their rows.
    ///
    /// # Errors
    /// If the conversation cannot be read.
    pub async fn follow(self) -> Result<(), ApiError> {
        let waits = move || {
            self.own.try_update_value(|own| {
                own.is_stale = own.is_answering;
                own.is_stale
            })
        };
        if waits() != Some(false) {
            return Ok(());
        }
        let conversation = load_conversation(None).await?;
        if waits() == Some(false) {
            self.rows.try_update(|rows| {
                let (merged, is_whole) = merge(rows, conversation.lines);
                if is_whole {
                    self.has_more.set(conversation.has_more);
                }
                *rows = merged;
            });
            self.is_answering.try_set(conversation.is_answering);
            self.show_autonomy(conversation.autonomy);
        }
        Ok(())
    }

    /// Shows the server's autonomy, unless this page is changing it.
    fn show_autonomy(self, autonomy: Autonomy) {
        if self.own.try_with_value(|own| own.settings) == Some(0) {
            self.autonomy.try_set(autonomy);
        }
    }

    /// Waits for the reply that the server is making.
    async fn follow_reply(self) {
        self.follow_notice();
        match await_reply().await {
            Ok(Some(answer)) => self.hear(answer, None).await,
            // The reply came just before, or waiting failed: the conversation has it.
            Ok(None) | Err(_) => self.reload().await,
        }
    }

    /// Handles an answer; `said` is the page's own message that it is for.
    async fn hear(self, answer: Result<ChatLine, ApiError>, said: Option<(MessageText, &str)>) {
        match answer {
            Ok(line) => {
                self.rows.try_update(|rows| rows.push(Row::new(line)));
                self.is_answering.try_set(false);
                self.follow_effects().await;
            }
            // The conversation does not contain these errors: the message goes back into the field.
            Err(
                error @ (ApiError::CopilotBusy
                | ApiError::Busy
                | ApiError::LlmNotConfigured
                | ApiError::Unreachable
                | ApiError::Told { .. }
                | ApiError::TooManyRequests { .. }),
            ) => {
                self.is_answering.try_set(false);
                if let Some((text, name)) = said {
                    self.rows.try_update(|rows| rows.retain(|row| row.key != name));
                    self.draft.try_update(|draft| {
                        if draft.is_empty() {
                            *draft = text.into();
                        }
                    });
                }
                self.trouble.try_set(Some(Trouble { reason: error.to_string(), remedy: Remedy::Resend }));
            }
            // It contains the others in place of the reply, except one that refers to the conversation's state.
            Err(error) => {
                self.reload().await;
                if error == ApiError::PartlyDone {
                    self.trouble.try_set(Some(Trouble { reason: error.to_string(), remedy: Remedy::Reload }));
                    self.follow_effects().await;
                }
            }
        }
    }

    /// Reads the conversation again.
    pub async fn reload(self) {
        let conversation = load_conversation(None).await;
        let is_answering = conversation.as_ref().is_ok_and(|conversation| conversation.is_answering);
        self.take_in(conversation);
        if is_answering {
            sleep(RESEND_DELAY).await;
            detach(self.follow_reply());
        }
    }

    fn take_in(self, conversation: Result<Conversation, ApiError>) {
        match conversation {
            Ok(conversation) => {
                self.trouble.try_set(None);
                self.is_answering.try_set(conversation.is_answering);
                self.has_more.try_set(conversation.has_more);
                self.show_autonomy(conversation.autonomy);
                self.availability.try_set(conversation.availability);
                self.model.try_set(conversation.model);
                self.rows.try_set(conversation.lines.into_iter().map(Row::new).collect());
            }
            Err(error) => {
                self.is_answering.try_set(false);
                let reason = format!("The conversation could not be read. {error}");
                self.trouble.try_set(Some(Trouble { reason, remedy: Remedy::Reload }));
            }
        }
    }

    /// Reads the messages before those shown.
    pub fn load_earlier(self) {
        let Some(before) =
            self.rows.with_untracked(|rows| Some(rows.first()?.line.read_untracked().message.id.clone()))
        else {
            return;
        };
        if self.is_loading_earlier.get_untracked() {
            return;
        }
        self.is_loading_earlier.set(true);
        detach(async move {
            match load_conversation(Some(before)).await {
                Ok(page) => {
                    self.has_more.try_set(page.has_more);
                    let earlier = page.lines.into_iter().map(Row::new);
                    self.rows.try_update(|rows| drop(rows.splice(0..0, earlier)));
                }
                Err(error) => self.toasts.error(format!("Earlier messages could not be read. {error}")),
            }
            self.is_loading_earlier.try_set(false);
        });
    }

    /// Cancels the reply in progress. The request that waits for it gets that result.
    pub fn cancel(self) {
        detach(async move {
            if let Err(error) = cancel_reply().await {
                self.toasts.error(format!("The answer could not be cancelled. {error}"));
            }
            // The result of another tab's request arrives only this way.
            let _ = self.follow().await;
        });
    }

    /// Clears the conversation.
    pub fn clear(self) {
        detach(async move {
            match clear_conversation().await {
                Ok(()) => self.reload().await,
                Err(error) => self.toasts.error(format!("The conversation could not be cleared. {error}")),
            }
        });
    }

    /// Sets the autonomy, on the page at once; reverts it if the server refuses.
    pub fn set_autonomy(self, autonomy: Autonomy) {
        let before = self.autonomy.get_untracked();
        self.autonomy.set(autonomy);
        self.own.update_value(|own| own.settings += 1);
        detach(async move {
            let answer = set_autonomy(autonomy).await;
            self.own.try_update_value(|own| own.settings -= 1);
            if let Err(error) = answer {
                self.autonomy.try_set(before);
                self.toasts.error(format!("The copilot's autonomy could not be set. {error}"));
            }
        });
    }

    /// Sends a person's decision on a proposed action.
    pub fn decide(self, row: Row, action_id: String, is_approved: bool) {
        detach(async move {
            let answer = match is_approved {
                true => approve_action(action_id).await,
                false => dismiss_action(action_id).await,
            };
            match answer.flatten() {
                Ok(line) => {
                    row.line.set(line);
                    self.follow_effects().await;
                }
                Err(error) => self.toasts.error(error.to_string()),
            }
        });
    }

    /// Reads portfolio and watchlist again after the copilot's actions.
    async fn follow_effects(self) {
        self.books.refresh();
        if let Err(error) = self.watchlist.reload().await {
            self.toasts.error(format!("The watchlist could not be read. {error}"));
        }
    }
}

/// Merges the conversation's newest messages: existing ones keep their rows, new ones get rows. Earlier rows stay if
/// the newest messages reach them; also returns whether there are none.
fn merge(rows: &[Row], lines: Vec<ChatLine>) -> (Vec<Row>, bool) {
    let first = lines.first().and_then(|line| rows.iter().position(|row| row.shows(line)));
    let earlier = &rows[..first.unwrap_or_default()];
    let place = |line: ChatLine| match rows.iter().find(|row| row.shows(&line)) {
        Some(row) => {
            if *row.line.read_untracked() != line {
                row.line.set(line);
            }
            row.clone()
        }
        None => Row::new(line),
    };
    let is_whole = earlier.is_empty();
    (earlier.iter().cloned().chain(lines.into_iter().map(place)).collect(), is_whole)
}

fn named(text: MessageText) -> Result<(MessageText, ClientMessageId), ApiError> {
    Ok((text, new_name().parse()?))
}

/// A message that the server has not confirmed yet, under the page's own id.
fn own_line(text: &MessageText, name: &str) -> ChatLine {
    let message = RecordedMessage {
        id: name.to_owned(),
        role: Role::User,
        message: text.as_str().to_owned(),
        actions: Vec::new(),
        misread: Vec::new(),
        citations: Vec::new(),
        failure: None,
        // Not shown.
        created_at: UtcInstant::EPOCH,
    };
    ChatLine { text: vec![Block::Paragraph(vec![Span::Text(message.message.clone())])], message }
}

/// The question before a reply, for asking again.
pub fn question_before(rows: &[Row], key: &str) -> Option<String> {
    let index = rows.iter().position(|row| row.key == key)?;
    let question = rows[..index].iter().rev().find(|row| row.line.read_untracked().message.role == Role::User)?;
    Some(question.line.read_untracked().message.message.clone())
}
