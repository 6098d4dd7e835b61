//! Keys that sign links: a file of lines `KEY-ID NAME SECRET [@group…]`.
//!
//! Several keys are good at once, so that one can be changed: the new one is put first and signs from then on, the old one stays until its
//! last link has expired. The name is whom the links act for; it is the same for both, and so no rule has to change with a key.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use super::{Terms, canonical, query};
use crate::identity::{Identity, Proof};
use crate::lines::{self, AtLine};
use crate::name::{Group, Name, NameError};
use crate::place::Place;
use crate::secret;

/// What a secret begins with.
const PREFIX: &str = "fbk_";
/// Bytes of a secret: less can be guessed, more than a block of SHA-256 adds nothing.
const SECRET_LEN: std::ops::RangeInclusive<usize> = 32..=64;

/// A key that was just made. It is shown by [`UrlSecret::line`] only.
pub struct UrlSecret(Zeroizing<String>);

/// A key, and whom its links act for.
pub struct UrlKey {
    id: Name,
    identity: Identity,
    secret: hmac::Key,
}

/// The keys of a file.
#[derive(Debug)]
pub struct UrlKeys {
    keys: Vec<UrlKey>,
    life_max: Duration,
}

/// Why a line of a key file cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlKeyLineError {
    /// It has no three fields.
    #[error("a line is KEY-ID NAME SECRET [@group…]")]
    Form,
    /// The id, the name, or one of the groups.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The third field.
    #[error("a secret is fbk_ and 32 to 64 random bytes as base64url without padding")]
    Secret,
    /// The id has a line already.
    #[error("this key id has a line already")]
    Twice,
}

impl UrlSecret {
    /// Draws one of 256 bits.
    #[must_use]
    pub fn draw() -> Self {
        let bytes = Zeroizing::new(secret::random::<32>());
        Self(Zeroizing::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(*bytes))))
    }

    /// The line of the key file. It has the secret in it.
    #[must_use]
    pub fn line(&self, id: &Name, name: &Name, groups: &[Group]) -> Zeroizing<String> {
        let groups: String = groups.iter().map(|group| format!(" {group}")).collect();
        Zeroizing::new(format!("{id} {name} {}{groups}", *self.0))
    }
}

impl UrlKey {
    /// The query that makes the URL of `place` a link on these terms. It is a secret for as long as it is good.
    #[must_use]
    pub fn sign(&self, place: Place<'_>, terms: &Terms) -> String {
        let signature = hmac::sign(&self.secret, canonical::text(&self.id, place, terms).as_bytes());
        query::write(&self.id, terms, signature.as_ref())
    }

    /// Whether this is our signature of these terms, found in the same time whatever it is.
    pub(super) fn signed(&self, place: Place<'_>, terms: &Terms, signature: &[u8]) -> bool {
        hmac::verify(&self.secret, canonical::text(&self.id, place, terms).as_bytes(), signature).is_ok()
    }

    pub(super) fn identity(&self) -> &Identity {
        &self.identity
    }
}

impl UrlKeys {
    /// Reads a key file. Links that are good for longer than `life_max` from now open nothing, whoever signed them.
    ///
    /// # Errors
    ///
    /// The first line that cannot be used.
    pub fn parse(text: &str, life_max: Duration) -> Result<Self, AtLine<UrlKeyLineError>> {
        let mut ids = std::collections::HashSet::new();
        let keys = lines::read(text, |line| {
            let key: UrlKey = line.parse()?;
            if ids.insert(key.id.clone()) { Ok(key) } else { Err(UrlKeyLineError::Twice) }
        })?;
        Ok(Self { keys, life_max })
    }

    /// The key to sign with: the first of the file.
    #[must_use]
    pub fn first(&self) -> Option<&UrlKey> {
        self.keys.first()
    }

    /// The key of this id.
    #[must_use]
    pub fn key(&self, id: &str) -> Option<&UrlKey> {
        self.keys.iter().find(|key| key.id.as_str() == id)
    }

    pub(super) fn life_max(&self) -> Duration {
        self.life_max
    }
}

impl FromStr for UrlKey {
    type Err = UrlKeyLineError;

    fn from_str(line: &str) -> Result<Self, UrlKeyLineError> {
        let mut fields = line.split_whitespace();
        let (Some(id), Some(name), Some(text)) = (fields.next(), fields.next(), fields.next()) else {
            return Err(UrlKeyLineError::Form);
        };
        let text = text.strip_prefix(PREFIX).ok_or(UrlKeyLineError::Secret)?;
        let bytes = URL_SAFE_NO_PAD.decode(text).map(Zeroizing::new).map_err(|_| UrlKeyLineError::Secret)?;
        if !SECRET_LEN.contains(&bytes.len()) {
            return Err(UrlKeyLineError::Secret);
        }
        let identity = Identity::new(Name::new(name)?, Group::parse_all(fields)?, Proof::Signed);
        Ok(Self { id: Name::new(id)?, identity, secret: hmac::Key::new(hmac::HMAC_SHA256, &bytes) })
    }
}

impl fmt::Debug for UrlSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UrlSecret(…)")
    }
}

impl fmt::Debug for UrlKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UrlKey")
            .field("id", &self.id)
            .field("identity", &self.identity)
            .finish_non_exhaustive()
    }
}
