//! The copilot: reads the account, explains it, trades and maintains the watchlist within its limits.
//!
//! # A turn
//! One at a time for each account. A person's message is stored together with a snapshot of the account from the same
//! commit ([`BeginTurn`]). The model is asked ([`model`]) while no transaction is open. Its reply is parsed as
//! untrusted input ([`reply`]) and stored together with its actions' effects ([`turn`]). A turn is a task of its own:
//! it continues if the caller disconnects, and its reply can be read later. It ends early if it is cancelled or the
//! server stops; then the conversation records that.
//!
//! # What the library says
//! Where a question calls for them, passages of the person's documents are in the prompt, as data. A turn that saw such text, or
//! an earlier reply made from it, proposes at most, whatever the account is set to.
//!
//! # What may run
//! An action is a person's order, or change of the watchlist, made by the same code, with the limits of
//! [`CopilotLimits`] on top, checked inside the transaction that applies it. What becomes of it depends on the
//! [`Autonomy`] that the account is set to.

mod built_in;
mod client;
mod connection;
mod feasibility;
mod kept;
pub mod markdown;
mod mock;
mod model;
mod notice;
mod order_reply;
mod prompt;
mod proposal;
pub mod reply;
mod shapes;
mod sources;
mod turn;

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock},
};

pub use kept::path_beside;

use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Instrument;
use uuid::Uuid;

use self::{
    client::Client,
    model::Model,
    notice::{Notice, Waiting},
    turn::Turn,
};
use super::{
    alerts::AlertDesk,
    clock::Clock,
    config::copilot::{CopilotConfig, LlmConfig, ModelConfig},
    execution::Execution,
    ledger::{
        Ledger,
        chat::{ClearChat, CloseTurns, SetAutonomy},
    },
    library::LibraryLink,
    market::feed::Feed,
    metrics::Metrics,
    orders::OrderDesk,
    performance::PerformanceDesk,
    watchlist::WatchlistService,
};
use crate::{
    domain::{
        account_id::AccountId,
        chat::{ChatLine, ClientMessageId, Conversation, MessageText, RecordedMessage, Role},
        copilot::{Autonomy, Availability, CopilotLimits},
        rich_text::{Block, Span},
    },
    error::ApiError,
};

type Outcome = Result<RecordedMessage, ApiError>;

/// Messages per page of the conversation.
const PAGE_MESSAGES: usize = 40;

/// The handle to the copilot; clones share it.
#[derive(Clone)]
pub struct Copilot(Arc<Service>);

struct Service {
    /// A turn keeps the model that it began with.
    model: RwLock<Arc<Model>>,
    models: Models,
    limits: CopilotLimits,
    ledger: Ledger,
    feed: Feed,
    execution: Execution,
    orders: OrderDesk,
    alerts: AlertDesk,
    watchlist: WatchlistService,
    performance: PerformanceDesk,
    clock: Clock,
    metrics: Metrics,
    shutdown: CancellationToken,
    /// It is opened after the copilot, whose model answers its questions.
    library: OnceLock<LibraryLink>,
    /// The turn of each account that has one.
    running: Mutex<HashMap<AccountId, Running>>,
    tasks: TaskTracker,
}

/// State of connecting a model in the page.
struct Models {
    /// Whether a person may connect a model, since the environment configures none.
    is_open: bool,
    /// Request settings.
    asking: LlmConfig,
    /// Ports that are searched for models on this machine, without the server's own.
    ports: Vec<(&'static str, u16)>,
    /// Path of the stored model.
    path: PathBuf,
    /// Held while a model is tried out.
    changing: tokio::sync::Mutex<()>,
}

/// The turn in progress.
#[derive(Clone)]
struct Running {
    text: MessageText,
    client_message_id: Option<ClientMessageId>,
    cancel: CancellationToken,
    notice: Notice,
    outcome: watch::Receiver<Option<Outcome>>,
}

impl Running {
    async fn outcome(mut self) -> Outcome {
        match self.outcome.wait_for(Option::is_some).await {
            // Invariant: the outcome is set, since the wait has ended.
            Ok(outcome) => outcome.clone().unwrap_or(Err(ApiError::Internal)),
            // The turn panicked, which was logged.
            Err(_) => Err(ApiError::Internal),
        }
    }
}

/// The services that the copilot works with.
pub struct Parts {
    pub ledger: Ledger,
    pub feed: Feed,
    pub execution: Execution,
    pub orders: OrderDesk,
    pub alerts: AlertDesk,
    pub watchlist: WatchlistService,
    pub performance: PerformanceDesk,
    pub clock: Clock,
    pub metrics: Metrics,
    pub shutdown: CancellationToken,
    /// Path of the file for a model that is connected in the page.
    pub kept_path: PathBuf,
    /// Port that this server listens on.
    pub port: u16,
}

impl Copilot {
    /// Creates the copilot.
    ///
    /// # Errors
    /// If the machine lacks the means for an HTTPS client.
    pub fn new(config: &CopilotConfig, parts: Parts) -> Result<Self, reqwest::Error> {
        let Parts {
            ledger,
            feed,
            execution,
            orders,
            alerts,
            watchlist,
            performance,
            clock,
            metrics,
            shutdown,
            kept_path,
            port,
        } = parts;
        let model = match &config.model {
            ModelConfig::Mock => Model::Mock,
            ModelConfig::Remote(config) => Model::remote(Client::new(config.clone(), clock)?),
            ModelConfig::Unset => match connection::load(&kept_path, &config.asking) {
                Some(config) => Model::remote(Client::new(config, clock)?),
                None => Model::BuiltIn,
            },
            ModelConfig::Off => Model::Off,
        };
        let (model, running, tasks) = (RwLock::new(Arc::new(model)), Mutex::default(), TaskTracker::new());
        let limits = config.limits;
        let models = Models {
            is_open: matches!(config.model, ModelConfig::Unset),
            asking: config.asking.clone(),
            ports: config.model_ports.iter().copied().filter(|(_, known)| *known != port).collect(),
            path: kept_path,
            changing: tokio::sync::Mutex::default(),
        };
        Ok(Self(Arc::new(Service {
            model,
            models,
            limits,
            ledger,
            feed,
            execution,
            orders,
            alerts,
            watchlist,
            performance,
            clock,
            metrics,
            shutdown,
            library: OnceLock::new(),
            running,
            tasks,
        })))
    }

    /// Reads passages of this library from now on, where a question calls for them.
    pub fn read_library(&self, library: LibraryLink) {
        // There is one library, and it is named once.
        let _ = self.0.library.set(library);
    }

    /// Ends what the end of the program before this one cut off.
    ///
    /// # Errors
    /// If the ledger is busy.
    pub async fn close_turns(&self) -> Result<(), ApiError> {
        for account in self.0.ledger.accounts() {
            self.0.ledger.submit(account, CloseTurns { at: (self.0.clock)() }).await?;
        }
        Ok(())
    }

    pub fn availability(&self) -> Availability {
        self.0.model().availability()
    }

    /// Answers a message, and runs the reply's actions as permitted. A message with a known id gets its earlier reply;
    /// if that is still in progress, waits for it.
    ///
    /// # Errors
    /// If there is no model, another message is being answered, the id belongs to another message, the model fails, or
    /// the turn is cancelled. The conversation records the error too.
    pub async fn send(
        &self,
        account: AccountId,
        text: MessageText,
        client_message_id: Option<ClientMessageId>,
    ) -> Outcome {
        if self.availability() == Availability::Off {
            return Err(ApiError::LlmNotConfigured);
        }
        self.begin(account, text, client_message_id)?.outcome().await
    }

    /// Takes the account's single place for a turn, or joins the turn in progress for the same message.
    fn begin(
        &self,
        account: AccountId,
        text: MessageText,
        client_message_id: Option<ClientMessageId>,
    ) -> Result<Running, ApiError> {
        let mut turns = self.turns();
        if let Some(running) = turns.get(&account) {
            let is_same = client_message_id.is_some() && running.client_message_id == client_message_id;
            return match (is_same, client_message_id) {
                (true, _) if running.text == text => Ok(running.clone()),
                (true, Some(id)) => Err(ApiError::MessageIdReused { client_message_id: id.as_str().to_owned() }),
                _ => Err(ApiError::CopilotBusy),
            };
        }
        let (sender, outcome) = watch::channel(None);
        let cancel = CancellationToken::new();
        let notice = Notice::default();
        let running = Running {
            text: text.clone(),
            client_message_id: client_message_id.clone(),
            cancel: cancel.clone(),
            notice: notice.clone(),
            outcome,
        };
        turns.insert(account, running.clone());
        let (service, id) = (Arc::clone(&self.0), Uuid::now_v7().to_string());
        let turn = Turn { account, service, id, text, client_message_id, cancel, notice };
        let leave = Leave(self.clone(), account);
        let task = async move {
            let outcome = turn.run().await;
            // The next message is accepted as soon as this one is answered.
            drop(leave);
            sender.send_replace(Some(outcome));
        };
        self.0.tasks.spawn(task.in_current_span());
        Ok(running)
    }

    /// Waits for the reply in progress; `None` if there is none.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub async fn pending_reply(&self, account: AccountId) -> Option<Outcome> {
        let running = self.running(account)?;
        Some(running.outcome().await)
    }

    /// Waits for a reason why the reply takes long, other than the model's reasoning; `None` if the reply comes first.
    pub async fn notice(&self, account: AccountId) -> Option<&'static str> {
        let running = self.running(account)?;
        let notice = running.notice.clone();
        tokio::select! {
            _ = running.outcome() => None,
            waiting = notice.told() => waiting.map(Waiting::text),
        }
    }

    /// Cancels the reply in progress, if any, and waits until that is recorded. Actions that already run are not
    /// undone.
    pub async fn cancel(&self, account: AccountId) {
        let running = self.running(account);
        if let Some(running) = running {
            running.cancel.cancel();
            // The caller gets the error separately.
            let _ = running.outcome().await;
        }
    }

    /// Clears the conversation, and cancels a reply in progress.
    ///
    /// # Errors
    /// If the ledger is busy.
    pub async fn clear(&self, account: AccountId) -> Result<(), ApiError> {
        let was_answering = self.running(account).is_some();
        self.cancel(account).await;
        let cleared = self.0.ledger.submit(account, ClearChat).await;
        if was_answering { cleared.map_err(ApiError::half_way) } else { cleared }
    }

    /// Sets the autonomy, which also applies to actions of a reply in progress.
    ///
    /// # Errors
    /// If the ledger is busy.
    pub async fn set_autonomy(&self, account: AccountId, autonomy: Autonomy) -> Result<(), ApiError> {
        self.0.ledger.submit(account, SetAutonomy(autonomy)).await
    }

    /// The conversation for the page: the newest messages, or those before the message `before`, with the copilot's
    /// state.
    ///
    /// # Errors
    /// If there is no such message, or the database does not respond.
    pub async fn conversation(&self, account: AccountId, before: Option<&str>) -> Result<Conversation, ApiError> {
        // Read first: a reply that arrives in between is then shown twice rather than not at all.
        let is_answering = self.running(account).is_some();
        let page = self.0.ledger.chat(account, PAGE_MESSAGES, before, (self.0.clock)()).await?;
        let model = self.0.model();
        Ok(Conversation {
            is_answering,
            has_more: page.has_more,
            lines: page.messages.into_iter().map(line).collect(),
            autonomy: self.0.ledger.books(account).autonomy,
            availability: model.availability(),
            model: model.name().map(str::to_owned),
        })
    }

    /// The language model in use; `None` for the built-in copilot, the mock, or no copilot.
    pub fn llm(&self) -> Option<LlmConfig> {
        match &*self.0.model() {
            Model::Remote(remote) => Some(remote.config().clone()),
            Model::Mock | Model::BuiltIn | Model::Off => None,
        }
    }

    /// Waits for turns in progress; they end soon after the server stops.
    pub async fn finish(&self) {
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    /// The account's turn in progress.
    fn running(&self, account: AccountId) -> Option<Running> {
        self.turns().get(&account).cloned()
    }

    fn turns(&self) -> MutexGuard<'_, HashMap<AccountId, Running>> {
        self.0.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Service {
    /// The model in use.
    fn model(&self) -> Arc<Model> {
        Arc::clone(&self.model.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Frees the place for a turn when dropped.
struct Leave(Copilot, AccountId);

impl Drop for Leave {
    fn drop(&mut self) {
        self.0.turns().remove(&self.1);
    }
}

/// A message for the page: a model's text is formatted, a person's is shown as written.
pub fn line(message: RecordedMessage) -> ChatLine {
    let text = match message.role {
        Role::User => vec![Block::Paragraph(vec![Span::Text(message.message.clone())])],
        Role::Assistant => markdown::read(&message.message),
    };
    ChatLine { text, message }
}
