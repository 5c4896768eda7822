//! Parts: tasks that run until shutdown.
//!
//! A part that ends earlier, by a panic or otherwise, has failed: health reports it at once, and the program stops
//! gracefully, so that a supervisor restarts it.

use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// Starts parts and detects their end. Clones share the state.
#[derive(Clone)]
pub struct Parts {
    /// Name of the part that failed first.
    failed: watch::Sender<Option<&'static str>>,
    shutdown: CancellationToken,
}

impl Parts {
    /// Parts may end after `shutdown`.
    pub fn new(shutdown: CancellationToken) -> Self {
        Self { failed: watch::Sender::new(None), shutdown }
    }

    /// Starts a part. Must be called within a tokio runtime.
    pub fn spawn(&self, name: &'static str, part: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
        let seen = Seen { name, parts: self.clone() };
        tokio::spawn(async move {
            // Dropped when the part ends, also by a panic.
            let _seen = seen;
            part.await;
        })
    }

    /// Cancelled when parts should end.
    pub fn shutdown(&self) -> CancellationToken {
        self.shutdown.clone()
    }

    /// Whether all parts are running.
    pub fn all_run(&self) -> bool {
        self.failed.borrow().is_none()
    }

    /// Waits until a part fails, and returns its name.
    pub async fn failed(&self) -> &'static str {
        let mut failed = self.failed.subscribe();
        loop {
            if let Some(name) = *failed.borrow_and_update() {
                return name;
            }
            // Invariant: the sender lives as long as `self`.
            if failed.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

struct Seen {
    name: &'static str,
    parts: Parts,
}

impl Drop for Seen {
    fn drop(&mut self) {
        if self.parts.shutdown.is_cancelled() {
            return;
        }
        self.parts.failed.send_if_modified(|failed| {
            let is_first = failed.is_none();
            failed.get_or_insert(self.name);
            is_first
        });
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::it_ends(|| {})]
    #[case::it_panics(|| panic!("the defect"))]
    #[tokio::test]
    async fn a_part_that_ends_by_itself_is_named(#[case] end: fn()) {
        let parts = Parts::new(CancellationToken::new());
        let steady = parts.spawn("the steady one", std::future::pending());
        let (go, gone) = tokio::sync::oneshot::channel::<()>();
        parts.spawn("the weak one", async move {
            let _ = gone.await;
            end();
        });
        assert!(parts.all_run() && parts.failed().now_or_never().is_none());
        go.send(()).unwrap();
        assert_eq!(parts.failed().await, "the weak one");
        assert!(!parts.all_run());
        steady.abort();
        let _ = steady.await;
        assert_eq!(parts.failed().await, "the weak one", "the first one is the cause");
    }

    #[tokio::test]
    async fn a_part_may_end_when_the_server_stops() {
        let shutdown = CancellationToken::new();
        let parts = Parts::new(shutdown.clone());
        let part = parts.spawn("a part", shutdown.clone().cancelled_owned());
        shutdown.cancel();
        part.await.unwrap();
        assert!(parts.all_run());
    }
}
