//! Where the values of a JSON text (RFC 8259) begin and end, in one pass and without recursion.
//!
//! Takes just what serde_json takes. Why it is here: DECISIONS.md, item 13.
//!
//! A function that reads gets what is left of the text and gives what is left after that; `None`: it is not there.

use std::borrow::Cow;

use super::unescape;

/// The members of an object in their order: names, and values as raw text.
pub(super) type Members<'a> = Vec<(Cow<'a, str>, &'a str)>;

/// The members of the object that a text is. `None`: it is no object, or not even JSON.
pub(super) fn members(text: &str) -> Option<Members<'_>> {
    let mut members = Vec::with_capacity(FEW);
    whole_list(text, b'{', |start| {
        let name = space(start);
        let colon = string(after(name, b'"')?)?;
        let start = space(after(colon, b':')?);
        let end = value(start)?;
        members.push((text_of(part(text, name, colon))?, part(text, start, end)));
        Some(end)
    })?;
    Some(members)
}

/// The elements of the array that a text is. `None`: it is no array, or not even JSON.
pub(super) fn elements(text: &str) -> Option<Vec<&str>> {
    let mut elements = Vec::new();
    whole_list(text, b'[', |start| {
        let start = space(start);
        let end = value(start)?;
        elements.push(part(text, start, end));
        Some(end)
    })?;
    Some(elements)
}

/// Whether a text is JSON.
pub(super) fn is_json(text: &str) -> bool {
    value(text.as_bytes()).is_some_and(|rest| space(rest).is_empty())
}

/// The text of a string in its quotes, with U+FFFD for unpaired surrogates. `None`: it is no string.
pub(super) fn text_of(literal: &str) -> Option<Cow<'_, str>> {
    let inner = literal.strip_prefix('"')?.strip_suffix('"')?;
    let escaped = inner.as_bytes().contains(&b'\\');
    if escaped { unescape(literal).map(Cow::Owned) } else { Some(Cow::Borrowed(inner)) }
}

/// Reads a text that is one list.
fn whole_list<'a>(
    text: &'a str,
    open: u8,
    mut entry: impl FnMut(&'a [u8]) -> Option<&'a [u8]>,
) -> Option<()> {
    let mut rest = after(text.as_bytes(), open)?;
    if let Some(end) = after(rest, closes(open)) {
        return space(end).is_empty().then_some(());
    }
    loop {
        rest = space(entry(rest)?);
        match rest.split_first()? {
            (b',', next) => rest = next,
            (close, end) if *close == closes(open) => return space(end).is_empty().then_some(()),
            _ => return None,
        }
    }
}

fn value(mut rest: &[u8]) -> Option<&[u8]> {
    // What closes the innermost list, and those around it.
    let (mut close, mut around) = (None, Vec::new());
    loop {
        rest = space(rest);
        let (first, next) = rest.split_first()?;
        rest = match first {
            b'"' => string(next)?,
            b'-' | b'0'..=b'9' => number(rest)?,
            b't' => next.strip_prefix(b"rue")?,
            b'f' => next.strip_prefix(b"alse")?,
            b'n' => next.strip_prefix(b"ull")?,
            b'{' | b'[' => match after(next, closes(*first)) {
                Some(end) => end,
                None => {
                    around.extend(close.replace(closes(*first)));
                    rest = begin_entry(next, closes(*first))?;
                    continue;
                }
            },
            _ => return None,
        };
        // A value has ended, and maybe the lists around it.
        loop {
            let Some(inner) = close else { return Some(rest) };
            rest = space(rest);
            match rest.split_first()? {
                (b',', next) => {
                    rest = begin_entry(next, inner)?;
                    break;
                }
                (byte, next) if *byte == inner => {
                    rest = next;
                    close = around.pop();
                }
                _ => return None,
            }
        }
    }
}

/// In an object a name comes before the value.
fn begin_entry(rest: &[u8], close: u8) -> Option<&[u8]> {
    if close == b'}' { after(string(after(rest, b'"')?)?, b':') } else { Some(rest) }
}

/// A string whose opening quote is read. Eight bytes are looked at together while there are so many.
fn string(mut rest: &[u8]) -> Option<&[u8]> {
    loop {
        while let Some((chunk, next)) = rest.split_first_chunk::<8>() {
            let special = first_special(u64::from_le_bytes(*chunk));
            if special < 8 {
                rest = &rest[special..];
                break;
            }
            rest = next;
        }
        let (first, next) = rest.split_first()?;
        rest = match first {
            b'"' => return Some(next),
            b'\\' => escape(next)?,
            ..b' ' => return None,
            _ => next,
        };
    }
}

/// Which of eight bytes, the first one lowest, is the first quote, backslash or control character; 8: none.
fn first_special(chars: u64) -> usize {
    const EACH: u64 = u64::MAX / 255;
    // A byte that is below the subtrahend gets its highest bit set, and so may those above it. With the bit 2 turned, a quote
    // is next to the control characters, and the space is not.
    let quote_or_control = (chars ^ (EACH * 0x02)).wrapping_sub(EACH * 0x21);
    let backslash = (chars ^ (EACH * u64::from(b'\\'))).wrapping_sub(EACH);
    let flags = (quote_or_control | backslash) & !chars & (EACH << 7);
    flags.trailing_zeros() as usize / 8
}

/// An escape whose backslash is read.
fn escape(rest: &[u8]) -> Option<&[u8]> {
    match rest.split_first()? {
        (b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', next) => Some(next),
        (b'u', next) => {
            let (digits, next) = next.split_first_chunk::<4>()?;
            digits.iter().all(u8::is_ascii_hexdigit).then_some(next)
        }
        _ => None,
    }
}

fn number(rest: &[u8]) -> Option<&[u8]> {
    let mut rest = match rest.strip_prefix(b"-").unwrap_or(rest) {
        [b'0', next @ ..] => next,
        rest => digits(rest)?,
    };
    if let [b'.', next @ ..] = rest {
        rest = digits(next)?;
    }
    if let [b'e' | b'E', b'+' | b'-', next @ ..] | [b'e' | b'E', next @ ..] = rest {
        rest = digits(next)?;
    }
    Some(rest)
}

/// One digit or more.
fn digits(rest: &[u8]) -> Option<&[u8]> {
    let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (count > 0).then(|| &rest[count..])
}

/// What comes after this byte and the space before it.
fn after(rest: &[u8], wanted: u8) -> Option<&[u8]> {
    let (first, next) = space(rest).split_first()?;
    (*first == wanted).then_some(next)
}

fn space(mut rest: &[u8]) -> &[u8] {
    while let [b' ' | b'\n' | b'\t' | b'\r', next @ ..] = rest {
        rest = next;
    }
    rest
}

/// What closes a list that this opens.
fn closes(open: u8) -> u8 {
    if open == b'{' { b'}' } else { b']' }
}

/// The text between two rests of it.
fn part<'a>(text: &'a str, start: &[u8], end: &[u8]) -> &'a str {
    &text[text.len() - start.len()..text.len() - end.len()]
}

/// So many members have nearly all frames at most.
const FEW: usize = 6;
