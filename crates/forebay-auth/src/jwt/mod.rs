//! JSON Web Tokens (RFC 7519) of an issuer that we trust, verified by the keys that it publishes (RFC 7517).
//!
//! What went wrong with such tokens elsewhere cannot be said here. The algorithm is a matter of the *key*: one of RSA verifies RS256 and
//! PS256, one of P-256 verifies ES256, one of Ed25519 verifies EdDSA, and there is no `none` and no key of which the verifier's half could
//! sign. An extension that the issuer calls critical (`crit`) is refused, as RFC 7515 has it. Issuer, audience and end are required: a
//! token for another service, or for ever, opens nothing.
//!
//! Keys change. A token by a key that we do not have is a reason to fetch the issuer's keys again, but not as often as strangers like
//! (`rotation.rs`).

mod claims;
mod compact;
mod key;
mod rotation;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

pub use claims::{Claims, Where};
pub use key::{KeySet, KeySetError};
use parking_lot::RwLock;
pub use rotation::FETCH_EVERY_DEFAULT;
use rotation::Rotation;

use crate::identity::Identity;

/// An issuer that we trust, and what its tokens have to say.
pub struct Jwt {
    claims: Claims,
    keys: RwLock<Arc<KeySet>>,
    rotation: Rotation,
}

/// Why a token proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JwtError {
    /// It is none, or of a kind that we do not take, or its signature is wrong.
    Wrong,
    /// It is genuine, and over or not yet begun.
    Time,
    /// It is genuine and meant for others, or does not say who it is about.
    Claims,
    /// It is by a key that we do not have, although the issuer was asked lately. That is no guess: its keys may be late.
    UnknownKey,
    /// It is by a key that we do not have. The issuer's keys are due to be fetched.
    Fetch,
    /// As before; somebody else fetches them now.
    Fetching,
}

impl Jwt {
    /// Trusts tokens by these keys that say this. Keys may be none at first; `fetch_every` is the shortest time between two reasons to fetch them.
    #[must_use]
    pub fn new(claims: Claims, keys: KeySet, fetch_every: Duration) -> Self {
        Self { claims, keys: RwLock::new(Arc::new(keys)), rotation: Rotation::new(fetch_every) }
    }

    /// These are the issuer's keys from now on.
    pub fn replace_keys(&self, keys: KeySet) {
        *self.keys.write() = Arc::new(keys);
        self.rotation.settle();
    }

    /// The issuer's keys could not be had. Those that are there stay, and are asked for again when the time has come.
    pub fn keep_keys(&self) {
        self.rotation.settle();
    }

    /// Who a token is about.
    pub(crate) fn verify(&self, token: &str, now: SystemTime) -> Result<Identity, JwtError> {
        let token = compact::Token::parse(token).ok_or(JwtError::Wrong)?;
        let keys = Arc::clone(&self.keys.read());
        let Some(key) = keys.find(token.algorithm, token.key_id.as_deref()) else {
            return Err(self.rotation.want(now));
        };
        if !key.verifies(token.algorithm, token.signed.as_bytes(), &token.signature) {
            return Err(JwtError::Wrong);
        }
        self.claims.check(&token.payload, now)
    }
}

impl fmt::Debug for Jwt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jwt").field("claims", &self.claims).field("keys", &self.keys.read()).finish()
    }
}
