//! Opening the root, and saying what is wrong with it.
//!
//! This is the first thing a new user can get wrong, so each error is one line that names the fix.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;

/// Why a directory cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum RootError {
    /// There is nothing at this path.
    #[error("`{}` does not exist: create it (`mkdir -p`) or name another directory", .0.display())]
    Missing(PathBuf),
    /// It is a file, a device or a socket.
    #[error("`{}` is not a directory: name the directory that holds it", .0.display())]
    NotDirectory(PathBuf),
    /// This process may not list it or not enter it.
    #[error(
        "`{}` cannot be read by uid {uid}: give it `r-x` on the directory (`chmod o+rx`) or run as its owner",
        .path.display()
    )]
    Denied {
        /// The root.
        path: PathBuf,
        /// Who we are.
        uid: u32,
    },
    /// Anything else, in the kernel's words.
    #[error("`{}` cannot be opened: {cause}", .path.display())]
    Failed {
        /// The root.
        path: PathBuf,
        /// The kernel's words.
        cause: io::Error,
    },
}

/// Opens the root and makes sure that it can be listed and entered.
pub(super) fn open(path: &Path) -> Result<OwnedFd, RootError> {
    let explain = |errno| explain(path, errno);
    let fd = rustix::fs::open(
        path,
        OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC,
        Mode::empty(),
    )
    .map_err(explain)?;
    let stat = rustix::fs::fstat(&fd).map_err(explain)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::Directory {
        return Err(RootError::NotDirectory(path.to_path_buf()));
    }
    // Opening needs only `r`; without `x` every file in it would be denied.
    rustix::fs::accessat(&fd, ".", Access::READ_OK | Access::EXEC_OK, AtFlags::EACCESS).map_err(explain)?;
    Ok(fd)
}

fn explain(path: &Path, errno: Errno) -> RootError {
    let path = path.to_path_buf();
    match errno {
        Errno::NOENT => RootError::Missing(path),
        // A parent that is a file, a socket at the path.
        Errno::NOTDIR | Errno::NXIO => RootError::NotDirectory(path),
        Errno::ACCESS | Errno::PERM => RootError::Denied { path, uid: rustix::process::geteuid().as_raw() },
        errno => RootError::Failed { path, cause: errno.into() },
    }
}
