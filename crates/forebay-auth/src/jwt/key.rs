//! The keys of an issuer, and what each may verify.

use std::fmt;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
    RsaPublicKeyComponents,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// The longest document in bytes.
const DOCUMENT_MAX: usize = 256 << 10;
/// Keys of one issuer, at most.
const KEYS_MAX: usize = 64;

/// How a token is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Rs256,
    Ps256,
    Es256,
    EdDsa,
}

/// The keys of an issuer: its JWKS document, read.
#[derive(Debug, Default)]
pub struct KeySet(Vec<Key>);

pub(super) struct Key {
    id: Option<String>,
    /// The one algorithm that the issuer has it for, if it says so.
    algorithm: Option<Algorithm>,
    kind: Kind,
}

enum Kind {
    Rsa { pkcs1: ParsedPublicKey, pss: ParsedPublicKey },
    P256(ParsedPublicKey),
    Ed25519(ParsedPublicKey),
}

/// Why a document is no set of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// It is longer than any issuer's.
    #[error("a set of keys has at most {DOCUMENT_MAX} bytes and {KEYS_MAX} keys")]
    TooLarge,
    /// It is not a JSON object with `keys`.
    #[error("it is not a JSON Web Key Set: an object with an array `keys`")]
    Form,
    /// None of its keys is of a kind that we take.
    #[error("none of its keys verifies RS256, PS256, ES256 or EdDSA")]
    NoKeys,
}

impl Algorithm {
    pub(super) fn parse(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::Rs256),
            "PS256" => Some(Self::Ps256),
            "ES256" => Some(Self::Es256),
            "EdDSA" | "Ed25519" => Some(Self::EdDsa),
            _ => None,
        }
    }
}

impl KeySet {
    /// Reads a document. Keys for other purposes or of other kinds are passed over (RFC 7517 §5).
    ///
    /// # Errors
    ///
    /// It is too large, of another form, or has no key that we could use.
    pub fn parse(document: &[u8]) -> Result<Self, KeySetError> {
        if document.len() > DOCUMENT_MAX {
            return Err(KeySetError::TooLarge);
        }
        let document: Value = serde_json::from_slice(document).map_err(|_| KeySetError::Form)?;
        let keys = document.get("keys").and_then(Value::as_array).ok_or(KeySetError::Form)?;
        if keys.len() > KEYS_MAX {
            return Err(KeySetError::TooLarge);
        }
        let keys: Vec<Key> = keys.iter().filter_map(Key::parse).collect();
        if keys.is_empty() { Err(KeySetError::NoKeys) } else { Ok(Self(keys)) }
    }

    /// The key of this id for this algorithm; for a token that names no key, the only one that it could be.
    pub(super) fn find(&self, algorithm: Algorithm, id: Option<&str>) -> Option<&Key> {
        let mut fitting = self.0.iter().filter(|key| key.fits(algorithm));
        let Some(id) = id else {
            let only = fitting.next()?;
            return fitting.next().is_none().then_some(only);
        };
        fitting.find(|key| key.id.as_deref() == Some(id))
    }
}

impl Key {
    fn parse(key: &Value) -> Option<Self> {
        let text = |name: &str| key.get(name).and_then(Value::as_str);
        let is_to_verify = |operations: &Value| {
            operations.as_array().is_some_and(|all| all.iter().any(|one| one.as_str() == Some("verify")))
        };
        let is_for_signatures = key.get("use").is_none_or(|usage| usage.as_str() == Some("sig"))
            && key.get("key_ops").is_none_or(is_to_verify);
        if !is_for_signatures {
            return None;
        }
        let algorithm = match key.get("alg") {
            None => None,
            Some(algorithm) => Some(Algorithm::parse(algorithm.as_str()?)?),
        };
        let bytes = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?).ok();
        let kind = match (text("kty")?, text("crv")) {
            ("RSA", _) => Kind::rsa(&bytes("n")?, &bytes("e")?)?,
            ("EC", Some("P-256")) => {
                let point = [&[4], &*bytes("x")?, &*bytes("y")?].concat();
                Kind::P256(ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).ok()?)
            }
            ("OKP", Some("Ed25519")) => Kind::Ed25519(ParsedPublicKey::new(&ED25519, bytes("x")?).ok()?),
            _ => return None,
        };
        let parsed = Self { id: text("kid").map(Into::into), algorithm, kind };
        algorithm.is_none_or(|algorithm| parsed.fits(algorithm)).then_some(parsed)
    }

    fn fits(&self, algorithm: Algorithm) -> bool {
        self.algorithm.is_none_or(|only| only == algorithm) && self.kind.verifier(algorithm).is_some()
    }

    /// Whether the signature of `signed` is by this key.
    pub(super) fn verifies(&self, algorithm: Algorithm, signed: &[u8], signature: &[u8]) -> bool {
        self.kind.verifier(algorithm).is_some_and(|key| key.verify_sig(signed, signature).is_ok())
    }
}

impl Kind {
    /// A modulus of 2048 to 8192 bits; the exponent is the library's to judge.
    fn rsa(modulus: &[u8], exponent: &[u8]) -> Option<Self> {
        let modulus = modulus.strip_prefix(&[0]).unwrap_or(modulus);
        if !(256..=1024).contains(&modulus.len()) {
            return None;
        }
        let parts = RsaPublicKeyComponents { n: modulus, e: exponent };
        let pkcs1 = parts.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256).ok()?;
        let pss = parts.to_parsed_public_key(&RSA_PSS_2048_8192_SHA256).ok()?;
        Some(Self::Rsa { pkcs1, pss })
    }

    fn verifier(&self, algorithm: Algorithm) -> Option<&ParsedPublicKey> {
        match (self, algorithm) {
            (Self::Rsa { pkcs1, .. }, Algorithm::Rs256) => Some(pkcs1),
            (Self::Rsa { pss, .. }, Algorithm::Ps256) => Some(pss),
            (Self::P256(key), Algorithm::Es256) | (Self::Ed25519(key), Algorithm::EdDsa) => Some(key),
            (Self::Rsa { .. } | Self::P256(_) | Self::Ed25519(_), _) => None,
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Key").field(&self.id).finish()
    }
}
