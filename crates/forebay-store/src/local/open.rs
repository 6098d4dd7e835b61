//! Opening: recent, warm, cold.
//!
//! Recent and warm run on the worker and cannot block; cold runs on the blocking pool with the lease of its descriptor
//! and its turn in hand, so that an open whose client has left still ends by itself and returns both.
//!
//! When the descriptor ledger is full, the cache lets go of what it holds first; then the open waits for a short time;
//! then the answer is *unavailable*. While less than a quarter is free, nothing that holds a descriptor is kept.

use std::sync::Arc;

use forebay_budget::{Class, FdLease, FdRefused};
use rustix::io::Errno;
use tokio::time::Instant;

use super::fault::{no_worker, store_error};
use super::load::{Touch, load};
use super::recent::{Known, Opened, Recent};
use super::sandbox::READ;
use super::turns::{Turn, no_turn};
use super::{Inner, sweep};
use crate::{Answer, Key, Object, StoreError, StoreErrorKind};

/// The object under `key`.
pub(super) fn open<'a>(inner: &'a Arc<Inner>, key: &'a Key) -> Answer<'a, Object> {
    match at_once(inner, key) {
        Some(answer) => Answer::now(answer),
        None => Answer::later(cold(inner, key)),
    }
}

/// The object under `key`, with what is free.
pub(super) fn try_open<'a>(inner: &'a Arc<Inner>, key: &'a Key) -> Answer<'a, Object> {
    if let Some(answer) = at_once(inner, key) {
        return Answer::now(answer);
    }
    let lease = match free_descriptors(inner, inner.resolver.fds()) {
        Ok(lease) => lease,
        Err(error) => return Answer::now(Err(error)),
    };
    match inner.openers.try_next() {
        Some(turn) => Answer::later(in_turn(inner, key, lease, turn)),
        None => Answer::now(Err(no_turn())),
    }
}

/// What can be answered on the worker.
fn at_once(inner: &Arc<Inner>, key: &Key) -> Option<Result<Object, StoreError>> {
    if !inner.admit.key(key) {
        return Some(Err(StoreErrorKind::NotFound.into()));
    }
    recent(inner, key).or_else(|| warm(inner, key))
}

/// What was found within the last second, if it is still that.
fn recent(inner: &Inner, key: &Key) -> Option<Result<Object, StoreError>> {
    match inner.recent.get(key, Instant::now())? {
        Known::Missing => Some(Err(StoreErrorKind::NotFound.into())),
        Known::Opened(opened) => opened.is_current().then_some(Ok(opened.object)),
    }
}

/// Opens what the kernel has in memory; `None` if that is not all of it.
fn warm(inner: &Arc<Inner>, key: &Key) -> Option<Result<Object, StoreError>> {
    let asked = Instant::now();
    let lease = inner.options.fds.try_acquire(1).ok()?;
    match inner.resolver.open_warm(&inner.root, key)? {
        Ok(fd) => match load(inner, fd, lease, Touch::Warm) {
            Ok(opened) => Some(Ok(kept(inner, key, opened?, asked))),
            Err(error) => Some(Err(error)),
        },
        Err(errno) => Some(Err(missed(inner, key, errno, asked))),
    }
}

/// Waits for what an open takes.
async fn cold(inner: &Arc<Inner>, key: &Key) -> Result<Object, StoreError> {
    let lease = descriptors(inner, inner.resolver.fds()).await?;
    let turn = inner.openers.next().await?;
    in_turn(inner, key, lease, turn).await
}

/// Opens on the blocking pool.
async fn in_turn(inner: &Arc<Inner>, key: &Key, lease: FdLease, turn: Turn) -> Result<Object, StoreError> {
    // Many may have waited for the same file, and the first has opened it.
    if let Some(answer) = recent(inner, key) {
        return answer;
    }
    let (inner, key) = (Arc::clone(inner), key.clone());
    let job = move || {
        let asked = Instant::now();
        let answer = match inner.resolver.open(&inner.root, &key, READ) {
            Ok(fd) => load(&inner, fd, lease, Touch::Cold),
            Err(errno) => Err(missed(&inner, &key, errno, asked)),
        };
        drop(turn);
        match answer? {
            Some(opened) => Ok(kept(&inner, &key, opened, asked)),
            None => Err(StoreErrorKind::Unavailable.into()),
        }
    };
    tokio::task::spawn_blocking(job).await.map_err(no_worker)?
}

/// Leases `n` descriptors, those of the cache if need be, waiting for a short time.
pub(super) async fn descriptors(inner: &Inner, n: u64) -> Result<FdLease, StoreError> {
    if let Ok(lease) = free_descriptors(inner, n) {
        return Ok(lease);
    }
    inner.options.fds.acquire(n, inner.options.patience).await.map_err(no_descriptor)
}

/// Leases `n` descriptors that are free, or that the cache can do without.
fn free_descriptors(inner: &Inner, n: u64) -> Result<FdLease, StoreError> {
    let fds = &inner.options.fds;
    fds.try_acquire(n).or_else(|_| {
        inner.recent.let_go_of_descriptors();
        fds.try_acquire(n).map_err(no_descriptor)
    })
}

fn no_descriptor(refused: FdRefused) -> StoreError {
    StoreError::with_cause(StoreErrorKind::Unavailable, refused)
}

/// Remembers what was opened, if there is room, and hands it out.
fn kept(inner: &Arc<Inner>, key: &Key, opened: Opened, asked: Instant) -> Object {
    let object = opened.object.clone();
    if !object.holds_descriptor() || !is_crowded(inner) {
        keep(inner, key, Known::Opened(opened), asked);
    }
    object
}

/// Remembers that there is nothing, if that is what the kernel said.
fn missed(inner: &Arc<Inner>, key: &Key, errno: Errno, asked: Instant) -> StoreError {
    let error = store_error(errno);
    if matches!(errno, Errno::XDEV | Errno::LOOP) {
        tracing::debug!(%key, "a link that leaves the root or runs in circles is not followed");
    }
    if error.kind() == StoreErrorKind::NotFound {
        keep(inner, key, Known::Missing, asked);
    }
    error
}

fn keep(inner: &Arc<Inner>, key: &Key, known: Known, asked: Instant) {
    if inner.recent.is_off() {
        return;
    }
    if let Ok(lease) = inner.options.ledger.try_acquire(Class::SmallFiles, Recent::cost(key, &known)) {
        inner.recent.put(key, known, asked, lease);
        sweep::ensure(inner);
    }
}

/// Whether less than a quarter of the descriptors is free.
fn is_crowded(inner: &Inner) -> bool {
    let usage = inner.options.fds.usage();
    usage.free() < usage.capacity / 4
}
