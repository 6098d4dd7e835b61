//! Pages that follow each other, of which one is held.

use std::vec::IntoIter;

use crate::TransferError;

/// The page in hand.
#[derive(Debug)]
pub(super) struct Pages<T> {
    page: IntoIter<T>,
    is_last: bool,
}

/// A page that came.
pub(super) struct Page<T> {
    pub(super) entries: Vec<T>,
    /// None follows it.
    pub(super) is_last: bool,
}

impl<T> Pages<T> {
    /// Before the first.
    pub(super) fn new() -> Self {
        Self { page: Vec::new().into_iter(), is_last: false }
    }

    /// The next entry, of the pages that `turn` brings; `None` at the true end. Cancel safe if `turn` is: a page is here, or is asked for again.
    pub(super) async fn next(
        &mut self,
        mut turn: impl AsyncFnMut() -> Result<Page<T>, TransferError>,
    ) -> Result<Option<T>, TransferError> {
        loop {
            if let Some(entry) = self.page.next() {
                return Ok(Some(entry));
            }
            if self.is_last {
                return Ok(None);
            }
            let page = turn().await?;
            self.page = page.entries.into_iter();
            self.is_last = page.is_last;
        }
    }
}
