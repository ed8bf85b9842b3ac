//! The bus to other nodes.

use std::fs::File;
use std::path::PathBuf;
use std::str::FromStr;

use async_nats::ServerAddr;

use super::{Mistake, TlsFiles};

/// Where NATS is, and how to be let in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Nats {
    /// Its addresses, such as `nats://127.0.0.1:4222` or `tls://nats.internal:4222`; each is tried until one answers. An
    /// address may hold a user and a password.
    pub servers: Vec<String>,
    /// A credentials file, as `nsc` makes it.
    pub credentials: Option<PathBuf>,
    /// The certificate authority of NATS's own certificate, as PEM, if it is not a public one.
    pub certificate_authority: Option<PathBuf>,
    /// The certificate that this node shows to NATS.
    pub certificate: Option<TlsFiles>,
}

impl Nats {
    /// Whether the addresses are addresses of NATS, and the files are there.
    pub(super) fn check(&self) -> Result<(), Mistake> {
        let remedy = "write addresses such as nats://127.0.0.1:4222 or tls://nats.internal:4222";
        if self.servers.is_empty() {
            return Err(Mistake::new("nats.servers", "is empty", remedy));
        }
        for (index, server) in self.servers.iter().enumerate() {
            let is_known = ["nats://", "tls://"].iter().any(|scheme| server.starts_with(scheme));
            if !is_known || ServerAddr::from_str(server).is_err() {
                let option = format!("nats.servers[{index}]");
                return Err(Mistake::new(option, "is no address of NATS", remedy));
            }
        }
        let shown = self.certificate.as_ref();
        let files = [
            ("nats.credentials", self.credentials.as_ref()),
            ("nats.certificateAuthority", self.certificate_authority.as_ref()),
            ("nats.certificate.certificate", shown.map(|files| &files.certificate)),
            ("nats.certificate.privateKey", shown.map(|files| &files.private_key)),
        ];
        for (option, file) in files {
            let Some(file) = file else { continue };
            if let Err(error) = File::open(file) {
                let problem = format!("{} cannot be read: {error}", file.display());
                return Err(Mistake::new(option, problem, "name a file that this user may read"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_is_named_before_nats_is_dialled() {
        let with = |servers: &[&str], authority: Option<&str>| {
            let nats = Nats {
                servers: servers.iter().map(|&server| server.to_owned()).collect(),
                certificate_authority: authority.map(PathBuf::from),
                ..Nats::default()
            };
            nats.check().map_err(|mistake| mistake.option)
        };
        assert_eq!(with(&["nats://127.0.0.1:4222", "tls://nats.internal"], None), Ok(()));
        assert_eq!(with(&[], None), Err("nats.servers".to_owned()));
        assert_eq!(with(&["nats://a:1", "http://a"], None), Err("nats.servers[1]".to_owned()));
        assert_eq!(with(&["127.0.0.1:4222"], None), Err("nats.servers[0]".to_owned()));
        let missing = with(&["tls://a"], Some("/no/such/file.pem"));
        assert_eq!(missing, Err("nats.certificateAuthority".to_owned()));
    }
}
