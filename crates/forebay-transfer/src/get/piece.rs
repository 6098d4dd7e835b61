//! One piece on its way: from an answer's body to its offset.
//!
//! The body is continued where its connection breaks, so a piece that is almost there is not fetched again. How far it is, and the
//! CRC up to there, stand in a cell that others may read at any moment: whatever ends the transfer, what the cell says is in the file.

use std::sync::Arc;

use forebay_net::LeasedFile;
use forebay_net::Pace;
use forebay_store::ByteRange;
use forebay_store::remote::{PlaceError, ReadAsk, ResumableBody, See, Tenacity};
use parking_lot::Mutex;

use crate::engine::{Shared, Source};
use crate::journal::Done;
use crate::verify::{Crc, CrcKind, PieceCrc};
use crate::{Progress, TransferError};

/// How far a piece is.
#[derive(Debug)]
pub(super) struct Cell {
    pub(super) index: u64,
    range: ByteRange,
    at: Mutex<At>,
}

#[derive(Debug)]
struct At {
    bytes: u64,
    crc: Seen,
}

/// What is known of the bytes that are there.
#[derive(Debug)]
enum Seen {
    /// Nobody wants to know.
    Unwanted,
    /// Some were never seen.
    Unknown,
    /// The CRC of those of an earlier run, and of those that followed.
    All(PieceCrc, Box<Crc>),
}

impl Cell {
    /// A piece of which `had` is there already; its CRC is wanted if a `kind` is given.
    pub(super) fn new(index: u64, range: ByteRange, had: Option<&Done>, kind: Option<CrcKind>) -> Arc<Self> {
        let bytes = had.map_or(0, |had| had.bytes.min(range.len()));
        let before = match had {
            Some(had) => had.piece_crc(),
            None => kind.map(PieceCrc::empty),
        };
        let crc = match (kind, before) {
            (None, _) => Seen::Unwanted,
            (Some(kind), Some(before)) if before.kind == kind => Seen::All(before, Box::new(Crc::new(kind))),
            (Some(_), _) => Seen::Unknown,
        };
        Arc::new(Self { index, range, at: Mutex::new(At { bytes, crc }) })
    }

    /// What is still to come.
    fn rest(&self) -> ByteRange {
        let start = self.range.start() + self.at.lock().bytes;
        ByteRange::new(start, self.range.end()).unwrap_or(self.range)
    }

    pub(super) fn is_whole(&self) -> bool {
        self.at.lock().bytes == self.range.len()
    }

    /// As it would stand in a journal.
    pub(super) fn done(&self) -> Done {
        let at = self.at.lock();
        let crc = match &at.crc {
            Seen::Unwanted | Seen::Unknown => None,
            Seen::All(before, crc) => before.then(crc.so_far()),
        };
        Done::new(self.index, at.bytes, crc)
    }

    fn is_to_be_seen(&self) -> bool {
        matches!(self.at.lock().crc, Seen::All(..))
    }

    fn came_unseen(&self, bytes: u64) {
        self.at.lock().bytes += bytes;
    }

    fn came(&self, bytes: &[u8]) {
        let mut at = self.at.lock();
        at.bytes += bytes.len() as u64;
        if let Seen::All(_, crc) = &mut at.crc {
            crc.update(bytes);
        }
    }
}

/// Where the bytes of a piece go.
pub(super) enum Sink<'a> {
    /// To their offsets in a file; where nobody wants to see them, the kernel moves them there by itself.
    File(&'a Arc<LeasedFile>),
    /// Into a slice of memory, which begins where the piece does.
    Memory(&'a mut [u8]),
}

/// What every piece of a transfer needs.
#[derive(Debug, Clone)]
pub(super) struct Placing {
    /// With the pin that all pieces share.
    pub(super) source: Source,
    pub(super) tenacity: Tenacity,
    pub(super) progress: Progress,
    pub(super) pace: Pace,
}

impl Placing {
    pub(super) fn new(source: Source, shared: &Shared, progress: &Progress) -> Self {
        let (tenacity, pace) = (shared.tenacity, shared.pace.clone());
        Self { source, tenacity, progress: progress.clone(), pace }
    }

    /// Puts what is missing of a piece where it belongs. `body` is an answer that begins there, if there is one already.
    pub(super) async fn place(
        &self,
        cell: &Cell,
        body: Option<ResumableBody>,
        sink: &mut Sink<'_>,
    ) -> Result<(), TransferError> {
        if let Some(body) = body {
            self.pour(cell, body, sink).await?;
        }
        while !cell.is_whole() {
            let body = self.open(cell.rest()).await?;
            self.pour(cell, body, sink).await?;
        }
        Ok(())
    }

    async fn open(&self, range: ByteRange) -> Result<ResumableBody, TransferError> {
        let Source { remote, key, pin } = &self.source;
        let ask = ReadAsk { key: key.clone(), range: Some(range), pin: Some(pin.clone()) };
        ResumableBody::open(Arc::clone(remote), ask, self.tenacity)
            .await
            .map_err(|error| TransferError::of_store(&self.source.name(), error))
    }

    /// Until the body ends, or the piece does.
    async fn pour(
        &self,
        cell: &Cell,
        mut body: ResumableBody,
        sink: &mut Sink<'_>,
    ) -> Result<(), TransferError> {
        loop {
            let rest = cell.rest();
            if rest.is_empty() {
                return Ok(());
            }
            let moved = match sink {
                Sink::File(file) => self.turn(cell, &mut body, file, rest).await?,
                Sink::Memory(memory) => self.copy(cell, &mut body, memory, rest).await?,
            };
            if moved == 0 {
                return Ok(());
            }
            self.progress.moved(moved);
            self.pace.pay(moved).await;
        }
    }

    async fn turn(
        &self,
        cell: &Cell,
        body: &mut ResumableBody,
        file: &Arc<LeasedFile>,
        rest: ByteRange,
    ) -> Result<u64, TransferError> {
        let most = rest.len().min(self.pace.piece());
        let moved = if cell.is_to_be_seen() {
            let mut came = |bytes: &[u8]| cell.came(bytes);
            body.write_to(file, rest.start(), most, See::Each(&mut came)).await
        } else {
            body.write_to(file, rest.start(), most, See::Nothing)
                .await
                .inspect(|moved| cell.came_unseen(*moved))
        };
        moved.map_err(|error| match error {
            PlaceError::Remote(error) => TransferError::of_store(&self.source.name(), error),
            PlaceError::File(error) => {
                TransferError::of_file(format!("cannot write what came of {}", self.source.name()), error)
            }
        })
    }

    async fn copy(
        &self,
        cell: &Cell,
        body: &mut ResumableBody,
        memory: &mut [u8],
        rest: ByteRange,
    ) -> Result<u64, TransferError> {
        let Some(bytes) = body.chunk().await else { return Ok(0) };
        let bytes = bytes.map_err(|error| TransferError::of_store(&self.source.name(), error))?;
        let at = usize::try_from(rest.start() - cell.range.start()).unwrap_or(usize::MAX);
        let room = memory.get_mut(at..).unwrap_or_default();
        let len = bytes.len().min(room.len());
        room[..len].copy_from_slice(&bytes[..len]);
        cell.came(&bytes[..len]);
        Ok(len as u64)
    }
}
