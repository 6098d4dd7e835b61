//! A range of a pinned version, to be asked for when its turn has come.

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;

use super::{Effort, ObjectKey, Pin, ReadAsk, Remote, ResumableBody, Tenacity, Tries};
use crate::{ByteRange, StoreError};

/// Where a pinned version is, and how to read it.
pub(crate) struct Placed {
    remote: Arc<dyn Remote>,
    key: ObjectKey,
    pin: Pin,
    tenacity: Tenacity,
    effort: Effort,
    /// The answer that told of this version, if it had bytes: for the first who wants just those.
    begun: Mutex<Option<Box<ResumableBody>>>,
}

impl Placed {
    pub(crate) fn new(
        remote: Arc<dyn Remote>,
        key: ObjectKey,
        pin: Pin,
        tenacity: Tenacity,
        effort: Effort,
        begun: Option<ResumableBody>,
    ) -> Self {
        Self { remote, key, pin, tenacity, effort, begun: Mutex::new(begun.map(Box::new)) }
    }

    pub(crate) const fn effort(&self) -> &Effort {
        &self.effort
    }
}

/// A range of a pinned version. Unless its object was opened to be read it holds nothing. Cheap to clone.
#[derive(Clone)]
pub struct RemoteSpan {
    placed: Arc<Placed>,
    bytes: Bytes,
}

#[derive(Clone, Copy)]
enum Bytes {
    /// Those of a range, in one request without a range if that is all there is.
    Of { range: ByteRange, is_whole: bool },
    /// All, however many that are.
    All,
}

impl RemoteSpan {
    /// These bytes of an object of `len`.
    pub(crate) fn of(placed: &Arc<Placed>, range: ByteRange, len: u64) -> Self {
        let is_whole = range == ByteRange::whole(len);
        Self { placed: Arc::clone(placed), bytes: Bytes::Of { range, is_whole } }
    }

    /// All of an object whose length nobody knows.
    pub(crate) fn unmeasured(placed: &Arc<Placed>) -> Self {
        Self { placed: Arc::clone(placed), bytes: Bytes::All }
    }

    /// How many bytes; `None` if only the true end will tell.
    pub const fn len(&self) -> Option<u64> {
        match self.bytes {
            Bytes::Of { range, .. } => Some(range.len()),
            Bytes::All => None,
        }
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        matches!(self.len(), Some(0))
    }

    /// Asks for it, or takes what its object was opened with if that is it. The answer is there when its head is, and is of the pinned
    /// version.
    ///
    /// # Errors
    ///
    /// `Changed` if the place has another version by now; else those of [`Remote::read`].
    pub async fn open(&self) -> Result<ResumableBody, StoreError> {
        let Placed { remote, key, pin, tenacity, effort, begun } = &*self.placed;
        let (resolved, asked) = match self.bytes {
            Bytes::Of { range, is_whole } => (Some(range), Some(range).filter(|_| !is_whole)),
            Bytes::All => (None, None),
        };
        let begun = begun.lock().take();
        match begun.filter(|body| body.range() == resolved) {
            Some(body) => Ok(*body),
            None => {
                let ask = ReadAsk { key: key.clone(), range: asked, pin: Some(pin.clone()) };
                let tries = Tries::of(&**remote, *tenacity).counted(effort);
                ResumableBody::open_by(Arc::clone(remote), ask, tries).await
            }
        }
    }

    /// Lets go of what its object was opened with. For whoever has to wait before he reads: the bytes are then asked for again, of the
    /// same version.
    pub fn put_down(&self) {
        drop(self.placed.begun.lock().take());
    }
}

impl fmt::Debug for RemoteSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteSpan")
            .field("place", &self.placed.remote.place())
            .field("key", &self.placed.key)
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
