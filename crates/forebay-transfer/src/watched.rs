//! A place whose refusals are noticed.
//!
//! A body that is continued, and a request that is asked again, happen below: what comes up is the end of it. That the place asked
//! to be left alone is of interest at once, and to all transfers, so it is seen here, on the way.

use std::sync::Arc;

use forebay_net::retry::Peer;
use forebay_store::remote::{Attributes, Facts, KeysAsk, KeysPage, ObjectKey, Pin, Reading, Remote};
use forebay_store::{Answer, ByteRange, StoreError, StoreErrorKind};

use crate::Progress;
use crate::slots::Slots;

#[derive(Debug)]
pub(crate) struct Watched {
    remote: Arc<dyn Remote>,
    slots: Arc<Slots>,
    progress: Progress,
}

impl Watched {
    pub(crate) fn new(remote: Arc<dyn Remote>, slots: Arc<Slots>, progress: Progress) -> Self {
        Self { remote, slots, progress }
    }

    fn see<T>(&self, answer: Result<T, StoreError>) -> Result<T, StoreError> {
        match answer.as_ref().map_err(StoreError::kind) {
            Err(StoreErrorKind::Throttled) => {
                self.slots.throttled();
                self.progress.retried();
            }
            Err(StoreErrorKind::Unavailable) => self.progress.retried(),
            Ok(_) | Err(_) => {}
        }
        answer
    }
}

impl Remote for Watched {
    fn place(&self) -> &str {
        self.remote.place()
    }

    fn peer(&self) -> &Peer {
        self.remote.peer()
    }

    fn lists(&self) -> bool {
        self.remote.lists()
    }

    fn head<'a>(&'a self, key: &'a ObjectKey, pin: Option<&'a Pin>) -> Answer<'a, Facts> {
        Answer::later(async move { self.see(self.remote.head(key, pin).await) })
    }

    fn attributes<'a>(&'a self, key: &'a ObjectKey, pin: Option<&'a Pin>) -> Answer<'a, Attributes> {
        Answer::later(async move { self.see(self.remote.attributes(key, pin).await) })
    }

    fn read<'a>(
        &'a self,
        key: &'a ObjectKey,
        range: Option<ByteRange>,
        pin: Option<&'a Pin>,
    ) -> Answer<'a, Reading> {
        Answer::later(async move { self.see(self.remote.read(key, range, pin).await) })
    }

    fn keys<'a>(&'a self, ask: &'a KeysAsk) -> Answer<'a, KeysPage> {
        self.remote.keys(ask)
    }
}
