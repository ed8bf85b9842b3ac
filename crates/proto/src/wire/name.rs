//! The rules for names of channels and ids of peers (rules 77 to 82). Lengths are in UTF-16 units, as in the official client.

/// The longest channel name, in UTF-16 units.
pub const CHANNEL_MAX: usize = 256;

/// The longest peer id, in UTF-16 units.
pub const PEER_ID_MAX: usize = 128;

/// Why a name is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameError {
    /// It is empty.
    Empty,
    /// It is too long.
    TooLong {
        /// How many UTF-16 units are allowed.
        max: usize,
    },
    /// It has a character from U+0000 to U+001F or from U+007F to U+009F.
    ControlCharacter,
}

impl NameError {
    /// The rule that was broken. It completes a sentence that begins with what was named.
    #[must_use]
    pub fn rule(self) -> &'static str {
        match self {
            NameError::Empty => "must not be empty",
            NameError::TooLong { max: CHANNEL_MAX } => "must have at most 256 characters",
            NameError::TooLong { .. } => "must have at most 128 characters",
            NameError::ControlCharacter => "must not contain control characters",
        }
    }
}

/// Checks the name of a channel. Reserved prefixes are left to the server.
///
/// # Errors
/// The rule that is broken.
pub fn check_channel(name: &str) -> Result<(), NameError> {
    check(name, CHANNEL_MAX)
}

/// Checks the id of a peer.
///
/// # Errors
/// The rule that is broken.
pub fn check_peer_id(id: &str) -> Result<(), NameError> {
    check(id, PEER_ID_MAX)
}

fn check(name: &str, max: usize) -> Result<(), NameError> {
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    if utf16_len(name) > max {
        return Err(NameError::TooLong { max });
    }
    let control = |c: char| matches!(c, '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}');
    if name.chars().any(control) {
        return Err(NameError::ControlCharacter);
    }
    Ok(())
}

/// The length in UTF-16 units, as JavaScript counts it.
pub(super) fn utf16_len(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}
