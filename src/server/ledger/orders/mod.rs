//! Orders that wait, in the ledger: the open ones as the books hold them, and the writes that make, change, fill and end
//! them. Each write changes whole [groups](crate::domain::orders::group): it decides on values, and its effects are each
//! group as it is afterwards, with an event for each order that changed.

mod cancel;
mod expire;
mod funds;
mod marks;
mod match_tick;
mod open;
mod read;
mod replace;
mod step;
mod submit;
mod submit_held;

pub use cancel::{CancelOrder, CancelOrders};
pub use expire::ExpireOrders;
pub use funds::{Own, charge, fill_from_free};
pub use marks::SaveTrailMarks;
pub use match_tick::{FiredGroup, MatchTick, Matched};
pub use open::{ListedGroup, OpenOrders};
pub use read::{GroupQuery, NamedOrder, ORDERS_MAX, RecordedGroup};
pub use replace::ChangeOrder;
pub use step::{OrderMarket, cancel_all, put_group};
pub use submit::{NameTaken, SubmitOrder, Submitted, circumstances};
pub use submit_held::SubmitHeld;
