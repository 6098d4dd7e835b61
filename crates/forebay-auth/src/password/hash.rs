//! One line of a password file, and the two kinds of hashes that we take.
//!
//! What costs too little to verify is found by trying; what costs too much stops the server. Both are refused where they are read, with the line.

use std::fmt;
use std::str::FromStr;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, Version};

use crate::identity::{Identity, Proof};
use crate::name::{Name, NameError};
use crate::secret;

/// Of bcrypt, the binary logarithm of the rounds: `htpasswd -B` begins with 5; 14 takes about a second.
const BCRYPT_COST: std::ops::RangeInclusive<u32> = 5..=14;
/// The memory of argon2 in KiB: what its command line tool begins with, up to 64 MiB.
const ARGON2_KIB: std::ops::RangeInclusive<u32> = 4096..=65_536;
/// Passes of argon2 over its memory, at most.
const ARGON2_PASSES_MAX: u32 = 16;
/// Lanes of argon2, at most. They take their turns on one thread.
const ARGON2_LANES_MAX: u32 = 16;
/// What bcrypt takes: its state of 4 KiB, and some room.
const BCRYPT_BYTES: u64 = 8 << 10;
/// The longest digest of argon2 that is worth having.
const DIGEST_MAX: usize = 64;

/// A hash of a password, and what is needed to make it again.
pub(super) enum Hash {
    Bcrypt(Box<str>),
    Argon2 { params: Params, salt: Box<[u8]>, digest: Box<[u8]> },
}

pub(super) struct Line {
    pub(super) identity: Identity,
    pub(super) hash: Hash,
}

/// Why a line of a password file cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordLineError {
    /// There is no colon.
    #[error("a line is NAME:HASH, as `htpasswd -nB -C 12 NAME` prints it")]
    Form,
    /// The name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The name has a line already.
    #[error("this name has a line already")]
    Twice,
    /// A hash that is quickly tried out, or a password as it is.
    #[error(
        "only bcrypt ($2y$) and argon2id are taken, not MD5, SHA-1, crypt or plain text: `htpasswd -nB -C 12 NAME` prints a line"
    )]
    Weak,
    /// A hash that begins well.
    #[error("the hash is damaged: `htpasswd -nB -C 12 NAME` prints a line")]
    Damaged,
    /// A hash that costs too little or too much.
    #[error(
        "bcrypt's cost is 5 to 14, argon2id's memory m=4096 to m=65536, its passes up to t=16, its lanes up to p=16"
    )]
    Cost,
}

impl Hash {
    fn parse(text: &str) -> Result<Self, PasswordLineError> {
        if ["$2y$", "$2b$", "$2a$"].iter().any(|prefix| text.starts_with(prefix)) {
            return Self::bcrypt(text);
        }
        if text.starts_with("$argon2id$") { Self::argon2(text) } else { Err(PasswordLineError::Weak) }
    }

    fn bcrypt(text: &str) -> Result<Self, PasswordLineError> {
        let parts: bcrypt::HashParts = text.parse().map_err(|_| PasswordLineError::Damaged)?;
        if BCRYPT_COST.contains(&parts.get_cost()) {
            Ok(Self::Bcrypt(text.into()))
        } else {
            Err(PasswordLineError::Cost)
        }
    }

    fn argon2(text: &str) -> Result<Self, PasswordLineError> {
        let damaged = PasswordLineError::Damaged;
        let hash = PasswordHash::new(text).map_err(|_| damaged)?;
        let (Some(19), Some(salt), Some(digest)) = (hash.version, hash.salt, hash.hash) else {
            return Err(damaged);
        };
        let params = Params::try_from(&hash.params).map_err(|_| damaged)?;
        let is_affordable = ARGON2_KIB.contains(&params.m_cost())
            && params.t_cost() <= ARGON2_PASSES_MAX
            && params.p_cost() <= ARGON2_LANES_MAX;
        if !is_affordable {
            return Err(PasswordLineError::Cost);
        }
        if salt.len() < argon2::MIN_SALT_LEN || !(16..=DIGEST_MAX).contains(&digest.len()) {
            return Err(damaged);
        }
        Ok(Self::Argon2 { params, salt: (*salt).into(), digest: digest.as_bytes().into() })
    }

    /// The memory that it takes to verify, in bytes.
    pub(super) fn bytes(&self) -> u64 {
        match self {
            Self::Bcrypt(_) => BCRYPT_BYTES,
            Self::Argon2 { params, .. } => u64::from(params.m_cost()) << 10,
        }
    }

    /// Whether it is the hash of this password. Slow.
    pub(super) fn verify(&self, password: &[u8]) -> bool {
        match self {
            Self::Bcrypt(hash) => bcrypt::verify(password, hash).unwrap_or(false),
            Self::Argon2 { params, salt, digest } => {
                let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
                let mut made = [0; DIGEST_MAX];
                let made = &mut made[..digest.len()];
                argon2.hash_password_into(password, salt, made).is_ok() && secret::same(made, digest)
            }
        }
    }
}

impl FromStr for Line {
    type Err = PasswordLineError;

    fn from_str(line: &str) -> Result<Self, PasswordLineError> {
        let (name, hash) = line.split_once(':').ok_or(PasswordLineError::Form)?;
        let identity = Identity::new(Name::new(name)?, [].into(), Proof::Basic);
        Ok(Self { identity, hash: Hash::parse(hash)? })
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hash(…)")
    }
}
