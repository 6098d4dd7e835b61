//! An object on its way in.

use bytes::Bytes;
use forebay_store::remote::Stored;
use forebay_store::{Answer, Incoming, NewObject, StoreError, StoreErrorKind};

use super::Inner;
use crate::put::sink::Sink;
use crate::{Progress, TransferError};

/// An object that a client pushes. It holds a part from the beginning, so that whoever is let in can send.
#[derive(Debug)]
pub(super) struct Arriving {
    sink: Sink,
    len: Option<u64>,
    /// It failed: the rest is refused.
    failed: bool,
}

impl Inner {
    pub(super) async fn create(&self, ask: &NewObject) -> Result<Arriving, StoreError> {
        let sizes = self.sizes(ask.len)?;
        let to = self.to(self.name(&ask.key)?);
        self.check(&ask.key, &ask.condition).await?;
        let options = self.put_options(ask);
        let mut sink = Sink::new(self.shared(), &to, &options, &Progress::new(), sizes, self.hold());
        if ask.len != Some(0) {
            sink.with_room().await?;
        }
        Ok(Arriving { sink, len: ask.len, failed: false })
    }
}

impl Arriving {
    /// Nothing follows an error: what there is at the store is given up at once, and not when the client has been told.
    async fn settle<T>(&mut self, outcome: Result<T, TransferError>) -> Result<T, StoreError> {
        match outcome {
            Ok(done) => Ok(done),
            Err(error) => {
                self.failed = true;
                self.sink.give_up().await;
                Err(told(error))
            }
        }
    }

    fn check(&self) -> Result<(), StoreError> {
        match self.failed {
            true => Err(StoreError::with_cause(StoreErrorKind::Unavailable, "the upload has failed before")),
            false => Ok(()),
        }
    }
}

/// An upload that is gone is not an object that is missing.
pub(super) fn told(error: TransferError) -> StoreError {
    let error = StoreError::from(error);
    match error.kind() {
        StoreErrorKind::NotFound => StoreError::with_cause(StoreErrorKind::Unavailable, error),
        _ => error,
    }
}

impl Incoming for Arriving {
    fn write<'a>(&'a mut self, bytes: Bytes) -> Answer<'a, ()> {
        Answer::later(async move {
            self.check()?;
            let written = self.sink.write(bytes).await;
            self.settle(written).await
        })
    }

    fn publish<'a>(&'a mut self) -> Answer<'a, Stored> {
        Answer::later(async move {
            self.check()?;
            let came = self.sink.len();
            if let Some(len) = self.len.filter(|len| *len != came) {
                self.failed = true;
                self.sink.give_up().await;
                let what = format!("{came} bytes came, and {len} were announced");
                return Err(StoreError::with_cause(StoreErrorKind::Invalid, what));
            }
            let put = self.sink.publish().await;
            self.failed = true;
            Ok(self.settle(put).await?.stored)
        })
    }
}
