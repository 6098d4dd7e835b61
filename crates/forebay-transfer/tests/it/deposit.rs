//! Objects that clients push into a bucket, against an S3 in this process.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use bytes::Bytes;
use forebay_budget::{ByteSize, Class, Ledger};
use forebay_store::remote::{Attributes, Bucket, Condition, Remote as _, Stored};
use forebay_store::{
    Incoming, Key, NewObject, RemoteStoreOptions, Store as _, StoreError, StoreErrorKind, Writable as _,
};
use forebay_testkit::fake::{Cut, Fault, Gate, Verb, When};
use forebay_testkit::fake_s3::Draft;
use forebay_transfer::{BucketStore, DepositOptions, Engine};
use futures_util::future::join_all;

use crate::put::{MIB, Place, place};
use crate::world::{PATTERN, engine, ledger, quick};

/// Parts of 5 MiB, three of which one upload may hold.
pub(crate) fn store(place: &Place) -> BucketStore {
    with(place, &engine(place.ledger.clone()))
}

/// The same in a process of its own, with its own memory.
pub(crate) fn process(place: &Place) -> BucketStore {
    with(place, &engine(Ledger::new([(Class::Windows, ByteSize::mib(16))])))
}

fn with(place: &Place, engine: &Engine) -> BucketStore {
    let patience = Duration::from_secs(30);
    let reading = RemoteStoreOptions { prefix: "pub/".into(), ledger: ledger(), patience, tenacity: quick() };
    let options = DepositOptions {
        part_size: Some(ByteSize::mib(5)),
        parts_ahead: 3,
        patience,
        ..DepositOptions::default()
    };
    BucketStore::new(place.bucket.clone() as Arc<dyn Bucket>, engine.clone(), reading, options)
}

pub(crate) fn key(name: &str) -> Key {
    Key::parse(name.as_bytes()).unwrap()
}

pub(crate) fn object(name: &str, len: Option<u64>) -> NewObject {
    let (attributes, condition) = (Attributes::default(), Condition::Always);
    NewObject { key: key(name), len, attributes, condition }
}

/// Bytes of the pattern, in pieces as a connection brings them.
pub(crate) fn pieces(from: u64, to: u64) -> impl Iterator<Item = Bytes> {
    const PIECE: u64 = 300_000;
    (from..to).step_by(PIECE as usize).map(move |at| PATTERN.bytes(at, (to - at).min(PIECE) as usize).into())
}

async fn push(arriving: &mut dyn Incoming, len: u64) -> Result<Stored, StoreError> {
    for piece in pieces(0, len) {
        arriving.write(piece).await?;
    }
    arriving.publish().await
}

impl Place {
    pub(crate) fn assert_stored(&self, name: &str, len: u64) {
        let stored = self.stored(name);
        assert_eq!(stored.content.len(), len);
        stored.content.check(PATTERN).unwrap();
    }

    pub(crate) fn assert_nothing(&self, name: &str) {
        assert!(self.server.object("bbb", name).is_none(), "{name} is there");
        assert!(self.server.uploads("bbb").is_empty(), "an upload was left");
        assert_eq!(self.ledger.usage(Class::Windows).in_use, 0);
    }
}

#[tokio::test]
async fn an_object_of_any_length_arrives_whole_and_is_seen_by_nobody_before() {
    for len in [0, 1, 5 * MIB, 5 * MIB + 1, 12 * MIB + 7] {
        for told in [None, Some(len)] {
            let place = place().await;
            let store = store(&place);
            let mut arriving = store.create(&object("dir/o", told)).await.unwrap();
            for piece in pieces(0, len) {
                arriving.write(piece).await.unwrap();
            }
            assert!(place.server.object("bbb", "pub/dir/o").is_none());
            let stored = arriving.publish().await.unwrap();
            drop(arriving);
            place.assert_stored("pub/dir/o", len);
            assert_eq!(store.open(&key("dir/o")).await.unwrap().meta().validator, stored.validator);
            assert_eq!(place.server.count(Verb::Begin), usize::from(len > 5 * MIB), "{len} {told:?}");
            let usage = place.ledger.usage(Class::Windows);
            assert!(usage.in_use == 0 && usage.peak <= 15 * MIB, "{usage:?}");
            assert!(place.server.uploads("bbb").is_empty());
        }
    }
}

#[tokio::test]
async fn what_networks_and_buckets_do_is_survived() {
    for (verb, fault) in [
        (Verb::Part, Fault::ShortUpload { after: MIB, how: Cut::Reset }),
        (Verb::Part, Fault::LoseAnswer(Cut::Reset)),
        (Verb::Part, Fault::slow_down(None)),
        (Verb::Begin, Fault::internal_error()),
        (Verb::Complete, Fault::ErrorInside("InternalError")),
        (Verb::Complete, Fault::LoseAnswer(Cut::Clean)),
    ] {
        let place = place().await;
        let ask = NewObject { condition: Condition::Absent, ..object("o", None) };
        place.server.script().push(When::verb(verb), fault.clone());
        let mut arriving = store(&place).create(&ask).await.unwrap();
        push(&mut *arriving, 11 * MIB).await.unwrap_or_else(|error| panic!("{fault:?}: {error}"));
        place.assert_stored("pub/o", 11 * MIB);
        assert_eq!(place.server.script().left(), 0, "{fault:?}");
    }
}

#[tokio::test]
async fn an_object_keeps_what_the_client_said_of_it() {
    let place = place().await;
    let attributes = Attributes {
        content_type: Some("text/css".into()),
        cache_control: Some("max-age=60".into()),
        expires: Some("Wed, 21 Oct 2026 07:28:00 GMT".into()),
        user: vec![("colour".into(), "blue".into())],
        ..Attributes::default()
    };
    for len in [9, 6 * MIB] {
        let ask = NewObject { attributes: attributes.clone(), ..object("o", None) };
        let mut arriving = store(&place).create(&ask).await.unwrap();
        push(&mut *arriving, len).await.unwrap();
        let found = store(&place).open(&key("o")).await.unwrap();
        assert_eq!(found.meta().attributes.as_deref(), Some(&attributes));
    }
}

#[tokio::test]
async fn what_is_dropped_fails_or_is_not_as_long_as_announced_leaves_nothing() {
    let place = place().await;
    let engine = engine(place.ledger.clone());
    let store = with(&place, &engine);
    let mut dropped = store.create(&object("o", None)).await.unwrap();
    for piece in pieces(0, 12 * MIB) {
        dropped.write(piece).await.unwrap();
    }
    assert_eq!(place.server.uploads("bbb").len(), 1);
    drop(dropped);
    engine.settled().await;
    place.assert_nothing("pub/o");

    for (announced, sent) in [(12 * MIB, 12 * MIB - 1), (12 * MIB, 12 * MIB + 1), (9, 8), (0, 1)] {
        let mut arriving = store.create(&object("o", Some(announced))).await.unwrap();
        let error = push(&mut *arriving, sent).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Invalid, "{error}");
        assert!(arriving.publish().await.is_err());
        place.assert_nothing("pub/o");
    }

    place.server.script().push(When::verb(Verb::Part).after(1).always(), Fault::access_denied());
    let mut arriving = store.create(&object("o", None)).await.unwrap();
    assert_eq!(push(&mut *arriving, 30 * MIB).await.unwrap_err().kind(), StoreErrorKind::Denied);
    place.assert_nothing("pub/o");
}

#[tokio::test]
async fn a_condition_is_looked_at_before_the_first_byte_and_holds_at_the_last() {
    let place = place().await;
    let store = store(&place);
    let absent = NewObject { condition: Condition::Absent, ..object("o", None) };
    for len in [9, 6 * MIB] {
        let mut late = store.create(&absent).await.unwrap();
        place.server.put("bbb", "pub/o", Draft::bytes("theirs"));
        let refused = store.create(&absent).await.unwrap_err();
        assert_eq!(refused.kind(), StoreErrorKind::Precondition);
        assert_eq!(push(&mut *late, len).await.unwrap_err().kind(), StoreErrorKind::Precondition);
        assert_eq!(place.stored("pub/o").content.to_vec(), b"theirs");
        place.server.delete("bbb", "pub/o");
        place.assert_nothing("pub/o");
    }
    place.server.put("bbb", "pub/o", Draft::bytes("first"));
    let tag = store.open(&key("o")).await.unwrap().meta().validator.clone().unwrap();
    let over = NewObject { condition: Condition::Matches(tag), ..object("o", None) };
    push(&mut *store.create(&over).await.unwrap(), 9).await.unwrap();
    assert_eq!(store.create(&over).await.unwrap_err().kind(), StoreErrorKind::Precondition);
}

#[tokio::test]
async fn who_may_write_and_not_look_writes_all_the_same() {
    let place = place().await;
    for verb in [Verb::List, Verb::Head] {
        place.server.script().push(When::verb(verb).always(), Fault::access_denied());
    }
    let absent = NewObject { condition: Condition::Absent, ..object("o", None) };
    push(&mut *store(&place).create(&absent).await.unwrap(), 9).await.unwrap();
    place.assert_stored("pub/o", 9);
}

#[tokio::test]
async fn an_empty_object_waits_for_no_memory() {
    let place = place().await;
    let store = store(&place);
    let all = place.ledger.usage(Class::Windows).capacity;
    let _held = place.ledger.try_acquire(Class::Windows, all).unwrap();
    let mut empty = store.create(&object("o", Some(0))).await.unwrap();
    let waiting = store.clone();
    let waiting = tokio::spawn(async move { waiting.create(&object("other", None)).await.map(drop) });
    while place.ledger.usage(Class::Windows).waiting == 0 {
        tokio::task::yield_now().await;
    }
    empty.publish().await.unwrap();
    place.assert_stored("pub/o", 0);
    waiting.abort();
}

#[tokio::test]
async fn a_bucket_that_stands_still_stops_the_client_and_not_the_memory() {
    let place = place().await;
    // More than one upload may hold.
    let windows = Ledger::new([(Class::Windows, ByteSize::mib(64))]);
    let gate = Gate::new();
    place.server.script().push(When::verb(Verb::Part).always(), Fault::Hang(gate.clone()));
    let (taken, len) = (Arc::new(AtomicU64::new(0)), 40 * MIB);
    let mut arriving = with(&place, &engine(windows.clone())).create(&object("o", None)).await.unwrap();
    let counts = Arc::clone(&taken);
    let client = tokio::spawn(async move {
        for piece in pieces(0, len) {
            let more = piece.len() as u64;
            arriving.write(piece).await.unwrap();
            counts.fetch_add(more, SeqCst);
        }
        arriving.publish().await.unwrap();
    });
    gate.wait(2).await;
    assert!(taken.load(SeqCst) <= 15 * MIB && !client.is_finished());
    gate.open();
    client.await.unwrap();
    assert!(windows.usage(Class::Windows).peak <= 15 * MIB);
    place.assert_stored("pub/o", len);
}

#[tokio::test]
async fn many_uploads_in_little_memory_take_turns_and_all_arrive() {
    const UPLOADS: u64 = 24;
    let place = place().await;
    // Room for three parts, and each upload would hold three.
    let store = store(&place);
    let uploads = (0..UPLOADS).map(|upload| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut arriving = store.create(&object(&format!("o{upload}"), None)).await.unwrap();
            push(&mut *arriving, 11 * MIB + upload).await.unwrap();
        })
    });
    for ended in tokio::time::timeout(Duration::from_secs(60), join_all(uploads)).await.unwrap() {
        ended.unwrap();
    }
    for upload in 0..UPLOADS {
        place.assert_stored(&format!("pub/o{upload}"), 11 * MIB + upload);
    }
    let usage = place.ledger.usage(Class::Windows);
    assert!(usage.in_use == 0 && usage.peak <= usage.capacity, "{usage:?}");
}

#[tokio::test]
async fn an_upload_waits_for_memory_before_its_client_sends_and_is_refused_when_patience_ends() {
    let place = place().await;
    let reading = RemoteStoreOptions {
        prefix: "".into(),
        ledger: ledger(),
        patience: Duration::ZERO,
        tenacity: quick(),
    };
    let options = DepositOptions {
        part_size: Some(ByteSize::mib(5)),
        patience: Duration::from_millis(1),
        ..DepositOptions::default()
    };
    let bucket = place.bucket.clone() as Arc<dyn Bucket>;
    let store = BucketStore::new(bucket, engine(place.ledger.clone()), reading, options);
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(store.create(&object("o", None)).await.unwrap());
    }
    let refused = store.create(&object("o", None)).await.unwrap_err();
    assert_eq!((refused.kind(), refused.is_ours()), (StoreErrorKind::Unavailable, true));
    held.pop();
    store.create(&object("o", None)).await.unwrap();
}

#[tokio::test]
async fn an_object_that_the_plan_has_no_part_for_is_refused_with_the_setting_to_raise() {
    let place = place().await;
    let small = with(&place, &engine(Ledger::new([(Class::Windows, ByteSize::mib(4))])));
    let refused = small.create(&object("o", None)).await.unwrap_err();
    assert_eq!(refused.kind(), StoreErrorKind::Unavailable);
    assert!(refused.to_string().contains("--memory"), "{refused}");
    push(&mut *small.create(&object("o", Some(9))).await.unwrap(), 9).await.unwrap();

    let large = with(&place, &engine(Ledger::new([(Class::Windows, ByteSize::gib(1))])));
    large.create(&object("huge", Some(5 << 40))).await.unwrap();
    let refused = large.create(&object("huge", Some((5 << 40) + 1))).await.unwrap_err();
    assert_eq!(refused.kind(), StoreErrorKind::Invalid, "{refused}");
    let refused = store(&place).create(&object("huge", Some(5 << 40))).await.unwrap_err();
    assert!(refused.to_string().contains("--memory"), "{refused}");
}

#[tokio::test]
async fn a_name_that_no_object_can_have_is_refused() {
    let place = place().await;
    let store = store(&place);
    place.server.put("bbb", "pub/dir/o", Draft::bytes("x"));
    for (name, kind) in [
        ("dir", StoreErrorKind::Conflict),
        ("", StoreErrorKind::Conflict),
        (&*["x"; 200].join("/xxxx"), StoreErrorKind::Invalid),
    ] {
        assert_eq!(store.create(&object(name, None)).await.unwrap_err().kind(), kind, "{name}");
    }
    let bytes = NewObject { key: Key::parse(b"\xff").unwrap(), ..object("o", None) };
    assert_eq!(store.create(&bytes).await.unwrap_err().kind(), StoreErrorKind::Invalid);
    assert_eq!(
        place.bucket.head(&place.to("pub/dir").key, None).await.unwrap_err().kind(),
        StoreErrorKind::NotFound
    );
}
