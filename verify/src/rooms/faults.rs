//! How bad a session is: for everything that can go wrong, in how many cases of a thousand it does.

use crate::dice::Dice;

/// In how many cases of a thousand.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    /// A frame is lost.
    pub(crate) lost: u16,
    /// A frame comes twice.
    pub(crate) doubled: u16,
    /// A frame comes late.
    pub(crate) late: u16,
    /// A frame that is late lets others pass.
    pub(crate) reordered: u16,
    /// Presence comes late, and what was to be told is told in one frame.
    pub(crate) presence_late: u16,
    /// An answer of the server comes late.
    pub(crate) ack_late: u16,
    /// A dial fails.
    pub(crate) refused: u16,
    /// The server does not notice at once that a link is lost.
    pub(crate) unnoticed: u16,
    /// An operation of a connection fails.
    pub(crate) sdp: u16,
    /// An operation of a connection takes long.
    pub(crate) slow: u16,
    /// A connection that is closed says so to the other side only in silence.
    pub(crate) silent_close: u16,
    /// Milliseconds from a page to the server.
    pub(crate) latency: u64,
}

impl Faults {
    /// Nothing goes wrong.
    pub(crate) fn none() -> Faults {
        Faults { latency: 10, ..Faults::default() }
    }

    /// Each is off in half of all sessions.
    pub(crate) fn random(dice: &mut Dice) -> Faults {
        let mut rate = || dice.pick(&[0, 0, 0, 0, 10, 50, 150, 400]);
        Faults {
            lost: rate(),
            doubled: rate(),
            late: rate(),
            reordered: rate(),
            presence_late: rate(),
            ack_late: rate(),
            refused: rate(),
            unnoticed: rate(),
            sdp: 0,
            slow: rate(),
            silent_close: rate(),
            latency: 1 + dice.magnitude(200),
        }
    }
}
