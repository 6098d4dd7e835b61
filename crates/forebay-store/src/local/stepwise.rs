//! The sandbox for kernels and containers without `openat2`.
//!
//! Each component is opened relative to the descriptor of the one before, with `O_NOFOLLOW`, and `..` is never given
//! to the kernel. So wherever directories are moved meanwhile, every step goes down from a descriptor that was reached by
//! going down: there is no way out.
//!
//! A link is read and spliced into the path, which is then walked again from the root. Its `..` are resolved in the
//! text: that is right because the components before it were real directories in this very walk, and if they no longer are
//! in the next one, that walk meets a link or nothing. At most two descriptors are open at a time.

use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;

use super::Symlinks;
use super::sandbox::LOOK;
use crate::Key;

/// As many links as the kernel follows in one path.
const LINKS_MAX: usize = 40;

type Component = Box<[u8]>;

/// Where one walk ended.
enum End {
    Opened(OwnedFd),
    /// The component at this place is a link with this target.
    Link(usize, Vec<u8>),
}

/// Opens `key` below `root`.
pub(super) fn open(
    root: BorrowedFd<'_>,
    key: &Key,
    flags: OFlags,
    symlinks: Symlinks,
) -> Result<OwnedFd, Errno> {
    let mut path: Vec<Component> = key.segments().map(Component::from).collect();
    for _ in 0..=LINKS_MAX {
        match descend(root, &path, flags)? {
            End::Opened(fd) => return Ok(fd),
            End::Link(..) if symlinks == Symlinks::Refuse => return Err(Errno::LOOP),
            End::Link(place, target) => path = splice(path, place, &target)?,
        }
    }
    Err(Errno::LOOP)
}

/// One walk from the root: to the end, or to the first link.
fn descend(root: BorrowedFd<'_>, path: &[Component], flags: OFlags) -> Result<End, Errno> {
    let Some(last) = path.len().checked_sub(1) else {
        return retry(|| rustix::fs::openat(root, ".", flags, Mode::empty())).map(End::Opened);
    };
    let mut held: Option<OwnedFd> = None;
    for (place, name) in path.iter().enumerate() {
        let at = held.as_ref().map_or(root, |fd| fd.as_fd());
        let flags = if place == last { flags } else { LOOK | OFlags::DIRECTORY };
        let opened = retry(|| rustix::fs::openat(at, &**name, flags | OFlags::NOFOLLOW, Mode::empty()));
        let fd = match opened {
            // With O_PATH a link itself is opened.
            Ok(fd) if !(flags.contains(OFlags::PATH) && is_link(&fd)?) => fd,
            Err(errno) if errno != Errno::LOOP && errno != Errno::NOTDIR => return Err(errno),
            // With O_DIRECTORY a link fails like a file does: reading it tells them apart.
            unclear => match rustix::fs::readlinkat(at, &**name, Vec::new()) {
                Ok(target) => return Ok(End::Link(place, target.into_bytes())),
                Err(_) => return Err(unclear.err().unwrap_or(Errno::LOOP)),
            },
        };
        held = Some(fd);
    }
    held.map(End::Opened).ok_or(Errno::NOENT)
}

/// `path` with the link at `place` replaced by its target.
fn splice(mut path: Vec<Component>, place: usize, target: &[u8]) -> Result<Vec<Component>, Errno> {
    if target.starts_with(b"/") {
        return Err(Errno::XDEV);
    }
    let mut rest: VecDeque<Component> = path.drain(place..).skip(1).collect();
    for part in target.split(|&byte| byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => drop(path.pop().ok_or(Errno::XDEV)?),
            name => path.push(name.into()),
        }
    }
    path.extend(rest.drain(..));
    Ok(path)
}

fn is_link(fd: &OwnedFd) -> Result<bool, Errno> {
    let stat = rustix::fs::fstat(fd)?;
    Ok(FileType::from_raw_mode(stat.st_mode) == FileType::Symlink)
}

fn retry<T>(mut call: impl FnMut() -> Result<T, Errno>) -> Result<T, Errno> {
    rustix::io::retry_on_intr(&mut call)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> Vec<Component> {
        text.split('/').filter(|part| !part.is_empty()).map(|part| part.as_bytes().into()).collect()
    }

    #[test]
    fn a_link_is_spliced_in_place_and_may_not_climb_over_the_root() {
        let splice = |from: &str, place, to: &str| splice(path(from), place, to.as_bytes());
        assert_eq!(splice("a/link/c", 1, "x/y"), Ok(path("a/x/y/c")));
        assert_eq!(splice("a/link/c", 1, "../x//./y/"), Ok(path("x/y/c")));
        assert_eq!(splice("a/link", 1, ".."), Ok(path("")));
        assert_eq!(splice("a/link", 1, "../.."), Err(Errno::XDEV));
        assert_eq!(splice("a/link", 1, "../../a/b"), Err(Errno::XDEV));
        assert_eq!(splice("a/link", 1, "/etc/passwd"), Err(Errno::XDEV));
    }
}
