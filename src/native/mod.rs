//! The native driver: the machine on tokio, tokio-tungstenite and rustls. No rule of the protocol lives here.
//!
//! ```text
//! a call ───► Native: lock, call the machine, unlock ─── wake ──► Pump, one task per client, until `closed`:
//! (any thread, any handler)                                       machine's outputs → sockets, provider, handlers, results
//!                                                                 sockets, alarm, provider → machine's inputs
//! ```
//!
//! User code (handlers, the token provider, wakers) runs with nothing locked.

mod address;
mod alarm;
mod clock;
mod dial;
mod driver;
mod json;
#[cfg(feature = "proxy")]
mod proxy;
mod pump;
mod shared;
mod socket;
mod tls;

use std::sync::Arc;

use crate::client::errors::ConfigError;
use crate::client::{Builder, SignallingClient};
use driver::Native;
use metered_realtime_proto::machine::Options;
use shared::Shared;
use tls::Tls;

impl Builder {
    /// Builds the client. No I/O happens before [`connect`](SignallingClient::connect).
    ///
    /// # Errors
    /// The first option that breaks a rule.
    pub fn build(mut self) -> Result<SignallingClient, ConfigError> {
        self.raw.url = self.settings.url.as_deref().map(address::parse);
        let options = Options::check(self.raw)?;
        let tls = Tls::new(self.settings.root_certificates)?;
        let shared = Shared::new(options, self.settings.provider, tls);
        Ok(SignallingClient::new(Arc::new(Native(Arc::new(shared)))))
    }

    /// Trusts an additional root certificate, in DER, such as that of a company or of a test. Native clients only.
    pub fn root_certificate(mut self, der: impl Into<Vec<u8>>) -> Builder {
        self.settings.root_certificates.push(der.into());
        self
    }
}
