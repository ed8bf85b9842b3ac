//! Frames to the server, as text.

use super::hex::hex_digits;

/// A frame to the server, made of borrowed parts. A request number of 0 means none, so that the server sends no answer.
#[derive(Clone, Copy, Debug)]
pub enum OutgoingFrame<'a> {
    /// Ask for a channel's messages and presence.
    Subscribe {
        /// The channel.
        channel: &'a str,
        /// Whether messages shall carry the sender's metadata.
        include_sender_metadata: bool,
        /// The request's number.
        request_id: u32,
    },
    /// End a subscription.
    Unsubscribe {
        /// The channel.
        channel: &'a str,
        /// The request's number.
        request_id: u32,
    },
    /// Send to all subscribers of a channel.
    Publish {
        /// The channel.
        channel: &'a str,
        /// The JSON text of the data.
        data: &'a str,
        /// The request's number.
        request_id: u32,
    },
    /// Send to one peer.
    Send {
        /// The peer's id.
        to: &'a str,
        /// The JSON text of the data.
        data: &'a str,
        /// The request's number.
        request_id: u32,
    },
    /// Ask for a `pong`.
    Ping,
}

impl OutgoingFrame<'_> {
    /// The frame's text. A request's id is its number in decimal digits.
    #[must_use]
    pub fn to_text(self) -> String {
        let mut text = String::new();
        match self {
            OutgoingFrame::Subscribe { channel, include_sender_metadata, request_id } => {
                text.push_str(r#"{"type":"subscribe","channel":"#);
                push_json_string(&mut text, channel);
                if include_sender_metadata {
                    text.push_str(r#","includeSenderMetadata":true"#);
                }
                push_request_id(&mut text, request_id);
            }
            OutgoingFrame::Unsubscribe { channel, request_id } => {
                text.push_str(r#"{"type":"unsubscribe","channel":"#);
                push_json_string(&mut text, channel);
                push_request_id(&mut text, request_id);
            }
            OutgoingFrame::Publish { channel, data, request_id } => {
                text.reserve(64 + channel.len() + data.len());
                text.push_str(PUBLISH);
                push_json_string(&mut text, channel);
                push_data(&mut text, data);
                push_request_id(&mut text, request_id);
            }
            OutgoingFrame::Send { to, data, request_id } => {
                text.reserve(64 + to.len() + data.len());
                text.push_str(SEND);
                push_json_string(&mut text, to);
                push_data(&mut text, data);
                push_request_id(&mut text, request_id);
            }
            OutgoingFrame::Ping => text.push_str(r#"{"type":"ping"}"#),
        }
        text
    }
}

fn push_data(text: &mut String, data: &str) {
    text.push_str(DATA);
    text.push_str(data);
}

fn push_request_id(text: &mut String, request_id: u32) {
    if request_id != 0 {
        text.push_str(REQUEST_ID);
        text.push_str(&request_id.to_string());
        text.push('"');
    }
    text.push('}');
}

// What a frame with data is made of: `PUBLISH` or `SEND`, the name as JSON, `DATA`, the data, `REQUEST_ID`, the number, `END`. A
// driver that has the name and the data as strings of its platform puts the frame together itself.

/// Begins a `publish` frame; the channel follows.
pub const PUBLISH: &str = r#"{"type":"publish","channel":"#;
/// Begins a `send` frame; the peer's id follows.
pub const SEND: &str = r#"{"type":"send","to":"#;
/// Comes before the data.
pub const DATA: &str = r#","data":"#;
/// Comes before the request's number.
pub const REQUEST_ID: &str = r#","requestId":""#;
/// Ends the frame.
pub const END: &str = r#""}"#;

/// Appends a JSON string literal.
pub fn push_json_string(text: &mut String, value: &str) {
    text.push('"');
    let mut rest = value;
    while let Some((plain, escaped, after)) = split_at_escaped(rest) {
        text.push_str(plain);
        text.push('\\');
        match escaped {
            '"' | '\\' => text.push(escaped),
            control => {
                text.push_str("u00");
                text.extend(hex_digits(control as u8));
            }
        }
        rest = after;
    }
    text.push_str(rest);
    text.push('"');
}

/// Splits a text at the first character that JSON escapes: the text before it, the character, the text after it.
fn split_at_escaped(text: &str) -> Option<(&str, char, &str)> {
    let at = text.find(|c: char| c < ' ' || c == '"' || c == '\\')?;
    let (plain, rest) = text.split_at_checked(at)?;
    let mut after = rest.chars();
    Some((plain, after.next()?, after.as_str()))
}
