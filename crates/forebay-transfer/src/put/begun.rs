//! An upload in parts that a store keeps for us.
//!
//! Until it is published nobody sees it, and its parts cost storage until somebody gives it up. So whoever begins one holds this: dropped
//! at any point, however early, the upload is given up in the background, unless a journal speaks of it or it has become an object.

use std::sync::Arc;

use forebay_store::remote::{PutAsk, Upload};

use super::Destination;
use super::again::again;
use crate::engine::Shared;
use crate::{Progress, TransferError};

#[derive(Debug)]
pub(crate) struct Begun {
    shared: Arc<Shared>,
    to: Destination,
    upload: Upload,
    kept: bool,
}

impl Begun {
    /// Begins one.
    pub(crate) async fn begin(
        shared: &Arc<Shared>,
        to: &Destination,
        ask: &PutAsk,
        progress: &Progress,
    ) -> Result<Self, TransferError> {
        let begun = again(shared, &*to.bucket, progress, || to.bucket.begin(ask)).await;
        let upload = begun.map_err(|failed| TransferError::of_store(&to.name(), failed.error))?;
        let mut begun = Self::earlier(shared, to, upload);
        begun.kept = false;
        Ok(begun)
    }

    /// One that an earlier run has left.
    pub(crate) fn earlier(shared: &Arc<Shared>, to: &Destination, upload: Upload) -> Self {
        Self { shared: Arc::clone(shared), to: to.clone(), upload, kept: true }
    }

    pub(crate) const fn upload(&self) -> &Upload {
        &self.upload
    }

    /// It has become an object, or the next run goes on with it.
    pub(crate) fn keep(&mut self) {
        self.kept = true;
    }

    /// Nobody speaks of it after all.
    pub(crate) fn disown(&mut self) {
        self.kept = false;
    }

    /// Has the store forget it. What cannot be given up now costs storage until somebody lists stale uploads, and is no failure beside
    /// the one that led here.
    pub(crate) async fn give_up(&mut self) {
        // Dropped on the way, it is tried once more.
        self.kept = false;
        let _ = self.to.bucket.abort(&self.upload).await;
        self.kept = true;
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        let (to, upload) = (self.to.clone(), self.upload.clone());
        self.shared.leaving.spawn(async move { to.bucket.abort(&upload).await.is_ok() });
    }
}
