//! A copy within one place, without the bytes passing here.

use std::sync::Arc;

use forebay_store::remote::{CopyAsk, Part, Stored, Upload};
use tokio::task::JoinSet;

use super::again::again;
use super::begun::Begun;
use super::{Destination, Put};
use crate::engine::Engine;
use crate::parts::{PART_MAX, Parts};
use crate::verify::Proof;
use crate::{Progress, TransferError, TransferErrorKind};

/// A part of a copy costs a request and no bytes of ours, so parts are large: as many as keep a store's workers busy.
const PART: u64 = 256 << 20;

impl Engine {
    /// Copies an object of `len` bytes, which is the version that `ask.pin` names.
    ///
    /// # Errors
    ///
    /// `Changed` if the source is another version by now; else as [`put_file`](Engine::put_file). Nothing is left of a copy that fails or is
    /// dropped.
    pub async fn copy(
        &self,
        to: &Destination,
        ask: &CopyAsk,
        len: u64,
        progress: &Progress,
    ) -> Result<Put, TransferError> {
        progress.expect(len);
        let shared = self.shared();
        let failed = |error| TransferError::of_store(&to.name(), error);
        let stored = if len <= PART_MAX.as_u64() {
            let slot = shared.slots.take().await;
            let copied = again(shared, &*to.bucket, progress, || to.bucket.copy(ask)).await;
            slot.finished(0);
            copied.map_err(|end| failed(end.error))?
        } else {
            let mut begun = Begun::begin(shared, to, &ask.target, progress).await?;
            match self.copy_large(to, ask, len, begun.upload(), progress).await {
                Ok(stored) => {
                    begun.keep();
                    stored
                }
                Err(error) => {
                    begun.give_up().await;
                    return Err(error);
                }
            }
        };
        progress.moved(len);
        progress.object_is_whole();
        Ok(Put { stored, len, resumed: 0, proof: Proof::LENGTH })
    }

    async fn copy_large(
        &self,
        to: &Destination,
        ask: &CopyAsk,
        len: u64,
        upload: &Upload,
        progress: &Progress,
    ) -> Result<Stored, TransferError> {
        let mut tasks = JoinSet::new();
        let copied = self.copy_parts(&mut tasks, to, ask, len, upload, progress).await;
        // No part may arrive when the upload is given up.
        tasks.shutdown().await;
        let parts = copied?;
        let completed =
            again(self.shared(), &*to.bucket, progress, || to.bucket.complete(upload, &ask.target, &parts))
                .await;
        completed.map_err(|end| TransferError::of_store(&to.name(), end.error))
    }

    async fn copy_parts(
        &self,
        tasks: &mut JoinSet<Result<Part, TransferError>>,
        to: &Destination,
        ask: &CopyAsk,
        len: u64,
        upload: &Upload,
        progress: &Progress,
    ) -> Result<Vec<Part>, TransferError> {
        let size = forebay_budget::ByteSize::b(PART.max(len.div_ceil(crate::parts::PARTS_MAX)));
        let parts = Parts::for_put(len, Some(size.round_up(forebay_budget::ByteSize::mib(1))))
            .map_err(|error| TransferError::new(TransferErrorKind::Invalid, error.to_string()))?;
        let mut there: Vec<Part> = Vec::new();
        for index in 0..parts.count() {
            let slot = self.shared().slots.take().await;
            let (shared, to, upload) = (Arc::clone(self.shared()), to.clone(), upload.clone());
            let (ask, progress, range) = (ask.clone(), progress.clone(), parts.range(index));
            let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
            tasks.spawn(async move {
                let copied = again(&shared, &*to.bucket, &progress, || {
                    to.bucket.copy_part(&upload, number, &ask, range)
                })
                .await;
                slot.finished(0);
                copied.map_err(|end| TransferError::of_store(&to.name(), end.error))
            });
            while let Some(ended) = tasks.try_join_next() {
                there.push(part(ended)?);
            }
        }
        while let Some(ended) = tasks.join_next().await {
            there.push(part(ended)?);
        }
        there.sort_unstable_by_key(|part| part.number);
        Ok(there)
    }
}

fn part(ended: Result<Result<Part, TransferError>, tokio::task::JoinError>) -> Result<Part, TransferError> {
    ended
        .map_err(|gone| TransferError::new(TransferErrorKind::Local, "the program is ending").because(gone))?
}
