//! Channel patterns: `*` is any run without `/`, `**` any run, `\*` and `\\` stand for themselves.
//!
//! A run may be empty, and a backslash before anything else is an ordinary character (assumed).

use std::fmt;
use std::sync::Arc;

/// A compiled pattern.
#[derive(Clone, PartialEq, Eq)]
pub struct Pattern {
    text: Arc<str>,
    tokens: Box<[Token]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    One(char),
    AnyButSlash,
    Any,
}

impl Pattern {
    /// Compiles a pattern. Every text is one.
    #[must_use]
    pub fn new(text: &str) -> Pattern {
        let mut tokens = Vec::new();
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            let token = match (c, chars.peek()) {
                ('*', Some('*')) => {
                    chars.next();
                    Token::Any
                }
                ('*', _) => Token::AnyButSlash,
                ('\\', Some(&escaped @ ('*' | '\\'))) => {
                    chars.next();
                    Token::One(escaped)
                }
                (c, _) => Token::One(c),
            };
            tokens.push(token);
        }
        Pattern { text: Arc::from(text), tokens: tokens.into() }
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether a name is one of the pattern's. Takes time proportional to both lengths, whatever the pattern.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        if *self.tokens == [Token::Any] {
            return true;
        }
        // One flag for each place in the pattern that may have been reached.
        let mut reached = vec![false; self.tokens.len() + 1];
        reached[0] = true;
        self.skip_runs(&mut reached);
        let mut next = reached.clone();
        for c in name.chars() {
            next.fill(false);
            for (at, token) in self.tokens.iter().enumerate() {
                if !reached[at] {
                    continue;
                }
                match token {
                    Token::One(expected) if *expected == c => next[at + 1] = true,
                    Token::AnyButSlash if c != '/' => next[at] = true,
                    Token::Any => next[at] = true,
                    Token::One(_) | Token::AnyButSlash => {}
                }
            }
            self.skip_runs(&mut next);
            std::mem::swap(&mut reached, &mut next);
        }
        reached[self.tokens.len()]
    }

    /// A run may be empty: who stands before it also stands behind it.
    fn skip_runs(&self, reached: &mut [bool]) {
        for (at, token) in self.tokens.iter().enumerate() {
            if reached[at] && matches!(token, Token::AnyButSlash | Token::Any) {
                reached[at + 1] = true;
            }
        }
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({:?})", self.text)
    }
}

/// The channels that a credential covers: those that match a pattern of every layer.
///
/// A key is one layer; a token's own `channels` are a second one, so that it can never reach beyond its key.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    layers: Vec<Arc<[Pattern]>>,
}

impl Scope {
    /// Every channel.
    #[must_use]
    pub fn everything() -> Scope {
        Scope::default()
    }

    /// The channels that match one of these patterns.
    #[must_use]
    pub fn of(patterns: Arc<[Pattern]>) -> Scope {
        Scope { layers: vec![patterns] }
    }

    /// The channels of this scope that also match one of these patterns.
    #[must_use]
    pub fn within(mut self, patterns: Arc<[Pattern]>) -> Scope {
        self.layers.push(patterns);
        self
    }

    /// Whether a channel is covered. A pattern is covered if it is when taken as a name.
    #[must_use]
    pub fn covers(&self, channel: &str) -> bool {
        self.layers.iter().all(|layer| {
            layer.iter().any(|pattern| pattern.as_str() == channel || pattern.matches(channel))
        })
    }
}

/// Whether a channel's name in a subscribe stands for many channels.
#[must_use]
pub(super) fn is_wildcard(name: &str) -> bool {
    name.contains('*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, yes: &[&str], no: &[&str]) {
        let compiled = Pattern::new(pattern);
        for name in yes {
            assert!(compiled.matches(name), "{pattern} matches {name}");
        }
        for name in no {
            assert!(!compiled.matches(name), "{pattern} does not match {name}");
        }
    }

    #[test]
    fn a_star_stops_at_a_slash_and_two_stars_do_not() {
        check("rooms/*", &["rooms/a", "rooms/"], &["rooms/a/b", "rooms", "Rooms/a"]);
        check("rooms/**", &["rooms/a", "rooms/a/b", "rooms/"], &["rooms", "other/a"]);
        check("fleet/sensor-*/telemetry", &["fleet/sensor-1/telemetry"], &["fleet/sensor-1/x"]);
        check("**", &["", "a", "a/b/c"], &[]);
        check("*", &["", "a"], &["a/b"]);
        check("**/end", &["a/end", "a/b/end", "/end"], &["end", "a/end/x"]);
    }

    #[test]
    fn an_escaped_star_or_backslash_stands_for_itself() {
        check(r"a\*", &["a*"], &["ab", r"a\*"]);
        check(r"a\\", &[r"a\"], &["a", r"a\\"]);
        check(r"a\\*", &[r"a\", r"a\b"], &["a*"]);
        check(r"a\b", &[r"a\b"], &["ab"]);
        check(r"a\", &[r"a\"], &["a"]);
    }

    #[test]
    fn a_hostile_pattern_takes_no_longer_than_any_other() {
        let pattern = Pattern::new(&"*a".repeat(120));
        assert!(!pattern.matches(&"a".repeat(119)));
        assert!(pattern.matches(&"a".repeat(250)));
    }

    #[test]
    fn a_token_never_reaches_beyond_its_key() {
        let patterns = |list: &[&str]| list.iter().map(|text| Pattern::new(text)).collect();
        let scope = Scope::of(patterns(&["rooms/*"])).within(patterns(&["**"]));
        assert!(scope.covers("rooms/a"));
        assert!(!scope.covers("rooms/a/b"));
    }
}
