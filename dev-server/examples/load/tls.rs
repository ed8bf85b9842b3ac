//! A certificate for the server, and a connector that trusts it alone.

use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use metered_realtime_server::TlsFiles;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::Result;

/// A certificate in files that are removed at the end.
pub(crate) struct Certificate {
    pub(crate) files: TlsFiles,
    /// The certificate alone, as DER in base64.
    pub(crate) base64: String,
}

impl Certificate {
    pub(crate) fn make() -> Result<Certificate> {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
        let path = |name| std::env::temp_dir().join(format!("{}-{name}.pem", std::process::id()));
        let files = TlsFiles { certificate: path("certificate"), private_key: path("key") };
        std::fs::write(&files.certificate, made.cert.pem())?;
        std::fs::write(&files.private_key, made.signing_key.serialize_pem())?;
        Ok(Certificate { files, base64: BASE64_STANDARD.encode(made.cert.der()) })
    }
}

impl Drop for Certificate {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.files.certificate);
        let _ = std::fs::remove_file(&self.files.private_key);
    }
}

/// For a certificate as [`Certificate::base64`] has it.
pub(crate) fn connector(base64: &str) -> Result<TlsConnector> {
    let mut roots = RootCertStore::empty();
    roots.add(BASE64_STANDARD.decode(base64)?.into())?;
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
