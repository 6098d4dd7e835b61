//! The doors: from a request to whoever sent it, and from him to yes or no.
//!
//! 1. [`Doors::identify`] reads what the request shows, *before* its path is looked at by any store. Whoever shows nothing is nobody, which
//!    is somebody that rules can speak of. Whoever shows something wrong is refused even where anyone may read: a client whose credential
//!    has expired should learn it here, and not by an answer that lacks what it expected.
//! 2. [`Doors::may`] and its kin ask the law. No answer depends on what exists, so that *forbidden* and *missing* cannot be told apart by
//!    those who may not know.
//!
//! A credential stands in `Authorization`, once, or in the query of a link; both together are refused, because two programs could take each
//! its own for the true one. A token in another parameter or in a cookie is none: those are written to logs and sent by pages of others. A
//! client certificate is the connection's; whatever the request shows itself comes first.
//!
//! Nothing here waits. Two steps of a proof take time, and are handed back as [`Step`]s: a password to verify, which is paid for with a
//! lease and done on a thread that may block, and an issuer's keys to fetch.

mod allow;
mod caller;
mod header;
mod identify;
mod pending;
mod refusal;

#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use allow::Existing;
pub use caller::Caller;
pub use identify::{Ask, Step};
pub use pending::Pending;
pub use refusal::Refusal;
use refusal::Shows;

use crate::attempts::Attempts;
use crate::certificate::Certificates;
use crate::identity::Identity;
use crate::jwt::Jwt;
use crate::password::Passwords;
use crate::policy::Policy;
use crate::signed::UrlKeys;
use crate::token::Tokens;

/// The ways of proving who one is that are open here.
#[derive(Debug, Default)]
pub struct Proofs {
    /// Bearer tokens.
    pub tokens: Option<Tokens>,
    /// Names and passwords.
    pub passwords: Option<Arc<Passwords>>,
    /// An issuer's tokens.
    pub jwt: Option<Arc<Jwt>>,
    /// Keys that sign links.
    pub url_keys: Option<UrlKeys>,
    /// Whom client certificates stand for.
    pub certificates: Option<Certificates>,
}

/// The law, the proofs, and who failed of late.
#[derive(Debug)]
pub struct Doors {
    policy: Policy,
    proofs: Proofs,
    attempts: Arc<Attempts>,
}

impl Doors {
    /// Doors with this law and these proofs. Attempts outlive a change of either.
    #[must_use]
    pub fn new(policy: Policy, proofs: Proofs, attempts: Arc<Attempts>) -> Self {
        Self { policy, proofs, attempts }
    }

    /// The law.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The issuer, for whoever fetches its keys.
    #[must_use]
    pub fn jwt(&self) -> Option<&Arc<Jwt>> {
        self.proofs.jwt.as_ref()
    }

    /// Whom a client certificate (as DER) that the handshake has verified stands for. Once for each connection.
    #[must_use]
    pub fn certificate(&self, certificate: &[u8]) -> Option<Identity> {
        self.proofs.certificates.as_ref()?.identify(certificate)
    }

    fn challenge(&self, shows: Shows) -> Refusal {
        let has_tokens = self.proofs.tokens.is_some() || self.proofs.jwt.is_some();
        Refusal::challenge(has_tokens, self.proofs.passwords.is_some(), shows)
    }
}
