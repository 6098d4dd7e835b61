//! The file that a download becomes.
//!
//! It is written beside its target under a name that no server of ours shows, and renamed when it is whole; so the target is the old
//! file or the new one, at every moment and after every kind of end. The name beside follows from the target's, so that the next run
//! finds what the last one left. Two runs with one target would write into one file: the first holds a lock, and the second is told.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use forebay_net::LeasedFile;
use forebay_store::TEMP_PREFIX;
use rustix::fs::{FlockOperation, OFlags, RenameFlags, Timestamps, flock, futimens, renameat_with};
use sha2::{Digest as _, Sha256};

use super::{Durability, Existing, GetOptions, Parents};
use crate::journal::hex;
use crate::{TransferError, TransferErrorKind};

/// A target, and the file beside it that becomes it.
#[derive(Debug)]
pub(crate) struct Target {
    file: Arc<LeasedFile>,
    path: PathBuf,
    beside: PathBuf,
    journal: PathBuf,
    existing: Existing,
    /// The permissions of the file that is replaced.
    mode: Option<u32>,
    pub(super) inode: u64,
}

/// What became of an attempt to open one.
#[derive(Debug)]
pub(crate) enum Opened {
    Ours(Target),
    /// Another transfer writes it.
    Busy(TransferError),
}

impl Target {
    /// Finds out whether a file may be written there, and opens the one beside it, with what an earlier run left in it.
    ///
    /// Blocks. Changes nothing but for that file, and directories that may be made.
    pub(crate) fn open(path: &Path, options: &GetOptions) -> Result<Opened, TransferError> {
        let (path, old) = admit(path, options.existing)?;
        let name = path.file_name().ok_or_else(|| refused(&path, "names no file: name one in it"))?;
        let hash = &hex(&Sha256::digest(name.as_encoded_bytes()))[..16];
        let beside = path.with_file_name(format!("{TEMP_PREFIX}get-{hash}.part"));
        let journal = beside.with_extension("journal");
        let parent = beside.parent().unwrap_or(Path::new("."));
        if options.parents == Parents::Made && !parent.as_os_str().is_empty() {
            std::fs::create_dir_all(parent).map_err(|error| cannot(parent, "make the directory", error))?;
        }
        let (file, inode) = match lock(&beside) {
            Ok(locked) => locked,
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock => {
                    let why = "is being written by another transfer: wait for it, or end it";
                    return Ok(Opened::Busy(refused(&path, why)));
                }
                io::ErrorKind::NotFound => {
                    return Err(refused(
                        &path,
                        "cannot be written: its directory does not exist, make it first",
                    ));
                }
                _ => return Err(cannot(&path, "write beside", error)),
            },
        };
        // Without the bits that lend somebody's rights: they were not lent to these bytes.
        let mode = old.map(|old| old.mode() & 0o777);
        let (file, existing) = (Arc::new(LeasedFile::unleased(file)), options.existing);
        Ok(Opened::Ours(Self { file, path, beside, journal, existing, mode, inode }))
    }

    pub(crate) const fn file(&self) -> &Arc<LeasedFile> {
        &self.file
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn journal(&self) -> &Path {
        &self.journal
    }

    /// Takes away what an earlier run has left, to begin anew. Its journal goes first: from here on it would speak of other bytes.
    pub(crate) fn empty(&self) -> io::Result<()> {
        match std::fs::remove_file(&self.journal) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        self.file.set_len(0)
    }

    /// Removes what was written. The target stays as it was.
    pub(crate) fn discard(&self) {
        // What stays behind is found, and not believed, by the next run.
        let _ = std::fs::remove_file(&self.beside);
        let _ = std::fs::remove_file(&self.journal);
    }

    /// Makes it the target. Blocks until the disk has it, if that is wanted.
    pub(crate) fn publish(
        &self,
        modified: Option<SystemTime>,
        durability: Durability,
    ) -> Result<(), TransferError> {
        let failed = |what: &str, error: io::Error| cannot(&self.path, what, error);
        if let Some(mode) = self.mode {
            let permissions = std::fs::Permissions::from_mode(mode);
            self.file
                .set_permissions(permissions)
                .map_err(|error| failed("set the permissions of", error))?;
        }
        if let Some(times) = modified.and_then(timestamps) {
            futimens(&*self.file, &times).map_err(|error| failed("set the time of", error.into()))?;
        }
        if durability == Durability::Synced {
            self.file.sync_all().map_err(|error| failed("sync", error))?;
        }
        let flags = match self.existing {
            Existing::Replaced => RenameFlags::empty(),
            Existing::Kept => RenameFlags::NOREPLACE,
        };
        let here = rustix::fs::CWD;
        renameat_with(here, &self.beside, here, &self.path, flags).map_err(|error| match error {
            rustix::io::Errno::EXIST => exists(&self.path),
            error => failed("rename to", error.into()),
        })?;
        if durability == Durability::Synced {
            let parent = self.path.parent().filter(|parent| !parent.as_os_str().is_empty());
            let dir = File::open(parent.unwrap_or(Path::new(".")));
            dir.and_then(|dir| dir.sync_all()).map_err(|error| failed("sync the directory of", error))?;
        }
        Ok(())
    }
}

/// Where the bytes will be in the end (behind a link, if it is one), and what is there now.
fn admit(path: &Path, existing: Existing) -> Result<(PathBuf, Option<Metadata>), TransferError> {
    let path = match std::fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => {
            path.canonicalize().map_err(|error| cannot(path, "follow the link", error))?
        }
        _ => path.into(),
    };
    let found = match std::fs::metadata(&path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((path, None)),
        Err(error) => return Err(cannot(&path, "look at", error)),
    };
    if found.is_dir() {
        return Err(refused(&path, "is a directory: name a file in it"));
    }
    if !found.is_file() {
        return Err(refused(&path, "is not a regular file: use - to write to standard output"));
    }
    if existing == Existing::Kept {
        return Err(exists(&path));
    }
    if found.mode() & 0o222 == 0 {
        return Err(refused(&path, "is read-only: change its permissions, or name another file"));
    }
    Ok((path, Some(found)))
}

/// The file beside, locked. Who had it before may just have renamed it, so the lock must be on what the name leads to now. Its name can be
/// guessed; one that somebody else has put there stays theirs, and could be written by them.
fn lock(path: &Path) -> io::Result<(File, u64)> {
    loop {
        let flags = (OFlags::NOFOLLOW | OFlags::CLOEXEC).bits().cast_signed();
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).custom_flags(flags).open(path)?;
        flock(&file, FlockOperation::NonBlockingLockExclusive)?;
        let found = file.metadata()?;
        if found.uid() != rustix::process::geteuid().as_raw() {
            let what = format!("{} belongs to somebody else: remove it", path.display());
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, what));
        }
        let inode = found.ino();
        match std::fs::symlink_metadata(path) {
            Ok(found) if found.ino() == inode => return Ok((file, inode)),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
}

fn timestamps(modified: SystemTime) -> Option<Timestamps> {
    let since = modified.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    let time = rustix::fs::Timespec {
        tv_sec: since.as_secs().try_into().ok()?,
        tv_nsec: since.subsec_nanos().into(),
    };
    Some(Timestamps { last_access: time, last_modification: time })
}

fn exists(path: &Path) -> TransferError {
    let what = format!("{} exists already", path.display());
    TransferError::new(TransferErrorKind::Precondition, what)
}

fn refused(path: &Path, why: &str) -> TransferError {
    TransferError::new(TransferErrorKind::Local, format!("{} {why}", path.display()))
}

pub(super) fn cannot(path: &Path, doing: &str, error: io::Error) -> TransferError {
    TransferError::of_file(format!("cannot {doing} {}", path.display()), error)
}
