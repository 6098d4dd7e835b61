//! Work that waits for the disk, away from the workers.

use crate::{TransferError, TransferErrorKind};

/// Runs `work` on a thread that may block. What it does goes on to its end, whether anybody waits for it or not.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, TransferError> + Send + 'static,
) -> Result<T, TransferError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(gone) => Err(TransferError::new(TransferErrorKind::Local, "the program is ending").because(gone)),
    }
}
