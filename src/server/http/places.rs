//! Limits of concurrent use: places per client and in total, which are taken and freed.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::limits::Client;

/// All places. Clones share them.
#[derive(Clone)]
pub struct Places(Arc<Shared>);

struct Shared {
    per_client_max: Option<NonZeroU32>,
    all_max: Option<NonZeroU32>,
    /// At most as many entries as places.
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    by_client: HashMap<Client, u32>,
    all: u32,
}

impl Places {
    /// `None` means unlimited.
    pub fn new(per_client_max: Option<NonZeroU32>, all_max: Option<NonZeroU32>) -> Self {
        Self(Arc::new(Shared { per_client_max, all_max, taken: Mutex::default() }))
    }

    /// Takes a place until the returned value is dropped; `None` if the client's or the total limit is reached.
    pub fn take(&self, client: Client) -> Option<Place> {
        let mut taken = self.0.taken();
        let of_client = taken.by_client.get(&client).copied().unwrap_or_default();
        let is_full = |count: u32, max: Option<NonZeroU32>| max.is_some_and(|max| count >= max.get());
        if is_full(of_client, self.0.per_client_max) || is_full(taken.all, self.0.all_max) {
            return None;
        }
        taken.by_client.insert(client, of_client + 1);
        taken.all += 1;
        Some(Place { places: Arc::clone(&self.0), client })
    }
}

impl Shared {
    /// Ignores poisoning: no change of the counts can panic half way.
    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A taken place; freed when dropped.
pub struct Place {
    places: Arc<Shared>,
    client: Client,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        taken.all -= 1;
        if let Some(of_client) = taken.by_client.get_mut(&self.client) {
            *of_client -= 1;
            if *of_client == 0 {
                taken.by_client.remove(&self.client);
            }
        }
    }
}
