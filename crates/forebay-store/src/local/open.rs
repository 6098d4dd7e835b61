//! Opening: recent, warm, cold.
//!
//! Recent and warm run on the worker and cannot block; cold runs on the blocking pool with the lease of its descriptor
//! and its turn in hand, so that an open whose client has left still ends by itself and returns both.
//!
//! When the descriptor ledger is full, the cache lets go of what it holds first; then the open waits for a short time;
//! then the answer is *unavailable*. While less than a quarter is free, nothing that holds a descriptor is kept.

use std::sync::Arc;

use forebay_budget::{Class, FdLease};
use rustix::io::Errno;
use tokio::time::Instant;

use super::fault::{no_worker, store_error};
use super::load::{Touch, load};
use super::recent::{Known, Opened, Recent};
use super::sandbox::READ;
use super::{Inner, sweep};
use crate::{Answer, Key, Object, StoreError, StoreErrorKind};

/// The object under `key`.
pub(super) fn open<'a>(inner: &'a Arc<Inner>, key: &'a Key) -> Answer<'a, Object> {
    if !inner.admit.key(key) {
        return Answer::now(Err(StoreErrorKind::NotFound.into()));
    }
    match recent(inner, key).or_else(|| warm(inner, key)) {
        Some(answer) => Answer::now(answer),
        None => Answer::later(cold(inner, key)),
    }
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

/// Opens on the blocking pool.
async fn cold(inner: &Arc<Inner>, key: &Key) -> Result<Object, StoreError> {
    let lease = descriptors(inner, inner.resolver.fds()).await?;
    let turn = inner.openers.next().await?;
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
    if let Ok(lease) = inner.options.fds.try_acquire(n) {
        return Ok(lease);
    }
    inner.recent.let_go_of_descriptors();
    let lease = inner.options.fds.acquire(n, inner.options.patience).await;
    lease.map_err(|refused| StoreError::with_cause(StoreErrorKind::Unavailable, refused))
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
