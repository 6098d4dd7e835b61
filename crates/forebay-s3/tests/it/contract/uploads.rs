//! Uploads in parts.

use forebay_store::remote::{Bucket, Part, PartAsk, Upload, UploadsAsk};
use forebay_store::{ByteRange, StoreErrorKind};

use super::copies::copy;
use super::{drained, key, payload, plainly, put};

/// The least that a part but the last may have.
const PART_LEN: usize = 5 << 20;

async fn part(bucket: &dyn Bucket, upload: &Upload, number: u32, bytes: &[u8]) -> Part {
    let part = bucket.put_part(upload, &PartAsk { number, checksum: None }, payload(bytes)).await.unwrap();
    assert_eq!((part.number, part.len), (number, bytes.len() as u64));
    part
}

pub(crate) async fn parts_make_an_object(bucket: &dyn Bucket) {
    let ask = plainly("whole");
    let upload = bucket.begin(&ask).await.unwrap();
    let first = vec![b'1'; PART_LEN];
    // Out of order, and one of them twice.
    let second = part(bucket, &upload, 2, b"the end").await;
    part(bucket, &upload, 1, &vec![b'0'; PART_LEN]).await;
    let first_part = part(bucket, &upload, 1, &first).await;
    let missing = bucket.head(&ask.key, None).await.unwrap_err();
    assert_eq!(missing.kind(), StoreErrorKind::NotFound, "nothing is published before the completion");
    let stored = bucket.complete(&upload, &ask, &[first_part, second]).await.unwrap();
    let reading = bucket.read(&ask.key, None, None).await.unwrap();
    assert!(stored.validator.is_some());
    assert_eq!(reading.facts.validator, stored.validator);
    assert_eq!(drained(Ok(reading)).await, [&first[..], b"the end"].concat());
}

pub(crate) async fn parts_are_listed_behind_a_number(bucket: &dyn Bucket) {
    let upload = bucket.begin(&plainly("listed")).await.unwrap();
    let sent = [part(bucket, &upload, 1, b"one").await, part(bucket, &upload, 3, b"three").await];
    let listed =
        |parts: Vec<Part>| parts.into_iter().map(|p| (p.number, p.len, p.validator)).collect::<Vec<_>>();
    assert_eq!(listed(bucket.parts(&upload, 0).await.unwrap()), listed(sent.to_vec()));
    assert_eq!(listed(bucket.parts(&upload, 1).await.unwrap()), listed(sent[1..].to_vec()));
    assert!(bucket.parts(&upload, 3).await.unwrap().is_empty());
    bucket.abort(&upload).await.unwrap();
}

pub(crate) async fn a_part_is_copied(bucket: &dyn Bucket) {
    put(bucket, "source", b"0123456789").await;
    let source = copy("source", "copied");
    let upload = bucket.begin(&source.target).await.unwrap();
    let range = ByteRange::new(3, 8).unwrap();
    let part = bucket.copy_part(&upload, 1, &source, range).await.unwrap();
    assert_eq!((part.number, part.len), (1, 5));
    bucket.complete(&upload, &source.target, &[part]).await.unwrap();
    assert_eq!(drained(bucket.read(&key("copied"), None, None).await).await, b"34567");
}

pub(crate) async fn an_aborted_upload_is_gone(bucket: &dyn Bucket) {
    let ask = plainly("aborted");
    let upload = bucket.begin(&ask).await.unwrap();
    let sent = part(bucket, &upload, 1, b"one").await;
    bucket.abort(&upload).await.unwrap();
    bucket.abort(&upload).await.unwrap();
    let gone = bucket.complete(&upload, &ask, &[sent]).await.unwrap_err();
    assert_eq!(gone.kind(), StoreErrorKind::NotFound, "{gone}");
    assert_eq!(bucket.head(&ask.key, None).await.unwrap_err().kind(), StoreErrorKind::NotFound);
}

pub(crate) async fn uploads_are_listed(bucket: &dyn Bucket) {
    let mut begun = Vec::new();
    for name in ["p/a", "p/b \u{1f30a}", "q"] {
        begun.push(bucket.begin(&plainly(name)).await.unwrap());
    }
    let ask = UploadsAsk { prefix: "p/".into(), continuation: None };
    let page = bucket.uploads(&ask).await.unwrap();
    let listed: Vec<_> = page.entries.iter().map(|entry| entry.upload.clone()).collect();
    assert_eq!(listed, begun[..2]);
    assert_eq!(page.next, None);
    for upload in &begun {
        bucket.abort(upload).await.unwrap();
    }
    assert!(bucket.uploads(&UploadsAsk::default()).await.unwrap().entries.is_empty());
}
