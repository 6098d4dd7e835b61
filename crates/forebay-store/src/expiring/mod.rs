//! Objects that expire, in a bucket.
//!
//! A cache whose entries are objects: written with an expiry, read as *fresh*, *expired* or *missing*. A read is one request; what is
//! not wanted of its answer is the body's to settle, which drains a short rest or closes the connection, in bounded bytes and
//! time, when it is dropped. There is no path on which it is only forgotten.
//!
//! What has expired is made anew by [`ExpiringStore::get_or_refresh`]: one producer for a key at a time (`flight`).

mod flight;
mod only_fresh;
mod refresh;

pub use only_fresh::{NotFresh, OnlyFresh};
pub use refresh::{RefreshError, Served};

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use forebay_net::client::Payload;

use self::flight::Flights;
use crate::remote::{
    Attributes, Bucket, Condition, Expiry, Facts, Freshness, ObjectKey, PutAsk, ReadAsk, Remote,
    ResumableBody, Stored, Tenacity,
};
use crate::{StoreError, StoreErrorKind};

/// Objects that expire, in a bucket. Cheap to clone.
#[derive(Clone)]
pub struct ExpiringStore {
    bucket: Arc<dyn Bucket>,
    options: ExpiringOptions,
    flights: Arc<Flights>,
}

/// How an expiring store behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExpiringOptions {
    /// What an `Expires` that is no date means.
    pub malformed: Malformed,
    /// How long to keep asking a bucket that gives nothing.
    pub tenacity: Tenacity,
    /// Keys that are made at the same time, at most.
    pub flights_max: usize,
    /// Callers that wait for others' producers, over all keys, at most.
    pub waiters_max: usize,
    /// How long one of them waits.
    pub patience: Duration,
}

/// What an `Expires` that is no date means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Malformed {
    /// The object has expired; a warning says why.
    Expired,
    /// The read fails as `Invalid`.
    Error,
}

impl Default for ExpiringOptions {
    fn default() -> Self {
        Self {
            malformed: Malformed::Expired,
            tenacity: Tenacity::default(),
            flights_max: 256,
            waiters_max: 4096,
            patience: Duration::from_secs(30),
        }
    }
}

/// What is under a key.
#[derive(Debug)]
pub enum Lookup {
    /// An object that has not expired.
    Fresh(Box<Fresh>),
    /// One that has.
    Expired {
        /// When; `None` if its `Expires` is no date.
        at: Option<SystemTime>,
    },
    /// Nothing.
    Missing,
}

/// An object that has not expired.
#[derive(Debug)]
pub struct Fresh {
    /// Its bytes.
    pub body: ResumableBody,
    /// When it will expire; never, if there is none.
    pub until: Option<SystemTime>,
}

impl Fresh {
    /// What the answer said of it.
    pub const fn facts(&self) -> &Facts {
        self.body.facts()
    }
}

impl ExpiringStore {
    /// The expiring objects of this bucket.
    pub fn new(bucket: Arc<dyn Bucket>, options: ExpiringOptions) -> Self {
        let flights = Arc::new(Flights::new(options.flights_max, options.waiters_max));
        Self { bucket, options, flights }
    }

    /// Writes an object that expires. Its `Expires` replaces one that `attributes` has.
    ///
    /// # Errors
    ///
    /// Those of [`Bucket::put`].
    pub async fn put(
        &self,
        key: &ObjectKey,
        payload: Payload,
        expiry: Expiry,
        attributes: Attributes,
    ) -> Result<Stored, StoreError> {
        let expires = Some(expiry.field(SystemTime::now()).into());
        let ask = PutAsk {
            key: key.clone(),
            attributes: Attributes { expires, ..attributes },
            condition: Condition::Always,
            checksum: None,
            checksum_kind: None,
        };
        self.bucket.put(&ask, payload).await
    }

    /// What is under `key`: one request, or as many as a bucket that is busy or away makes necessary.
    ///
    /// # Errors
    ///
    /// Those of [`Remote::read`] but `NotFound`; `Invalid` for an `Expires` that is no date, if the options say so.
    pub async fn get(&self, key: &ObjectKey) -> Result<Lookup, StoreError> {
        let remote: Arc<dyn Remote> = Arc::<dyn Bucket>::clone(&self.bucket);
        let ask = ReadAsk { key: key.clone(), range: None, pin: None };
        let body = match ResumableBody::open(remote, ask, self.options.tenacity).await {
            Ok(body) => body,
            Err(error) if error.kind() == StoreErrorKind::NotFound => return Ok(Lookup::Missing),
            Err(error) => return Err(error),
        };
        // Where the body is not handed out it is dropped here, on every path.
        match Freshness::of(body.facts(), SystemTime::now()) {
            Freshness::Fresh { until } => Ok(Lookup::Fresh(Box::new(Fresh { body, until }))),
            Freshness::Expired { at } => Ok(Lookup::Expired { at: Some(at) }),
            Freshness::Malformed => self.malformed(key, body.facts()),
        }
    }

    /// How many callers make something now, or wait for who does.
    pub fn callers(&self) -> usize {
        self.flights.callers()
    }

    fn malformed(&self, key: &ObjectKey, facts: &Facts) -> Result<Lookup, StoreError> {
        let field = facts.attributes.expires.as_deref().unwrap_or_default().escape_debug();
        match self.options.malformed {
            Malformed::Expired => {
                tracing::warn!(place = self.bucket.place(), %key, expires = %field, "Expires is no date: it counts as expired");
                Ok(Lookup::Expired { at: None })
            }
            Malformed::Error => Err(StoreError::with_cause(
                StoreErrorKind::Invalid,
                format!("the Expires of {key} is no date: \"{field}\""),
            )),
        }
    }
}

impl fmt::Debug for ExpiringStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExpiringStore")
            .field("place", &self.bucket.place())
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
