//! The keys of a place, one after the other; a page of them is held.

use std::sync::Arc;

use forebay_store::remote::{KeyEntry, KeysAsk, Remote, Tenacity, Tries, persist};

use crate::TransferError;

/// A listing under way.
#[derive(Debug)]
pub struct Keys {
    remote: Arc<dyn Remote>,
    ask: KeysAsk,
    tenacity: Tenacity,
    page: std::vec::IntoIter<KeyEntry>,
    is_last: bool,
}

impl Keys {
    /// The keys that `ask` asks for, all pages of them.
    pub fn new(remote: Arc<dyn Remote>, ask: KeysAsk, tenacity: Tenacity) -> Self {
        Self { remote, ask, tenacity, page: Vec::new().into_iter(), is_last: false }
    }

    /// The next key; `None` at the true end. Cancel safe: what is dropped has taken nothing.
    ///
    /// # Errors
    ///
    /// That the place does not answer, from the last try. Nothing follows that says that the listing is whole.
    pub async fn next(&mut self) -> Result<Option<KeyEntry>, TransferError> {
        loop {
            if let Some(entry) = self.page.next() {
                return Ok(Some(entry));
            }
            if self.is_last {
                return Ok(None);
            }
            let asked =
                persist(Tries::of(&*self.remote, self.tenacity), || self.remote.keys(&self.ask)).await;
            let page = asked.map_err(|error| {
                TransferError::of_store(&format!("cannot list {}", self.remote.place()), error)
            })?;
            self.page = page.entries.into_iter();
            self.is_last = page.next.is_none();
            self.ask.continuation = page.next;
        }
    }
}
