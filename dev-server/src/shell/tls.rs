//! TLS: certificate and key from files, for new connections exchanged while the server runs.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{Error as PemError, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::TlsFiles;

/// Why TLS cannot be set up.
#[derive(Debug)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read, or is not what it should be.
    File {
        /// The file.
        file: PathBuf,
        /// What it should hold.
        expected: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// Certificate and key do not fit together, or are of a kind that is not supported.
    Pair {
        /// Where both are.
        files: TlsFiles,
        /// What is wrong.
        problem: String,
    },
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TlsError::File { file, expected, problem } => {
                write!(f, "{} cannot be used as {expected}: {problem}", file.display())
            }
            TlsError::Pair { files, problem } => write!(
                f,
                "the certificate {} cannot be used with the private key {}: {problem}",
                files.certificate.display(),
                files.private_key.display()
            ),
        }
    }
}

impl std::error::Error for TlsError {}

/// What new connections are encrypted with.
pub(super) struct Tls {
    files: TlsFiles,
    config: RwLock<Arc<ServerConfig>>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("files", &self.files).finish_non_exhaustive()
    }
}

impl Tls {
    pub(super) fn load(files: &TlsFiles) -> Result<Tls, TlsError> {
        let config = RwLock::new(Arc::new(read(files)?));
        Ok(Tls { files: files.clone(), config })
    }

    /// Reads the files again. If they cannot be used, what was there stays.
    pub(super) fn reload(&self) -> Result<(), TlsError> {
        let fresh = Arc::new(read(&self.files)?);
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        let config = self.config.read().unwrap_or_else(PoisonError::into_inner);
        TlsAcceptor::from(Arc::clone(&config))
    }
}

fn read(files: &TlsFiles) -> Result<ServerConfig, TlsError> {
    let bad = |file: &Path, expected: &'static str| {
        let file = file.to_owned();
        move |error: PemError| TlsError::File { file, expected, problem: explain(&error) }
    };
    let certificates: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(&files.certificate).and_then(Iterator::collect);
    let certificates = certificates.map_err(bad(&files.certificate, "a certificate"))?;
    let key = PrivateKeyDer::from_pem_file(&files.private_key)
        .map_err(bad(&files.private_key, "a private key"))?;
    if certificates.is_empty() {
        return Err(bad(&files.certificate, "a certificate")(PemError::NoItemsFound));
    }
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = builder
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(certificates, key));
    let mut config = config
        .map_err(|error| TlsError::Pair { files: files.clone(), problem: error.to_string() })?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// In words of our own: what the parser says may quote the key.
fn explain(error: &PemError) -> String {
    if let PemError::Io(error) = error {
        return error.to_string();
    }
    if let PemError::NoItemsFound = error {
        return "there is none in it; it must be PEM, with a line -----BEGIN ...-----".to_owned();
    }
    "it is not well-formed PEM; write it again, or convert it with openssl".to_owned()
}
