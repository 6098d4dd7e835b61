//! Removing, renaming, and making directories.

use std::sync::Arc;

use rustix::fs::{AtFlags, Mode, RenameFlags};
use rustix::io::Errno;

use super::super::fault::write_error;
use super::super::open::descriptors;
use super::super::stamp::Stamp;
use super::super::{Durability, Inner};
use super::in_turn;
use super::place::{Place, There};
use crate::remote::{Condition, Stored};
use crate::{Key, StoreError, StoreErrorKind};

/// Removes a file, a link, or a directory that is empty.
pub(super) async fn remove(inner: &Arc<Inner>, key: &Key, condition: &Condition) -> Result<(), StoreError> {
    let fds = descriptors(inner, inner.resolver.fds()).await?;
    let (shared, key, condition) = (Arc::clone(inner), key.clone(), condition.clone());
    in_turn(&inner.writing.turns, move || {
        let place = Place::find(&shared, &key, fds).map_err(|error| missing(&key, error))?;
        let named = shared.writing.lock(&key);
        let there = place.there()?;
        let flags = match there {
            There::Nothing => return Err(StoreErrorKind::NotFound.into()),
            _ if !there.meets(&condition, shared.options.settle) => {
                return Err(StoreErrorKind::Precondition.into());
            }
            There::Directory => AtFlags::REMOVEDIR,
            There::File { .. } | There::Other => AtFlags::empty(),
        };
        rustix::fs::unlinkat(&place.dir, &*place.name, flags).map_err(write_error)?;
        shared.settled(&place)?;
        drop(named);
        Ok(())
    })
    .await
}

/// Makes a directory.
pub(super) async fn make_directory(inner: &Arc<Inner>, key: &Key) -> Result<(), StoreError> {
    let fds = descriptors(inner, inner.resolver.fds()).await?;
    let (shared, key) = (Arc::clone(inner), key.clone());
    in_turn(&inner.writing.turns, move || {
        let place = Place::find(&shared, &key, fds)?;
        rustix::fs::mkdirat(&place.dir, &*place.name, Mode::from_raw_mode(0o777)).map_err(write_error)?;
        shared.settled(&place)
    })
    .await
}

/// Gives a file or a directory another name.
pub(super) async fn rename(
    inner: &Arc<Inner>,
    from: &Key,
    to: &Key,
    condition: &Condition,
) -> Result<Stored, StoreError> {
    let fds = descriptors(inner, inner.resolver.fds() * 2).await?;
    let (shared, from, to, condition) = (Arc::clone(inner), from.clone(), to.clone(), condition.clone());
    in_turn(&inner.writing.turns, move || {
        let mut fds = fds;
        let half = fds.split(shared.resolver.fds()).ok_or(StoreErrorKind::Unavailable)?;
        let source = Place::find(&shared, &from, half).map_err(|error| missing(&from, error))?;
        let target = Place::find(&shared, &to, fds)?;
        let named = shared.writing.lock(&to);
        let moved = source.there()?;
        let is_directory = match moved {
            There::Nothing => return Err(StoreErrorKind::NotFound.into()),
            There::Other => {
                return Err(StoreError::with_cause(
                    StoreErrorKind::Conflict,
                    "it is neither a file nor a directory",
                ));
            }
            There::Directory => true,
            There::File { .. } => false,
        };
        let there = target.there()?;
        there.admit(&condition, shared.options.settle)?;
        if is_directory && matches!(there, There::File { .. }) {
            return Err(StoreError::with_cause(
                StoreErrorKind::Conflict,
                "a file has the directory's new name",
            ));
        }
        let flags = match there {
            // The kernel decides that nobody came first.
            There::Nothing => RenameFlags::NOREPLACE,
            _ => RenameFlags::empty(),
        };
        rustix::fs::renameat_with(&source.dir, &*source.name, &target.dir, &*target.name, flags).map_err(
            |errno| match errno {
                // A directory into itself.
                Errno::INVAL => StoreError::with_cause(StoreErrorKind::Conflict, "it is below itself"),
                errno => write_error(errno),
            },
        )?;
        shared.settled(&source)?;
        shared.settled(&target)?;
        if is_directory {
            shared.recent.forget_all();
        }
        drop(named);
        let stat =
            rustix::fs::statat(&target.dir, &*target.name, AtFlags::SYMLINK_NOFOLLOW).map_err(write_error)?;
        let validator = if is_directory { None } else { Stamp::of(&stat).validator_of_ours() };
        Ok(Stored { validator, ..Stored::default() })
    })
    .await
}

/// A directory on the way that is not there means that the object is not there.
fn missing(key: &Key, error: StoreError) -> StoreError {
    match error.kind() {
        StoreErrorKind::Conflict if !key.is_root() => StoreErrorKind::NotFound.into(),
        _ => error,
    }
}

impl Inner {
    /// A name of this directory has changed: readers are told, and the disk if that is wanted.
    fn settled(&self, place: &Place) -> Result<(), StoreError> {
        self.recent.forget(&place.key);
        match self.options.durability {
            Durability::Synced => rustix::fs::fsync(&place.dir).map_err(write_error),
            Durability::Left => Ok(()),
        }
    }
}
