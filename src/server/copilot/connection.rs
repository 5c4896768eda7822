//! Connection of a language model from the page: searching this machine, trying a model out, storing and removing it.
//! The environment's settings take precedence.

use std::{sync::Arc, time::Duration};

use futures::future::join_all;
use serde::Deserialize;
use tokio::time::timeout;
use tracing::{info, warn};

use super::{
    Copilot, Service,
    client::Client,
    kept::{self, Kept},
    model::{Model, try_out},
};
use crate::{
    domain::copilot::{FoundModel, ModelChange, ModelPlace, ModelState},
    error::ApiError,
    server::{
        config::{
            copilot::{LlmConfig, OPENROUTER_URL},
            variables::Secret,
        },
        https,
        ledger::chat::AnnounceSettings,
    },
};

/// Time for a server on this machine to list its models.
const FIND_MAX: Duration = Duration::from_millis(1_500);

/// Largest list of models in bytes.
const LIST_BYTES_MAX: usize = 256 * 1024;

/// Most models shown per server.
const MODELS_MAX: usize = 20;

const MODEL_NAME_CHARS_MAX: usize = 200;
const KEY_CHARS_MAX: usize = 512;

/// Configuration of the stored model; `None` if there is none, or its file cannot be read.
pub fn load(path: &std::path::Path, asking: &LlmConfig) -> Option<LlmConfig> {
    match Kept::load(path) {
        Ok(kept) => kept.map(|kept| asking.at(kept.base_url, kept.model, kept.api_key.map(Secret::new))),
        Err(cause) => {
            warn!(copilot.cause = %cause, file = %path.display(), "the model that was connected in the page cannot be read");
            None
        }
    }
}

impl Copilot {
    /// The model that answers.
    pub fn model_state(&self) -> ModelState {
        self.0.model_state(Vec::new())
    }

    /// Applies a person's change of the model, and returns the resulting state.
    ///
    /// # Errors
    /// If the environment configures the model, another change is in progress, the model does not answer, or it cannot
    /// be stored.
    pub async fn change_model(&self, change: ModelChange) -> Result<ModelState, ApiError> {
        let service = &self.0;
        if matches!(change, ModelChange::Look) {
            return Ok(service.model_state(Vec::new()));
        }
        if !service.models.is_open {
            return Err(refused("model", "the environment says who answers, and wins"));
        }
        let _one_at_a_time = service.models.changing.try_lock().map_err(|_| ApiError::Busy)?;
        match change {
            ModelChange::Look => {}
            ModelChange::Find => return Ok(service.model_state(service.find_models().await?)),
            ModelChange::Connect { place, model, key } => service.connect(place, model, key).await?,
            ModelChange::Remove => {
                kept::remove(&service.models.path).map_err(|cause| not_kept(&cause))?;
                service.set_model(Model::BuiltIn);
                info!("the language model is disconnected");
            }
        }
        service.announce().await;
        Ok(service.model_state(Vec::new()))
    }
}

impl Service {
    /// Writes a `settings` event to each account, so that open pages show the model now connected, which all accounts share.
    /// A failure does not undo the change.
    async fn announce(&self) {
        for account in self.ledger.accounts() {
            if let Err(cause) = self.ledger.submit(account, AnnounceSettings).await {
                warn!(copilot.cause = %cause, "open pages are not told of the connected model");
            }
        }
    }

    fn model_state(&self, found: Vec<FoundModel>) -> ModelState {
        let model = self.model();
        ModelState {
            availability: model.availability(),
            model: model.name().map(str::to_owned),
            is_set_by_environment: !self.models.is_open,
            found,
        }
    }

    async fn connect(&self, place: ModelPlace, model: String, key: Option<String>) -> Result<(), ApiError> {
        let model = model.trim().to_owned();
        if model.is_empty() || model.chars().count() > MODEL_NAME_CHARS_MAX || model.chars().any(char::is_control) {
            return Err(refused("model", "name a model, such as openai/gpt-oss-120b"));
        }
        let key = key.map(|key| key.trim().to_owned()).filter(|key| !key.is_empty());
        let is_key = |key: &String| key.len() <= KEY_CHARS_MAX && key.bytes().all(|byte| byte.is_ascii_graphic());
        if !key.iter().all(is_key) {
            return Err(refused("key", "that is no key"));
        }
        let base_url = match place {
            ModelPlace::OpenRouter if key.is_none() => {
                return Err(refused("key", "OpenRouter wants a key, which openrouter.ai/keys gives"));
            }
            ModelPlace::OpenRouter => OPENROUTER_URL.to_owned(),
            ModelPlace::Here { port } if self.models.ports.iter().any(|(_, known)| *known == port) => local_url(port),
            ModelPlace::Here { .. } => return Err(refused("port", "no model was found there")),
        };
        let kept = Kept { base_url, model, api_key: key };
        let config =
            self.models.asking.at(kept.base_url.clone(), kept.model.clone(), kept.api_key.clone().map(Secret::new));
        let client = Client::new(config, self.clock).map_err(|_| ApiError::Internal)?;
        try_out(&client).await?;
        kept.store(&self.models.path).map_err(|cause| not_kept(&cause))?;
        info!(llm.model = kept.model, "a language model is connected");
        self.set_model(Model::remote(client));
        Ok(())
    }

    fn set_model(&self, model: Model) {
        *self.model.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Arc::new(model);
    }

    /// Queries the usual ports of this machine once for models.
    async fn find_models(&self) -> Result<Vec<FoundModel>, ApiError> {
        let http = https::client_builder().no_proxy().timeout(FIND_MAX).build().map_err(|_| ApiError::Internal)?;
        let asked = self.models.ports.iter().map(|(server, port)| list_models(&http, server, *port));
        Ok(join_all(asked).await.into_iter().flatten().collect())
    }
}

fn local_url(port: u16) -> String {
    format!("http://127.0.0.1:{port}/v1")
}

/// Models that a server lists; empty if no model server answers there.
async fn list_models(http: &reqwest::Client, server: &str, port: u16) -> Vec<FoundModel> {
    #[derive(Deserialize)]
    struct List {
        data: Vec<Entry>,
    }
    #[derive(Deserialize)]
    struct Entry {
        id: String,
    }
    let asked = async {
        let response = http.get(format!("{}/models", local_url(port))).send().await.ok()?;
        let body = https::read_body(response, LIST_BYTES_MAX).await.ok()?;
        serde_json::from_slice::<List>(&body).ok()
    };
    let list = timeout(FIND_MAX, asked).await.ok().flatten();
    let entries = list.into_iter().flat_map(|list| list.data).take(MODELS_MAX);
    let is_name =
        |entry: &Entry| entry.id.chars().count() <= MODEL_NAME_CHARS_MAX && !entry.id.chars().any(char::is_control);
    entries.filter(is_name).map(|entry| FoundModel { server: server.to_owned(), port, model: entry.id }).collect()
}

fn refused(parameter: &str, reason: &str) -> ApiError {
    ApiError::InvalidParameter { parameter: parameter.to_owned(), reason: reason.to_owned() }
}

fn not_kept(cause: &std::io::Error) -> ApiError {
    warn!(copilot.cause = %cause, "the file of the connected model cannot be changed");
    ApiError::LlmUnavailable { reason: "the model's settings cannot be kept beside the database".to_owned() }
}
