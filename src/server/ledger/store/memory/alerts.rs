//! The rows of alerts' firings; the alerts themselves are in the books.

use super::{Tables, between};
use crate::{
    domain::{account_id::AccountId, alerts::request::Firing, instant::UtcInstant},
    server::ledger::{
        effect::FiringRow,
        store::{AlertRows, StoreFault},
    },
};

impl AlertRows for Tables {
    fn firings(&mut self, account: AccountId, before: i64, limit: usize) -> Result<Vec<(i64, Firing)>, StoreFault> {
        let firings = self.of(account).map_or(&[][..], |rows| &rows.firings);
        Ok(between(firings, 0, before).take(limit).map(|(sequence, firing)| (sequence, firing.clone())).collect())
    }

    fn firings_of(&mut self, account: AccountId, alert: &str, limit: usize) -> Result<Vec<UtcInstant>, StoreFault> {
        let firings = self.of(account).map_or(&[][..], |rows| &rows.firings);
        let of_alert = firings.iter().rev().filter(|firing| firing.alert_id == alert);
        Ok(of_alert.take(limit).map(|firing| firing.fired_at).collect())
    }

    fn firing_sequence(&mut self, account: AccountId, id: &str) -> Result<Option<i64>, StoreFault> {
        let firings = self.of(account).map_or(&[][..], |rows| &rows.firings);
        let index = firings.iter().position(|firing| firing.id == id);
        Ok(index.map(|index| i64::try_from(index + 1).unwrap_or(i64::MAX)))
    }

    fn unread_after(&mut self, account: AccountId, sequence: i64) -> Result<u64, StoreFault> {
        let firings = self.of(account).map_or(&[][..], |rows| &rows.firings);
        let unread = between(firings, sequence, i64::MAX).filter(|(_, firing)| !firing.is_read);
        Ok(unread.count() as u64)
    }
}

/// A firing that nobody has read.
pub fn firing_of(row: FiringRow) -> Firing {
    let FiringRow { id, alert_id, sentence, note, values, fired_at } = row;
    Firing { id, alert_id, sentence, note, values, fired_at, is_read: false }
}
