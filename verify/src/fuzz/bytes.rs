//! The fuzzer's bytes as choices.

/// Bytes that are consumed one after the other.
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl Bytes<'_> {
    pub(super) fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// The next byte, or zero.
    pub(super) fn byte(&mut self) -> u8 {
        self.next().unwrap_or_default()
    }

    pub(super) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::from(self.byte()) % of.len()]
    }

    /// An id: a small number, or one near the newest.
    pub(super) fn id(&mut self, newest: u32) -> u32 {
        match self.byte() {
            byte @ 0..=127 => u32::from(byte % 32),
            byte => newest.saturating_sub(u32::from(byte - 128) / 16),
        }
    }
}
