//! The options of a client, out of the object that the user passes.

use wasm_bindgen::prelude::*;

use metered_realtime::web::{member_of, parse_address};
use metered_realtime_proto::machine::{OptionName, Options, RawOptions, RawReconnect};

use crate::call_options::is_absent;

/// What is given of the options to the driver and its host.
pub(crate) struct ClientOptions {
    pub(crate) options: Options,
    pub(crate) has_lifecycle: bool,
    pub(crate) has_logger: bool,
}

impl ClientOptions {
    /// Reads and checks the options. `null` and `undefined` mean: not given.
    ///
    /// # Errors
    /// A `TypeError`, or what a getter of the user's threw.
    pub(crate) fn read(options: &JsValue) -> Result<ClientOptions, JsValue> {
        if !options.is_object() {
            return Err(type_error("options must be an object"));
        }
        let given = Given { object: options, prefix: "" };
        let mut raw = RawOptions {
            key: given.string("apiKey")?,
            has_provider: given.is_function("tokenProvider")?,
            ..RawOptions::default()
        };
        given.is_function("webSocketFactory")?;
        let url = given.string("url")?;
        raw.url = url.as_deref().map(parse_address);
        given.boolean("autoResubscribe", &mut raw.auto_resubscribe)?;
        given.number("tokenProviderTimeoutMs", &mut raw.token_provider_timeout_ms)?;
        given.number("inactivityTimeoutMs", &mut raw.inactivity_timeout_ms)?;
        given.number("renewBeforeExpiryMs", &mut raw.renew_before_expiry_ms)?;
        let mut has_lifecycle = true;
        given.boolean("lifecycleHooks", &mut has_lifecycle)?;
        let has_logger = given.is_object("logger")?;
        raw.reconnect = given.reconnect()?;
        let options = Options::check(raw)
            .map_err(|error| type_error(&[name_of(error.option), " ", error.rule].concat()))?;
        Ok(ClientOptions { options, has_lifecycle, has_logger })
    }
}

/// An object with options.
struct Given<'a> {
    object: &'a JsValue,
    /// Where it stands in the options.
    prefix: &'static str,
}

impl Given<'_> {
    fn get(&self, name: &str) -> Result<Option<JsValue>, JsValue> {
        let value = member_of(self.object, name)?;
        Ok((!is_absent(&value)).then_some(value))
    }

    fn wrong<T>(&self, name: &str, kind: &str) -> Result<T, JsValue> {
        Err(type_error(&[self.prefix, name, " must be a ", kind].concat()))
    }

    fn string(&self, name: &str) -> Result<Option<String>, JsValue> {
        match self.get(name)? {
            None => Ok(None),
            Some(value) => match value.as_string() {
                Some(text) => Ok(Some(text)),
                None => self.wrong(name, "string"),
            },
        }
    }

    fn boolean(&self, name: &str, into: &mut bool) -> Result<(), JsValue> {
        if let Some(value) = self.get(name)? {
            match value.as_bool() {
                Some(on) => *into = on,
                None => return self.wrong(name, "boolean"),
            }
        }
        Ok(())
    }

    /// What is not a number counts as NaN, which no rule allows.
    fn number(&self, name: &str, into: &mut f64) -> Result<(), JsValue> {
        if let Some(value) = self.get(name)? {
            *into = value.as_f64().unwrap_or(f64::NAN);
        }
        Ok(())
    }

    fn is_function(&self, name: &str) -> Result<bool, JsValue> {
        match self.get(name)? {
            None => Ok(false),
            Some(value) if value.is_function() => Ok(true),
            Some(_) => self.wrong(name, "function"),
        }
    }

    fn is_object(&self, name: &str) -> Result<bool, JsValue> {
        match self.get(name)? {
            None => Ok(false),
            Some(value) if value.is_object() => Ok(true),
            Some(_) => self.wrong(name, "object"),
        }
    }

    fn reconnect(&self) -> Result<Option<RawReconnect>, JsValue> {
        let mut raw = RawReconnect::default();
        let Some(reconnect) = self.get("reconnect")? else { return Ok(Some(raw)) };
        if let Some(on) = reconnect.as_bool() {
            return Ok(on.then_some(raw));
        }
        if !reconnect.is_object() {
            return Err(type_error("reconnect must be an object or a boolean"));
        }
        let given = Given { object: &reconnect, prefix: "reconnect." };
        given.number("initialDelayMs", &mut raw.initial_delay_ms)?;
        given.number("multiplier", &mut raw.multiplier)?;
        given.number("maxDelayMs", &mut raw.max_delay_ms)?;
        given.number("jitterRatio", &mut raw.jitter_ratio)?;
        given.number("maxAttempts", &mut raw.max_attempts)?;
        given.number("maxDialsPerMinute", &mut raw.max_dials_per_minute)?;
        given.number("fleetSpreadMs", &mut raw.fleet_spread_ms)?;
        given.boolean("honourGoingAway", &mut raw.honour_going_away)?;
        Ok(Some(raw))
    }
}

fn name_of(option: OptionName) -> &'static str {
    match option {
        OptionName::Credential => "apiKey or tokenProvider",
        OptionName::Url => "url",
        OptionName::TokenProviderTimeout => "tokenProviderTimeoutMs",
        OptionName::InactivityTimeout => "inactivityTimeoutMs",
        OptionName::InitialDelay => "reconnect.initialDelayMs",
        OptionName::Multiplier => "reconnect.multiplier",
        OptionName::MaxDelay => "reconnect.maxDelayMs",
        OptionName::JitterRatio => "reconnect.jitterRatio",
        OptionName::MaxAttempts => "reconnect.maxAttempts",
        OptionName::MaxDialsPerMinute => "reconnect.maxDialsPerMinute",
        OptionName::FleetSpread => "reconnect.fleetSpreadMs",
        OptionName::RenewBeforeExpiry => "renewBeforeExpiryMs",
    }
}

fn type_error(message: &str) -> JsValue {
    js_sys::TypeError::new(message).into()
}
