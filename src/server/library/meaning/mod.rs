//! Search by meaning: texts as directions, made by the model that comes with the program or by a server of one's own.

mod built_in;
mod endpoint;
mod onnx;
mod stage;
mod vector;

use std::path::PathBuf;

use self::built_in::BuiltIn;
pub use self::{endpoint::rerank, stage::text_of, vector::Vector};
use crate::server::config::library::{EndpointConfig, LibraryConfig};

/// Why there are no directions.
#[derive(Debug, thiserror::Error)]
#[error("{cause}")]
pub struct Fault {
    /// For the log.
    pub cause: String,
    /// It may work later.
    pub may_pass: bool,
}

impl Fault {
    fn lasting(cause: impl Into<String>) -> Self {
        Self { cause: cause.into(), may_pass: false }
    }

    fn passing(cause: impl Into<String>) -> Self {
        Self { cause: cause.into(), may_pass: true }
    }
}

/// Source of embeddings.
pub enum Embedder {
    BuiltIn(BuiltIn),
    Endpoint(EndpointConfig),
}

impl Embedder {
    /// The server that is set, else the model beside the program; nothing when there is neither.
    pub fn of(config: &LibraryConfig) -> Option<Self> {
        if let Some(endpoint) = &config.embedding {
            return Some(Self::Endpoint(endpoint.clone()));
        }
        let folder = config.model.clone().or_else(beside_program)?;
        BuiltIn::find(&folder).map(Self::BuiltIn)
    }

    /// Key that its vectors are stored under; vectors of different models cannot be compared.
    pub fn name(&self) -> &str {
        match self {
            Self::BuiltIn(_) => built_in::NAME,
            Self::Endpoint(endpoint) => &endpoint.model,
        }
    }

    /// The texts' directions, in their order.
    ///
    /// # Errors
    /// When the model or the server fails.
    pub async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vector>, Fault> {
        match self {
            Self::BuiltIn(model) => model.embed(texts).await,
            Self::Endpoint(endpoint) => endpoint::embed(endpoint, &texts).await,
        }
    }
}

fn beside_program() -> Option<PathBuf> {
    Some(std::env::current_exe().ok()?.parent()?.join(built_in::FOLDER))
}
