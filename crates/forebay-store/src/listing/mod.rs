//! Pages of a directory.
//!
//! A directory has no useful order of its own and no bound on its size. So a page is found by *scanning the
//! whole directory once and keeping the best few*: a fixed number of bytes of packed [`Entries`], whatever the
//! directory holds. What a page costs:
//!
//! - memory: at most [`PAGE_BYTES`] for the page and [`SCAN_BYTES`] while it is made, leased before the scan and shrunk
//!   to what the page holds; a directory of 200,000 entries costs what one of 20 costs;
//! - time: one read of all directory entries (about 0.2 s per million), by name one `stat` per entry *of the page*,
//!   by size or time one `stat` per entry *of the directory*;
//! - so reading n entries to the end in pages of k costs n/k scans: linear in n for each page, which is the price
//!   of holding nothing between pages, neither memory nor a descriptor nor a session.

mod cursor;
mod entries;
mod fill;
mod position;
mod select;

use std::sync::Arc;
use std::time::SystemTime;

use forebay_budget::Lease;

use crate::Kind;

pub use cursor::Cursor;
pub use entries::Entries;
pub use entries::IntoIter as EntriesIter;
pub(crate) use fill::Fill;
pub(crate) use position::{Place, Position};
pub(crate) use select::Select;

/// The most entries on a page that is leased for its client. A page that its caller pays for has as many as are paid.
pub const LIMIT_MAX: usize = 1000;
/// The most memory that a page of [`LIMIT_MAX`] entries takes, in bytes: room for names of 220 bytes on average.
pub const PAGE_BYTES: u64 = 256 << 10;
/// What making a page takes in addition, in bytes: the kernel's directory entries, and one entry too many.
pub const SCAN_BYTES: u64 = 64 << 10;

/// What a client wants to see of a directory.
#[derive(Debug, Clone, Default)]
pub struct ListAsk {
    /// Behind which entry to go on: [`ListPage::next`] of the page before.
    pub after: Option<Cursor>,
    /// The most entries wanted; at least 1 is given.
    pub limit: usize,
    /// In which order.
    pub order: Order,
    /// Who pays for the page.
    pub budget: PageBudget,
}

/// Who holds the lease for a page's memory.
#[derive(Debug, Clone, Default)]
pub enum PageBudget {
    /// The page, of the class `listings`; it has at most [`LIMIT_MAX`] entries.
    #[default]
    Leased,
    /// The caller, who had a lease before.
    Prepaid {
        /// The most that the page takes, in bytes. One entry is given even if it is larger.
        bytes: u64,
        /// Of at least [`SCAN_BYTES`] more. Whoever makes the page holds a share of it until it has ended, also when the
        /// caller has left meanwhile.
        lease: Arc<Lease>,
    },
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
    pub entries: Entries,
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
    pub fn prepaid(entries: Entries, next: Option<Cursor>) -> Self {
        Self { entries, next, lease: None }
    }

    /// A page that pays for itself.
    pub fn leased(entries: Entries, next: Option<Cursor>, lease: Lease) -> Self {
        Self { entries, next, lease: Some(lease) }
    }
}
