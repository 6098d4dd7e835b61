//! A download in order: to standard output, to a response, to whoever can take bytes in one order only.
//!
//! Parts that come out of order have to wait somewhere, and that is a window: so many parts, leased as a whole before the first of
//! them is asked for. A part is asked for when the window has room for it; its room comes back when the reader has dropped the last of its
//! bytes, wherever they went. So nothing here ever waits for memory that it holds itself, and a reader that stops costs its window and
//! no connection. Parts are small, since the reader waits for the whole of each: a window of many small parts keeps as many connections busy
//! as one of few large ones in less memory.
//!
//! Where the plan has no room for a window of two parts, or the place cannot be asked for ranges, the bytes come over one connection and are
//! held by nobody.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use forebay_budget::{ByteSize, Class, Lease, PooledBuf};
use forebay_store::ByteRange;
use forebay_store::remote::{Facts, ReadAsk, ResumableBody};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;

use super::opening::{self, Opening};
use super::piece::{Cell, Placing, Sink};
use super::prove::{self, Wanted};
use crate::engine::{Engine, Shared, Source};
use crate::parts::Parts;
use crate::verify::{Demand, Proof, Running};
use crate::{Progress, TransferError, TransferErrorKind};

/// A part of a window.
const PART: ByteSize = ByteSize::mib(2);
/// More makes no reader faster that takes bytes in order.
const WINDOW_MAX: u64 = 32 << 20;

/// How to download in order.
#[derive(Debug, Clone, Default)]
pub struct OrderedOptions {
    /// The size of a part, if not 2 MiB.
    pub part_size: Option<ByteSize>,
    /// What may be held, if not a quarter of what the plan has for windows, and at most 32 MiB.
    pub window: Option<ByteSize>,
    /// How far the bytes are to be proven. That they were not is said at the end, when they are gone.
    pub demand: Demand,
}

/// The bytes of an object in order.
pub struct Ordered {
    facts: Facts,
    name: String,
    digest: Option<(Running, Wanted)>,
    proof: Proof,
    progress: Progress,
    flow: Flow,
}

enum Flow {
    One(Box<One>),
    Many(Box<Window>),
    Ended,
}

/// One connection at a time: the first answer, then all the rest.
struct One {
    body: ResumableBody,
    rest: Option<ByteRange>,
    shared: Arc<Shared>,
    source: Source,
    /// Bytes that were handed out and not paid for.
    owed: u64,
}

/// Parts under way and parts that wait for the reader.
struct Window {
    shared: Arc<Shared>,
    placing: Placing,
    parts: Parts,
    lease: Arc<Lease>,
    room: Arc<Semaphore>,
    next: u64,
    first: Option<ResumableBody>,
    under_way: VecDeque<JoinHandle<Result<Bytes, TransferError>>>,
}

/// What a part's bytes hold until the last of them is dropped.
struct Room {
    _permit: OwnedSemaphorePermit,
    _window: Arc<Lease>,
}

impl Engine {
    /// Begins to download an object in order. Nothing is fetched beyond the window until [`Ordered::chunk`] asks for it.
    ///
    /// # Errors
    ///
    /// As [`get_file`](Engine::get_file), but for those of files.
    pub async fn get_ordered(
        &self,
        source: &Source,
        options: &OrderedOptions,
        progress: &Progress,
    ) -> Result<Ordered, TransferError> {
        let shared = Arc::clone(self.shared());
        let source = source.watched(&shared, progress);
        let name = source.name();
        let size = options.part_size.unwrap_or(PART);
        let opening = opening::open(&source, Some(size), shared.tenacity, None, &options.demand).await?;
        let facts = opening.facts.clone();
        let wanted = prove::wanted(&facts, &options.demand, &source)?;
        let digest = wanted.and_then(|wanted| Some((Running::new(wanted.sum.kind)?, wanted)));
        let proof = if facts.len.is_some() { Proof::LENGTH } else { Proof::NOTHING };
        progress.expect(facts.len.unwrap_or(0));
        let flow = flow(shared, source, opening, size, options.window, progress);
        Ok(Ordered { facts, name, digest, proof, progress: progress.clone(), flow })
    }
}

fn flow(
    shared: Arc<Shared>,
    source: Source,
    opening: Opening,
    size: ByteSize,
    window: Option<ByteSize>,
    progress: &Progress,
) -> Flow {
    let Opening { pin, parts, body, unmeasured, .. } = opening;
    let source = Source { pin, ..source };
    let Some(body) = body.or(unmeasured) else { return Flow::Ended };
    let planned = (shared.ledger.usage(Class::Windows).capacity / 4).min(WINDOW_MAX);
    let wish = window.map_or(planned, ByteSize::as_u64).min(parts.len());
    if let Some(lease) = window_of(&shared, size.as_u64(), wish).filter(|_| parts.count() > 1) {
        let room = usize::try_from(lease.bytes() / size.as_u64()).unwrap_or(usize::MAX);
        let window = Window {
            placing: Placing::new(source, &shared, progress),
            shared,
            parts,
            lease: Arc::new(lease),
            room: Arc::new(Semaphore::new(room.min(Semaphore::MAX_PERMITS))),
            next: 0,
            first: Some(body),
            under_way: VecDeque::new(),
        };
        return Flow::Many(Box::new(window));
    }
    let end = body.range().map_or(0, |range| range.end());
    let rest = ByteRange::new(end, parts.len()).filter(|rest| parts.count() > 1 && !rest.is_empty());
    Flow::One(Box::new(One { body, rest, shared, source, owed: 0 }))
}

/// As much of the wish as there is now, in whole parts; at least two of them.
fn window_of(shared: &Shared, part: u64, wish: u64) -> Option<Lease> {
    let mut count = wish.div_ceil(part.max(1)).max(2);
    loop {
        match shared.ledger.try_acquire(Class::Windows, count.checked_mul(part)?) {
            Ok(lease) => return Some(lease),
            Err(_) if count > 2 => count = (count / 2).max(2),
            Err(_) => return None,
        }
    }
}

impl Ordered {
    /// What the place says of the object.
    pub const fn facts(&self) -> &Facts {
        &self.facts
    }

    /// What was proven of the bytes so far: a digest only after the end.
    pub const fn proof(&self) -> Proof {
        self.proof
    }

    /// The next bytes; `None` at the true end.
    ///
    /// Cancel safe: what arrived is delivered by the next call.
    ///
    /// # Errors
    ///
    /// As [`Engine::get_ordered`]; `Integrity` at the end if the bytes that were delivered are not those that were stored. Nothing follows an
    /// error.
    pub async fn chunk(&mut self) -> Option<Result<Bytes, TransferError>> {
        let next = match &mut self.flow {
            Flow::Ended => None,
            Flow::Many(window) => window.chunk().await,
            Flow::One(one) => {
                let bytes = one.chunk().await;
                if let Some(Ok(bytes)) = &bytes {
                    self.progress.moved(bytes.len() as u64);
                }
                bytes
            }
        };
        match next {
            Some(Ok(bytes)) => {
                if let Some((running, _)) = &mut self.digest {
                    running.update(&bytes);
                }
                Some(Ok(bytes))
            }
            Some(Err(error)) => {
                self.flow = Flow::Ended;
                self.digest = None;
                Some(Err(error))
            }
            None => {
                self.flow = Flow::Ended;
                self.settle().map(Err)
            }
        }
    }

    /// At the end: the error, if there is one.
    fn settle(&mut self) -> Option<TransferError> {
        let (running, wanted) = self.digest.take()?;
        let found = running.so_far();
        if found == wanted.sum {
            self.proof = Proof::full(found.kind);
            return None;
        }
        let what = format!("{}: its bytes are {found}, and should be {}", self.name, wanted.sum);
        Some(TransferError::new(TransferErrorKind::Integrity, what))
    }
}

impl One {
    /// The next bytes. What came before is paid for first, so that nothing is in hand when this is dropped.
    async fn chunk(&mut self) -> Option<Result<Bytes, TransferError>> {
        self.shared.pace.pay(std::mem::take(&mut self.owed)).await;
        loop {
            let failed = |error| TransferError::of_store(&self.source.name(), error);
            if let Some(bytes) = self.body.chunk().await {
                return Some(bytes.inspect(|bytes| self.owed = bytes.len() as u64).map_err(failed));
            }
            let Source { remote, key, pin } = &self.source;
            let ask = ReadAsk { key: key.clone(), range: Some(self.rest?), pin: Some(pin.clone()) };
            match ResumableBody::open(Arc::clone(remote), ask, self.shared.tenacity).await {
                Ok(opened) => (self.body, self.rest) = (opened, None),
                Err(error) => return Some(Err(failed(error))),
            }
        }
    }
}

impl Window {
    async fn chunk(&mut self) -> Option<Result<Bytes, TransferError>> {
        loop {
            while self.next < self.parts.count() {
                let Ok(permit) = Arc::clone(&self.room).try_acquire_owned() else { break };
                self.ask(permit);
            }
            match self.under_way.front_mut() {
                Some(front) => {
                    let part = front.await.unwrap_or_else(|gone| {
                        Err(TransferError::new(TransferErrorKind::Local, "the program is ending")
                            .because(gone))
                    });
                    self.under_way.pop_front();
                    return Some(part);
                }
                None if self.next >= self.parts.count() => return None,
                // The reader holds the whole window: it goes on when some of it is let go.
                None => {
                    let permit = Arc::clone(&self.room).acquire_owned().await.ok()?;
                    self.ask(permit);
                }
            }
        }
    }

    /// Starts the next part; its memory is there.
    fn ask(&mut self, permit: OwnedSemaphorePermit) {
        let (index, range) = (self.next, self.parts.range(self.next));
        self.next += 1;
        let room = Room { _permit: permit, _window: Arc::clone(&self.lease) };
        let (placing, first, slots) =
            (self.placing.clone(), self.first.take(), Arc::clone(&self.shared.slots));
        self.under_way.push_back(tokio::spawn(async move {
            // The first part's connection is open already, and nobody waits while holding one.
            let slot = match first {
                Some(_) => None,
                None => Some(slots.take().await),
            };
            let len = usize::try_from(range.len()).unwrap_or(usize::MAX);
            let mut memory = PooledBuf::alone(len, room);
            let cell = Cell::new(index, range, None, None);
            placing.place(&cell, first, &mut Sink::Memory(&mut memory)).await?;
            if let Some(slot) = slot {
                slot.finished(range.len());
            }
            Ok(memory.freeze(len))
        }));
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        self.under_way.iter().for_each(JoinHandle::abort);
    }
}

impl std::fmt::Debug for Ordered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ordered").field("name", &self.name).finish_non_exhaustive()
    }
}
