//! A download to memory: one allocation, of the length that the first answer told.
//!
//! A buffer that grows as bytes come costs several times what it holds while it grows. So the length is known and paid for before there is
//! a buffer, and an object that the budget has no room for is refused with the numbers. The buffer is cut into slices that do not
//! overlap, each piece fills its own, and the slices are joined again, which moves nothing.

use std::io;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use forebay_budget::{ByteSize, Class, Lease};
use forebay_store::ByteRange;
use forebay_store::remote::{Facts, ResumableBody};
use tokio::task::JoinSet;

use super::opening::{self, Opening};
use super::piece::{Cell, Placing, Sink};
use super::prove::{self, Take, Wanted};
use crate::engine::{Engine, Source};
use crate::slots::Slot;
use crate::verify::{Demand, Proof};
use crate::{Progress, TransferError, TransferErrorKind};

/// How to download to memory.
#[derive(Debug, Clone, Default)]
pub struct MemoryOptions {
    /// The size of the pieces, if not what follows from the object's.
    pub part_size: Option<ByteSize>,
    /// How far the bytes are to be proven.
    pub demand: Demand,
}

/// An object in memory.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// What the place says of it.
    pub facts: Facts,
    /// All of it. What it costs is leased until the last clone is dropped.
    pub bytes: Bytes,
    /// What was proven.
    pub proof: Proof,
}

/// A slice of the buffer, for the piece that begins at `start` of the object.
struct Slice {
    start: u64,
    memory: BytesMut,
}

/// The whole buffer, and what pays for it.
struct Whole {
    memory: BytesMut,
    _lease: Lease,
}

impl AsRef<[u8]> for Whole {
    fn as_ref(&self) -> &[u8] {
        &self.memory
    }
}

impl Engine {
    /// Downloads an object into one buffer of its length, which is paid for by [`Class::Windows`].
    ///
    /// # Errors
    ///
    /// `Memory` with the numbers if the budget has no room for it now; `Invalid` if the place does not say how long it is; else as
    /// [`get_file`](Engine::get_file).
    pub async fn get_memory(
        &self,
        source: &Source,
        options: &MemoryOptions,
        progress: &Progress,
    ) -> Result<Fetched, TransferError> {
        let shared = self.shared();
        let source = source.watched(shared, progress);
        let slot = shared.slots.take().await;
        let opening =
            opening::open(&source, options.part_size, shared.tenacity, None, &options.demand).await?;
        let (facts, parts, name) = (opening.facts.clone(), opening.parts, source.name());
        let wanted = prove::wanted(&facts, &options.demand, &source)?;
        let len = facts.len.ok_or_else(|| unmeasured(&name))?;
        // At once or not at all: a connection is held already.
        let lease = shared.ledger.try_acquire(Class::Windows, len)?;
        let size = usize::try_from(len).map_err(|_| unmeasured(&name))?;
        progress.expect(len);
        let memory = BytesMut::zeroed(size);
        let (memory, cells) = self.fill(memory, source, opening, slot, wanted.as_ref(), progress).await?;
        let proof = match wanted {
            None => Proof::LENGTH,
            Some(wanted) => {
                let seen = |(cell, index): (Arc<Cell>, u64)| (parts.range(index), cell.done().piece_crc());
                let pieces = cells.into_iter().zip(0..).map(seen).collect();
                prove::prove(of_memory(&memory), pieces, &wanted, &name)?
            }
        };
        progress.object_is_whole();
        Ok(Fetched { facts, bytes: Bytes::from_owner(Whole { memory, _lease: lease }), proof })
    }

    async fn fill(
        &self,
        mut memory: BytesMut,
        source: Source,
        opening: Opening,
        slot: Slot,
        wanted: Option<&Wanted>,
        progress: &Progress,
    ) -> Result<(BytesMut, Vec<Arc<Cell>>), TransferError> {
        let shared = self.shared();
        let Opening { pin, parts, mut body, .. } = opening;
        let source = Source { pin, ..source };
        let placing = Placing::new(source, shared, progress);
        let crc = wanted.and_then(Wanted::crc);
        let cells: Vec<_> =
            (0..parts.count()).map(|index| Cell::new(index, parts.range(index), None, crc)).collect();
        let mut tasks = JoinSet::new();
        let mut slot = Some(slot);
        for cell in &cells {
            let turn = match slot.take() {
                Some(slot) => slot,
                None => shared.slots.take().await,
            };
            let range = parts.range(cell.index);
            let len = usize::try_from(range.len()).unwrap_or(usize::MAX);
            let slice = Slice { start: range.start(), memory: memory.split_to(len) };
            tasks.spawn(fill_one(placing.clone(), Arc::clone(cell), slice, body.take(), turn));
        }
        let mut slices = Vec::with_capacity(cells.len());
        while let Some(ended) = tasks.join_next().await {
            let ended = ended.map_err(|gone| {
                TransferError::new(TransferErrorKind::Local, "the program is ending").because(gone)
            })?;
            slices.push(ended?);
        }
        slices.sort_unstable_by_key(|slice| slice.start);
        let mut whole = memory;
        for slice in slices.into_iter().rev() {
            let behind = std::mem::replace(&mut whole, slice.memory);
            whole.unsplit(behind);
        }
        Ok((whole, cells))
    }
}

async fn fill_one(
    placing: Placing,
    cell: Arc<Cell>,
    mut slice: Slice,
    body: Option<ResumableBody>,
    turn: Slot,
) -> Result<Slice, TransferError> {
    placing.place(&cell, body, &mut Sink::Memory(&mut slice.memory)).await?;
    turn.finished(slice.memory.len() as u64);
    Ok(slice)
}

fn of_memory(memory: &[u8]) -> impl Fn(ByteRange, &mut Take<'_>) -> io::Result<()> {
    |range, take| {
        let index = |at| usize::try_from(at).unwrap_or(usize::MAX);
        let bytes = memory.get(index(range.start())..index(range.end()));
        take(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

fn unmeasured(name: &str) -> TransferError {
    let what = format!(
        "{name}: the server does not say how long it is, so no memory can be set aside: get it to a file"
    );
    TransferError::new(TransferErrorKind::Invalid, what)
}
