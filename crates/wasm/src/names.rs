//! The names of channels and peers that users pass.

use std::cell::RefCell;

use js_sys::JsString;
use wasm_bindgen::{JsCast, JsValue};

use metered_realtime::web::{Json, Purpose};
use metered_realtime_proto::wire::{
    CHANNEL_MAX, NameError, PEER_ID_MAX, check_channel, check_peer_id,
};

use crate::errors::argument_error;

/// Which kind of name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Channel,
    Peer,
}

impl Kind {
    pub(crate) fn of(purpose: Purpose) -> Kind {
        match purpose {
            Purpose::Publish => Kind::Channel,
            Purpose::Send => Kind::Peer,
        }
    }

    fn argument(self) -> &'static str {
        match self {
            Kind::Channel => "channel",
            Kind::Peer => "toPeerId",
        }
    }

    fn max(self) -> usize {
        match self {
            Kind::Channel => CHANNEL_MAX,
            Kind::Peer => PEER_ID_MAX,
        }
    }
}

/// A name's text.
///
/// # Errors
/// A `TypeError`: it is no string, or it breaks a rule.
pub(crate) fn checked(kind: Kind, name: &JsValue) -> Result<String, JsValue> {
    let wrong = |rule: &str| argument_error(&[kind.argument(), " ", rule].concat());
    let Some(string) = name.dyn_ref::<JsString>() else { return Err(wrong("must be a string")) };
    // What is too long is refused without a copy of it.
    if string.length() as usize > kind.max() {
        return Err(wrong(NameError::TooLong { max: kind.max() }.rule()));
    }
    let text = String::from(string);
    let check = match kind {
        Kind::Channel => check_channel(&text),
        Kind::Peer => check_peer_id(&text),
    };
    check.map_err(|error| wrong(error.rule()))?;
    Ok(text)
}

/// The name that was used last is known to be right, and its JSON is known too: most clients publish to one channel.
#[derive(Default)]
pub(crate) struct LastName(RefCell<Option<CheckedName>>);

struct CheckedName {
    kind: Kind,
    name: JsValue,
    json: Json,
}

impl LastName {
    /// The name as JSON.
    ///
    /// # Errors
    /// Those of [`checked`].
    pub(crate) fn json(&self, kind: Kind, name: &JsValue) -> Result<Json, JsValue> {
        if let Some(known) = &*self.0.borrow()
            && known.kind == kind
            && known.name == *name
        {
            return Ok(known.json.clone());
        }
        checked(kind, name)?;
        let Some(json) = Json::of(name)? else { return Err(argument_error(kind.argument())) };
        *self.0.borrow_mut() = Some(CheckedName { kind, name: name.clone(), json: json.clone() });
        Ok(json)
    }
}
