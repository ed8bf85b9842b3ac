//! Where the values of a JSON text (RFC 8259) begin and end, in one pass and without recursion.
//!
//! Takes just what serde_json takes. Why it is here: DECISIONS.md, item 13.
//!
//! A function that reads gets what is left of the text and gives what is left after that; `None`: it is not there.

use std::borrow::Cow;

use super::unescape;

/// A value as it stands in its text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Raw<'a> {
    pub(super) text: &'a str,
    /// It is a string without escapes.
    plain: bool,
}

impl<'a> Raw<'a> {
    /// An object or an array.
    pub(super) fn list(text: &'a str) -> Raw<'a> {
        Raw { text, plain: false }
    }

    /// What a string says, with U+FFFD for unpaired surrogates. `None`: it is no string.
    pub(super) fn string(self) -> Option<Cow<'a, str>> {
        if self.plain {
            self.text.get(1..self.text.len() - 1).map(Cow::Borrowed)
        } else if self.text.starts_with('"') {
            unescape(self.text).map(Cow::Owned)
        } else {
            None
        }
    }
}

/// Tells of the members of the object that a text is, in their order: names, in UTF-8, and values. `None`: it is no object, or
/// not even JSON.
pub(super) fn members<'a>(
    text: &'a str,
    mut tell: impl FnMut(Cow<'a, [u8]>, Raw<'a>),
) -> Option<()> {
    whole_list(text, b'{', |start| {
        let (name, end) = name(text, after(start, b'"')?)?;
        let (value, end) = raw(text, space(after(end, b':')?))?;
        tell(name, value);
        Some(end)
    })
}

/// The member of this name, if a text is an object that has one. The last of equal names counts.
pub(super) fn member<'a>(text: &'a str, wanted: &str) -> Option<Raw<'a>> {
    let mut found = None;
    members(text, |name, value| {
        if *name == *wanted.as_bytes() {
            found = Some(value);
        }
    })?;
    found
}

/// The elements of the array that a text is. `None`: it is no array, or not even JSON.
pub(super) fn elements(text: &str) -> Option<Vec<Raw<'_>>> {
    let mut elements = Vec::new();
    whole_list(text, b'[', |start| {
        let (element, end) = raw(text, space(start))?;
        elements.push(element);
        Some(end)
    })?;
    Some(elements)
}

/// Whether a text is JSON.
pub(super) fn is_json(text: &str) -> bool {
    value(text.as_bytes()).is_some_and(|rest| space(rest).is_empty())
}

/// Reads a text that is one list.
#[inline(always)]
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

/// A name whose opening quote is read, and what comes after it.
#[inline(always)]
fn name<'a>(text: &'a str, start: &'a [u8]) -> Option<(Cow<'a, [u8]>, &'a [u8])> {
    match to_special(start).split_first()? {
        (b'"', end) => Some((Cow::Borrowed(&start[..start.len() - end.len() - 1]), end)),
        (b'\\', next) => {
            let end = string_after_escape(next)?;
            let literal = &text[text.len() - start.len() - 1..text.len() - end.len()];
            Some((Cow::Owned(unescape(literal)?.into_bytes()), end))
        }
        _ => None,
    }
}

/// The value that begins right here, and what comes after it.
#[inline(always)]
fn raw<'a>(text: &'a str, start: &'a [u8]) -> Option<(Raw<'a>, &'a [u8])> {
    let plain = start.strip_prefix(b"\"").and_then(|rest| to_special(rest).strip_prefix(b"\""));
    let end = match plain {
        Some(end) => end,
        None => value(start)?,
    };
    let text = &text[text.len() - start.len()..text.len() - end.len()];
    Some((Raw { text, plain: plain.is_some() }, end))
}

fn value(mut rest: &[u8]) -> Option<&[u8]> {
    // What closes the innermost list, and those around it.
    let (mut close, mut around) = (NO_LIST, Vec::new());
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
                    if close != NO_LIST {
                        around.push(close);
                    }
                    close = closes(*first);
                    rest = begin_entry(next, close)?;
                    continue;
                }
            },
            _ => return None,
        };
        // A value has ended, and maybe the lists around it.
        loop {
            if close == NO_LIST {
                return Some(rest);
            }
            rest = space(rest);
            match rest.split_first()? {
                (b',', next) => {
                    rest = begin_entry(next, close)?;
                    break;
                }
                (byte, next) if *byte == close => {
                    rest = next;
                    close = around.pop().unwrap_or(NO_LIST);
                }
                _ => return None,
            }
        }
    }
}

/// In an object a name comes before the value.
#[inline(always)]
fn begin_entry(rest: &[u8], close: u8) -> Option<&[u8]> {
    if close == b'}' { after(string(after(rest, b'"')?)?, b':') } else { Some(rest) }
}

/// A string whose opening quote is read.
#[inline(always)]
fn string(rest: &[u8]) -> Option<&[u8]> {
    match to_special(rest).split_first()? {
        (b'"', next) => Some(next),
        (b'\\', next) => string_after_escape(next),
        _ => None,
    }
}

/// A string, from an escape on whose backslash is read.
fn string_after_escape(mut rest: &[u8]) -> Option<&[u8]> {
    loop {
        rest = match to_special(escape(rest)?).split_first()? {
            (b'"', next) => return Some(next),
            (b'\\', next) => next,
            _ => return None,
        };
    }
}

/// From the first quote, backslash or control character on. Eight bytes are looked at together while there are so many.
#[inline(always)]
fn to_special(mut rest: &[u8]) -> &[u8] {
    while let Some((chunk, next)) = rest.split_first_chunk::<8>() {
        let special = first_special(u64::from_le_bytes(*chunk));
        if special < 8 {
            return &rest[special..];
        }
        rest = next;
    }
    to_last_special(rest)
}

#[cold]
fn to_last_special(mut rest: &[u8]) -> &[u8] {
    while let [first, next @ ..] = rest
        && !matches!(first, b'"' | b'\\' | ..b' ')
    {
        rest = next;
    }
    rest
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
#[inline(always)]
fn after(rest: &[u8], wanted: u8) -> Option<&[u8]> {
    let (first, next) = space(rest).split_first()?;
    (*first == wanted).then_some(next)
}

/// What comes after space. Mostly there is none.
#[inline(always)]
fn space(rest: &[u8]) -> &[u8] {
    match rest {
        [0..=b' ', ..] => after_space(rest),
        _ => rest,
    }
}

#[cold]
fn after_space(mut rest: &[u8]) -> &[u8] {
    while let [b' ' | b'\n' | b'\t' | b'\r', next @ ..] = rest {
        rest = next;
    }
    rest
}

/// What closes a list that this opens.
fn closes(open: u8) -> u8 {
    if open == b'{' { b'}' } else { b']' }
}

/// In the place of what closes a list.
const NO_LIST: u8 = 0;
