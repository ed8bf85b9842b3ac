//! The options of a client. Proto checks them (rules 1 to 28).

use std::fmt;
use std::future::Future;
use std::time::Duration;

use super::credential::{Provider, TokenResult};
use super::options::{Reconnect, milliseconds};
use super::send::{MaybeSend, MaybeSync};
use metered_realtime_proto::machine::RawOptions;

/// Collects the options of a [`SignallingClient`](crate::SignallingClient). Exactly one of [`api_key`](Builder::api_key) and
/// [`token_provider`](Builder::token_provider) is required; all other options have a default.
///
/// ```
/// # use metered_realtime::{ReconnectOptions, SignallingClient};
/// # use std::time::Duration;
/// # fn example() -> Result<(), metered_realtime::errors::ConfigError> {
/// let client = SignallingClient::builder()
///     .api_key("pk_live_...")
///     .inactivity_timeout(Duration::from_secs(30))
///     .reconnect(ReconnectOptions { max_attempts: None, ..Default::default() })
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[must_use = "a builder does nothing until `build` is called"]
#[derive(Default)]
pub struct Builder {
    pub(crate) raw: RawOptions,
    pub(crate) settings: Settings,
}

/// Options for the driver alone.
#[derive(Default)]
pub(crate) struct Settings {
    pub(crate) provider: Option<Provider>,
    /// As text: the driver parses it.
    pub(crate) url: Option<String>,
    /// In DER. Browsers have roots of their own.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) root_certificates: Vec<Vec<u8>>,
}

impl Builder {
    /// A publishable key (`pk_live_...`). An empty one counts as absent.
    pub fn api_key(mut self, key: impl Into<String>) -> Builder {
        self.raw.key = Some(key.into());
        self
    }

    /// An asynchronous function that gets a token (a JWT) from your backend. It is called before the first connect and before
    /// every reconnect, and may return a `String`, a `&'static str`, or a `Result` of one with any error that can be displayed.
    ///
    /// ```
    /// # use metered_realtime::SignallingClient;
    /// # async fn fetch_token() -> Result<String, std::io::Error> { Ok("token".into()) }
    /// let builder = SignallingClient::builder().token_provider(|| async { fetch_token().await });
    /// ```
    pub fn token_provider<F, Fut>(mut self, provider: F) -> Builder
    where
        F: Fn() -> Fut + MaybeSend + MaybeSync + 'static,
        Fut: Future<Output: TokenResult> + MaybeSend + 'static,
    {
        self.raw.has_provider = true;
        self.settings.provider = Some(Provider::new(provider));
        self
    }

    /// The server's origin: `wss://...`, or `ws://` for `localhost`, `127.0.0.1` and `[::1]`. An international host name
    /// is dialled in its ASCII form. Default: `wss://rms.metered.ca`.
    pub fn url(mut self, url: impl Into<String>) -> Builder {
        self.settings.url = Some(url.into());
        self
    }

    /// How long the token provider may take. Above zero. Default: 10 s.
    pub fn token_provider_timeout(mut self, timeout: Duration) -> Builder {
        self.raw.token_provider_timeout_ms = milliseconds(timeout);
        self
    }

    /// Whether and how to reconnect: [`ReconnectOptions`](crate::ReconnectOptions), or `false` for not at all.
    pub fn reconnect(mut self, reconnect: impl Into<Reconnect>) -> Builder {
        self.raw.reconnect = reconnect.into().0.as_ref().map(Into::into);
        self
    }

    /// After how much silence a connection counts as dead (close code 4000). `None` or zero switches this off, and the
    /// keepalive with it. Default: 60 s.
    pub fn inactivity_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Builder {
        self.raw.inactivity_timeout_ms = timeout.into().map_or(0.0, milliseconds);
        self
    }

    /// Whether a new connection subscribes again to all channels of the old one. Default: `true`.
    pub fn auto_resubscribe(mut self, on: bool) -> Builder {
        self.raw.auto_resubscribe = on;
        self
    }

    /// How long before its token expires a connection is replaced by one with a fresh token. There is no gap: the new
    /// connection subscribes to all channels before it takes over. Zero switches this off. Default: zero. Requires
    /// [`token_provider`](Builder::token_provider) and [`auto_resubscribe`](Builder::auto_resubscribe).
    pub fn renew_before_expiry(mut self, lead: Duration) -> Builder {
        self.raw.renew_before_expiry_ms = milliseconds(lead);
        self
    }
}

/// Shows which kind of credential there is, but not the credential.
impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("has_api_key", &self.raw.key.is_some())
            .field("has_token_provider", &self.raw.has_provider)
            .field("inactivity_timeout_ms", &self.raw.inactivity_timeout_ms)
            .field("auto_resubscribe", &self.raw.auto_resubscribe)
            .field("reconnect", &self.raw.reconnect)
            .finish_non_exhaustive()
    }
}
