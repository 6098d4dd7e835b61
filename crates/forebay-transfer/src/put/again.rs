//! Writes that are asked for again.

use forebay_net::retry::{RetryPolicy, Trouble, TroubleKind};
use forebay_store::{StoreError, StoreErrorKind};

use crate::Progress;
use crate::engine::Shared;

/// How the last try of a request ended.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) error: StoreError,
    /// Whether an earlier try may have done what was asked for without our hearing of it.
    pub(super) unheard: bool,
}

/// Asks until there is an answer that asking again would not change, or patience ends.
pub(super) async fn again<T, F>(
    shared: &Shared,
    progress: &Progress,
    mut ask: impl FnMut() -> F,
) -> Result<T, Failed>
where
    F: Future<Output = Result<T, StoreError>>,
{
    let policy = RetryPolicy {
        failures_max: shared.tenacity.tries_max,
        transient_base: shared.tenacity.wait_min,
        wait_max: shared.tenacity.wait_max,
        ..RetryPolicy::default()
    };
    let mut retry = shared.peer.start(policy);
    let mut unheard = false;
    loop {
        if let Err(rests) = retry.admit() {
            let error = StoreError::with_cause(StoreErrorKind::Unavailable, rests);
            return Err(Failed { error, unheard });
        }
        let error = match ask().await {
            Ok(done) => {
                retry.succeeded();
                return Ok(done);
            }
            Err(error) => error,
        };
        let kind = match error.kind() {
            StoreErrorKind::Throttled => TroubleKind::Throttled,
            StoreErrorKind::Unavailable => TroubleKind::Transient,
            _ => return Err(Failed { error, unheard }),
        };
        if kind == TroubleKind::Throttled {
            shared.slots.throttled();
        }
        unheard |= kind == TroubleKind::Transient;
        progress.retried();
        match retry.again(Trouble { kind, retry_after: error.retry_after() }) {
            Some(wait) => tokio::time::sleep(wait).await,
            None => return Err(Failed { error, unheard }),
        }
    }
}
