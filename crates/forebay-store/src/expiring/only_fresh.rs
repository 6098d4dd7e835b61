//! A place as seen by somebody who does not want what has expired.
//!
//! The answer that brings the first byte brings `Expires` too, so the judgement costs no request of its own. It is made once: an object that
//! was fresh when its transfer began may be fetched to its end.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use forebay_net::retry::Peer;

use super::Malformed;
use crate::remote::{Attributes, Facts, Freshness, KeysAsk, KeysPage, ObjectKey, Pin, Reading, Remote};
use crate::{Answer, ByteRange, StoreError, StoreErrorKind};

/// One object of a place, if it has not expired. What has is `NotFound`, and its cause says since when.
pub struct OnlyFresh {
    remote: Arc<dyn Remote>,
    malformed: Malformed,
    was_fresh: AtomicBool,
}

/// Why an object counts as one that is not there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotFresh {
    /// It has expired.
    #[error("it expired on {0}")]
    Expired(String),
    /// Its `Expires` is no date.
    #[error("its Expires is no date and counts as passed: \"{0}\"")]
    Malformed(String),
}

impl OnlyFresh {
    /// For one object of this place.
    pub fn new(remote: Arc<dyn Remote>, malformed: Malformed) -> Self {
        Self { remote, malformed, was_fresh: AtomicBool::new(false) }
    }

    fn judge(&self, facts: &Facts) -> Result<(), StoreError> {
        if self.was_fresh.load(Ordering::Relaxed) {
            return Ok(());
        }
        let field = || facts.attributes.expires.as_deref().unwrap_or_default().escape_debug().to_string();
        let (kind, why) = match (Freshness::of(facts, SystemTime::now()), self.malformed) {
            (Freshness::Fresh { .. }, _) => {
                self.was_fresh.store(true, Ordering::Relaxed);
                return Ok(());
            }
            (Freshness::Expired { .. }, _) => (StoreErrorKind::NotFound, NotFresh::Expired(field())),
            (Freshness::Malformed, Malformed::Expired) => {
                (StoreErrorKind::NotFound, NotFresh::Malformed(field()))
            }
            (Freshness::Malformed, Malformed::Error) => {
                (StoreErrorKind::Invalid, NotFresh::Malformed(field()))
            }
        };
        Err(StoreError::with_cause(kind, why))
    }
}

impl Remote for OnlyFresh {
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
        Answer::later(async move {
            let facts = self.remote.head(key, pin).await?;
            self.judge(&facts).map(|()| facts)
        })
    }

    fn attributes<'a>(&'a self, key: &'a ObjectKey, pin: Option<&'a Pin>) -> Answer<'a, Attributes> {
        Answer::later(async move {
            let facts = self.head(key, pin).await?;
            self.remote.attributes(key, Some(&facts.pin())).await
        })
    }

    fn read<'a>(
        &'a self,
        key: &'a ObjectKey,
        range: Option<ByteRange>,
        pin: Option<&'a Pin>,
    ) -> Answer<'a, Reading> {
        Answer::later(async move {
            let reading = self.remote.read(key, range, pin).await?;
            self.judge(&reading.facts).map(|()| reading)
        })
    }

    fn keys<'a>(&'a self, ask: &'a KeysAsk) -> Answer<'a, KeysPage> {
        self.remote.keys(ask)
    }
}

impl fmt::Debug for OnlyFresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OnlyFresh").field(&self.remote).finish()
    }
}
