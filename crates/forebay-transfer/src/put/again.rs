//! Writes that are asked for again.

use forebay_store::remote::{Remote, Tries};
use forebay_store::{StoreError, StoreErrorKind};

use crate::Progress;
use crate::engine::Shared;

/// How the last try of a request ended.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) error: StoreError,
    /// Whether an earlier try may have done what was asked for without our hearing of it.
    pub(crate) unheard: bool,
}

/// Asks until there is an answer that asking again would not change, or patience ends.
pub(crate) async fn again<T, F>(
    shared: &Shared,
    to: &dyn Remote,
    progress: &Progress,
    mut ask: impl FnMut() -> F,
) -> Result<T, Failed>
where
    F: Future<Output = Result<T, StoreError>>,
{
    let mut tries = Tries::of(to, shared.tenacity);
    let mut unheard = false;
    loop {
        if let Err(error) = tries.admit() {
            return Err(Failed { error, unheard });
        }
        let error = match ask().await {
            Ok(done) => {
                tries.succeeded();
                return Ok(done);
            }
            Err(error) => error,
        };
        match error.kind() {
            StoreErrorKind::Throttled => {
                shared.slots.throttled();
                progress.retried();
            }
            StoreErrorKind::Unavailable => {
                unheard |= !error.is_ours();
                progress.retried();
            }
            _ => {}
        }
        match tries.after(error) {
            Ok(wait) => tokio::time::sleep(wait).await,
            Err(error) => return Err(Failed { error, unheard }),
        }
    }
}
