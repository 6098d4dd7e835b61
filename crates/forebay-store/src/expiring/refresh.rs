//! Get, or make.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use forebay_net::client::Payload;

use super::{ExpiringStore, Fresh, Lookup};
use crate::StoreError;
use crate::remote::{Attributes, Expiry, ObjectKey};

/// What a key gives, found or made.
#[derive(Debug)]
pub enum Served {
    /// It was there.
    Found(Box<Fresh>),
    /// It was made, by this caller or by the one that it waited for. All of them share these bytes.
    Made(Bytes),
}

/// Why a key gives nothing. What failed for one caller failed for those who waited for it; the next call tries again.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RefreshError {
    /// The object could not be read, or could not be written.
    #[error("{0}")]
    Store(Arc<StoreError>),
    /// The producer failed.
    #[error("it could not be made: {0}")]
    Producer(Arc<str>),
    /// So many keys are made, or so many callers wait, that there is no place for another; or the wait took too long.
    #[error("too many wait for what is being made")]
    Crowded,
}

impl From<StoreError> for RefreshError {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}

/// How a flight ended.
pub(super) type Outcome = Result<Bytes, RefreshError>;

impl ExpiringStore {
    /// What is under `key` if it is fresh; else what `producer` makes, which is written with an expiry `ttl` from then.
    ///
    /// One producer runs for a key at a time; who asks meanwhile waits for what it makes. Whoever drops this future while its
    /// producer runs leaves the turn to the next who waits, with a producer of its own. The bytes are the producer's to pay for.
    ///
    /// # Errors
    ///
    /// [`RefreshError`]. A failure is not remembered.
    pub async fn get_or_refresh<P, F, E>(
        &self,
        key: &ObjectKey,
        ttl: Duration,
        producer: P,
    ) -> Result<Served, RefreshError>
    where
        P: FnOnce() -> F + Send,
        F: Future<Output = Result<Bytes, E>> + Send,
        E: fmt::Display,
    {
        let before = self.flights.landed();
        if let Lookup::Fresh(fresh) = self.get(key).await? {
            return Ok(Served::Found(fresh));
        }
        let seat = self.flights.join(key).map_err(|_| RefreshError::Crowded)?;
        let waited = tokio::time::timeout(self.options.patience, seat.turn()).await;
        let mut turn = waited.map_err(|_| RefreshError::Crowded)?;
        if let Some(outcome) = &*turn {
            return outcome.clone().map(Served::Made);
        }
        if self.flights.landed() != before
            && let Lookup::Fresh(fresh) = self.get(key).await?
        {
            return Ok(Served::Found(fresh));
        }
        let outcome = self.make(key, ttl, producer).await;
        seat.land(&mut turn, outcome.clone());
        outcome.map(Served::Made)
    }

    async fn make<P, F, E>(&self, key: &ObjectKey, ttl: Duration, producer: P) -> Outcome
    where
        P: FnOnce() -> F + Send,
        F: Future<Output = Result<Bytes, E>> + Send,
        E: fmt::Display,
    {
        let bytes = producer().await.map_err(|error| RefreshError::Producer(error.to_string().into()))?;
        self.put(key, Payload::bytes(bytes.clone()), Expiry::after(ttl), Attributes::default()).await?;
        Ok(bytes)
    }
}
