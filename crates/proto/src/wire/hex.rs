//! Bytes as hexadecimal digits.

/// The two digits of a byte, in lower case.
pub(super) fn hex_digits(byte: u8) -> [char; 2] {
    [byte >> 4, byte & 0xF].map(|digit| char::from_digit(digit.into(), 16).unwrap_or_default())
}
