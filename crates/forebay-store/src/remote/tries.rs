//! How often, and how soon, the same thing is asked again.
//!
//! Every request that may be sent again goes through here, so that a place that stumbles is met by one set of brakes
//! ([`forebay_net::retry`]), whoever asks: waits drawn by chance, a number of retries a second for all callers together, and a rest for
//! a place that answers nobody. What an answer means is for its store to say; here only its kind counts. Whatever is not "busy" or "away" is
//! an answer, and shows that the place is well.

use std::time::Duration;

use forebay_net::retry::{LeftAlone, Retry, RetryPolicy, Trouble, TroubleKind};

use super::{Effort, Remote};
use crate::{Answer, StoreError, StoreErrorKind};

/// How much slower a place is asked again that wants fewer requests than one whose connection broke.
const THROTTLED_FACTOR: u32 = 10;

/// How long to keep asking a place that gives nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tenacity {
    /// Requests in a row without a byte; the last one's error is the caller's.
    pub tries_max: u32,
    /// The wait after the first failure is drawn from nothing to this; it doubles with each that follows, and is ten times as long
    /// where the place asked for fewer requests.
    pub wait_min: Duration,
    /// The longest wait. A place that asks for more (`Retry-After`) is not waited for.
    pub wait_max: Duration,
}

impl Default for Tenacity {
    fn default() -> Self {
        Self { tries_max: 5, wait_min: Duration::from_millis(100), wait_max: Duration::from_secs(10) }
    }
}

impl Tenacity {
    fn policy(self) -> RetryPolicy {
        RetryPolicy {
            failures_max: self.tries_max,
            transient_base: self.wait_min,
            throttled_base: self.wait_min * THROTTLED_FACTOR,
            wait_max: self.wait_max,
            retry_after_max: self.wait_max,
        }
    }
}

/// The tries of one request, or of one body that is continued.
#[derive(Debug)]
pub struct Tries {
    /// Boxed: bodies are moved about, and this is most of their size.
    retry: Box<Retry>,
    /// The last try failed.
    failing: bool,
    /// Where they are counted.
    effort: Option<Effort>,
}

impl Tries {
    /// Begins a request to this place.
    pub fn of(remote: &dyn Remote, tenacity: Tenacity) -> Self {
        Self { retry: Box::new(remote.peer().start(tenacity.policy())), failing: false, effort: None }
    }

    /// The same, counted there.
    #[must_use]
    pub(crate) fn counted(self, effort: &Effort) -> Self {
        Self { effort: Some(effort.clone()), ..self }
    }

    /// The tries of another request to the same place, for the same purpose.
    pub(super) fn anew(&self) -> Self {
        Self { retry: Box::new(self.retry.anew()), failing: false, effort: self.effort.clone() }
    }

    /// Another connection goes on with a body.
    pub(super) fn went_on(&self) {
        if let Some(effort) = &self.effort {
            effort.went_on();
        }
    }

    /// Whether to ask now. Ask before each try.
    ///
    /// # Errors
    ///
    /// `Unavailable` where the place is left alone by all; it says for how long.
    pub fn admit(&mut self) -> Result<(), StoreError> {
        self.retry.admit().map_err(|alone: LeftAlone| {
            StoreError::with_cause(StoreErrorKind::Unavailable, alone)
                .with_retry_after(Some(alone.wait))
                .with_ours(true)
        })?;
        if let Some(effort) = &self.effort {
            effort.asked();
        }
        Ok(())
    }

    /// Something arrived: what failed before is forgiven.
    pub fn succeeded(&mut self) {
        self.failing = false;
        self.retry.succeeded();
        if let Some(effort) = &self.effort {
            effort.answered();
        }
    }

    /// The same, for bytes: it costs nothing while all is well.
    pub(super) fn progressed(&mut self) {
        if self.failing {
            self.succeeded();
        }
    }

    /// The wait before the next try.
    ///
    /// # Errors
    ///
    /// The error itself, if it is final or tries have run out.
    pub fn after(&mut self, error: StoreError) -> Result<Duration, StoreError> {
        let kind = match error.kind() {
            StoreErrorKind::Throttled => TroubleKind::Throttled,
            StoreErrorKind::Unavailable if error.is_ours() => TroubleKind::Ours,
            StoreErrorKind::Unavailable => TroubleKind::Transient,
            StoreErrorKind::NotFound
            | StoreErrorKind::Changed
            | StoreErrorKind::Precondition
            | StoreErrorKind::Denied
            | StoreErrorKind::Conflict
            | StoreErrorKind::Full
            | StoreErrorKind::Invalid => {
                self.succeeded();
                return Err(error);
            }
        };
        self.failing = true;
        self.retry.again(Trouble { kind, retry_after: error.retry_after() }).ok_or(error)
    }
}

/// Asks until there is an answer, or an error that is final.
///
/// # Errors
///
/// That of the last try.
pub async fn persist<'a, T>(mut tries: Tries, ask: impl Fn() -> Answer<'a, T>) -> Result<T, StoreError> {
    loop {
        tries.admit()?;
        match ask().await {
            Ok(answer) => {
                tries.succeeded();
                return Ok(answer);
            }
            Err(error) => tokio::time::sleep(tries.after(error)?).await,
        }
    }
}
