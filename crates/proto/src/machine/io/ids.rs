//! The ids that tie inputs, outputs and calls together.

/// A socket that the driver was asked to open. What it reports later, when another socket is in use, changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketId(pub u32);

/// One call of the token provider. The answer to an old one changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenRequestId(pub u32);

/// One call of the user. [`Output::Settle`](super::Output::Settle) answers it later; on the wire its decimal digits are the
/// `requestId`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u32);

impl CallId {
    /// The call that a `requestId` names. `None` if this client does not write ids like that.
    #[must_use]
    pub fn from_request_id(id: &str) -> Option<CallId> {
        // `parse` also takes a plus sign and zeros in front.
        if id.starts_with(['+', '0']) {
            return None;
        }
        id.parse().ok().map(CallId)
    }
}

/// Gives out ids, from 1 on.
#[derive(Debug, Default)]
pub(in crate::machine) struct Ids(u32);

impl Ids {
    /// The latest id.
    pub(in crate::machine) fn last(&self) -> u32 {
        self.0
    }

    pub(in crate::machine) fn next(&mut self) -> u32 {
        self.0 = self.0.checked_add(1).unwrap_or(1);
        self.0
    }
}
