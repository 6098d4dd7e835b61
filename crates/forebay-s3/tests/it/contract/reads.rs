//! Bytes, and which of them.

use forebay_store::remote::{Bucket, Checksum, ChecksumKind, Coverage, Pin, PutAsk};
use forebay_store::{ByteRange, StoreErrorKind};
use forebay_testkit::pattern::Pattern;

use super::{drained, key, payload, plainly, put};

fn bytes(len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    Pattern::new(7).fill(0, &mut bytes);
    bytes
}

fn range(start: u64, end: u64) -> Option<ByteRange> {
    ByteRange::new(start, end)
}

pub(crate) async fn an_object_is_the_bytes_that_were_put(bucket: &dyn Bucket) {
    let all = bytes(1_000_000);
    let stored = put(bucket, "large", &all).await;
    let reading = bucket.read(&key("large"), None, None).await.unwrap();
    assert_eq!(reading.facts.len, Some(1_000_000));
    assert_eq!(reading.range, range(0, 1_000_000));
    assert!(reading.facts.ranges);
    if stored.validator.is_some() {
        assert_eq!(reading.facts.validator, stored.validator);
    }
    assert_eq!(drained(Ok(reading)).await, all);
}

pub(crate) async fn a_range_is_exactly_its_bytes(bucket: &dyn Bucket) {
    let all = bytes(100_000);
    put(bucket, "ranged", &all).await;
    for (start, end) in [(0, 1), (0, 100_000), (1, 99_999), (99_999, 100_000), (50_000, 1 << 40)] {
        let reading = bucket.read(&key("ranged"), range(start, end), None).await.unwrap();
        let end = end.min(100_000);
        assert_eq!((reading.range, reading.facts.len), (range(start, end), Some(100_000)));
        assert_eq!(drained(Ok(reading)).await, all[start as usize..end as usize]);
    }
}

pub(crate) async fn a_range_beyond_the_end_is_invalid(bucket: &dyn Bucket) {
    put(bucket, "short", b"12345").await;
    for (start, end) in [(5, 6), (1 << 40, (1 << 40) + 1), (2, 2)] {
        let error = bucket.read(&key("short"), range(start, end), None).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Invalid, "{start}..{end}: {error}");
    }
}

pub(crate) async fn what_is_not_there_is_not_found(bucket: &dyn Bucket) {
    let head = bucket.head(&key("nothing"), None).await.unwrap_err();
    let read = bucket.read(&key("nothing"), None, None).await.unwrap_err();
    assert_eq!((head.kind(), read.kind()), (StoreErrorKind::NotFound, StoreErrorKind::NotFound));
}

pub(crate) async fn a_pin_is_kept(bucket: &dyn Bucket) {
    put(bucket, "pinned", b"the first").await;
    let first = bucket.head(&key("pinned"), None).await.unwrap().pin();
    assert_eq!(drained(bucket.read(&key("pinned"), range(4, 9), Some(&first)).await).await, b"first");
    put(bucket, "pinned", b"the other").await;
    // Without versions the old one is gone; with them it would have to be asked for by name.
    let first = Pin { version: None, ..first };
    let head = bucket.head(&key("pinned"), Some(&first)).await.unwrap_err();
    let read = bucket.read(&key("pinned"), range(4, 9), Some(&first)).await.unwrap_err();
    assert_eq!((head.kind(), read.kind()), (StoreErrorKind::Changed, StoreErrorKind::Changed));
}

pub(crate) async fn an_empty_object_is_empty(bucket: &dyn Bucket) {
    put(bucket, "empty", b"").await;
    let reading = bucket.read(&key("empty"), None, None).await.unwrap();
    assert_eq!((reading.facts.len, reading.range), (Some(0), range(0, 0)));
    assert!(drained(Ok(reading)).await.is_empty());
}

pub(crate) async fn a_wrong_digest_is_refused(bucket: &dyn Bucket) {
    let checksum = |byte| {
        let (kind, coverage) = (ChecksumKind::Crc32c, Coverage::FullObject);
        Some(Checksum { kind, coverage, value: [0xe3, 0x06, 0x92, byte].into() })
    };
    // CRC-32C of "123456789".
    let ask = PutAsk { checksum: checksum(0x83), ..plainly("checked") };
    bucket.put(&ask, payload(b"123456789")).await.unwrap();
    assert_eq!(bucket.head(&ask.key, None).await.unwrap().checksum, ask.checksum);
    let ask = PutAsk { checksum: checksum(0x84), ..ask };
    bucket.put(&ask, payload(b"123456789")).await.unwrap_err();
}
