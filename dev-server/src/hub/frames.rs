//! Frames to the client as text. Application data is copied as the JSON text in which it came.

use metered_realtime_proto::wire::push_json_string;

use super::grant::Grant;
use super::io::{Limits, Time};

/// One entry of a presence frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct PresenceEntry<'a> {
    pub(super) peer: &'a str,
    /// A JSON object.
    pub(super) metadata: Option<&'a str>,
}

pub(super) fn welcome(grant: &Grant, limits: &Limits, now: Time) -> String {
    let mut text = String::from(r#"{"type":"welcome","peerId":"#);
    push_json_string(&mut text, &grant.peer);
    text.push_str(r#","expiresAt":"#);
    match grant.expires_at {
        Some(expires_at) => text.push_str(&expires_at.to_string()),
        None => text.push_str("null"),
    }
    text.push_str(r#","serverTime":"#);
    text.push_str(&now.unix_seconds().to_string());
    text.push_str(r#","maxMessageSize":"#);
    text.push_str(&limits.max_message_size.to_string());
    push_raw(&mut text, "metadata", grant.metadata.as_deref());
    text.push('}');
    text
}

pub(super) fn ack(request_id: &str) -> String {
    let mut text = String::from(r#"{"type":"ack","requestId":"#);
    push_json_string(&mut text, request_id);
    text.push('}');
    text
}

pub(super) fn error(code: &str, request_id: Option<&str>, message: &str) -> String {
    let mut text = String::from(r#"{"type":"error""#);
    if let Some(request_id) = request_id {
        push_text(&mut text, "requestId", request_id);
    }
    push_text(&mut text, "code", code);
    push_text(&mut text, "message", message);
    text.push('}');
    text
}

pub(super) fn message(channel: &str, from: &str, data: &str, metadata: Option<&str>) -> String {
    let extra = metadata.map_or(0, str::len);
    let mut text = String::with_capacity(64 + channel.len() + from.len() + data.len() + extra);
    text.push_str(r#"{"type":"message","channel":"#);
    push_json_string(&mut text, channel);
    push_text(&mut text, "from", from);
    push_raw(&mut text, "data", Some(data));
    push_raw(&mut text, "fromMetadata", metadata);
    text.push('}');
    text
}

pub(super) fn direct(from: &str, data: &str, metadata: Option<&str>) -> String {
    let mut text = String::from(r#"{"type":"direct","from":"#);
    push_json_string(&mut text, from);
    push_raw(&mut text, "data", Some(data));
    push_raw(&mut text, "fromMetadata", metadata);
    text.push('}');
    text
}

pub(super) fn presence(
    channel: &str,
    joined: &[PresenceEntry<'_>],
    left: &[PresenceEntry<'_>],
) -> String {
    let mut text = String::from(r#"{"type":"presence","channel":"#);
    push_json_string(&mut text, channel);
    text.push_str(r#","joined":"#);
    push_entries(&mut text, joined);
    text.push_str(r#","left":"#);
    push_entries(&mut text, left);
    text.push('}');
    text
}

pub(super) fn going_away(retry_after_ms: u64) -> String {
    format!(r#"{{"type":"going_away","retryAfterMs":{retry_after_ms}}}"#)
}

pub(super) const PONG: &str = r#"{"type":"pong"}"#;

/// A well-formed message of this many bytes.
pub(super) fn oversize(bytes: usize) -> String {
    let mut text =
        String::from(r#"{"type":"message","channel":"oversize","from":"server","data":""#);
    let end = "\"}";
    let filler = bytes.saturating_sub(text.len() + end.len());
    text.extend(std::iter::repeat_n('x', filler));
    text.push_str(end);
    text
}

/// The entries of a presence frame as a JSON array.
pub(super) fn push_entries(text: &mut String, entries: &[PresenceEntry<'_>]) {
    text.push('[');
    for (index, entry) in entries.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(r#"{"peerId":"#);
        push_json_string(text, entry.peer);
        push_raw(text, "metadata", entry.metadata);
        text.push('}');
    }
    text.push(']');
}

fn push_text(text: &mut String, name: &str, value: &str) {
    push_name(text, name);
    push_json_string(text, value);
}

pub(super) fn push_raw(text: &mut String, name: &str, json: Option<&str>) {
    if let Some(json) = json {
        push_name(text, name);
        text.push_str(json);
    }
}

fn push_name(text: &mut String, name: &str) {
    text.push_str(",\"");
    text.push_str(name);
    text.push_str("\":");
}
