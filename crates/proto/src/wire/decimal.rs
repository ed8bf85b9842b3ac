//! Whole numbers in decimal digits, without the standard library's machinery for all kinds of numbers and formats.

/// Appends a number.
pub(super) fn push_decimal(text: &mut String, number: u32) {
    if number >= 10 {
        push_decimal(text, number / 10);
    }
    push_digit(text, DIGITS, number % 10);
}

/// Appends one of the digits.
pub(super) fn push_digit(text: &mut String, digits: &str, number: u32) {
    let at = number as usize;
    text.push_str(&digits[at..at + 1]);
}

/// The digits of numbers up to base 16.
pub(super) const DIGITS: &str = "0123456789abcdef";

/// Reads a number: digits alone, at least one.
pub(crate) fn parse_decimal(digits: &[u8]) -> Option<u32> {
    let mut number: u32 = 0;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        number = number.checked_mul(10)?.checked_add(u32::from(digit - b'0'))?;
    }
    (!digits.is_empty()).then_some(number)
}
