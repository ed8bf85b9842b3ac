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
    /// Presence comes late, and who comes and goes meanwhile stands in one frame.
    pub(crate) presence_late: u16,
    /// An answer of the server comes late.
    pub(crate) ack_late: u16,
    /// How late presence and answers are at most, in milliseconds.
    pub(crate) latest: u64,
    /// A dial fails.
    pub(crate) refused: u16,
    /// The server does not notice at once that a link is lost.
    pub(crate) unnoticed: u16,
    /// An operation of a connection fails, though nothing is wrong with what it was asked for.
    pub(crate) sdp: u16,
    /// An operation of a connection takes long.
    pub(crate) slow: u16,
    /// A connection that is closed says so to the other side only in silence.
    pub(crate) silent_close: u16,
    /// Milliseconds from a page to the server.
    pub(crate) latency: u64,
}

impl Faults {
    /// Nothing goes wrong: every frame arrives. In half of these sessions presence and acks are late.
    pub(crate) fn none(dice: &mut Dice) -> Faults {
        let mut rate = || dice.pick(&[0, 400]);
        Faults {
            presence_late: rate(),
            ack_late: rate(),
            latest: 1_000,
            latency: 10,
            ..Faults::default()
        }
    }

    /// Frames arrive in time, and operations work.
    pub(crate) fn keep_frames(&self) -> bool {
        [self.lost, self.late, self.doubled, self.sdp, self.slow] == [0; 5]
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
            latest: 5_000,
            refused: rate(),
            unnoticed: rate(),
            sdp: rate() / 2,
            slow: rate(),
            silent_close: rate(),
            latency: 1 + dice.magnitude(200),
        }
    }
}
