//! Alerts in the ledger: those that the books hold, the writes that make, change and end them, and the log of their firings.

mod kept;
mod read;
mod settle;
mod writes;

pub use kept::Alerts;
pub use read::FIRINGS_MAX;
pub use settle::{AlertOutcome, FoundTrue, SaveVerdicts, SettleAlerts};
pub use writes::{ChangeAlertWrite, CreateAlert, DeleteAlert, ReadFirings};

/// The firings of an account that are kept; older ones are deleted.
pub const FIRINGS_KEPT: u64 = 10_000;

/// The tickers that all alerts of an account may be about.
pub const ALERT_TICKERS_MAX: usize = 500;
