//! Names and passwords (RFC 7617) from a file as `htpasswd` makes it.
//!
//! To verify a password costs a tenth of a second and, with argon2, tens of MiB, on purpose. So it is paid for: whoever verifies brings a
//! lease for the memory ([`Hash::bytes`]) and does it on a thread that may block, as many at a time as the lease's class has room for. And
//! it is paid for seldom: that a client has proved a name and password is remembered for a minute, as a digest under a key that ends with
//! the process.
//!
//! A name that nobody has is verified all the same, against the hash of somebody whom chance, but for one name always the same, has chosen.
//! It takes as long and as much memory as some name of the file, so that neither the clock nor a refused lease tells which names exist.

mod hash;
mod verified;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::SystemTime;

pub use hash::PasswordLineError;
use hash::{Hash, Line};
use verified::Verified;
use zeroize::Zeroizing;

use crate::identity::Identity;
use crate::lines::{self, AtLine};
use crate::secret::{self, Digest, ProcessKey};

/// The people of a password file.
#[derive(Debug)]
pub struct Passwords {
    key: ProcessKey,
    people: Vec<(Identity, Hash)>,
    by_name: HashMap<Box<str>, usize>,
    verified: Verified,
}

/// A name and a password that somebody sent, and from where. It is wiped when it is dropped.
pub(crate) struct Credential {
    pub(crate) name: Zeroizing<String>,
    pub(crate) password: Zeroizing<Vec<u8>>,
    pub(crate) client: Option<IpAddr>,
}

impl Passwords {
    /// Reads a password file. Only bcrypt and argon2id are taken.
    ///
    /// # Errors
    ///
    /// The first line that cannot be used, with the command that makes a better one.
    pub fn parse(text: &str) -> Result<Self, AtLine<PasswordLineError>> {
        let mut by_name = HashMap::new();
        let mut people = Vec::new();
        lines::read(text, |line| {
            let line: Line = line.parse()?;
            let name = line.identity.name().as_str().into();
            if by_name.insert(name, people.len()).is_some() {
                return Err(PasswordLineError::Twice);
            }
            people.push((line.identity, line.hash));
            Ok(())
        })?;
        Ok(Self { key: ProcessKey::draw(), people, by_name, verified: Verified::new() })
    }

    /// The most memory that verifying any of these passwords takes, in bytes: what an account for it must have.
    #[must_use]
    pub fn bytes_max(&self) -> u64 {
        self.people.iter().map(|(_, hash)| hash.bytes()).max().unwrap_or(0)
    }

    /// The memory that it takes to verify a password for `name`, in bytes.
    pub(crate) fn bytes(&self, name: &str) -> u64 {
        self.hash(name).map_or(0, |(_, hash)| hash.bytes())
    }

    /// Who it is, if the same client proved just this lately.
    pub(crate) fn remembered(&self, credential: &Credential, now: SystemTime) -> Option<Identity> {
        let is_proved = self.verified.has(&self.digest(credential), now);
        let at = *self.by_name.get(credential.name.as_str()).filter(|_| is_proved)?;
        Some(self.people[at].0.clone())
    }

    /// Who it is. Slow, and takes [`Passwords::bytes`] of memory.
    pub(crate) fn verify(&self, credential: &Credential, now: SystemTime) -> Option<Identity> {
        let (identity, hash) = self.hash(&credential.name)?;
        let is_right = hash.verify(&credential.password);
        let identity = identity.filter(|_| is_right)?;
        self.verified.add(self.digest(credential), now);
        Some(identity.clone())
    }

    /// Whose name it is and his hash; for a name that nobody has, somebody else's hash. `None` in a file without people.
    fn hash(&self, name: &str) -> Option<(Option<&Identity>, &Hash)> {
        if let Some(at) = self.by_name.get(name) {
            let (identity, hash) = &self.people[*at];
            return Some((Some(identity), hash));
        }
        let chance = secret::number(&self.key.digest(&[b"unknown", name.as_bytes()]));
        let at = chance.checked_rem(self.people.len() as u64)?;
        Some((None, &self.people[at as usize].1))
    }

    fn digest(&self, credential: &Credential) -> Digest {
        let client = credential.client.map(|client| client.to_canonical().to_string()).unwrap_or_default();
        self.key.digest(&[b"verified", client.as_bytes(), credential.name.as_bytes(), &credential.password])
    }
}
