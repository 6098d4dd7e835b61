//! From a key to a pinned object, or to a directory.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::RemoteStore;
use crate::object::Source;
use crate::origin::IsDirectory;
use crate::remote::{
    Effort, Facts, KeysAsk, ObjectKey, Placed, RangeIgnored, ReadAsk, ResumableBody, Tries, persist,
};
use crate::{Access, ByteRange, Key, Kind, Meta, Object, StoreError, StoreErrorKind};

/// One question, of the head alone.
pub(super) async fn open(store: &RemoteStore, key: &Key) -> Result<Object, StoreError> {
    if key.is_root() {
        return Ok(directory());
    }
    let name = store.name(key)?;
    match head(store, &name, Effort::at(store.remote.place())).await {
        Ok(object) => Ok(object),
        Err(error) => directory_or(store, key, error).await,
    }
}

/// One question, of the bytes. Its answer's head is what is known of the object; its body is kept in the object, for whoever reads
/// just that.
pub(super) async fn open_to_read(
    store: &RemoteStore,
    key: &Key,
    range: Option<ByteRange>,
) -> Result<Object, StoreError> {
    let is_doubtful = range.is_some() && store.ignores_ranges.load(Ordering::Relaxed);
    if key.is_root() || is_doubtful {
        return open(store, key).await;
    }
    let name = store.name(key)?;
    match read(store, &name, range).await {
        Ok(object) => Ok(object),
        Err(error) => directory_or(store, key, error).await,
    }
}

/// What answers for a directory: itself, or where a place answers for its directories, the page that it has there.
pub(super) async fn open_directory(
    store: &RemoteStore,
    key: &Key,
    reads: bool,
) -> Result<Object, StoreError> {
    if store.remote.lists() {
        let is_there = key.is_root() || has_anything(store, key).await?;
        return is_there.then(directory).ok_or_else(|| StoreErrorKind::NotFound.into());
    }
    let name = match key.is_root() {
        // The place itself.
        true => ObjectKey::new("/"),
        false => ObjectKey::new(store.inside(key)?),
    };
    let name = name.map_err(|error| StoreError::with_cause(StoreErrorKind::NotFound, error))?;
    let page = if reads {
        read(store, &name, None).await
    } else {
        head(store, &name, Effort::at(store.remote.place())).await
    };
    page.map_err(on_the_way)
}

async fn head(store: &RemoteStore, name: &ObjectKey, effort: Effort) -> Result<Object, StoreError> {
    let facts = persist(tries(store).counted(&effort), || store.remote.head(name, None)).await?;
    if facts.ranges {
        store.ignores_ranges.store(false, Ordering::Relaxed);
    }
    Ok(object(store, name.clone(), &facts, effort, None))
}

async fn read(store: &RemoteStore, name: &ObjectKey, range: Option<ByteRange>) -> Result<Object, StoreError> {
    let effort = Effort::at(store.remote.place());
    let mut tries = tries(store).counted(&effort);
    tries.admit()?;
    let error = match store.remote.read(name, range, None).await {
        Ok(reading) => {
            tries.succeeded();
            let facts = reading.facts.clone();
            let ask = ReadAsk { key: name.clone(), range, pin: None };
            let body = ResumableBody::begun(Arc::clone(&store.remote), ask, tries, reading)?;
            return Ok(object(store, name.clone(), &facts, effort, Some(body)));
        }
        Err(error) => error,
    };
    // What is left to know is in the head: whether there are ranges, how long an object is of which nothing was in reach.
    if error.cause().is_some_and(|cause| cause.is::<RangeIgnored>()) {
        tries.succeeded();
        store.ignores_ranges.store(true, Ordering::Relaxed);
    } else if range.is_some() && error.kind() == StoreErrorKind::Invalid {
        tries.succeeded();
    } else {
        tokio::time::sleep(tries.after(error)?).await;
    }
    head(store, name, effort).await
}

/// The directory that has the key's name; else what was wrong with the object of that name.
async fn directory_or(store: &RemoteStore, key: &Key, error: StoreError) -> Result<Object, StoreError> {
    if error.kind() != StoreErrorKind::NotFound {
        return Err(on_the_way(error));
    }
    let is_directory = error.cause().is_some_and(|cause| cause.is::<IsDirectory>())
        || (store.remote.lists() && has_anything(store, key).await?);
    if is_directory { Ok(directory()) } else { Err(error) }
}

/// A key makes sense: what made none of it is on the way (a redirect in a circle, a status that is no answer).
fn on_the_way(error: StoreError) -> StoreError {
    match error.kind() {
        StoreErrorKind::Invalid => StoreError::with_cause(StoreErrorKind::Unavailable, error),
        _ => error,
    }
}

/// Whether other names begin with this one and a slash. A place without listings has no directories.
async fn has_anything(store: &RemoteStore, key: &Key) -> Result<bool, StoreError> {
    let ask = KeysAsk { prefix: store.inside(key)?, limit: Some(1), ..KeysAsk::default() };
    match persist(tries(store), || store.remote.keys(&ask)).await {
        Ok(page) => Ok(!page.entries.is_empty() || page.next.is_some()),
        Err(error) if error.kind() == StoreErrorKind::Invalid => Ok(false),
        Err(error) => Err(error),
    }
}

fn directory() -> Object {
    Object::new(Meta::directory(None), Source::Directory)
}

fn tries(store: &RemoteStore) -> Tries {
    Tries::of(&*store.remote, store.options.tenacity)
}

fn object(
    store: &RemoteStore,
    key: ObjectKey,
    facts: &Facts,
    effort: Effort,
    begun: Option<ResumableBody>,
) -> Object {
    let access = match (facts.len, facts.ranges) {
        (None, _) => Access::Unmeasured,
        (Some(_), false) => Access::Whole,
        (Some(_), true) => Access::Ranges,
    };
    let meta = Meta {
        kind: Kind::File,
        len: facts.len.unwrap_or(0),
        modified: facts.modified,
        validator: facts.validator.clone(),
        access,
        attributes: Some(Arc::new(facts.attributes.clone())),
        age_s: facts.age_s,
    };
    let placed =
        Placed::new(Arc::clone(&store.remote), key, facts.pin(), store.options.tenacity, effort, begun);
    Object::new(meta, Source::Remote(Arc::new(placed)))
}
