//! A directory of this machine as a store.
//!
//! The root is opened once, and from then on there are no paths but relative to that descriptor: the kernel
//! (`sandbox`) or, where it cannot, a walk of our own (`stepwise`) refuses to leave it. Nothing is checked by name
//! and then used by name: what was opened is what is asked (`fstat`) and what is served.
//!
//! ```text
//! open(key) ─► recent?  ── yes, and still the same file ───────────────► object     no system call, or one statx
//!                │ no
//!                ▼
//!              warm?    ── openat2(RESOLVE_CACHED), preadv2(NOWAIT) ────► object     on the worker: cannot block
//!                │ no
//!                ▼
//!              cold     ── blocking pool, a bounded number at once ─────► object
//! ```
//!
//! Who waits for what: an open waits for a descriptor and then for its turn on the blocking pool; a listing waits for
//! memory, then descriptors, then its turn. Everybody takes in this order and each wait has a limit, so nobody waits
//! for himself. Small files and cache entries never wait: without memory they are served without being kept. Whoever has
//! an object in hand opens a second one with `try_open`, which waits for nothing that others hold.

mod admit;
mod fault;
mod list;
mod load;
mod open;
mod options;
mod recent;
mod root;
mod sandbox;
mod stamp;
mod stepwise;
mod sweep;
mod turns;
mod write;

use std::fmt;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::{Answer, Key, ListAsk, ListPage, Object, Store};
use admit::Admit;
use recent::Recent;
use sandbox::Resolver;
use turns::Turns;
use write::Writing;

pub use admit::Dotfiles;
pub use options::{Durability, LocalOptions};
pub use root::RootError;
pub use sandbox::{Sandbox, Symlinks};

/// A directory of this machine. Cheap to clone; clones share the open-file cache.
#[derive(Clone)]
pub struct LocalStore {
    inner: Arc<Inner>,
}

struct Inner {
    /// For messages only: no system call sees it again.
    path: PathBuf,
    /// The one descriptor of the store itself. It stands for as long as the process serves and belongs to the
    /// reserved share of the descriptor plan.
    root: OwnedFd,
    resolver: Resolver,
    admit: Admit,
    options: LocalOptions,
    /// What was opened within the last second.
    recent: Recent,
    /// Who may open on the blocking pool.
    openers: Turns,
    /// Who may scan a directory. Apart from the openers, so that large directories hold up no download.
    listers: Turns,
    writing: Writing,
}

impl LocalStore {
    /// Opens a root directory. Blocks: call it at the start.
    ///
    /// # Errors
    ///
    /// [`RootError`] says in one line what is wrong with `root` and what to do about it.
    pub fn open(root: &Path, options: LocalOptions) -> Result<Self, RootError> {
        let fd = root::open(root)?;
        let resolver = Resolver::new(&fd, options.sandbox, options.symlinks);
        let inner = Inner {
            path: root.to_path_buf(),
            root: fd,
            resolver,
            admit: Admit::new(options.dotfiles),
            recent: Recent::new(options.recent_max, options.recent_age),
            openers: Turns::new(options.openers_max, options.patience),
            listers: Turns::new(options.listers_max, options.patience),
            writing: Writing::new(&options),
            options,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// How many opened files and answers "there is none" are kept at this moment.
    pub fn recent(&self) -> usize {
        self.inner.recent.len()
    }

    /// Whether the kernel keeps us inside the root (`openat2`) rather than our own walk.
    pub fn is_kept_by_kernel(&self) -> bool {
        self.inner.resolver.is_kernel()
    }
}

impl Store for LocalStore {
    fn open<'a>(&'a self, key: &'a Key) -> Answer<'a, Object> {
        open::open(&self.inner, key)
    }

    fn try_open<'a>(&'a self, key: &'a Key) -> Answer<'a, Object> {
        open::try_open(&self.inner, key)
    }

    fn list<'a>(&'a self, dir: &'a Key, ask: &'a ListAsk) -> Answer<'a, ListPage> {
        Answer::later(list::list(&self.inner, dir, ask))
    }
}

impl fmt::Debug for LocalStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalStore")
            .field("root", &self.inner.path)
            .field("resolver", &self.inner.resolver)
            .finish_non_exhaustive()
    }
}
