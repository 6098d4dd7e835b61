//! A range of a pinned version that has not been asked for yet.

use std::fmt;
use std::sync::Arc;

use super::{ObjectKey, Pin, ReadAsk, Remote, ResumableBody, Tenacity};
use crate::{ByteRange, StoreError};

/// Where a pinned version is, and how to read it.
pub(crate) struct Placed {
    pub(crate) remote: Arc<dyn Remote>,
    pub(crate) key: ObjectKey,
    pub(crate) pin: Pin,
    pub(crate) tenacity: Tenacity,
}

/// A range of a pinned version, named and not yet asked for: it holds nothing. Cheap to clone.
#[derive(Clone)]
pub struct RemoteSpan {
    placed: Arc<Placed>,
    /// All of it, in one request without a range, if it is not given.
    range: Option<ByteRange>,
    len: Option<u64>,
}

impl RemoteSpan {
    /// These bytes of an object of `len`.
    pub(crate) fn of(placed: &Arc<Placed>, range: ByteRange, len: u64) -> Self {
        let part = Some(range).filter(|range| *range != ByteRange::whole(len));
        Self { placed: Arc::clone(placed), range: part, len: Some(range.len()) }
    }

    /// All of an object whose length nobody knows.
    pub(crate) fn unmeasured(placed: &Arc<Placed>) -> Self {
        Self { placed: Arc::clone(placed), range: None, len: None }
    }

    /// How many bytes; `None` if only the true end will tell.
    pub const fn len(&self) -> Option<u64> {
        self.len
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        matches!(self.len, Some(0))
    }

    /// Asks for it. The answer is there when its head is, and is of the pinned version.
    ///
    /// # Errors
    ///
    /// `Changed` if the place has another version by now; else those of [`Remote::read`].
    pub async fn open(&self) -> Result<ResumableBody, StoreError> {
        let Placed { remote, key, pin, tenacity } = &*self.placed;
        let ask = ReadAsk { key: key.clone(), range: self.range, pin: Some(pin.clone()) };
        ResumableBody::open(Arc::clone(remote), ask, *tenacity).await
    }
}

impl fmt::Debug for RemoteSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteSpan")
            .field("place", &self.placed.remote.place())
            .field("key", &self.placed.key)
            .field("range", &self.range)
            .finish_non_exhaustive()
    }
}
