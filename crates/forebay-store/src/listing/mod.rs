//! Pages of a directory.
//!
//! A directory has no useful order of its own and no bound on its size. So a page is found by *scanning the
//! whole directory once and keeping the best few*: a heap of at most [`LIMIT_MAX`] entries and of a fixed number
//! of bytes, whatever the directory holds. What a page costs:
//!
//! - memory: at most [`PAGE_BYTES`] for the page and [`SCAN_BYTES`] while it is made, leased before the scan and shrunk
//!   to what the page holds; a directory of 200,000 entries costs what one of 20 costs;
//! - time: one read of all directory entries (about 0.2 s per million), by name one `stat` per entry *of the page*,
//!   by size or time one `stat` per entry *of the directory*;
//! - so reading n entries to the end in pages of k costs n/k scans: linear in n for each page, which is the price
//!   of holding nothing between pages, neither memory nor a descriptor nor a session.

mod cursor;
mod position;
mod select;

use std::time::SystemTime;

use forebay_budget::Lease;

use crate::Kind;

pub use cursor::Cursor;
pub(crate) use position::Position;
pub(crate) use select::Select;

/// The most entries on one page.
pub const LIMIT_MAX: usize = 1000;
/// The most memory that a page takes, in bytes. Names of more than about 120 bytes on average make a full page shorter
/// than [`LIMIT_MAX`].
pub const PAGE_BYTES: u64 = 256 << 10;
/// What making a page takes in addition, in bytes: the kernel's directory entries and one growing array.
pub const SCAN_BYTES: u64 = 64 << 10;

/// What a client wants to see of a directory.
#[derive(Debug, Clone, Default)]
pub struct ListAsk {
    /// Behind which entry to go on: [`ListPage::next`] of the page before.
    pub after: Option<Cursor>,
    /// The most entries wanted; at least 1 and at most [`LIMIT_MAX`] are given.
    pub limit: usize,
    /// In which order.
    pub order: Order,
    /// Who pays for the page.
    pub budget: PageBudget,
}

/// Who holds the lease for a page's memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PageBudget {
    /// The page, of the class `listings`.
    #[default]
    Leased,
    /// The caller, who already has a lease of at least this many bytes and [`SCAN_BYTES`] for this page. One
    /// entry is given even if it is larger.
    Prepaid(u64),
}

/// In which order to see a directory. The default is by name, ascending, files and directories mixed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Order {
    /// What is compared; names decide between equals, always ascending.
    pub by: SortBy,
    /// Smallest or largest first.
    pub direction: Direction,
    /// Where directories go.
    pub grouping: Grouping,
}

/// What is compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum SortBy {
    /// The bytes of the name.
    #[default]
    Name,
    /// The length in bytes; directories count as 0.
    Size,
    /// The time of the last change.
    Modified,
}

/// Smallest or largest first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Smallest, oldest or alphabetically first.
    #[default]
    Ascending,
    /// The other way round.
    Descending,
}

/// Where directories go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Grouping {
    /// Among the files.
    #[default]
    Mixed,
    /// Before all files, in either direction.
    DirectoriesFirst,
}

/// A page of a directory.
#[derive(Debug)]
pub struct ListPage {
    /// The entries, in order.
    pub entries: Vec<Entry>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<Cursor>,
    /// Pays for `entries` while they are held.
    #[expect(dead_code, reason = "held for its drop")]
    lease: Option<Lease>,
}

/// One entry of a directory: something that a client may open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name: one segment of a [`Key`](crate::Key), not necessarily UTF-8.
    pub name: Box<[u8]>,
    /// Whether it can be read or listed.
    pub kind: Kind,
    /// Whether it is reached through a symbolic link. A walk does not descend into such a directory.
    pub linked: bool,
    /// Its length in bytes; 0 for a directory.
    pub len: u64,
    /// When its content last changed, as far as the store knows.
    pub modified: Option<SystemTime>,
}

/// What is known about an entry besides its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) kind: Kind,
    pub(crate) linked: bool,
    pub(crate) len: u64,
    pub(crate) modified: Option<SystemTime>,
}

impl ListPage {
    /// A page whose memory somebody else pays for.
    pub fn prepaid(entries: Vec<Entry>, next: Option<Cursor>) -> Self {
        Self { entries, next, lease: None }
    }

    /// A page that pays for itself.
    pub fn leased(entries: Vec<Entry>, next: Option<Cursor>, lease: Lease) -> Self {
        Self { entries, next, lease: Some(lease) }
    }
}

impl Entry {
    pub(crate) fn new(name: Box<[u8]>, found: Found) -> Self {
        let Found { kind, linked, len, modified } = found;
        Self { name, kind, linked, len, modified }
    }

    /// The memory that an entry takes on a page, in bytes: itself and the allocation of its name.
    pub fn cost(&self) -> u64 {
        (size_of::<Self>() + self.name.len() + ALLOCATION_BYTES) as u64
    }
}

/// What the allocator adds to a small allocation, at most.
pub(crate) const ALLOCATION_BYTES: usize = 16;
