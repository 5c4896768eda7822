//! Progress of a reply.

use tokio::sync::watch;

/// A wait for something other than the model's reasoning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// The server reports that it is not ready yet.
    Loading,
    /// There is no connection, or it breaks.
    Unreachable,
}

impl Waiting {
    pub fn text(self) -> &'static str {
        match self {
            Self::Loading => "The model is still loading; your message waits for it.",
            Self::Unreachable => {
                "The model's server does not answer yet; it may be loading. Your message waits for it."
            }
        }
    }
}

/// The notice of a turn; clones share it.
#[derive(Debug, Clone)]
pub struct Notice(watch::Sender<Option<Waiting>>);

impl Default for Notice {
    fn default() -> Self {
        Self(watch::Sender::new(None))
    }
}

impl Notice {
    pub fn set(&self, waiting: Waiting) {
        self.0.send_replace(Some(waiting));
    }

    pub fn clear(&self) {
        self.0.send_replace(None);
    }

    /// Waits for a notice.
    pub async fn told(&self) -> Option<Waiting> {
        let mut waiting = self.0.subscribe();
        // The channel cannot close while it is borrowed here.
        let told = waiting.wait_for(Option::is_some).await;
        told.ok().and_then(|waiting| *waiting)
    }
}
