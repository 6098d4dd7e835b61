//! The versions of a bucket, one after the other; a page of them is held.

use std::sync::Arc;

use forebay_store::remote::{Bucket, Tenacity, Tries, VersionEntry, VersionsAsk, persist};

use super::pages::{Page, Pages};
use crate::TransferError;

/// A listing of versions under way.
#[derive(Debug)]
pub struct Versions {
    bucket: Arc<dyn Bucket>,
    ask: VersionsAsk,
    tenacity: Tenacity,
    pages: Pages<VersionEntry>,
}

impl Versions {
    /// The versions that `ask` asks for, all pages of them.
    pub fn new(bucket: Arc<dyn Bucket>, ask: VersionsAsk, tenacity: Tenacity) -> Self {
        Self { bucket, ask, tenacity, pages: Pages::new() }
    }

    /// The next version; `None` at the true end. Cancel safe: what is dropped has taken nothing.
    ///
    /// # Errors
    ///
    /// That the place does not answer, from the last try. Nothing follows that says that the listing is whole.
    pub async fn next(&mut self) -> Result<Option<VersionEntry>, TransferError> {
        let Self { bucket, ask, tenacity, pages } = self;
        pages
            .next(async || {
                let asked = persist(Tries::of(&**bucket, *tenacity), || bucket.versions(ask)).await;
                let page = asked.map_err(|error| {
                    let what = format!("cannot list the versions of {}", bucket.place());
                    TransferError::of_store(&what, error)
                })?;
                ask.continuation = page.next;
                Ok(Page { entries: page.entries, is_last: ask.continuation.is_none() })
            })
            .await
    }
}
