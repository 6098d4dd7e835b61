//! Who somebody is, and how that was proved.

use std::fmt;
use std::sync::Arc;

use crate::name::{Group, Name};

/// Somebody who has proved who he is. Cheap to clone; it holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    name: Name,
    groups: Arc<[Group]>,
    proof: Proof,
}

/// How it was proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Proof {
    /// A token of the token file.
    Bearer,
    /// A name and a password.
    Basic,
    /// A JSON Web Token of an issuer that we trust.
    Jwt,
    /// A client certificate that the TLS handshake has verified.
    Certificate,
    /// A URL that somebody signed.
    Signed,
}

impl Identity {
    /// Somebody, in these groups.
    #[must_use]
    pub fn new(name: Name, groups: Arc<[Group]>, proof: Proof) -> Self {
        Self { name, groups, proof }
    }

    /// Who it is.
    #[must_use]
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// How we know.
    #[must_use]
    pub fn proof(&self) -> Proof {
        self.proof
    }

    /// Whether he belongs to `group`.
    #[must_use]
    pub fn is_in(&self, group: &Group) -> bool {
        self.groups.contains(group)
    }
}

impl Proof {
    /// The word in the log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bearer => "bearer",
            Self::Basic => "basic",
            Self::Jwt => "jwt",
            Self::Certificate => "mtls",
            Self::Signed => "signed",
        }
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
