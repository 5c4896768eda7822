//! The conversation with the copilot: its messages, the actions in its replies, and their effects.
//!
//! A turn is a person's message and its reply. [`BeginTurn`] stores the message and returns the copilot's context from
//! the same state of the account; [`RecordReply`] stores the reply together with its actions' effects. No transaction
//! is open in between, however long the model takes.

mod begin;
mod read;
mod record;
mod run;
mod settings;

pub use begin::{BeginTurn, Begun, CloseTurns, PastTurn, TurnContext};
pub use read::RecordedPage;
pub use record::{NewAction, Provenance, RAW_REPLY_BYTES_MAX, RecordReply};
pub use run::{ActionRun, DismissAction, RunActions, Step};
pub use settings::{AnnounceSettings, ClearChat, SetAutonomy};
