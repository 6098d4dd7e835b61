//! The sandbox for kernels and containers without `openat2`.
//!
//! Each name is opened relative to the descriptor of the directory before it, with `O_NOFOLLOW`, and `..` is never given
//! to the kernel. So wherever directories are moved meanwhile, every step goes down from a descriptor that was reached by
//! going down: there is no way out.
//!
//! `..` is a step like any other, taken when the walk gets there, and not a matter of text: in `link/..` it is the parent of
//! where the link leads. The walk remembers the names of the real directories that it went down through; up is one of
//! them less, reached again from the root, where each name must still be a directory and not a link. What is left to walk
//! is a stack of texts: a link's target goes on top of what stood behind the link.
//!
//! At most two descriptors are open at a time. Links are counted as the kernel counts them. Texts and steps have bounds of
//! their own, since whoever can make links could otherwise make one open as long as he likes; what exceeds them is not there.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;

use super::Symlinks;
use super::sandbox::LOOK;
use crate::Key;

/// As many links as the kernel follows in one path.
const LINKS_MAX: usize = 40;
/// The most text that waits to be walked, and the most of names gone down through, in bytes each: four of the longest paths.
const TEXT_BYTES_MAX: usize = 4 * 4096;
/// How many names are opened for one key. A path has at most 2,048; going up begins again at the root.
const OPENS_MAX: usize = 16 << 10;

/// Opens `key` below `root`.
pub(super) fn open(
    root: BorrowedFd<'_>,
    key: &Key,
    flags: OFlags,
    symlinks: Symlinks,
) -> Result<OwnedFd, Errno> {
    let ahead = vec![Text { bytes: key.as_bytes().to_vec(), at: 0 }];
    Walk { root, symlinks, ahead, names: Vec::new(), held: None, links: 0, opens: 0 }.finish(flags)
}

struct Walk<'a> {
    root: BorrowedFd<'a>,
    symlinks: Symlinks,
    /// What is left to walk, the innermost link's target last.
    ahead: Vec<Text>,
    /// The directories from the root to here, with slashes between them.
    names: Vec<u8>,
    /// The directory here; `None` for the root, and after going up until somebody needs it.
    held: Option<OwnedFd>,
    links: usize,
    opens: usize,
}

/// A path or a link's target, walked up to a place in it.
struct Text {
    bytes: Vec<u8>,
    at: usize,
}

impl Walk<'_> {
    fn finish(mut self, flags: OFlags) -> Result<OwnedFd, Errno> {
        while let Some(part) = self.next_part() {
            match &*part {
                b"." => drop(self.open_here(b".", LOOK)?),
                b".." => self.up()?,
                name => {
                    let last = self.flags_of_last(flags);
                    let opened = self.look_up(name, last.unwrap_or(LOOK | OFlags::DIRECTORY))?;
                    match (opened, last) {
                        (Some(fd), Some(_)) => return Ok(fd),
                        (Some(fd), None) => self.down(name, fd)?,
                        (None, _) => {}
                    }
                }
            }
        }
        // It ends where it is: behind `.` or `..`, or at the root.
        match self.leave() {
            Some(name) => self.open_here(&name, flags | OFlags::DIRECTORY),
            None => self.open_here(b".", flags),
        }
    }

    fn next_part(&mut self) -> Option<Vec<u8>> {
        while let Some(text) = self.ahead.last_mut() {
            let rest = &text.bytes[text.at..];
            let slashes = rest.iter().take_while(|&&byte| byte == b'/').count();
            let part: Vec<u8> = rest[slashes..].iter().copied().take_while(|&byte| byte != b'/').collect();
            text.at += slashes + part.len();
            if !part.is_empty() {
                return Some(part);
            }
            self.ahead.pop();
        }
        None
    }

    /// How to open the name that was just taken, if nothing but slashes is left; those ask for a directory.
    fn flags_of_last(&self, flags: OFlags) -> Option<OFlags> {
        let mut rest = self.ahead.iter().flat_map(|text| &text.bytes[text.at..]).peekable();
        let directory = if rest.peek().is_some() { OFlags::DIRECTORY } else { OFlags::empty() };
        rest.all(|&byte| byte == b'/').then_some(flags | directory)
    }

    /// Opens a name of this directory; `None` if it is a link, whose target is then what is walked next.
    fn look_up(&mut self, name: &[u8], flags: OFlags) -> Result<Option<OwnedFd>, Errno> {
        let opened = match self.open_here(name, flags) {
            // With O_PATH a link itself is opened.
            Ok(fd) if !(flags.contains(OFlags::PATH) && is_link(&fd)?) => return Ok(Some(fd)),
            Err(errno) if errno != Errno::LOOP && errno != Errno::NOTDIR => return Err(errno),
            other => other,
        };
        // With O_DIRECTORY a link fails like a file does: reading it tells them apart.
        let here = self.held.as_ref().map_or(self.root, AsFd::as_fd);
        match rustix::fs::readlinkat(here, name, Vec::new()) {
            Ok(target) => self.follow(target.into_bytes()).map(|()| None),
            Err(_) => Err(opened.err().unwrap_or(Errno::LOOP)),
        }
    }

    fn follow(&mut self, target: Vec<u8>) -> Result<(), Errno> {
        self.links += 1;
        if self.symlinks == Symlinks::Refuse || self.links > LINKS_MAX {
            return Err(Errno::LOOP);
        }
        if target.starts_with(b"/") {
            return Err(Errno::XDEV);
        }
        self.ahead.retain(|text| text.at < text.bytes.len());
        self.ahead.push(Text { bytes: target, at: 0 });
        within_bounds(self.ahead.iter().map(|text| text.bytes.len()).sum())
    }

    fn down(&mut self, name: &[u8], fd: OwnedFd) -> Result<(), Errno> {
        if !self.names.is_empty() {
            self.names.push(b'/');
        }
        self.names.extend_from_slice(name);
        self.held = Some(fd);
        within_bounds(self.names.len())
    }

    fn up(&mut self) -> Result<(), Errno> {
        // Whoever may not search a directory may not leave it by its `..` either.
        drop(self.open_here(b".", LOOK)?);
        self.leave().map(drop).ok_or(Errno::XDEV)
    }

    /// Makes the directory above the one that the walk is in, and returns the name of this one; `None` at the root.
    fn leave(&mut self) -> Option<Vec<u8>> {
        self.held = None;
        if self.names.is_empty() {
            return None;
        }
        let slash = self.names.iter().rposition(|&byte| byte == b'/');
        let name = self.names.split_off(slash.map_or(0, |slash| slash + 1));
        self.names.truncate(slash.unwrap_or(0));
        Some(name)
    }

    /// Opens a name of the directory that the walk is in, which is first reached again if need be.
    fn open_here(&mut self, name: &[u8], flags: OFlags) -> Result<OwnedFd, Errno> {
        if self.held.is_none() && !self.names.is_empty() {
            for name in self.names.clone().split(|&byte| byte == b'/') {
                self.held = Some(self.open_next(name, LOOK | OFlags::DIRECTORY)?);
            }
        }
        self.open_next(name, flags)
    }

    fn open_next(&mut self, name: &[u8], flags: OFlags) -> Result<OwnedFd, Errno> {
        self.opens += 1;
        if self.opens > OPENS_MAX {
            return Err(Errno::LOOP);
        }
        let here = self.held.as_ref().map_or(self.root, AsFd::as_fd);
        let open = || rustix::fs::openat(here, name, flags | OFlags::NOFOLLOW, Mode::empty());
        rustix::io::retry_on_intr(open)
    }
}

fn within_bounds(bytes: usize) -> Result<(), Errno> {
    if bytes > TEXT_BYTES_MAX { Err(Errno::NAMETOOLONG) } else { Ok(()) }
}

fn is_link(fd: &OwnedFd) -> Result<bool, Errno> {
    let stat = rustix::fs::fstat(fd)?;
    Ok(FileType::from_raw_mode(stat.st_mode) == FileType::Symlink)
}

#[cfg(test)]
mod tests;
