//! One turn: from a person's message to its reply, and the reply's effects.

use std::{collections::BTreeSet, sync::Arc};

use futures::future::join_all;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use uuid::Uuid;

use super::{
    Outcome, Service, built_in,
    feasibility::look_ahead,
    model::{Answer, Model},
    notice::Notice,
    prompt::{Past, Setting},
    reply::Reply,
    sources,
};
use crate::{
    domain::{
        account_id::AccountId,
        chat::{Action, ActionStatus, Cancelled, ClientMessageId, MessageText, WaitingOrder},
        copilot::{Autonomy, OverLimit},
        library::Citation,
        order::{ClientOrderId, OrderRequest, OrderSource},
        performance::{range::Range, report::Performance},
        ticker::Ticker,
    },
    error::ApiError,
    server::{
        ledger::{
            UnwatchTicker, WatchTicker,
            chat::{ActionRun, BeginTurn, Begun, NewAction, Provenance, RecordReply, RunActions, Step, TurnContext},
            orders::{CancelOrder, CancelOrders},
        },
        library::{LibraryLink, LibraryPassage},
    },
};

pub struct Turn {
    /// Account of the conversation.
    pub account: AccountId,
    pub service: Arc<Service>,
    /// The id of the person's message.
    pub id: String,
    pub text: MessageText,
    pub client_message_id: Option<ClientMessageId>,
    pub cancel: CancellationToken,
    pub notice: Notice,
}

impl Turn {
    pub async fn run(self) -> Outcome {
        let begin = BeginTurn {
            id: self.id.clone(),
            text: self.text.clone(),
            client_message_id: self.client_message_id.clone(),
            at: (self.service.clock)(),
        };
        let context = match self.service.ledger.submit(self.account, begin).await? {
            Begun::Anew(context) => context,
            Begun::Before { message_id } => return self.reply_to(&message_id).await,
        };
        // The message is recorded by now.
        self.go_on(&context).await.map_err(ApiError::half_way)
    }

    async fn go_on(&self, context: &TurnContext) -> Outcome {
        let passages = self.passages().await;
        let Answer { outcome, provenance } = self.think(context, &passages).await;
        self.tell(&outcome, &provenance);
        // Documents are untrusted: actions of a turn that saw their text are proposals, which a person decides.
        let saw_library = !passages.is_empty() || context.past_turns.iter().any(|turn| sources::is_cited(&turn.reply));
        let autonomy_max = if saw_library { Autonomy::Propose } else { Autonomy::Auto };
        match outcome {
            Ok(reply) => {
                let citations = sources::citations(&reply.message, self.text.as_str(), &passages);
                self.settle(reply, citations, provenance, autonomy_max).await?
            }
            Err(error) => return Err(self.record_failure(error, provenance).await),
        }
        self.reply_to(&self.id).await
    }

    async fn reply_to(&self, message_id: &str) -> Outcome {
        let reply = self.service.ledger.reply_to(self.account, message_id, (self.service.clock)()).await?;
        // There is no reply only if the turn could not be recorded.
        reply.ok_or(ApiError::ReplyCutOff)
    }

    /// Passages of the library for the question, for a language model.
    async fn passages(&self) -> Vec<LibraryPassage> {
        let library = self.service.library.get().and_then(LibraryLink::library);
        match (&*self.service.model(), library) {
            (Model::Remote(_), Some(library)) => library.passages_for(self.text.as_str()).await,
            _ => Vec::new(),
        }
    }

    /// Asks the model, until it answers, is cancelled, or the server stops.
    async fn think(&self, context: &TurnContext, passages: &[LibraryPassage]) -> Answer {
        let service = &self.service;
        let model = service.model();
        let setting = Setting {
            context,
            past: service.past(self.account, &model).await,
            prices: &service.feed.latest(),
            autonomy: service.ledger.books(self.account).autonomy,
            limits: service.limits,
            now: (service.clock)(),
            question: self.text.as_str(),
            passages,
            performance: self.performance(&model).await,
        };
        let given_up = |error| Answer { outcome: Err(error), provenance: Provenance::default() };
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => given_up(ApiError::ReplyCancelled),
            () = service.shutdown.cancelled() => given_up(ApiError::ReplyCutOff),
            answer = model.answer(&setting, &self.notice) => answer,
        }
    }

    /// How the account did over the range that the message asks about; for a language model otherwise over the last month.
    async fn performance(&self, model: &Model) -> Option<Performance> {
        let usual = matches!(model, Model::Remote(_)).then_some(Range::Month);
        let range = built_in::range_asked(self.text.as_str()).or(usual)?;
        match self.service.performance.view(self.account, range, None).await {
            Ok(view) => Some(view.performance),
            Err(cause) => {
                warn!(performance.cause = %cause, "the copilot answers without the figures of performance");
                None
            }
        }
    }

    /// Logs and counts a turn.
    fn tell(&self, outcome: &Result<Reply, ApiError>, provenance: &Provenance) {
        let code = outcome.as_ref().map_or_else(ApiError::code, |_| "ok");
        self.service.metrics.copilot_answered(code, provenance.latency_ms);
        info!(
            copilot.outcome = code,
            copilot.latency_ms = provenance.latency_ms,
            copilot.prompt_tokens = provenance.prompt_tokens,
            copilot.completion_tokens = provenance.completion_tokens,
            copilot.actions = outcome.as_ref().map_or(0, |reply| reply.actions.len()),
            "the copilot was asked"
        );
    }

    /// Stores the failure in place of the reply, and returns it.
    async fn record_failure(&self, error: ApiError, provenance: Provenance) -> ApiError {
        let record = RecordReply {
            id: Uuid::now_v7().to_string(),
            in_reply_to: self.id.clone(),
            message: error.to_string(),
            failure: Some(error.code()),
            provenance,
            actions: Vec::new(),
            misread: Vec::new(),
            citations: Vec::new(),
            runs: Vec::new(),
            limits: self.service.limits,
            autonomy_max: Autonomy::Advise,
            at: (self.service.clock)(),
        };
        if let Err(cause) = self.service.ledger.submit(self.account, record).await {
            warn!(copilot.cause = %cause, "a failed turn could not be recorded; it is closed with the next one");
        }
        error
    }

    /// Stores the reply, and runs its actions as far as the account's autonomy goes now.
    async fn settle(
        &self,
        reply: Reply,
        citations: Vec<Citation>,
        provenance: Provenance,
        autonomy_max: Autonomy,
    ) -> Result<(), ApiError> {
        let service = &self.service;
        let autonomy = service.ledger.books(self.account).autonomy.at_most(autonomy_max);
        if autonomy == Autonomy::Propose {
            self.price(&reply.actions).await;
        }
        // Invalid actions keep their ordinals among the others.
        let places = (0..).filter(|place| reply.misread.iter().all(|misread| misread.ordinal != *place));
        let mut actions: Vec<NewAction> =
            places.zip(&reply.actions).map(|(place, action)| self.judge(place, *action, autonomy)).collect();
        service.look_up_watched(&mut actions).await;
        let books = service.ledger.books(self.account);
        look_ahead(&mut actions, &books.account, &service.feed.latest(), &service.limits);
        let pending: Vec<&NewAction> = actions.iter().filter(|action| action.status == ActionStatus::Pending).collect();
        // A trade of a ticker that this reply adds needs its first price, which comes once the addition is committed.
        let added = self.newly_added(&pending);
        let has_to_wait = pending.iter().any(|action| trades_in(action, &added));
        let (now, later): (Vec<_>, Vec<_>) =
            pending.into_iter().partition(|action| !has_to_wait || matches!(action.action, Action::Watch(_)));
        let record = RecordReply {
            id: Uuid::now_v7().to_string(),
            in_reply_to: self.id.clone(),
            message: reply.message,
            failure: None,
            provenance,
            runs: service.prepare(&now).await,
            actions: actions.clone(),
            misread: reply.misread,
            citations,
            limits: service.limits,
            autonomy_max,
            at: (service.clock)(),
        };
        service.ledger.submit(self.account, record).await?;
        if !later.is_empty() {
            service.run(self.account, ActionStatus::Pending, &later).await?;
        }
        Ok(())
    }

    /// Waits for prices of all tickers to be traded, watched or not: a proposal needs one.
    async fn price(&self, actions: &[Action]) {
        let traded = actions.iter().take(self.service.limits.actions_max).filter_map(Action::traded);
        join_all(traded.map(async |ticker| self.service.execution.price(ticker).await)).await;
    }

    /// The action as recorded before any is run. The autonomy is checked again when it is applied.
    fn judge(&self, index: usize, action: Action, autonomy: Autonomy) -> NewAction {
        let actions_max = self.service.limits.actions_max;
        let (status, error) = if index >= actions_max {
            (ActionStatus::Rejected, Some(OverLimit::Actions { actions_max }.to_string()))
        } else {
            (ActionStatus::Pending.under(autonomy), None)
        };
        let price = action.traded().and_then(|ticker| self.service.feed.latest().price(ticker));
        NewAction { id: Uuid::now_v7().to_string(), action, status, price, error, estimate: None }
    }

    /// Tickers without a price that these actions add.
    fn newly_added(&self, actions: &[&NewAction]) -> BTreeSet<Ticker> {
        let tick = self.service.feed.latest();
        let added = actions.iter().filter_map(|action| match action.action {
            Action::Watch(ticker) => Some(ticker),
            Action::Trade { .. } | Action::Unwatch(_) | Action::Order(_) | Action::Cancel(_) | Action::Alert(_) => None,
        });
        added.filter(|ticker| tick.price(*ticker).is_none()).collect()
    }
}

fn trades_in(action: &NewAction, tickers: &BTreeSet<Ticker>) -> bool {
    match action.action {
        Action::Trade { ticker, .. } | Action::Order(WaitingOrder { ticker, .. }) => tickers.contains(&ticker),
        Action::Watch(_) | Action::Unwatch(_) | Action::Cancel(_) | Action::Alert(_) => false,
    }
}

impl Service {
    /// Figures of the past, for questions to the built-in copilot only.
    async fn past(&self, account: AccountId, model: &Model) -> Past {
        match model {
            Model::BuiltIn => Past { realized: self.ledger.realized(account).await.unwrap_or_default() },
            Model::Mock | Model::Remote(_) | Model::Off => Past::default(),
        }
    }

    /// Rejects watching a ticker that the market does not have, also among proposals and advice.
    async fn look_up_watched(&self, actions: &mut [NewAction]) {
        let watched = actions.iter_mut().filter(|action| action.status != ActionStatus::Rejected);
        let look_ups = watched.filter_map(|action| match action.action {
            Action::Watch(ticker) => Some(async move {
                if let Err(refusal) = self.watchlist.look_up(ticker).await {
                    (action.status, action.error) = (ActionStatus::Rejected, Some(refusal.to_string()));
                }
            }),
            Action::Trade { .. } | Action::Unwatch(_) | Action::Order(_) | Action::Cancel(_) | Action::Alert(_) => None,
        });
        join_all(look_ups).await;
    }

    /// Runs actions that are recorded with the status `from`.
    pub async fn run(&self, account: AccountId, from: ActionStatus, actions: &[&NewAction]) -> Result<(), ApiError> {
        let runs = self.prepare(actions).await;
        let run = RunActions { from, runs, limits: self.limits, at: (self.clock)() };
        self.ledger.submit(account, run).await
    }

    fn cancel_several(&self, ticker: Option<Ticker>) -> Step {
        Step::CancelSeveral(CancelOrders { ticker, market: self.orders.market_now() })
    }

    /// Prepares each action's write, the same as for a person's request.
    async fn prepare(&self, actions: &[&NewAction]) -> Vec<ActionRun> {
        let prepared = actions.iter().map(async |action| {
            let step = match action.action {
                Action::Watch(ticker) => Step::Watch(WatchTicker { ticker, before: None, at: (self.clock)() }),
                Action::Unwatch(ticker) => Step::Unwatch(UnwatchTicker { ticker }),
                Action::Trade { ticker, side, quantity } => {
                    // The action's id is the order's id, so that it is filled at most once.
                    let client_order_id = Some(order_id(&action.id));
                    let order = OrderRequest {
                        ticker,
                        side,
                        quantity,
                        client_order_id,
                        expected_price: None,
                        max_slippage_percent: None,
                    };
                    Step::Trade(Box::new(self.execution.prepare(order, OrderSource::Copilot).await))
                }
                Action::Order(order) => {
                    let request = order.request(order_id(&action.id));
                    match self.orders.prepare(request, OrderSource::Copilot).await {
                        Ok(submit) => Step::Order(Box::new(submit)),
                        Err(reason) => Step::Refused(reason),
                    }
                }
                Action::Cancel(Cancelled::One(id)) => {
                    Step::Cancel(CancelOrder { id, if_revision: None, market: self.orders.market_now() })
                }
                Action::Cancel(Cancelled::OfTicker(ticker)) => self.cancel_several(Some(ticker)),
                Action::Cancel(Cancelled::All) => self.cancel_several(None),
                Action::Alert(alert) => match self.alerts.prepare(alert.request()) {
                    Ok(create) => Step::Alert(Box::new(create)),
                    Err(reason) => Step::Refused(reason),
                },
            };
            ActionRun { action_id: action.id.clone(), step }
        });
        // Concurrently: several may wait for the same tick.
        join_all(prepared).await
    }
}

fn order_id(action_id: &str) -> ClientOrderId {
    // Invariant: an action's id is a UUID, which is short, and visible ASCII.
    format!("copilot-{action_id}").parse().expect("a UUID names an order")
}
