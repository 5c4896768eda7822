//! Files on their way to the library: one after the other, each with its progress. They go on while other views are shown.

use std::pin::pin;

use futures::{
    channel::oneshot,
    future::{Either, select},
};
use leptos::prelude::*;
use web_sys::{File, FileList};

use super::calls::{DOCUMENTS, Source, Taken, take_in};
use crate::{
    app::{effects::detach, toast::Toasts},
    error::ApiError,
    interop::upload::Upload,
    wire::{self, ask::refusal_of_rest},
};

/// Files that may wait at once.
const WAITING_MAX: usize = 500;

/// Progress of a file.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress {
    Waiting,
    /// The part that is sent, from 0 to 1.
    Sending(f64),
    /// With the reason.
    Refused(String),
}

/// A file on its way, or one that was refused.
#[derive(Clone)]
pub struct Entry {
    pub id: u64,
    pub name: String,
    pub progress: RwSignal<Progress>,
    file: StoredValue<File, LocalStorage>,
}

/// The handle to them; copies share it.
#[derive(Clone, Copy)]
pub struct Uploads {
    pub entries: RwSignal<Vec<Entry>>,
    toasts: Toasts,
    next_id: StoredValue<u64>,
    /// The file that is being sent, and what stops it.
    sending: StoredValue<Option<(u64, oneshot::Sender<()>)>, LocalStorage>,
}

impl Uploads {
    pub fn new(toasts: Toasts) -> Self {
        Self {
            entries: RwSignal::new(Vec::new()),
            toasts,
            next_id: StoredValue::new(0),
            sending: StoredValue::new_local(None),
        }
    }

    /// Hands in files, in their order.
    pub fn add(self, files: &FileList) {
        let room = WAITING_MAX.saturating_sub(self.entries.with_untracked(Vec::len));
        let files: Vec<File> = (0..files.length()).filter_map(|index| files.get(index)).collect();
        if files.len() > room {
            self.toasts.error(format!(
                "{WAITING_MAX} files can wait at once; the last {} were not taken.",
                files.len() - room
            ));
        }
        let entries: Vec<Entry> = files
            .into_iter()
            .take(room)
            .map(|file| {
                let id = self.next_id.get_value();
                self.next_id.set_value(id + 1);
                let progress = RwSignal::new(Progress::Waiting);
                Entry { id, name: file.name(), progress, file: StoredValue::new_local(file) }
            })
            .collect();
        self.entries.update(|known| known.extend(entries));
        self.send();
    }

    /// Hands in a text or an address; gives the document's id.
    ///
    /// # Errors
    /// Why it was not taken.
    pub async fn add_source(self, source: &Source) -> Result<String, ApiError> {
        let taken = take_in(source).await?;
        self.tell(&taken);
        Ok(taken.document.id)
    }

    /// Stops a file, or forgets one that was refused.
    pub fn remove(self, id: u64) {
        let is_sent = self.sending.with_value(|sending| sending.as_ref().is_some_and(|(sent, _)| *sent == id));
        if is_sent && let Some(Some((_, stop))) = self.sending.try_update_value(Option::take) {
            // The request may have ended by now.
            let _ = stop.send(());
        }
        self.entries.try_update(|entries| entries.retain(|entry| entry.id != id));
    }

    /// Sends a file again that was refused.
    pub fn retry(self, id: u64) {
        let entry = self.entries.with_untracked(|entries| entries.iter().find(|entry| entry.id == id).cloned());
        if let Some(entry) = entry {
            entry.progress.set(Progress::Waiting);
            self.send();
        }
    }

    /// Sends what waits, one after the other, unless something is being sent.
    fn send(self) {
        if self.sending.with_value(Option::is_some) {
            return;
        }
        let waits = |entry: &&Entry| entry.progress.get_untracked() == Progress::Waiting;
        let next = self.entries.try_with_untracked(|entries| entries.iter().find(waits).cloned()).flatten();
        let Some(entry) = next else { return };
        let (stop, stopped) = oneshot::channel();
        self.sending.set_value(Some((entry.id, stop)));
        entry.progress.set(Progress::Sending(0.0));
        detach(async move {
            match select(pin!(hand_in(&entry)), stopped).await {
                Either::Left((Ok(taken), _)) => {
                    self.tell(&taken);
                    self.entries.try_update(|entries| entries.retain(|known| known.id != entry.id));
                }
                Either::Left((Err(error), _)) => {
                    entry.progress.try_set(Progress::Refused(error.to_string()));
                }
                Either::Right(_) => {}
            }
            self.sending.try_set_value(None);
            self.send();
        });
    }

    fn tell(self, taken: &Taken) {
        if taken.duplicate {
            self.toasts.success(format!("The library has it already: {}.", taken.document.title));
        }
    }
}

async fn hand_in(entry: &Entry) -> Result<Taken, ApiError> {
    let (file, progress) = (entry.file.get_value(), entry.progress);
    let tell = move |part| {
        progress.try_set(Progress::Sending(part));
    };
    let mut upload = Upload::begin(DOCUMENTS, &file, tell).map_err(|_| ApiError::Unreachable)?;
    let answer = upload.answer().await.map_err(|_| ApiError::Unreachable)?;
    if answer.status >= 400 {
        return Err(refusal_of_rest(&answer));
    }
    wire::read(&answer.text).map_err(|_| ApiError::Unreachable)
}
