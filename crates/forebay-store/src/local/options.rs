//! How a directory is served. Every field has a default that is safe to serve with.

use std::time::Duration;

use forebay_budget::{ByteSize, FdLedger, Ledger};

use super::{Dotfiles, Sandbox, Symlinks};

/// How a [`LocalStore`](crate::LocalStore) serves its directory, and who pays.
#[derive(Debug, Clone)]
pub struct LocalOptions {
    /// Pays for kept small files and cache entries (`small_files`) and for pages of listings (`listings`).
    pub ledger: Ledger,
    /// Pays for every descriptor that serves a request.
    pub fds: FdLedger,
    /// What becomes of symbolic links. Links that leave the root are never followed.
    pub symlinks: Symlinks,
    /// What becomes of names that begin with a dot.
    pub dotfiles: Dotfiles,
    /// Who keeps us inside the root.
    pub sandbox: Sandbox,
    /// How many opened files are kept, and as many answers "there is none"; 0 keeps nothing.
    pub recent_max: usize,
    /// For how long they are kept. This is how stale an answer can be; more than one second is cut to one.
    pub recent_age: Duration,
    /// Files up to this length are kept as bytes and need no descriptor while they are sent.
    pub small_file_max: ByteSize,
    /// A file that changed more recently than this gets a weak entity tag. It must exceed the granule of the file
    /// system's clock (a few ms on a local disk), and on a network file system also the difference of the two clocks.
    pub settle: Duration,
    /// How many files are opened at once on the blocking pool.
    pub openers_max: usize,
    /// How many directories are scanned at once on the blocking pool.
    pub listers_max: usize,
    /// How many uploads are written to the disk at once on the blocking pool.
    pub writers_max: usize,
    /// Whether what was published is on the disk before that is said.
    pub durability: Durability,
    /// What is left free on the disk: an upload that would go below it is refused.
    pub free_min: ByteSize,
    /// How long a request waits for a descriptor, for memory, or for its turn on the blocking pool.
    pub patience: Duration,
}

/// What a power cut may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// Nothing that was published.
    #[default]
    Synced,
    /// What the kernel has not written yet: up to half a minute, as with a plain copy.
    Left,
}

impl LocalOptions {
    /// The defaults, paid by these ledgers.
    pub fn new(ledger: Ledger, fds: FdLedger) -> Self {
        Self {
            ledger,
            fds,
            symlinks: Symlinks::FollowInside,
            dotfiles: Dotfiles::Hide,
            sandbox: Sandbox::Auto,
            recent_max: 256,
            recent_age: Duration::from_secs(1),
            small_file_max: ByteSize::kib(64),
            settle: Duration::from_millis(100),
            openers_max: 16,
            listers_max: 2,
            writers_max: 16,
            durability: Durability::Synced,
            free_min: ByteSize::mib(64),
            patience: Duration::from_secs(2),
        }
    }
}
