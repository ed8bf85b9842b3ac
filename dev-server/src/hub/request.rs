//! Frames from the client: text becomes a request, or the reason for refusing it.
//!
//! Members that the protocol does not know are ignored, the last of equal names counts, and `data` is not looked into.

use std::borrow::Cow;
use std::fmt;

use metered_realtime_proto::wire::ErrorCode;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A frame from a client, borrowed from its text.
#[derive(Debug)]
pub(super) struct Request<'a> {
    pub(super) id: Option<Cow<'a, str>>,
    pub(super) body: Body<'a>,
}

/// What a client asks for. Names are not checked yet; `None` means missing or not a string.
#[derive(Debug)]
pub(super) enum Body<'a> {
    Subscribe {
        channel: Option<Cow<'a, str>>,
        include_sender_metadata: bool,
    },
    Unsubscribe {
        channel: Option<Cow<'a, str>>,
    },
    Publish {
        channel: Option<Cow<'a, str>>,
        data: Option<&'a str>,
    },
    Send {
        to: Option<Cow<'a, str>>,
        data: Option<&'a str>,
    },
    Ping,
    /// A `type` that the server does not know.
    Unknown,
}

impl Body<'_> {
    /// The `type` on the wire.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Body::Subscribe { .. } => "subscribe",
            Body::Unsubscribe { .. } => "unsubscribe",
            Body::Publish { .. } => "publish",
            Body::Send { .. } => "send",
            Body::Ping => "ping",
            Body::Unknown => "unknown",
        }
    }
}

/// Why a request is refused: an error code and a sentence.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: &'static str,
    pub(super) message: Cow<'static, str>,
}

impl Refusal {
    pub(super) fn new(code: &'static str, message: impl Into<Cow<'static, str>>) -> Refusal {
        Refusal { code, message: message.into() }
    }
}

/// Reads a frame.
pub(super) fn parse(text: &str) -> Result<Request<'_>, Refusal> {
    let malformed = |rule: &'static str| Refusal::new(ErrorCode::MALFORMED_MESSAGE, rule);
    let fields: Fields<'_> =
        serde_json::from_str(text).map_err(|_| malformed("a frame must be a JSON object"))?;
    let kind = fields.kind.and_then(string).ok_or_else(|| malformed("type must be a string"))?;
    let id = match fields.request_id.map(string) {
        None => None,
        Some(Some(id)) if (1..=REQUEST_ID_MAX).contains(&id.encode_utf16().count()) => Some(id),
        Some(_) => return Err(malformed("requestId must be a string of 1 to 128 characters")),
    };
    let channel = fields.channel.and_then(string);
    let data = fields.data.map(RawValue::get);
    let body = match &*kind {
        "subscribe" => Body::Subscribe {
            channel,
            include_sender_metadata: fields.include.is_some_and(|raw| raw.get() == "true"),
        },
        "unsubscribe" => Body::Unsubscribe { channel },
        "publish" => Body::Publish { channel, data },
        "send" => Body::Send { to: fields.to.and_then(string), data },
        "ping" => Body::Ping,
        _ => Body::Unknown,
    };
    Ok(Request { id, body })
}

/// A JSON string's value, borrowed where it has no escapes. `None` for anything else, lone surrogates included.
fn string(raw: &RawValue) -> Option<Cow<'_, str>> {
    let text = raw.get();
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        return serde_json::from_str::<String>(text).ok().map(Cow::Owned);
    }
    Some(Cow::Borrowed(inner))
}

#[derive(Default)]
struct Fields<'a> {
    kind: Option<&'a RawValue>,
    request_id: Option<&'a RawValue>,
    channel: Option<&'a RawValue>,
    to: Option<&'a RawValue>,
    data: Option<&'a RawValue>,
    include: Option<&'a RawValue>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
        let mut fields = Fields::default();
        while let Some(name) = map.next_key::<FieldName>()? {
            let slot = match name {
                FieldName::Kind => &mut fields.kind,
                FieldName::RequestId => &mut fields.request_id,
                FieldName::Channel => &mut fields.channel,
                FieldName::To => &mut fields.to,
                FieldName::Data => &mut fields.data,
                FieldName::Include => &mut fields.include,
                FieldName::Other => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            *slot = Some(map.next_value()?);
        }
        Ok(fields)
    }
}

#[derive(serde::Deserialize)]
enum FieldName {
    #[serde(rename = "type")]
    Kind,
    #[serde(rename = "requestId")]
    RequestId,
    #[serde(rename = "channel")]
    Channel,
    #[serde(rename = "to")]
    To,
    #[serde(rename = "data")]
    Data,
    #[serde(rename = "includeSenderMetadata")]
    Include,
    #[serde(other)]
    Other,
}

/// The longest request id.
const REQUEST_ID_MAX: usize = 128;
