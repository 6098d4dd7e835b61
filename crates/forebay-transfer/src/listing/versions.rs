//! The versions of a bucket, one after the other; a page of them is held.

use std::sync::Arc;

use forebay_store::remote::{Bucket, Tenacity, Tries, VersionEntry, VersionsAsk, persist};

use crate::TransferError;

/// A listing of versions under way.
#[derive(Debug)]
pub struct Versions {
    bucket: Arc<dyn Bucket>,
    ask: VersionsAsk,
    tenacity: Tenacity,
    page: std::vec::IntoIter<VersionEntry>,
    is_last: bool,
}

impl Versions {
    /// The versions that `ask` asks for, all pages of them.
    pub fn new(bucket: Arc<dyn Bucket>, ask: VersionsAsk, tenacity: Tenacity) -> Self {
        Self { bucket, ask, tenacity, page: Vec::new().into_iter(), is_last: false }
    }

    /// The next version; `None` at the true end. Cancel safe: what is dropped has taken nothing.
    ///
    /// # Errors
    ///
    /// That the place does not answer, from the last try. Nothing follows that says that the listing is whole.
    pub async fn next(&mut self) -> Result<Option<VersionEntry>, TransferError> {
        loop {
            if let Some(entry) = self.page.next() {
                return Ok(Some(entry));
            }
            if self.is_last {
                return Ok(None);
            }
            let asked =
                persist(Tries::of(&*self.bucket, self.tenacity), || self.bucket.versions(&self.ask)).await;
            let page = asked.map_err(|error| {
                TransferError::of_store(
                    &format!("cannot list the versions of {}", self.bucket.place()),
                    error,
                )
            })?;
            self.page = page.entries.into_iter();
            self.is_last = page.next.is_none();
            self.ask.continuation = page.next;
        }
    }
}
