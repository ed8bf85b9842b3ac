//! The Rust surface in a browser: `crate::client` on the web driver.
//!
//! ```text
//! a call ──► Web: the machine, at once ── schedule ──► a microtask: pump ──► Page, for each Output:
//!                                                                              sockets, provider, handlers, answers
//! sockets, alarm, provider, ends of handlers ────────► machine, pump
//! ```
//!
//! So no handler runs inside of a call of the user's, as natively: whatever the caller has borrowed, a handler may borrow too.

mod driver;
mod page;

use std::rc::Rc;
use std::sync::Arc;

use crate::client::errors::ConfigError;
use crate::client::{Builder, SignallingClient};
use crate::web::Driver;
use crate::web::address::parse_address;
use driver::{Web, drive};
use metered_realtime_proto::machine::Options;
pub(in crate::web) use page::Page;

impl Builder {
    /// Makes the client. No I/O happens before [`connect`](SignallingClient::connect), and no WebSocket is needed.
    ///
    /// # Errors
    /// The first option that breaks a rule.
    pub fn build(self) -> Result<SignallingClient, ConfigError> {
        let web = Web::new(self.driver()?);
        #[allow(clippy::arc_with_non_send_sync, reason = "the surface is the same as with threads")]
        Ok(SignallingClient::new(Arc::new(web)))
    }

    /// The driver of a client with these options.
    pub(in crate::web) fn driver(mut self) -> Result<Rc<Driver<Page>>, ConfigError> {
        self.raw.url = self.settings.url.as_deref().map(parse_address);
        let options = Options::check(self.raw)?;
        Ok(drive(options, self.settings.provider))
    }
}
