//! The state of the client, as users see it.

/// The state that users see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Never connected.
    Idle,
    /// In the first connect.
    Connecting,
    /// Welcomed.
    Connected,
    /// Lost, and trying again.
    Reconnecting,
    /// Closed by the user, or given up.
    Closed,
}

impl State {
    /// The state's name, as the field has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            State::Idle => "idle",
            State::Connecting => "connecting",
            State::Connected => "connected",
            State::Reconnecting => "reconnecting",
            State::Closed => "closed",
        }
    }
}
