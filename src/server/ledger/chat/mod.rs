//! The conversation with the copilot: its messages, the actions in its replies, and the effects of those.
//!
//! A turn is a person's message and its reply. [`BeginTurn`] stores the message and gives what the copilot is told of
//! the account, from the very state that it is stored in; [`RecordReply`] stores the reply together with the effects of
//! its actions. In between no transaction is open, however long the model thinks.

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
