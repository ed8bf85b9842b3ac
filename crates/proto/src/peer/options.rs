//! What the user may choose.

/// What happens to connections when the connection to the server comes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reconcile {
    /// Those that work are kept while this client's peer id is the same, the others are replaced.
    #[default]
    Auto,
    /// All are replaced.
    Rebuild,
}

/// The options of a room.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// What happens to connections when the connection to the server comes back.
    pub reconcile: Reconcile,
}
