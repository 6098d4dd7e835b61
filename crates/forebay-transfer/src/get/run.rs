//! All pieces of a download, and what is left if it ends early.

use std::collections::BTreeMap;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::SystemTime;

use forebay_net::Pace;
use forebay_store::ByteRange;
use forebay_store::remote::ResumableBody;
use tokio::task::JoinSet;

use super::opening::Opening;
use super::piece::{Cell, Placing, Sink};
use super::prove::{self, Wanted};
use super::syncing::{self, Syncing};
use super::target::Target;
use super::{GetOptions, space};
use crate::blocking::blocking;
use crate::engine::{Shared, Source};
use crate::journal::{Done, Head, Identity, Journal, State};
use crate::parts::Parts;
use crate::slots::{Slot, Slots};
use crate::verify::{CrcKind, Proof};
use crate::{Left, Progress, TransferError, TransferErrorKind};

/// A download under way. Dropped before it is published, it leaves what the next one can use, or nothing.
#[derive(Debug)]
pub(super) struct Run {
    target: Arc<Target>,
    options: GetOptions,
    progress: Progress,
    parts: Parts,
    crc: Option<CrcKind>,
    journal: Option<Journal>,
    done: BTreeMap<u64, Done>,
    under_way: BTreeMap<u64, Arc<Cell>>,
    /// Whether what is beside the target has been settled: published, kept or removed.
    settled: bool,
}

type Ended = (Slot, Arc<Cell>, Result<(), TransferError>);

impl Run {
    pub(super) fn new(target: Target, options: &GetOptions, progress: &Progress) -> Self {
        Self {
            target: Arc::new(target),
            options: options.clone(),
            progress: progress.clone(),
            parts: Parts::one(0),
            crc: None,
            journal: None,
            done: BTreeMap::new(),
            under_way: BTreeMap::new(),
            settled: false,
        }
    }

    /// What an earlier run has left, if the file beside the target is still its own.
    ///
    /// An inode may be given again to the next file, so the length counts too: it is given to the file before its journal is written,
    /// and a file that was just made has none.
    pub(super) async fn previous(&self) -> Option<State> {
        let target = Arc::clone(&self.target);
        let load = move || Ok(Journal::load(target.journal()).zip(target.file().metadata().ok()));
        let (state, file) = blocking(load).await.ok().flatten()?;
        (state.head().inode == self.target.inode && state.head().len == file.len()).then_some(state)
    }

    /// Makes room, and begins the journal where there is something to go on with later.
    pub(super) async fn begin(
        &mut self,
        source: &Source,
        opening: Opening,
        wanted: Option<&Wanted>,
    ) -> Result<(), TransferError> {
        self.parts = opening.parts;
        self.crc = wanted.and_then(Wanted::crc);
        self.progress.expect(self.parts.len());
        self.progress.resumed(opening.resumed);
        let before = opening.state.iter().flat_map(State::done);
        self.done = before.map(|done| (done.piece, done.clone())).collect();
        let (target, len, space) = (Arc::clone(&self.target), self.parts.len(), self.options.space);
        let journaled = self.parts.count() > 1;
        let head = journaled.then(|| {
            let from = Identity::of_object(source.remote.place(), &source.key);
            let to = Identity::of_file(target.path());
            Head::new(from, to, &opening.pin, self.parts, target.inode)
        });
        let (had, name) = (self.done.clone(), source.name());
        self.journal = blocking(move || {
            if had.is_empty() {
                // Whatever an earlier run left is of another version, or of another source.
                target.empty().map_err(|error| TransferError::of_file(&*name, error))?;
            }
            space::reserve(target.file(), len, space, &target.path().display().to_string())?;
            let begin = |head| Journal::begin(target.journal(), head, had.into_values());
            head.map(begin)
                .transpose()
                .map_err(|error| TransferError::of_file("cannot write the journal", error))
        })
        .await?;
        Ok(())
    }

    pub(super) fn placing(&self, source: Source, shared: &Shared) -> Placing {
        Placing::new(source, shared, &self.progress)
    }

    /// Fetches what is missing. `body` is an answer that begins at the first missing byte; `slot` is its turn.
    pub(super) async fn fetch(
        &mut self,
        placing: Placing,
        body: Option<ResumableBody>,
        slot: Slot,
        slots: &Arc<Slots>,
    ) -> Result<(), TransferError> {
        let mut missing = self.missing().into_iter();
        if self.parts.count() <= 1 {
            // In this task: there is nothing to do beside it.
            return match missing.next() {
                Some(cell) => self.alone(&placing, &cell, body, slot).await,
                None => Ok(()),
            };
        }
        let mut tasks: JoinSet<Ended> = JoinSet::new();
        let ended = self.drive(&mut tasks, &placing, missing, body, slot, slots).await;
        // None of them may write, or hold the file, when this returns.
        tasks.shutdown().await;
        ended
    }

    async fn drive(
        &mut self,
        tasks: &mut JoinSet<Ended>,
        placing: &Placing,
        mut missing: impl Iterator<Item = Arc<Cell>>,
        mut body: Option<ResumableBody>,
        slot: Slot,
        slots: &Arc<Slots>,
    ) -> Result<(), TransferError> {
        let mut syncing = Syncing::new(&self.options, self.parts.len());
        let mut next = missing.next();
        let mut first = Some(slot);
        let mut turn = Box::pin(slots.take());
        loop {
            if let (Some(slot), Some(cell)) = (first.take_if(|_| next.is_some()), next.as_ref()) {
                self.start(tasks, placing, cell, body.take(), slot);
                next = missing.next();
            }
            if next.is_none() && tasks.is_empty() {
                return Ok(());
            }
            tokio::select! {
                biased;
                Some(ended) = tasks.join_next() => self.finished(ended, &mut syncing)?,
                slot = &mut turn, if next.is_some() => {
                    first = Some(slot);
                    turn = Box::pin(slots.take());
                }
                synced = syncing.ended() => self.synced(synced?),
            }
        }
    }

    async fn alone(
        &mut self,
        placing: &Placing,
        cell: &Arc<Cell>,
        body: Option<ResumableBody>,
        slot: Slot,
    ) -> Result<(), TransferError> {
        placing.place(cell, body, &mut Sink::File(self.target.file())).await?;
        slot.finished(self.parts.len());
        self.done.insert(cell.index, cell.done());
        Ok(())
    }

    fn start(
        &mut self,
        tasks: &mut JoinSet<Ended>,
        placing: &Placing,
        cell: &Arc<Cell>,
        body: Option<ResumableBody>,
        slot: Slot,
    ) {
        self.under_way.insert(cell.index, Arc::clone(cell));
        let (placing, cell, file) = (placing.clone(), Arc::clone(cell), Arc::clone(self.target.file()));
        tasks.spawn(async move {
            let ended = placing.place(&cell, body, &mut Sink::File(&file)).await;
            (slot, cell, ended)
        });
    }

    fn finished(
        &mut self,
        ended: Result<Ended, tokio::task::JoinError>,
        syncing: &mut Syncing,
    ) -> Result<(), TransferError> {
        let (slot, cell, result) = ended.map_err(|gone| {
            TransferError::new(TransferErrorKind::Local, "the program is ending").because(gone)
        })?;
        result?;
        let len = self.parts.range(cell.index).len();
        slot.finished(len);
        self.under_way.remove(&cell.index);
        let done = cell.done();
        if let Some(journal) = &mut self.journal {
            journal.done(done.clone());
            syncing.wrote(len, self.target.file(), journal);
        }
        self.done.insert(cell.index, done);
        Ok(())
    }

    fn synced(&mut self, noted: usize) {
        if let Some(journal) = &mut self.journal {
            journal.synced(noted);
        }
    }

    fn missing(&self) -> Vec<Arc<Cell>> {
        let cell = |index| Cell::new(index, self.parts.range(index), self.done.get(&index), self.crc);
        (0..self.parts.count()).map(cell).filter(|cell| !cell.is_whole()).collect()
    }

    /// All bytes of a body of unknown length.
    pub(super) async fn pour(
        &mut self,
        mut body: ResumableBody,
        pace: &Pace,
        name: &str,
    ) -> Result<u64, TransferError> {
        let file = Arc::clone(self.target.file());
        let local = |error| TransferError::of_file(format!("cannot write what came of {name}"), error);
        self.target.empty().map_err(local)?;
        let mut at = 0;
        while let Some(bytes) = body.chunk().await {
            let bytes = bytes.map_err(|error| TransferError::of_store(name, error))?;
            file.write_all_at(&bytes, at).map_err(local)?;
            at += bytes.len() as u64;
            self.progress.expect(bytes.len() as u64);
            self.progress.moved(bytes.len() as u64);
            pace.pay(bytes.len() as u64).await;
        }
        Ok(at)
    }

    pub(super) async fn prove_unmeasured(
        &self,
        len: u64,
        wanted: Option<Wanted>,
        name: &str,
    ) -> Result<Proof, TransferError> {
        let proof = self.compare(vec![(ByteRange::whole(len), None)], wanted, name).await?;
        Ok(if proof == Proof::LENGTH { Proof::NOTHING } else { proof })
    }

    pub(super) async fn prove(&self, wanted: Option<Wanted>, name: &str) -> Result<Proof, TransferError> {
        let crc =
            |index| self.done.get(&index).and_then(Done::piece_crc).filter(|crc| Some(crc.kind) == self.crc);
        let pieces = (0..self.parts.count()).map(|index| (self.parts.range(index), crc(index)));
        self.compare(pieces.collect(), wanted, name).await
    }

    async fn compare(
        &self,
        pieces: Vec<(ByteRange, Option<crate::verify::PieceCrc>)>,
        wanted: Option<Wanted>,
        name: &str,
    ) -> Result<Proof, TransferError> {
        let Some(wanted) = wanted else { return Ok(Proof::LENGTH) };
        let (file, name) = (Arc::clone(self.target.file()), name.to_owned());
        blocking(move || prove::prove(prove::of_file(&file), pieces, &wanted, &name)).await
    }

    /// Makes what is beside the target the target.
    pub(super) async fn publish(mut self, modified: Option<SystemTime>) -> Result<(), TransferError> {
        let (target, durability) = (Arc::clone(&self.target), self.options.durability);
        let lets_go = self.options.page_cache.lets_go(self.parts.len());
        let publish = move || {
            target.publish(modified, durability)?;
            if lets_go {
                syncing::let_go_of_all(target.file());
            }
            Ok(())
        };
        match blocking(publish).await {
            Ok(()) => {
                self.settled = true;
                if let Some(journal) = self.journal.take() {
                    journal.end();
                }
                Ok(())
            }
            Err(error) => Err(self.fail(error)),
        }
    }

    /// Ends it, and says what is left.
    pub(super) fn fail(&mut self, error: TransferError) -> TransferError {
        let keeps = !matches!(
            error.kind(),
            TransferErrorKind::Changed | TransferErrorKind::Integrity | TransferErrorKind::Precondition
        );
        error.leaving(self.settle(keeps))
    }

    /// What is in the file is what the cells say, whatever their tasks are doing at this moment.
    fn settle(&mut self, keeps: bool) -> Left {
        self.settled = true;
        let begun = self.under_way.values().map(|cell| cell.done()).filter(|done| done.bytes > 0);
        let begun: Vec<Done> = begun.collect();
        let has_any = !self.done.is_empty() || !begun.is_empty();
        match &mut self.journal {
            Some(journal) if keeps && has_any => {
                begun.into_iter().for_each(|done| journal.done(done));
                self.progress.kept();
                Left::Resumable
            }
            // A run that ended before its first byte leaves what an earlier one had left.
            None if keeps && self.target.journal().exists() => {
                self.progress.kept();
                Left::Resumable
            }
            Some(_) | None => {
                self.target.discard();
                Left::Nothing
            }
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if !self.settled {
            self.settle(true);
        }
    }
}
