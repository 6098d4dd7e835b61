//! From a key to a pinned object, or to a directory.

use std::sync::Arc;

use super::RemoteStore;
use crate::object::Source;
use crate::remote::{Facts, KeysAsk, ObjectKey, Placed, persist};
use crate::{Access, Key, Kind, Meta, Object, StoreError, StoreErrorKind};

pub(super) async fn open(store: &RemoteStore, key: &Key) -> Result<Object, StoreError> {
    if key.is_root() {
        return Ok(directory());
    }
    let name = store.name(key)?;
    match persist(store.options.tenacity, || store.remote.head(&name, None)).await {
        Ok(facts) => Ok(object(store, name, &facts)),
        Err(error) if error.kind() == StoreErrorKind::NotFound => {
            if has_anything(store, key).await? {
                Ok(directory())
            } else {
                Err(error)
            }
        }
        // A key makes sense: what made none of it is on the way (a redirect in a circle, a status that is no answer).
        Err(error) if error.kind() == StoreErrorKind::Invalid => {
            Err(StoreError::with_cause(StoreErrorKind::Unavailable, error))
        }
        Err(error) => Err(error),
    }
}

/// Whether other names begin with this one and a slash. A place without listings has no directories.
async fn has_anything(store: &RemoteStore, key: &Key) -> Result<bool, StoreError> {
    let ask = KeysAsk { prefix: store.inside(key)?, limit: Some(1), ..KeysAsk::default() };
    match persist(store.options.tenacity, || store.remote.keys(&ask)).await {
        Ok(page) => Ok(!page.entries.is_empty() || page.next.is_some()),
        Err(error) if error.kind() == StoreErrorKind::Invalid => Ok(false),
        Err(error) => Err(error),
    }
}

fn directory() -> Object {
    Object::new(Meta::directory(None), Source::Directory)
}

fn object(store: &RemoteStore, key: ObjectKey, facts: &Facts) -> Object {
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
    };
    let placed =
        Placed { remote: Arc::clone(&store.remote), key, pin: facts.pin(), tenacity: store.options.tenacity };
    Object::new(meta, Source::Remote(Arc::new(placed)))
}
