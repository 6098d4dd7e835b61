//! What a receiver knows us by.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// What a secret begins with; the rest is base64.
const PREFIX: &str = "whsec_";
/// Bytes of a secret: less can be guessed, more is never needed (Standard Webhooks), and would not fit into a block.
const LEN_MIN: usize = 24;
const LEN_MAX: usize = BLOCK;
/// Bytes that SHA-256 takes at a time.
const BLOCK: usize = 64;

/// A key that we share with receivers.
#[derive(Clone)]
pub struct Secret(Box<[u8]>);

/// Keys of which a receiver knows one at least: while keys are changed there are two.
#[derive(Clone, Debug, Default)]
pub struct Secrets(Vec<Secret>);

/// A text that is no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a secret of webhooks is whsec_ and 24 to 64 bytes in base64: echo \"whsec_$(openssl rand -base64 32)\""
)]
pub struct SecretError;

impl Secret {
    /// Takes `whsec_` and base64.
    ///
    /// # Errors
    ///
    /// It is of another form, or of another length than 24 to 64 bytes.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let text = text.trim().strip_prefix(PREFIX).ok_or(SecretError)?;
        let key = STANDARD.decode(text).map_err(|_| SecretError)?;
        if (LEN_MIN..=LEN_MAX).contains(&key.len()) { Ok(Self(key.into())) } else { Err(SecretError) }
    }

    /// HMAC-SHA256 (RFC 2104) of the parts, one after the other.
    fn hmac(&self, parts: &[&[u8]]) -> [u8; 32] {
        let keyed = |with: u8| {
            let mut block = [with; BLOCK];
            block.iter_mut().zip(&self.0).for_each(|(byte, key)| *byte ^= key);
            Sha256::new().chain_update(block)
        };
        let inner = parts.iter().fold(keyed(0x36), |hash, part| hash.chain_update(part));
        keyed(0x5c).chain_update(inner.finalize()).finalize().into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Secrets {
    /// These.
    pub fn new(secrets: Vec<Secret>) -> Self {
        Self(secrets)
    }

    /// Whether there is none, so that nobody could know us.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of `webhook-signature`: one signature for each secret.
    pub(super) fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let timestamp = timestamp.to_string();
        let parts = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body];
        let sign = |secret: &Secret| format!("v1,{}", STANDARD.encode(secret.hmac(&parts)));
        self.0.iter().map(sign).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    #[test]
    fn a_signature_is_what_others_compute() {
        // printf '%s.%s.%s' … | openssl dgst -sha256 -mac HMAC -macopt hexkey:… -binary | base64
        let secrets = Secrets::new(vec![Secret::parse(SECRET).unwrap()]);
        let signed = secrets.sign("msg_1", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,9o7UeFkn1GjVbcY4emAJruJCYqgH2EIf8u/slvVRBZI=");
        let two = Secrets::new(vec![Secret::parse(SECRET).unwrap(); 2]);
        assert_eq!(
            two.sign("msg_1", 1_614_265_330, br#"{"test": 2432232314}"#),
            format!("{signed} {signed}")
        );
    }

    #[test]
    fn the_mac_is_that_of_the_standard() {
        // RFC 4231, test cases 1 and 3. Keys shorter than ours may be are filled up with zeros all the same.
        let mac = |key: &[u8], text: &[u8]| {
            let mac = Secret(key.into()).hmac(&[text]);
            mac.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
        };
        assert_eq!(
            mac(&[0x0b; 20], b"Hi There"),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        );
        assert_eq!(
            mac(&[0xaa; 20], &[0xdd; 50]),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
        );
    }

    #[test]
    fn a_secret_that_is_easy_to_guess_is_refused_and_none_is_shown() {
        for wrong in ["", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2hvcnQ=", "whsec_not base64 at all, no"]
        {
            assert_eq!(Secret::parse(wrong).unwrap_err(), SecretError, "{wrong}");
        }
        assert!(!format!("{:?}", Secret::parse(SECRET).unwrap()).contains("Mf"));
    }
}
