//! Buckets, objects, uploads: everything that the server remembers.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::Arc;
use std::time::SystemTime;

use super::object::{Draft, Object};
use super::refusal::{Outcome, Refusal};
use super::sums::{KeptSum, Sum};
use crate::fake::Content;
use crate::pattern::Pattern;

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) buckets: BTreeMap<String, Bucket>,
    serial: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Bucket {
    /// Versions of each key, the newest last.
    pub(super) objects: BTreeMap<String, Vec<Arc<Object>>>,
    pub(crate) uploads: HashMap<String, Upload>,
    pub(crate) keeps_versions: bool,
    pub(crate) synthetic: Option<Synthetic>,
    pub(crate) created: Option<SystemTime>,
}

/// An upload in parts, under way.
#[derive(Clone, Debug)]
pub struct Upload {
    /// The key that it is for.
    pub key: String,
    /// When it was begun.
    pub begun: SystemTime,
    /// What will be stored beside the object.
    pub fields: Vec<(String, String)>,
    /// `x-amz-tagging`.
    pub tags: String,
    /// The algorithm that was asked for, and whether the digest shall be of all bytes.
    pub sum: Option<(Sum, bool)>,
    /// What has arrived.
    pub parts: BTreeMap<u32, UploadedPart>,
}

/// A part that has arrived.
#[derive(Clone, Debug)]
pub struct UploadedPart {
    /// Its bytes.
    pub content: Content,
    /// Its entity tag, with the quotes.
    pub etag: String,
    /// Its digest.
    pub sum: KeptSum,
    /// When it arrived.
    pub modified: SystemTime,
}

/// Keys that exist by rule: `0000/00000000` and so on, a thousand to a folder.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Synthetic {
    pub(crate) count: u64,
    pub(crate) len: u64,
}

impl Synthetic {
    /// The key of this index.
    pub(crate) fn key(index: u64) -> String {
        format!("{:06}/{index:09}", index / 1000)
    }

    fn object(self, key: &str) -> Option<Arc<Object>> {
        let index: u64 = key.split_once('/')?.1.parse().ok()?;
        (index < self.count && Self::key(index) == key).then(|| {
            Arc::new(Draft::pattern(Pattern::new(index), self.len).modified(SystemTime::UNIX_EPOCH).finish())
        })
    }

    /// The first key within the bound.
    fn first(self, from: Bound<&str>) -> Option<String> {
        let before = |key: &str| match from {
            Bound::Included(start) => key < start,
            Bound::Excluded(start) => key <= start,
            Bound::Unbounded => false,
        };
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = low + (high - low) / 2;
            if before(&Self::key(middle)) { low = middle + 1 } else { high = middle }
        }
        (low < self.count).then(|| Self::key(low))
    }
}

impl State {
    pub(crate) fn bucket(&mut self, name: &str) -> Outcome<&mut Bucket> {
        self.buckets.get_mut(name).ok_or(Refusal("NoSuchBucket"))
    }

    /// A name that was not given before.
    pub(crate) fn name(&mut self, kind: &str) -> String {
        self.serial += 1;
        format!("{kind}{:08}", self.serial)
    }

    /// Bytes that are kept in memory.
    pub(crate) fn kept(&self) -> u64 {
        let objects = |b: &Bucket| b.objects.values().flatten().map(|o| o.content.kept()).sum::<u64>();
        let parts = |b: &Bucket| {
            b.uploads.values().flat_map(|u| u.parts.values()).map(|p| p.content.kept()).sum::<u64>()
        };
        self.buckets.values().map(|b| objects(b) + parts(b)).sum()
    }

    /// Writes an object; the answer is what was written.
    pub(crate) fn publish(&mut self, bucket: &str, key: &str, mut object: Object) -> Outcome<Arc<Object>> {
        let version = self.name("v");
        let bucket = self.bucket(bucket)?;
        let versions = bucket.objects.entry(key.to_owned()).or_default();
        if bucket.keeps_versions {
            object.version = Some(version);
        } else {
            versions.clear();
        }
        let object = Arc::new(object);
        versions.push(Arc::clone(&object));
        Ok(object)
    }

    /// Deletes a key, or one version of it. Tells the version of the mark that stands for it now.
    pub(crate) fn delete(
        &mut self,
        bucket: &str,
        key: &str,
        version: Option<&str>,
    ) -> Outcome<Option<String>> {
        let keeps = self.bucket(bucket)?.keeps_versions;
        if keeps && version.is_none() {
            let mark = Object { deleted: true, ..Object::new(Content::default(), String::new()) };
            return Ok(self.publish(bucket, key, mark)?.version.clone());
        }
        let bucket = self.bucket(bucket)?;
        if let Some(versions) = bucket.objects.get_mut(key) {
            versions.retain(|o| version.is_some_and(|v| o.version.as_deref() != Some(v)));
            if versions.is_empty() {
                bucket.objects.remove(key);
            }
        }
        Ok(None)
    }
}

impl Bucket {
    /// The object as it is now, or a version of it.
    pub(crate) fn object(&self, key: &str, version: Option<&str>) -> Outcome<Arc<Object>> {
        let versions = self.objects.get(key);
        let found = match (versions, version) {
            (None, _) => self.synthetic.and_then(|s| s.object(key)),
            (Some(versions), None) => versions.last().cloned(),
            (Some(versions), Some(v)) => versions.iter().find(|o| o.version.as_deref() == Some(v)).cloned(),
        };
        match (found, version) {
            (Some(object), None) if object.deleted => Err(Refusal("NoSuchKey")),
            (Some(object), Some(_)) if object.deleted => Err(Refusal("MethodNotAllowed")),
            (Some(object), _) => Ok(object),
            (None, None) => Err(Refusal("NoSuchKey")),
            (None, Some(_)) => Err(Refusal("NoSuchVersion")),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.objects.is_empty() && self.synthetic.is_none()
    }

    /// The first object within the bound, in the order of keys.
    pub(crate) fn first(&self, from: Bound<&str>) -> Option<(String, Arc<Object>)> {
        let real = self
            .objects
            .range::<str, _>((from, Bound::Unbounded))
            .filter_map(|(key, versions)| Some((key, versions.last()?)))
            .find(|(_, object)| !object.deleted);
        let ruled = self.synthetic.and_then(|s| s.first(from));
        match (real, ruled) {
            (Some((key, object)), None) => Some((key.clone(), Arc::clone(object))),
            (Some((key, object)), Some(ruled)) if *key <= ruled => Some((key.clone(), Arc::clone(object))),
            (_, Some(ruled)) => self.synthetic.and_then(|s| s.object(&ruled)).map(|object| (ruled, object)),
            (None, None) => None,
        }
    }
}
