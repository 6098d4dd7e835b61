//! Opening below the root and nowhere else.
//!
//! The kernel's own answer is `openat2` with `RESOLVE_BENEATH`: it resolves the whole path in one call, follows links
//! as long as they stay inside, and fails with `EXDEV` the moment a component leaves, whatever is renamed
//! meanwhile. Absolute links leave by definition. `RESOLVE_NO_MAGICLINKS` closes `/proc/self/fd` and its like. Where the
//! call is missing (before Linux 5.6) or forbidden (a container's system-call filter), `stepwise` does the same by hand. Which
//! of the two is found out once, at the start.
//!
//! `O_NONBLOCK` lets a FIFO open at once instead of waiting for its writer, `O_NOCTTY` keeps a terminal from becoming
//! ours; what was opened is decided by `fstat` on the descriptor, and anything but a file or a directory is closed again.

use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use super::stepwise;
use crate::Key;

/// How often a resolution is tried again that a concurrent rename disturbed.
const RENAME_RETRIES: usize = 64;

/// For reading.
pub(super) const READ: OFlags =
    OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);
/// For asking what it is, without opening it: no device notices.
pub(super) const LOOK: OFlags = OFlags::PATH.union(OFlags::CLOEXEC);
/// For listing.
pub(super) const SCAN: OFlags = READ.union(OFlags::DIRECTORY);

/// What becomes of symbolic links below the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Symlinks {
    /// Followed as long as they stay below the root; to a client there are no others.
    #[default]
    FollowInside,
    /// Never followed: to a client there are none.
    Refuse,
}

/// Who keeps us inside the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sandbox {
    /// The kernel if it can, otherwise our own walk.
    #[default]
    Auto,
    /// Our own walk, component by component.
    Stepwise,
}

/// Opens below one root.
#[derive(Debug, Clone, Copy)]
pub(super) struct Resolver {
    keeper: Keeper,
    symlinks: Symlinks,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keeper {
    /// `openat2`; `cached` if it also knows `RESOLVE_CACHED` (Linux 5.12) and the file system is local, so that
    /// neither finding a name in memory nor opening it waits for anybody.
    Kernel {
        cached: bool,
    },
    Stepwise,
}

impl Resolver {
    pub(super) fn new(root: impl AsFd, sandbox: Sandbox, symlinks: Symlinks) -> Self {
        let works = |resolve| rustix::fs::openat2(&root, ".", LOOK, Mode::empty(), resolve).is_ok();
        let keeper = match sandbox {
            Sandbox::Auto if works(ResolveFlags::BENEATH) => Keeper::Kernel {
                cached: works(ResolveFlags::BENEATH | ResolveFlags::CACHED) && is_local_disk(&root),
            },
            Sandbox::Auto | Sandbox::Stepwise => Keeper::Stepwise,
        };
        Self { keeper, symlinks }
    }

    /// How many descriptors an open may hold at once.
    pub(super) fn fds(self) -> u64 {
        match self.keeper {
            Keeper::Kernel { .. } => 1,
            Keeper::Stepwise => 2,
        }
    }

    pub(super) fn is_kernel(self) -> bool {
        matches!(self.keeper, Keeper::Kernel { .. })
    }

    pub(super) fn follows_links(self) -> bool {
        self.symlinks == Symlinks::FollowInside
    }

    /// Opens `key`. May block.
    pub(super) fn open(self, root: impl AsFd, key: &Key, flags: OFlags) -> Result<OwnedFd, Errno> {
        if self.keeper == Keeper::Stepwise {
            return stepwise::open(root.as_fd(), key, flags, self.symlinks);
        }
        let mut tries = 0;
        loop {
            match self.openat2(&root, key, flags, ResolveFlags::empty()) {
                // A directory on the way was renamed while the kernel looked at it.
                Err(Errno::AGAIN) if tries < RENAME_RETRIES => tries += 1,
                Err(Errno::INTR) => {}
                other => return other,
            }
        }
    }

    /// Opens `key` if the kernel has all of its path in memory; `None` if it would have to look, and so could block.
    pub(super) fn open_warm(self, root: impl AsFd, key: &Key) -> Option<Result<OwnedFd, Errno>> {
        if self.keeper != (Keeper::Kernel { cached: true }) {
            return None;
        }
        match self.openat2(root, key, READ, ResolveFlags::CACHED | ResolveFlags::NO_XDEV) {
            // Not in memory, or on another file system below the root, or outside: not to be decided here.
            Err(Errno::AGAIN | Errno::INTR | Errno::XDEV) => None,
            answer => Some(answer),
        }
    }

    fn openat2(self, root: impl AsFd, key: &Key, flags: OFlags, how: ResolveFlags) -> Result<OwnedFd, Errno> {
        let links = match self.symlinks {
            Symlinks::FollowInside => ResolveFlags::empty(),
            Symlinks::Refuse => ResolveFlags::NO_SYMLINKS,
        };
        let how = how | links | ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        let path = if key.is_root() { b"." } else { key.as_bytes() };
        rustix::fs::openat2(root, path, flags, Mode::empty(), how)
    }
}

/// Whether opening a file whose name is in memory asks nobody: true for the file systems that are known to live on this
/// machine. Others (NFS, SMB, FUSE) may send a message for each open.
fn is_local_disk(root: impl AsFd) -> bool {
    /// ext2/3/4, XFS, Btrfs, tmpfs, overlayfs, F2FS, ZFS, bcachefs, EROFS, SquashFS.
    const LOCAL: [u32; 10] = [
        0xef53,
        0x5846_5342,
        0x9123_683e,
        0x0102_1994,
        0x794c_7630,
        0xf2f5_2010,
        0x2fc1_2fc1,
        0xca45_1a4e,
        0xe0f5_e1e2,
        0x7371_7368,
    ];
    rustix::fs::fstatfs(root).is_ok_and(|stat| LOCAL.contains(&(stat.f_type as u32)))
}
