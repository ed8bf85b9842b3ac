//! TLS by rustls. The provider, ring, is named explicitly, so no default of the process is needed.

use std::sync::{Arc, OnceLock};

use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};

use crate::client::errors::ConfigError;

/// The TLS configuration of one client, made when the first `wss` address is dialled.
#[derive(Clone, Debug)]
pub(super) struct Tls {
    own_roots: Arc<[CertificateDer<'static>]>,
    own: Arc<OnceLock<Result<Arc<ClientConfig>, String>>>,
}

impl Tls {
    /// # Errors
    /// A root certificate is not a certificate in DER.
    pub(super) fn new(own_roots: Vec<Vec<u8>>) -> Result<Tls, ConfigError> {
        let own_roots: Arc<[_]> = own_roots.into_iter().map(CertificateDer::from).collect();
        let mut store = RootCertStore::empty();
        for root in own_roots.iter() {
            let added = store.add(root.clone());
            added.map_err(|_| {
                ConfigError::new("root_certificate", "must be a certificate in DER")
            })?;
        }
        Ok(Tls { own_roots, own: Arc::default() })
    }

    /// The configuration. The first call may read files.
    pub(super) fn config(&self) -> Result<Arc<ClientConfig>, String> {
        // Clients without their own roots share one configuration, and with it the tickets of TLS sessions.
        static USUAL: OnceLock<Result<Arc<ClientConfig>, String>> = OnceLock::new();
        let config = if self.own_roots.is_empty() { &USUAL } else { &*self.own };
        config.get_or_init(|| make(&self.own_roots)).clone()
    }
}

fn make(own_roots: &[CertificateDer<'static>]) -> Result<Arc<ClientConfig>, String> {
    let mut store = usual_roots()?;
    store.add_parsable_certificates(own_roots.iter().cloned());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(store)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Mozilla's roots.
#[cfg(not(feature = "native-roots"))]
fn usual_roots() -> Result<RootCertStore, String> {
    Ok(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() })
}

/// The roots of the operating system.
#[cfg(feature = "native-roots")]
fn usual_roots() -> Result<RootCertStore, String> {
    let found = rustls_native_certs::load_native_certs();
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(found.certs);
    if store.is_empty() {
        return Err("the operating system has no root certificates".into());
    }
    Ok(store)
}
