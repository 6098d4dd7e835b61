//! One page of a directory: one scan on the blocking pool.
//!
//! What a listing shows is what `open` would serve: names pass the same rule, links are resolved by the same sandbox,
//! sockets, FIFOs and devices are left out, and so is what this process may not read. What vanishes between the scan and
//! its `stat` is left out too. By name, only the entries of the page are asked for their length and time; by size or time, all
//! have to be.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use forebay_budget::Class;
use rustix::fs::{Access, AtFlags, Dir, FileType, Stat};

use super::Inner;
use super::fault::{no_worker, store_error};
use super::open::descriptors;
use super::sandbox::{LOOK, SCAN};
use super::stamp;
use crate::listing::{Position, Select};
use crate::{
    Entry, Grouping, Key, Kind, LIMIT_MAX, ListAsk, ListPage, Order, PAGE_BYTES, PageBudget, SCAN_BYTES,
    SortBy, StoreError, StoreErrorKind,
};

/// What an entry takes at most while a page is made: two names of 255 bytes and their places.
const ENTRY_BYTES_MAX: u64 = 768;
/// The directory, and the stream that reads it.
const SCAN_FDS: u64 = 2;

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
    let limit = ask.limit.clamp(1, LIMIT_MAX);
    let (bytes_max, lease) = match ask.budget {
        PageBudget::Prepaid(bytes) => (bytes, None),
        PageBudget::Leased => {
            let bytes = PAGE_BYTES.min(limit as u64 * ENTRY_BYTES_MAX);
            let lease =
                inner.options.ledger.acquire(Class::Listings, bytes + SCAN_BYTES, inner.options.patience);
            let unavailable = |refused| StoreError::with_cause(StoreErrorKind::Unavailable, refused);
            (bytes, Some(lease.await.map_err(unavailable)?))
        }
    };
    let fds = descriptors(inner, SCAN_FDS + inner.resolver.fds()).await?;
    let turn = inner.listers.next().await?;
    let select = Select::new(ask.order, after, limit, bytes_max);
    let (inner, dir, order) = (Arc::clone(inner), dir.clone(), ask.order);
    let job = move || {
        let page = scan(&inner, &dir, order, select);
        drop((fds, turn));
        let (entries, next) = page?;
        let Some(mut lease) = lease else { return Ok(ListPage::prepaid(entries, next)) };
        lease.shrink_to(entries.iter().map(Entry::cost).sum());
        Ok(ListPage::leased(entries, next, lease))
    };
    tokio::task::spawn_blocking(job).await.map_err(no_worker)?
}

fn scan(
    inner: &Inner,
    dir: &Key,
    order: Order,
    mut select: Select,
) -> Result<(Vec<Entry>, Option<crate::Cursor>), StoreError> {
    let at = inner.resolver.open(&inner.root, dir, SCAN).map_err(store_error)?;
    let mut stream = Dir::read_from(&at).map_err(store_error)?;
    let scan = Scan { inner, dir, at, order };
    while let Some(read) = stream.read() {
        let found = read.map_err(store_error)?;
        let name = found.file_name().to_bytes();
        if inner.admit.name(dir, name)
            && let Some(entry) = scan.candidate(&select, name, found.file_type())
        {
            select.offer(entry);
        }
    }
    let (mut entries, next) = select.finish();
    entries.retain_mut(|entry| scan.complete(entry));
    Ok((entries, next))
}

impl Scan<'_> {
    /// What a name stands for, as exactly as the order needs it; `None` if it is not for this page.
    fn candidate(&self, select: &Select, name: &[u8], kind: FileType) -> Option<Entry> {
        let known = match kind {
            FileType::RegularFile => Some(Kind::File),
            FileType::Directory => Some(Kind::Directory),
            FileType::Symlink | FileType::Unknown => None,
            _ => return None,
        };
        if self.order.by != SortBy::Name {
            return self.look(name);
        }
        let entry = |kind| Entry { name: name.into(), kind, linked: false, len: 0, modified: None };
        // Where directories stand apart, the place of a link is not known before it is followed.
        let placed = known.or((self.order.grouping == Grouping::Mixed).then_some(Kind::File));
        if let Some(kind) = placed
            && !select.wants(&Position::of(&entry(kind), self.order))
        {
            return None;
        }
        known.map_or_else(|| self.look(name), |kind| Some(entry(kind)))
    }

    /// Asks what is under a name, following a link as `open` would.
    fn look(&self, name: &[u8]) -> Option<Entry> {
        let stat = rustix::fs::statat(&self.at, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::Symlink {
            return entry(name, &stat, false);
        }
        if !self.inner.resolver.follows_links() {
            return None;
        }
        let key = self.dir.join(name).ok()?;
        let fd = self.inner.resolver.open(&self.inner.root, &key, LOOK).ok()?;
        entry(name, &rustix::fs::fstat(fd).ok()?, true)
    }

    /// Fills in what the order did not need; `false` if it is gone, or became something else, or may not be read.
    fn complete(&self, entry: &mut Entry) -> bool {
        if self.order.by == SortBy::Name && !entry.linked {
            match self.look(&entry.name) {
                Some(now) if now.kind == entry.kind && !now.linked => *entry = now,
                _ => return false,
            }
        }
        let access = match entry.kind {
            Kind::File => Access::READ_OK,
            Kind::Directory => Access::READ_OK | Access::EXEC_OK,
        };
        // Other failures (an old kernel) do not say that it cannot be read.
        let allowed = rustix::fs::accessat(&self.at, &*entry.name, access, AtFlags::EACCESS);
        allowed != Err(rustix::io::Errno::ACCESS)
    }
}

/// The entry for a file or a directory; `None` for anything else.
fn entry(name: &[u8], stat: &Stat, linked: bool) -> Option<Entry> {
    let (kind, len) = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => (Kind::File, u64::try_from(stat.st_size).unwrap_or(0)),
        FileType::Directory => (Kind::Directory, 0),
        _ => return None,
    };
    Some(Entry { name: name.into(), kind, linked, len, modified: stamp::modified(stat) })
}
