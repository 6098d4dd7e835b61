//! One page of a directory: one scan on the blocking pool.
//!
//! What a listing shows is what `open` would serve: names pass the same rule, links are resolved by the same sandbox,
//! sockets, FIFOs and devices are left out, and so is what this process may not read. What vanishes between the scan and
//! its `stat` is left out too. By name, only the entries of the page are asked for their length and time; by size or time, all
//! have to be.

use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use forebay_budget::{Class, Lease};
use rustix::fs::{Access, AtFlags, FileType, RawDir, Stat};
use rustix::io::Errno;

use super::Inner;
use super::fault::{no_worker, store_error};
use super::open::descriptors;
use super::sandbox::{LOOK, SCAN};
use super::stamp;
use crate::listing::{Found, Position, Select};
use crate::{
    Entries, Key, Kind, LIMIT_MAX, ListAsk, ListPage, Order, PAGE_BYTES, PageBudget, SCAN_BYTES, SortBy,
    StoreError, StoreErrorKind,
};

/// What an entry takes at most while a page is made: a name of 255 bytes and its places.
const ENTRY_BYTES_MAX: u64 = 512;
/// How much of the directory is read at once, in bytes.
const BUFFER_BYTES: usize = 32 << 10;

/// What pays for a page, held by the job that makes it.
enum Paid {
    Here(Lease),
    Before(#[expect(dead_code, reason = "held for its drop")] Arc<Lease>),
}

struct Scan<'a> {
    inner: &'a Inner,
    dir: &'a Key,
    at: OwnedFd,
    order: Order,
}

/// Makes one page. Takes memory, then descriptors, then a turn.
pub(super) async fn list(inner: &Arc<Inner>, dir: &Key, ask: &ListAsk) -> Result<ListPage, StoreError> {
    if !inner.admit.key(dir) {
        return Err(StoreErrorKind::NotFound.into());
    }
    let after = ask.after.as_ref().map(|cursor| Position::read(cursor, ask.order)).transpose()?;
    let (limit, bytes_max, paid) = match &ask.budget {
        PageBudget::Prepaid { bytes, lease } => (ask.limit.max(1), *bytes, Paid::Before(Arc::clone(lease))),
        PageBudget::Leased => {
            let limit = ask.limit.clamp(1, LIMIT_MAX);
            let bytes = PAGE_BYTES.min(limit as u64 * ENTRY_BYTES_MAX);
            let lease =
                inner.options.ledger.acquire(Class::Listings, bytes + SCAN_BYTES, inner.options.patience);
            let unavailable = |refused| StoreError::with_cause(StoreErrorKind::Unavailable, refused);
            (limit, bytes, Paid::Here(lease.await.map_err(unavailable)?))
        }
    };
    // The directory itself, and what following a link in it takes.
    let fds = descriptors(inner, 1 + inner.resolver.fds()).await?;
    let turn = inner.listers.next().await?;
    let select = Select::new(ask.order, after, limit, bytes_max);
    let (inner, dir, order) = (Arc::clone(inner), dir.clone(), ask.order);
    let job = move || {
        let page = scan(&inner, &dir, order, select);
        drop((fds, turn));
        let (entries, next) = page?;
        match paid {
            Paid::Before(_) => Ok(ListPage::prepaid(entries, next)),
            Paid::Here(mut lease) => {
                lease.shrink_to(entries.cost());
                Ok(ListPage::leased(entries, next, lease))
            }
        }
    };
    tokio::task::spawn_blocking(job).await.map_err(no_worker)?
}

fn scan(
    inner: &Inner,
    dir: &Key,
    order: Order,
    mut select: Select,
) -> Result<(Entries, Option<crate::Cursor>), StoreError> {
    let at = inner.resolver.open(&inner.root, dir, SCAN).map_err(store_error)?;
    let scan = Scan { inner, dir, at, order };
    let mut buffer = vec![MaybeUninit::uninit(); BUFFER_BYTES];
    let mut stream = RawDir::new(&scan.at, &mut buffer);
    while let Some(read) = stream.next() {
        let read = match read {
            Err(Errno::INTR) => continue,
            // The directory was removed: what is left of it is nothing.
            Err(Errno::NOENT) => break,
            read => read.map_err(store_error)?,
        };
        let name = read.file_name().to_bytes();
        if select.may_want(name)
            && inner.admit.name(dir, name)
            && let Some(found) = scan.candidate(&select, name, read.file_type())
        {
            select.offer(name, &found);
        }
    }
    let (mut entries, next) = select.finish();
    entries.refresh(|name, found| scan.complete(name, found));
    Ok((entries, next))
}

impl Scan<'_> {
    /// What a name stands for, as exactly as the order needs it; `None` if it is not for this page.
    fn candidate(&self, select: &Select, name: &[u8], kind: FileType) -> Option<Found> {
        let known = match kind {
            FileType::RegularFile => Kind::File,
            FileType::Directory => Kind::Directory,
            FileType::Symlink | FileType::Unknown => return self.look(name),
            _ => return None,
        };
        if self.order.by != SortBy::Name {
            return self.look(name);
        }
        let found = Found { kind: known, linked: false, len: 0, modified: None };
        select.wants(name, &found).then_some(found)
    }

    /// Asks what is under a name, following a link as `open` would.
    fn look(&self, name: &[u8]) -> Option<Found> {
        let stat = rustix::fs::statat(&self.at, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::Symlink {
            return found(&stat, false);
        }
        if !self.inner.resolver.follows_links() {
            return None;
        }
        let key = self.dir.join(name).ok()?;
        let fd = self.inner.resolver.open(&self.inner.root, &key, LOOK).ok()?;
        found(&rustix::fs::fstat(fd).ok()?, true)
    }

    /// Finds out what the order did not need; `None` if it is gone, or became something else, or may not be read.
    fn complete(&self, name: &[u8], found: Found) -> Option<Found> {
        let now = if self.order.by == SortBy::Name && !found.linked { self.look(name)? } else { found };
        if now.kind != found.kind || now.linked != found.linked {
            return None;
        }
        let access = match now.kind {
            Kind::File => Access::READ_OK,
            Kind::Directory => Access::READ_OK | Access::EXEC_OK,
        };
        // Other failures (an old kernel) do not say that it cannot be read.
        let allowed = rustix::fs::accessat(&self.at, name, access, AtFlags::EACCESS);
        (allowed != Err(Errno::ACCESS)).then_some(now)
    }
}

/// What a `stat` says of a file or a directory; `None` for anything else.
fn found(stat: &Stat, linked: bool) -> Option<Found> {
    let (kind, len) = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => (Kind::File, u64::try_from(stat.st_size).unwrap_or(0)),
        FileType::Directory => (Kind::Directory, 0),
        _ => return None,
    };
    Some(Found { kind, linked, len, modified: stamp::modified(stat) })
}
