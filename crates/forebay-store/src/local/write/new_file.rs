//! A file that has no name yet, and giving it one.

use std::fs::File;
use std::io::IoSlice;
use std::os::fd::AsRawFd;
use std::sync::Arc;

use bytes::Bytes;
use rustix::fs::{AtFlags, Mode, OFlags, RenameFlags};
use rustix::io::Errno;

use super::super::fault::{store_error, write_error};
use super::super::stamp::Stamp;
use super::super::{Durability, Inner};
use super::place::{Place, There};
use crate::key::TEMP_PREFIX;
use crate::remote::{Condition, Stored};
use crate::{StoreError, StoreErrorKind};

/// As much as one call takes (`IOV_MAX`).
const SLICES_MAX: usize = 1024;

/// A file on its way to a name.
#[derive(Debug)]
pub(super) struct NewFile {
    file: File,
    /// The name that it has meanwhile, where it must have one.
    beside: Option<Beside>,
    place: Arc<Place>,
}

/// A name that no key can have. Dropped, it is gone.
#[derive(Debug)]
struct Beside {
    place: Arc<Place>,
    name: String,
}

impl NewFile {
    /// Begins a file in the directory of `place`. Blocks.
    pub(super) fn create(place: &Arc<Place>) -> Result<Self, StoreError> {
        let flags = OFlags::WRONLY | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(0o666);
        let unnamed = rustix::fs::openat(&place.dir, ".", flags | OFlags::TMPFILE, mode);
        let (fd, beside) = match unnamed {
            Ok(fd) => (fd, None),
            // A file system without such files.
            Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::NOENT | Errno::INVAL) => {
                let beside = Beside::new(place)?;
                let flags = flags | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW;
                let fd = rustix::fs::openat(&place.dir, &*beside.name, flags, mode).map_err(write_error)?;
                (fd, Some(beside))
            }
            Err(errno) => return Err(write_error(errno)),
        };
        Ok(Self { file: fd.into(), beside, place: Arc::clone(place) })
    }

    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// Writes all of it. Blocks.
    pub(super) fn write_at(&self, chunks: &[Bytes], mut offset: u64) -> Result<(), StoreError> {
        let mut slices: Vec<_> = chunks.iter().map(|chunk| IoSlice::new(chunk)).collect();
        let mut rest = &mut slices[..];
        IoSlice::advance_slices(&mut rest, 0);
        while !rest.is_empty() {
            let some = &rest[..rest.len().min(SLICES_MAX)];
            match rustix::io::pwritev(&self.file, some, offset) {
                Ok(0) => return Err(store_error(Errno::IO)),
                Ok(written) => {
                    offset += written as u64;
                    IoSlice::advance_slices(&mut rest, written);
                }
                Err(Errno::INTR) => {}
                Err(errno) => return Err(write_error(errno)),
            }
        }
        Ok(())
    }

    /// Gives it its name, if the condition holds. Blocks until the disk has it, if that is wanted.
    pub(super) fn publish(&mut self, inner: &Inner, condition: &Condition) -> Result<Stored, StoreError> {
        let settle = inner.options.settle;
        let mode = match self.place.there()? {
            There::File { mode, .. } => Some(mode),
            _ => None,
        };
        if let Some(mode) = mode {
            rustix::fs::fchmod(&self.file, Mode::from_raw_mode(mode)).map_err(write_error)?;
        }
        let is_synced = inner.options.durability == Durability::Synced;
        if is_synced {
            // The long wait is over before anybody is locked out.
            rustix::fs::fsync(&self.file).map_err(write_error)?;
        }
        let named = inner.writing.lock(&self.place.key);
        let there = self.place.there()?;
        there.admit(condition, settle)?;
        match there {
            There::Nothing if self.take_free_name()? => {}
            _ if *condition == Condition::Absent => return Err(StoreErrorKind::Precondition.into()),
            _ => self.replace()?,
        }
        if is_synced {
            rustix::fs::fsync(&self.place.dir).map_err(write_error)?;
        }
        inner.recent.forget(&self.place.key);
        drop(named);
        let stamp = Stamp::of(&rustix::fs::fstat(&self.file).map_err(write_error)?);
        Ok(Stored { validator: stamp.validator_of_ours(), ..Stored::default() })
    }

    /// Takes a name that nobody has; `false` if somebody has it by now.
    fn take_free_name(&mut self) -> Result<bool, StoreError> {
        let (dir, name) = (&self.place.dir, &*self.place.name);
        let taken = match &mut self.beside {
            None => self.link(name),
            Some(beside) => rustix::fs::renameat_with(dir, &*beside.name, dir, name, RenameFlags::NOREPLACE),
        };
        match taken {
            Ok(()) => {
                self.is_named();
                Ok(true)
            }
            Err(Errno::EXIST) => Ok(false),
            Err(errno) => Err(write_error(errno)),
        }
    }

    /// Takes the name from whoever has it.
    fn replace(&mut self) -> Result<(), StoreError> {
        if self.beside.is_none() {
            let beside = Beside::new(&self.place)?;
            self.link(beside.name.as_bytes()).map_err(write_error)?;
            self.beside = Some(beside);
        }
        let (dir, name) = (&self.place.dir, &*self.place.name);
        if let Some(beside) = &self.beside {
            rustix::fs::renameat(dir, &*beside.name, dir, name).map_err(write_error)?;
        }
        self.is_named();
        Ok(())
    }

    /// The name beside is its real one now, so nobody takes it away.
    fn is_named(&mut self) {
        if let Some(beside) = &mut self.beside {
            beside.name.clear();
        }
        self.beside = None;
    }

    fn link(&self, name: &[u8]) -> Result<(), Errno> {
        let dir = &self.place.dir;
        let open = format!("/proc/self/fd/{}", self.file.as_raw_fd());
        match rustix::fs::linkat(rustix::fs::CWD, open, dir, name, AtFlags::SYMLINK_FOLLOW) {
            // Without /proc; needs a capability before Linux 6.10.
            Err(Errno::NOENT) => rustix::fs::linkat(&self.file, "", dir, name, AtFlags::EMPTY_PATH),
            linked => linked,
        }
    }
}

impl Beside {
    fn new(place: &Arc<Place>) -> Result<Self, StoreError> {
        let mut bits = [0; 8];
        getrandom::fill(&mut bits)
            .map_err(|error| StoreError::with_cause(StoreErrorKind::Unavailable, error))?;
        let name = format!("{TEMP_PREFIX}new-{:016x}", u64::from_le_bytes(bits));
        Ok(Self { place: Arc::clone(place), name })
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if !self.name.is_empty() {
            // What stays behind has a name that nobody is shown, and can be found by it.
            let _ = rustix::fs::unlinkat(&self.place.dir, &*self.name, AtFlags::empty());
        }
    }
}
