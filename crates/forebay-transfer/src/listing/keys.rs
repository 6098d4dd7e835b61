//! The keys of a place, one after the other; a page of them is held.

use std::sync::Arc;

use forebay_store::remote::{KeyEntry, KeysAsk, Remote, Tenacity, Tries, persist};

use super::pages::{Page, Pages};
use crate::TransferError;

/// A listing under way.
#[derive(Debug)]
pub struct Keys {
    remote: Arc<dyn Remote>,
    ask: KeysAsk,
    tenacity: Tenacity,
    pages: Pages<KeyEntry>,
}

impl Keys {
    /// The keys that `ask` asks for, all pages of them.
    pub fn new(remote: Arc<dyn Remote>, ask: KeysAsk, tenacity: Tenacity) -> Self {
        Self { remote, ask, tenacity, pages: Pages::new() }
    }

    /// The next key; `None` at the true end. Cancel safe: what is dropped has taken nothing.
    ///
    /// # Errors
    ///
    /// That the place does not answer, from the last try. Nothing follows that says that the listing is whole.
    pub async fn next(&mut self) -> Result<Option<KeyEntry>, TransferError> {
        let Self { remote, ask, tenacity, pages } = self;
        pages
            .next(async || {
                let asked = persist(Tries::of(&**remote, *tenacity), || remote.keys(ask)).await;
                let page = asked.map_err(|error| {
                    TransferError::of_store(&format!("cannot list {}", remote.place()), error)
                })?;
                ask.continuation = page.next;
                Ok(Page { entries: page.entries, is_last: ask.continuation.is_none() })
            })
            .await
    }
}
