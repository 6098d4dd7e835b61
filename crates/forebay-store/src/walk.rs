//! A whole tree in order, in memory that its depth bounds and its size does not.
//!
//! Depth first, each directory in the order of its names' bytes, every directory before what is in it: the order is a
//! function of the tree alone, so that an archive of an unchanged tree is the same archive. The walk stands on
//! [`Store::list`] and so works for every store.
//!
//! What it holds is one page per open directory. To hold and to wait for more would let two walks wait for each
//! other, so all of it is paid at the start, by a lease that the caller hands in: [`Walk::COST`]. Each page begins with a
//! scan of its whole directory, so it takes as many entries as its bytes hold: half of what the open directories above
//! leave, 256 KiB or about 7,000 entries where they are small. A large directory below large ones costs more scans instead
//! of more memory. Between two steps no descriptor is open.
//!
//! What vanishes or may not be read is skipped, as a listing would. A directory behind a symbolic link is not entered
//! (links may form circles). A tree deeper than [`DEPTH_MAX`] is an error and not a silently smaller archive.

use std::fmt;
use std::sync::Arc;

use forebay_budget::Lease;

use crate::{
    Cursor, EntriesIter, Entry, Key, KeyError, Kind, ListAsk, Order, PAGE_BYTES, PageBudget, SCAN_BYTES,
    Store, StoreError, StoreErrorKind,
};

/// How deep a walk goes below its root.
pub const DEPTH_MAX: usize = 64;

/// What the pages of large directories share, in bytes.
const POOL_BYTES: u64 = 2 * PAGE_BYTES;
/// What each level has in any case, in bytes: half a dozen of the longest names.
const PAGE_BYTES_MIN: u64 = 2 << 10;
/// How many directories are open at most.
const LEVELS: usize = DEPTH_MAX + 1;
/// An open directory without its entries: its place in the list, and the cursor behind its page.
const FRAME_BYTES: u64 = 512;
/// The innermost directory's key, the one before it while they change, and the key of a step.
const KEYS_BYTES: u64 = 3 * 4096;

/// Walks the tree below a directory.
pub struct Walk {
    store: Arc<dyn Store>,
    /// How many bytes of each key belong to the root and its slash.
    root_len: usize,
    /// The innermost open directory; its beginnings are the others.
    dir: Key,
    /// The open directories, outermost first.
    open: Vec<Frame>,
    /// Pays for all of the above, and for a page that is being made although nobody walks any more.
    lease: Arc<Lease>,
}

/// A directory that has been begun.
struct Frame {
    page: EntriesIter,
    /// What the page takes, in bytes.
    cost: u64,
    rest: Rest,
}

impl Frame {
    fn new() -> Self {
        Self { page: EntriesIter::default(), cost: 0, rest: Rest::All }
    }
}

/// What of a directory has not been listed yet.
enum Rest {
    All,
    After(Cursor),
    Nothing,
}

/// One step of a walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walked {
    /// What to open.
    pub key: Key,
    /// What the listing knew of it: for the real length, open it.
    pub entry: Entry,
    root_len: usize,
}

impl Walk {
    /// What a walk holds at most, in bytes: one scan, the pages of all levels, and the keys.
    pub const COST: u64 =
        SCAN_BYTES + POOL_BYTES + LEVELS as u64 * (PAGE_BYTES_MIN + FRAME_BYTES) + KEYS_BYTES;

    /// A walk over all that is below `root`, which is not itself part of it. The lease is of any class.
    ///
    /// # Errors
    ///
    /// `Invalid` if the lease is of fewer than [`Walk::COST`] bytes.
    pub fn new(store: Arc<dyn Store>, root: Key, lease: Lease) -> Result<Self, StoreError> {
        if lease.bytes() < Self::COST {
            let cause = format!("a walk needs a lease of {} bytes, not {}", Self::COST, lease.bytes());
            return Err(StoreError::with_cause(StoreErrorKind::Invalid, cause));
        }
        let root_len = if root.is_root() { 0 } else { root.as_bytes().len() + 1 };
        let mut open = Vec::with_capacity(LEVELS);
        open.push(Frame::new());
        Ok(Self { store, root_len, dir: root, open, lease: Arc::new(lease) })
    }

    /// The next file or directory; `None` at the end.
    ///
    /// Cancel safe: a dropped future has taken nothing from the walk.
    ///
    /// # Errors
    ///
    /// Those of [`Store::list`], `NotFound` and `Denied` for the root only; `Invalid` for a tree deeper than
    /// [`DEPTH_MAX`]. After an error the walk is at its end.
    pub async fn next(&mut self) -> Result<Option<Walked>, StoreError> {
        while let Some(depth) = self.open.len().checked_sub(1) {
            if let Some(entry) = self.open[depth].page.next() {
                if let Some(walked) = self.step(depth, entry)? {
                    return Ok(Some(walked));
                }
            } else if let Err(error) = self.turn_page(depth).await {
                self.open.clear();
                return Err(error);
            }
        }
        Ok(None)
    }

    /// Makes a step of an entry, and opens it if it is a directory.
    fn step(&mut self, depth: usize, entry: Entry) -> Result<Option<Walked>, StoreError> {
        let key = match self.dir.join(&entry.name) {
            Ok(key) => key,
            // Deep names: the key would be longer than any path, and no GET can ask for it.
            Err(KeyError::TooLong) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if entry.kind == Kind::Directory {
            if entry.linked {
                return Ok(None);
            }
            if depth == DEPTH_MAX {
                self.open.clear();
                let cause = format!("the tree is deeper than {DEPTH_MAX} directories");
                return Err(StoreError::with_cause(StoreErrorKind::Invalid, cause));
            }
            self.open.push(Frame::new());
            self.dir = key.clone();
        }
        Ok(Some(Walked { key, entry, root_len: self.root_len }))
    }

    /// How much the next page at this depth may take: half of what those above leave, once every level below has its least.
    fn page_bytes(&self, depth: usize) -> u64 {
        let held: u64 = self.open[..depth].iter().map(|frame| frame.cost).sum();
        let below = (LEVELS - 1 - depth) as u64 * PAGE_BYTES_MIN;
        let all = POOL_BYTES + LEVELS as u64 * PAGE_BYTES_MIN;
        (all.saturating_sub(held + below) / 2).max(PAGE_BYTES_MIN)
    }

    /// Fetches the next page of the innermost directory, or leaves it.
    async fn turn_page(&mut self, depth: usize) -> Result<(), StoreError> {
        let bytes = self.page_bytes(depth);
        let frame = &mut self.open[depth];
        let after = match &frame.rest {
            Rest::All => None,
            Rest::After(cursor) => Some(cursor.clone()),
            Rest::Nothing => {
                self.open.pop();
                self.dir = self.dir.parent().unwrap_or_else(Key::root);
                return Ok(());
            }
        };
        // The page before is given up first: this one takes its place.
        (frame.page, frame.cost) = (EntriesIter::default(), 0);
        let budget = PageBudget::Prepaid { bytes, lease: Arc::clone(&self.lease) };
        let ask = ListAsk { after, limit: usize::MAX, order: Order::default(), budget };
        match self.store.list(&self.dir, &ask).await {
            Ok(page) => {
                frame.cost = page.entries.cost();
                frame.page = page.entries.into_iter();
                frame.rest = page.next.map_or(Rest::Nothing, Rest::After);
            }
            Err(error) if depth > 0 && is_gone(&error) => frame.rest = Rest::Nothing,
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

fn is_gone(error: &StoreError) -> bool {
    matches!(error.kind(), StoreErrorKind::NotFound | StoreErrorKind::Denied)
}

impl Walked {
    /// The path below the walk's root, without a slash at either end.
    pub fn path(&self) -> &[u8] {
        &self.key.as_bytes()[self.root_len..]
    }
}

impl fmt::Debug for Walk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Walk").field("dir", &self.dir).finish_non_exhaustive()
    }
}
