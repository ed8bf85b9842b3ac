//! JSON Web Tokens as the service has them: compact (RFC 7515), signed with HS256. The meaning of the claims is elsewhere.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use ring::hmac;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The only algorithm.
pub(super) const HS256: &str = "HS256";

#[derive(Serialize)]
struct NewHeader<'a> {
    typ: &'static str,
    alg: &'static str,
    kid: &'a str,
}

/// A token that names its key.
pub(super) fn sign<T: Serialize>(
    kid: &str,
    secret: &[u8],
    claims: &T,
) -> serde_json::Result<String> {
    let header = serde_json::to_vec(&NewHeader { typ: "JWT", alg: HS256, kid })?;
    let claims = serde_json::to_vec(claims)?;
    let signed = format!("{}.{}", BASE64.encode(header), BASE64.encode(claims));
    let signature = hmac::sign(&key(secret), signed.as_bytes());
    Ok(format!("{signed}.{}", BASE64.encode(signature)))
}

/// A token whose signature has not been checked.
pub(super) struct Unverified<'a> {
    pub(super) header: Header,
    /// Header and claims as text.
    signed: &'a str,
    claims: &'a str,
    signature: Vec<u8>,
}

#[derive(Deserialize)]
pub(super) struct Header {
    pub(super) alg: String,
    pub(super) kid: Option<String>,
}

impl<'a> Unverified<'a> {
    /// `None` if this is not a token.
    pub(super) fn read(token: &'a str) -> Option<Unverified<'a>> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let header = serde_json::from_slice(&BASE64.decode(header).ok()?).ok()?;
        Some(Unverified { header, signed, claims, signature: BASE64.decode(signature).ok()? })
    }

    /// Whether the signature was made with the secret, by HS256. In constant time.
    pub(super) fn is_signed_with(&self, secret: &[u8]) -> bool {
        hmac::verify(&key(secret), self.signed.as_bytes(), &self.signature).is_ok()
    }

    /// `None` if the claims are of another type.
    pub(super) fn claims<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&BASE64.decode(self.claims).ok()?).ok()
    }
}

fn key(secret: &[u8]) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret)
}

#[cfg(test)]
mod tests {
    use super::{BASE64, Unverified, sign};
    use base64::Engine;
    use serde_json::{Value, json};

    #[test]
    fn what_is_signed_is_read() {
        let token = sign("a key", b"secret", &json!({"sub": "a"})).unwrap();
        let read = Unverified::read(&token).unwrap();
        assert_eq!(
            (read.header.alg.as_str(), read.header.kid.as_deref()),
            ("HS256", Some("a key"))
        );
        assert!(read.is_signed_with(b"secret"));
        assert!(!read.is_signed_with(b"another secret"));
        assert_eq!(read.claims(), Some(json!({"sub": "a"})));
    }

    #[test]
    fn what_is_no_token_is_not_read() {
        let token = sign("k", b"secret", &json!({})).unwrap();
        let [header, claims, signature] = token.split('.').collect::<Vec<_>>()[..] else {
            panic!()
        };
        for bad in [
            String::new(),
            "a.b.c".to_owned(),
            format!("{header}.{claims}"),
            format!("{claims}.{claims}.{signature}"),
            format!("{header}.{claims}.{signature}="),
            format!("{header}.{claims}.{signature}.{signature}"),
        ] {
            assert!(
                !Unverified::read(&bad).is_some_and(|read| read.is_signed_with(b"secret")),
                "{bad}"
            );
        }
    }

    /// The example of RFC 7515, appendix A.1.
    #[test]
    fn the_token_of_the_standard_is_verified() {
        let token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
                     eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.\
                     dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let secret = BASE64
            .decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")
            .unwrap();
        let read = Unverified::read(token).unwrap();
        assert!(read.is_signed_with(&secret));
        assert_eq!(read.claims::<Value>().unwrap()["iss"], "joe");
    }
}
