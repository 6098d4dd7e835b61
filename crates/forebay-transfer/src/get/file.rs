//! A download to a file, from its first question to its last sync.

use std::path::Path;
use std::time::Duration;

use forebay_store::remote::Facts;
use tokio::time::Instant;

use super::opening::{self, Opening};
use super::run::Run;
use super::target::{Opened, Target};
use super::{GetOptions, Got, Modified, prove};
use crate::blocking::blocking;
use crate::engine::{Engine, Source};
use crate::{Progress, TransferError};

/// How long a transfer that was dropped may take to let go of its file.
const LEAVING: Duration = Duration::from_secs(1);

impl Engine {
    /// Downloads an object to a file: each piece goes to its offset as it arrives, in whatever order, and none is held in memory.
    ///
    /// What is there at `path` stays until the new file is whole. A second call after a failure, a drop or a kill goes on where the first one
    /// ended, if the object is still the same.
    ///
    /// Cancel safe: dropped, it leaves either nothing or what the next call goes on with.
    ///
    /// # Errors
    ///
    /// Every kind but `Memory`; [`TransferError::left`] says what is left.
    pub async fn get_file(
        &self,
        source: &Source,
        path: &Path,
        options: &GetOptions,
        progress: &Progress,
    ) -> Result<Got, TransferError> {
        let shared = self.shared();
        let source = source.watched(shared, progress);
        let slot = shared.slots.take().await;
        let target = open(path, options).await?;
        let mut run = Run::new(target, options, progress);
        let opening = match opening::open(
            &source,
            options.part_size,
            shared.tenacity,
            run.previous().await,
            &options.demand,
        )
        .await
        {
            Ok(opening) => opening,
            Err(error) => return Err(run.fail(error)),
        };
        let Opening { facts, resumed, .. } = &opening;
        let (facts, resumed) = (facts.clone(), *resumed);
        match self.fetch(&mut run, source, opening, slot, options).await {
            Ok((len, proof)) => {
                run.publish(modified(&facts, options)).await?;
                progress.object_is_whole();
                Ok(Got { facts, len, resumed, proof })
            }
            Err(error) => Err(run.fail(error)),
        }
    }

    async fn fetch(
        &self,
        run: &mut Run,
        source: Source,
        opening: Opening,
        slot: crate::slots::Slot,
        options: &GetOptions,
    ) -> Result<(u64, crate::verify::Proof), TransferError> {
        let wanted = prove::wanted(&opening.facts, &options.demand, &source)?;
        let source = Source { pin: opening.pin.clone(), ..source };
        let name = source.name();
        if let Some(body) = opening.unmeasured {
            let len = run.pour(body, &self.shared().pace, &name).await?;
            slot.finished(len);
            let proof = run.prove_unmeasured(len, wanted, &name).await?;
            return Ok((len, proof));
        }
        let len = opening.parts.len();
        let mut opening = opening;
        let body = opening.body.take();
        run.begin(&source, opening, wanted.as_ref()).await?;
        let placing = run.placing(source, self.shared());
        run.fetch(placing, body, slot, &self.shared().slots).await?;
        let proof = run.prove(wanted, &name).await?;
        Ok((len, proof))
    }
}

/// Opens the target. One that is being written is waited for a moment: who wrote it may just be leaving.
async fn open(path: &Path, options: &GetOptions) -> Result<Target, TransferError> {
    let deadline = Instant::now() + LEAVING;
    loop {
        let (to, how) = (path.to_path_buf(), options.clone());
        match blocking(move || Target::open(&to, &how)).await? {
            Opened::Ours(target) => return Ok(target),
            Opened::Busy(error) if Instant::now() >= deadline => return Err(error),
            Opened::Busy(_) => tokio::time::sleep(LEAVING / 50).await,
        }
    }
}

fn modified(facts: &Facts, options: &GetOptions) -> Option<std::time::SystemTime> {
    match options.modified {
        Modified::Source => facts.modified,
        Modified::Now => None,
    }
}

/// Whoever moves many objects does so in tasks, which any thread may run.
const _: fn(&Engine, &Source, &Path, &GetOptions, &Progress) = |engine, source, path, options, progress| {
    fn is_send(_: impl Send) {}
    is_send(engine.get_file(source, path, options, progress));
};
