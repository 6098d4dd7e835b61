//! A disk that cannot be written now may be written soon.

use std::time::Duration;

use super::QueueError;

/// Between two tries.
const PAUSE: Duration = Duration::from_secs(1);

/// Asks a queue until its disk can be used, since nothing else is to be done with what it would be told.
pub(crate) async fn persist<T, F>(what: &str, mut ask: impl FnMut() -> F) -> Result<T, QueueError>
where
    F: Future<Output = Result<T, QueueError>>,
{
    loop {
        match ask().await {
            Err(error) if error.is_passing() => {
                tracing::error!(%error, "{what} could not be written down; trying again");
                tokio::time::sleep(PAUSE).await;
            }
            told => return told,
        }
    }
}
