//! The whole boundary of the machine: what goes in, what comes out, and the ids that tie the two together.

mod event;
mod ids;
mod input;
mod log;
mod output;

pub use event::{Connected, Event};
pub(super) use ids::Ids;
pub use ids::{CallId, SocketId, TokenRequestId};
pub use input::Input;
pub use log::{Level, Log, LogValue};
pub use output::{Outgoing, Output};
