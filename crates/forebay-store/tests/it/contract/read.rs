//! The promises of `open` and of objects.

use forebay_store::{ByteRange, Kind, StoreErrorKind};

use super::Subject;
use crate::bench::{fetch, key, open, part, read};

/// Around every size at which a store may change its way of reading.
const LENGTHS: [usize; 8] = [0, 1, 4095, 4096, 65_535, 65_536, 65_537, 1_000_003];

/// Bytes that differ at every offset and for every seed.
fn bytes(seed: usize, len: usize) -> Vec<u8> {
    (0..len).map(|at| (at.wrapping_mul(31) ^ (at >> 8) ^ seed.wrapping_mul(101)) as u8).collect()
}

pub(crate) async fn an_object_is_the_bytes_that_were_put(subject: &impl Subject) {
    let store = subject.store();
    for len in LENGTHS {
        subject.put("object", &bytes(len, len));
        subject.settle().await;
        for _ in 0..3 {
            let object = open(&*store, "object").await.unwrap();
            assert_eq!((object.meta().kind, object.meta().len), (Kind::File, len as u64));
            assert!(read(&object).await == bytes(len, len), "{len} bytes");
        }
    }
}

pub(crate) async fn a_range_is_exactly_its_bytes(subject: &impl Subject) {
    let store = subject.store();
    for len in LENGTHS {
        let whole = bytes(7, len);
        subject.put("object", &whole);
        subject.settle().await;
        let object = open(&*store, "object").await.unwrap();
        for (start, end) in [(0, 0), (0, 1), (1, 3), (len / 2, len), (len.saturating_sub(1), len), (len, len)]
        {
            let (start, end) = (start.min(len), end.min(len));
            let found = part(&object, start as u64, end as u64).await;
            assert!(found == whole[start..end], "{start}..{end} of {len}");
        }
    }
}

pub(crate) async fn a_range_beyond_the_end_is_invalid(subject: &impl Subject) {
    subject.put("object", b"12345");
    subject.settle().await;
    let object = open(&*subject.store(), "object").await.unwrap();
    for (start, end) in [(0, 6), (5, 6), (6, 6), (u64::MAX, u64::MAX)] {
        let error = object.read(ByteRange::new(start, end).unwrap()).unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Invalid, "{start}..{end}");
    }
}

pub(crate) async fn what_is_not_there_is_not_found(subject: &impl Subject) {
    let store = subject.store();
    subject.put("dir/file", b"x");
    subject.settle().await;
    for path in ["missing", "dir/missing", "dir/file/below", "missing/file"] {
        for _ in 0..2 {
            assert_eq!(fetch(&*store, path).await, Err(StoreErrorKind::NotFound), "{path}");
        }
    }
}

pub(crate) async fn a_directory_opens_and_has_no_bytes(subject: &impl Subject) {
    let store = subject.store();
    subject.put("dir/file", b"x");
    subject.settle().await;
    for path in ["dir", ""] {
        let object = open(&*store, path).await.unwrap();
        let meta = object.meta();
        assert_eq!((meta.kind, meta.len, &meta.validator), (Kind::Directory, 0, &None));
        assert_eq!(object.read(ByteRange::whole(0)).unwrap_err().kind(), StoreErrorKind::Invalid);
    }
}

pub(crate) async fn names_are_kept_as_they_are(subject: &impl Subject) {
    let store = subject.store();
    let names = ["a b", "中文.txt", "quote\"'<&>", "back\\slash", "%2e%2e", "dots...", "a\tb\nc", "dir é/ü"];
    for name in names {
        subject.put(name, name.as_bytes());
    }
    subject.settle().await;
    for name in names {
        assert_eq!(fetch(&*store, name).await.unwrap(), name.as_bytes(), "{name:?}");
    }
}

pub(crate) async fn an_object_is_one_version_even_when_it_is_replaced(subject: &impl Subject) {
    let store = subject.store();
    for len in [100, 200_000] {
        let (old, new) = (bytes(1, len), bytes(2, len));
        subject.put("object", &old);
        subject.settle().await;
        let pinned = open(&*store, "object").await.unwrap();
        assert!(part(&pinned, 0, 50).await == old[..50]);
        subject.put("object", &new);
        subject.settle().await;
        assert!(read(&pinned).await == old, "the rest is of the version that was opened");
        let next = open(&*store, "object").await.unwrap();
        assert!(read(&next).await == new);
        let tags = (&pinned.meta().validator, &next.meta().validator);
        assert!(!tags.0.as_ref().unwrap().weak_eq(tags.1.as_ref().unwrap()), "{tags:?}");
    }
}

pub(crate) async fn an_object_is_one_version_even_when_it_is_removed(subject: &impl Subject) {
    let store = subject.store();
    for len in [100, 200_000] {
        subject.put("object", &bytes(1, len));
        subject.settle().await;
        let pinned = open(&*store, "object").await.unwrap();
        subject.remove("object");
        subject.settle().await;
        assert_eq!(fetch(&*store, "object").await, Err(StoreErrorKind::NotFound));
        assert!(read(&pinned).await == bytes(1, len));
    }
}

pub(crate) async fn the_same_version_has_the_same_tag(subject: &impl Subject) {
    let store = subject.store();
    for len in [100, 200_000] {
        subject.put("object", &bytes(1, len));
        subject.settle().await;
        let first = store.open(&key("object")).await.unwrap();
        subject.settle().await;
        let second = store.open(&key("object")).await.unwrap();
        let tags = [&first, &second].map(|object| object.meta().validator.clone().unwrap());
        assert!(tags[0].strong_eq(&tags[1]), "{tags:?}");
    }
}
