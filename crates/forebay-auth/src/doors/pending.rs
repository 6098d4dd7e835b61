//! A password on its way to be verified.
//!
//! 1. On the worker: a locked client is refused, what was proved lately is not proved again, a locked name is refused.
//! 2. The caller acquires a lease for [`Pending::bytes`], and answers [`Refusal::Busy`] if he gets none.
//! 3. On a thread that may block: all of step 1 once more, because others may have proved or failed the same while this waited, and only
//!    then the hash.
//!
//! So of a thousand guesses that arrive at once no more get past a lock than have leases.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use forebay_budget::Lease;
use zeroize::Zeroizing;

use super::{Ask, Caller, Refusal, Step};
use crate::attempts::Attempts;
use crate::identity::Identity;
use crate::password::{Credential, Passwords};

/// What a password is verified by, and what is said if it is wrong.
pub(super) struct Guard {
    passwords: Arc<Passwords>,
    attempts: Arc<Attempts>,
    wrong: Refusal,
}

/// A password that has to be verified. Dropped, it is wiped and nothing has happened.
#[must_use = "nobody is let in before it has run"]
pub struct Pending {
    guard: Guard,
    credential: Credential,
}

impl Guard {
    pub(super) fn new(passwords: Arc<Passwords>, attempts: Arc<Attempts>, wrong: Refusal) -> Self {
        Self { passwords, attempts, wrong }
    }

    pub(super) fn begin(
        self,
        name: Zeroizing<String>,
        password: Zeroizing<Vec<u8>>,
        ask: &Ask<'_>,
    ) -> Result<Step, Refusal> {
        let credential = Credential { name, password, client: ask.client };
        match self.known(&credential, ask.now)? {
            Some(identity) => Ok(Step::Caller(Caller::known(identity))),
            None => Ok(Step::Password(Pending { guard: self, credential })),
        }
    }

    /// Who it is, if that is known without a hash; refused if no hash may be made.
    fn known(&self, credential: &Credential, now: SystemTime) -> Result<Option<Identity>, Refusal> {
        let locked =
            |lock: Option<Duration>| lock.map_or(Ok(()), |retry_after| Err(Refusal::Locked { retry_after }));
        locked(self.attempts.client_locked(credential.client, now))?;
        if let Some(identity) = self.passwords.remembered(credential, now) {
            self.attempts.succeeded(credential.client, None);
            return Ok(Some(identity));
        }
        locked(self.attempts.name_locked(&credential.name, now))?;
        Ok(None)
    }
}

impl Pending {
    /// The memory that verifying takes, in bytes. What it is for a name says nothing of whether somebody has it.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.guard.passwords.bytes(&self.credential.name)
    }

    /// Verifies it: a tenth of a second or more, for a thread that may block. `now` is the time at which it begins.
    ///
    /// # Errors
    ///
    /// It is wrong, may not be tried now, or the lease is too small.
    pub fn run(self, lease: Lease, now: SystemTime) -> Result<Caller, Refusal> {
        let Self { guard, credential } = self;
        if lease.bytes() < guard.passwords.bytes(&credential.name) {
            return Err(Refusal::Busy { retry_after: Duration::from_secs(1) });
        }
        if let Some(identity) = guard.known(&credential, now)? {
            return Ok(Caller::known(identity));
        }
        let found = guard.passwords.verify(&credential, now);
        drop(lease);
        match found {
            Some(identity) => {
                guard.attempts.succeeded(credential.client, Some(&credential.name));
                Ok(Caller::known(identity))
            }
            None => {
                guard.attempts.failed(credential.client, Some(&credential.name), now);
                Err(guard.wrong)
            }
        }
    }
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pending(…)")
    }
}
