//! An upload that is pushed into: by whoever has bytes, and cannot read them again.
//!
//! The first part is kept until it is known that there is more than one, so that a small object costs one request. Every other goes as
//! soon as it is full. Nothing is published before [`publish`](Sink::publish), and a sink that is dropped leaves nothing at the store.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use forebay_budget::{ByteSize, Class};
use forebay_store::remote::Upload;

use super::begun::Begun;
use super::filling::{Filled, Filling};
use super::sending::{Sending, lease, put_at_once};
use super::sizes::Sizes;
use super::{Destination, Put, PutOptions, settle};
use crate::engine::Shared;
use crate::{Progress, TransferError, TransferErrorKind};

/// An object on its way to a bucket.
#[derive(Debug)]
pub(crate) struct Sink {
    shared: Arc<Shared>,
    to: Destination,
    options: PutOptions,
    progress: Progress,
    sizes: Sizes,
    hold: Hold,
    /// Bytes of the parts before the one that is being filled.
    before: u64,
    /// Which part that is.
    number: u32,
    filling: Option<Filling>,
    sending: Option<Sending>,
}

/// What an upload may hold, and how long it waits for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hold {
    /// Parts that are being filled or sent, at most.
    pub(crate) parts: usize,
    /// How long to wait for memory that others hold: for the first part,
    pub(crate) patience: Duration,
    /// and for each behind it. Who waits here has sent much already, and every buffer that is full can be sent.
    pub(crate) under_way: Duration,
}

impl Sink {
    /// Holds nothing yet, here or at the store.
    pub(crate) fn new(
        shared: &Arc<Shared>,
        to: &Destination,
        options: &PutOptions,
        progress: &Progress,
        sizes: Sizes,
        hold: Hold,
    ) -> Self {
        Self {
            shared: Arc::clone(shared),
            to: to.clone(),
            options: options.clone(),
            progress: progress.clone(),
            sizes,
            hold,
            before: 0,
            number: 1,
            filling: None,
            sending: None,
        }
    }

    /// The same, which goes on with the parts from `number`, behind `before` bytes, of an upload that exists already or of none yet.
    pub(crate) fn going_on(mut self, number: u32, before: u64, upload: Option<Upload>) -> Self {
        (self.number, self.before) = (number, before);
        self.sending = upload.map(|upload| {
            let begun = Begun::earlier(&self.shared, &self.to, upload);
            Sending::new(&self.shared, &self.to, begun, &self.progress)
        });
        self
    }

    /// More is known of the whole: parts that are not begun yet have these lengths.
    pub(crate) fn resize(&mut self, sizes: Sizes) {
        self.sizes = sizes;
    }

    /// Whether no part was sent yet.
    pub(crate) const fn is_at_first(&self) -> bool {
        self.number == 1
    }

    /// Parts on their way, once there are any.
    pub(crate) fn sending(&mut self) -> Option<&mut Sending> {
        self.sending.as_mut()
    }

    /// The part that is being filled, taken out: the next bytes begin another with the same number.
    pub(crate) fn take_part(&mut self) -> Option<Filling> {
        self.filling.take().filter(|filling| filling.len() > 0)
    }

    /// Sends what there is of the last part.
    pub(crate) async fn flush(&mut self) -> Result<(), TransferError> {
        match self.filling.as_ref().is_some_and(|filling| filling.len() > 0) {
            true => self.send().await,
            false => Ok(()),
        }
    }

    /// Bytes that were taken.
    pub(crate) fn len(&self) -> u64 {
        self.before + self.filling.as_ref().map_or(0, |filling| filling.len() as u64)
    }

    /// Takes the next bytes, and comes back when there is room for them all.
    pub(crate) async fn write(&mut self, mut bytes: Bytes) -> Result<(), TransferError> {
        while !bytes.is_empty() {
            self.with_room().await?.take(&mut bytes);
            self.send_if_full().await?;
        }
        Ok(())
    }

    /// The part that the next bytes belong to, with room for some. Cancel safe.
    pub(crate) async fn with_room(&mut self) -> Result<&mut Filling, TransferError> {
        // The first one was kept while it could have been the only one.
        if self.filling.as_ref().is_some_and(Filling::is_full) {
            self.send().await?;
        }
        let filling = match self.filling.take() {
            Some(filling) => filling,
            None => {
                let size = self.sizes.of(self.number, self.before).ok_or_else(|| self.too_long())?;
                let Hold { parts, patience, under_way } = self.hold;
                let room = match &mut self.sending {
                    Some(sending) => sending.room(size, parts.saturating_sub(1), under_way).await?,
                    None => lease(&self.shared, size, patience).await?,
                };
                Filling::new(room, self.options.checksum)
            }
        };
        Ok(self.filling.insert(filling))
    }

    /// To be called when bytes were put into the part.
    pub(crate) async fn send_if_full(&mut self) -> Result<(), TransferError> {
        let is_full = self.filling.as_ref().is_some_and(Filling::is_full);
        if is_full && self.sending.is_some() {
            self.send().await?;
        }
        Ok(())
    }

    /// Sends the part that is being filled, as it is. Cancel safe: it stays where it is until there is a turn.
    async fn send(&mut self) -> Result<(), TransferError> {
        if self.sending.is_none() {
            let ask = settle::ask(&self.to, &self.options, None);
            let begun = Begun::begin(&self.shared, &self.to, &ask, &self.progress).await?;
            self.sending = Some(Sending::new(&self.shared, &self.to, begun, &self.progress));
        }
        let Some(sending) = &mut self.sending else { return Ok(()) };
        let turn = sending.turn().await;
        let Some(filling) = self.filling.take() else { return Ok(()) };
        self.before += filling.len() as u64;
        let number = self.number;
        self.number += 1;
        self.progress.expect(filling.len() as u64);
        sending.send(turn, number, filling.finish())
    }

    /// Publishes what was taken.
    pub(crate) async fn publish(&mut self) -> Result<Put, TransferError> {
        if self.sending.is_some() {
            self.flush().await?;
        }
        let Some(sending) = &mut self.sending else { return self.publish_small().await };
        self.filling = None;
        sending.arrivals().await?;
        let put = sending.publish(&self.options).await?;
        self.progress.object_is_whole();
        Ok(put)
    }

    async fn publish_small(&mut self) -> Result<Put, TransferError> {
        let nothing = || Filled::nothing(self.options.checksum);
        let whole = self.filling.take().map_or_else(nothing, Filling::finish);
        self.progress.expect(whole.bytes.len() as u64);
        let put = put_at_once(&self.shared, &whole, &self.to, &self.options, &self.progress).await?;
        self.progress.object_is_whole();
        Ok(put)
    }

    /// Ends it, and has the store forget what it has of it.
    pub(crate) async fn give_up(&mut self) {
        self.filling = None;
        if let Some(sending) = self.sending.take() {
            sending.give_up().await;
        }
    }

    fn too_long(&self) -> TransferError {
        let what = format!("{}: {}", self.to.name(), self.sizes.too_long(self.before));
        TransferError::new(TransferErrorKind::Invalid, what)
    }
}

/// What one part may have at most, where two should fit beside each other.
pub(crate) fn half(shared: &Shared) -> ByteSize {
    ByteSize::b(shared.ledger.usage(Class::Windows).capacity / 2)
}
