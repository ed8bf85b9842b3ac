//! The state of the client, as users see it.

/// The state that users see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Never connected.
    Idle,
    /// Connecting for the first time.
    Connecting,
    /// Welcomed.
    Connected,
    /// The connection was lost, and the client tries again.
    Reconnecting,
    /// The user closed it, or the client gave up.
    Closed,
}

impl State {
    /// The state's name on the JavaScript surface.
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
