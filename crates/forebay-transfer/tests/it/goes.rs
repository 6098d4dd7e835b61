//! Objects that arrive in a bucket in several goes, against an S3 in this process.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use forebay_budget::Class;
use forebay_store::remote::{Attributes, Bucket as _, Condition, KeysAsk, Remote as _};
use forebay_store::{
    Begun, Key, ListAsk, NewObject, NewUpload, Order, PageBudget, Resumable, Resumed, Store as _,
    StoreErrorKind, UploadId, Writable as _,
};
use forebay_testkit::fake::{Cut, Fault, Verb, When};
use forebay_testkit::fake_s3::Draft;
use forebay_transfer::BucketStore;

use crate::deposit::{key, object, pieces, process, store};
use crate::goes_contested::at_the_bucket;
use crate::put::{MIB, Place, place};
use crate::world::PATTERN;

pub(crate) fn upload(name: &str, len: Option<u64>) -> NewUpload {
    let expires = SystemTime::UNIX_EPOCH + Duration::from_secs(2_000_000_000);
    NewUpload { object: object(name, len), expires, note: "filename bw==".into() }
}

pub(crate) async fn begun(store: &BucketStore, len: Option<u64>) -> UploadId {
    store.begin(&upload("o", len)).await.unwrap().id
}

pub(crate) async fn push(go: &mut dyn Resumed, from: u64, to: u64) {
    for piece in pieces(from, to) {
        go.write(piece).await.unwrap();
    }
}

pub(crate) async fn offset(store: &BucketStore, id: &UploadId) -> u64 {
    store.find(&key("o"), id).await.unwrap().offset
}

/// A go that sends up to here and keeps it.
pub(crate) async fn go_to(store: &BucketStore, id: &UploadId, to: u64) {
    let mut go = store.resume(&key("o"), id).await.unwrap();
    let from = go.begun().offset;
    push(&mut *go, from, to).await;
    assert_eq!(go.keep().await.unwrap(), to);
}

pub(crate) async fn publish(store: &BucketStore, id: &UploadId) {
    store.resume(&key("o"), id).await.unwrap().publish().await.unwrap();
}

impl Place {
    /// What is in the bucket beside objects that a key can name.
    pub(crate) async fn left(&self) -> Vec<String> {
        let ask = KeysAsk { prefix: "pub/.".into(), ..KeysAsk::default() };
        let page = self.bucket.keys(&ask).await.unwrap();
        page.entries.iter().map(|entry| format!("{entry:?}")).collect()
    }

    pub(crate) async fn assert_published(&self, len: u64) {
        self.assert_stored("pub/o", len);
        assert_eq!(self.left().await, [""; 0]);
        assert!(self.server.uploads("bbb").is_empty());
        assert_eq!(self.ledger.usage(Class::Windows).in_use, 0);
    }
}

#[tokio::test]
async fn an_upload_goes_on_where_it_was_and_only_its_end_makes_an_object() {
    for len in [0, 9, 5 * MIB, 5 * MIB + 1, 22 * MIB + 7] {
        for told in [None, Some(len)] {
            let place = place().await;
            let id = begun(&store(&place), told).await;
            for to in [len / 7, len / 3, len / 2, len] {
                // Another process each time.
                let store = store(&place);
                go_to(&store, &id, to).await;
                let found = store.find(&key("o"), &id).await.unwrap();
                assert_eq!((found.offset, found.len, &*found.note), (to, told, "filename bw=="));
                assert!(place.server.object("bbb", "pub/o").is_none());
                assert_eq!(place.ledger.usage(Class::Windows).in_use, 0, "nothing is held between goes");
            }
            let store = store(&place);
            let mut go = store.resume(&key("o"), &id).await.unwrap();
            if told.is_none() {
                assert_eq!(go.publish().await.unwrap_err().kind(), StoreErrorKind::Conflict);
                go.set_len(len).await.unwrap();
                assert_eq!(go.set_len(len + 1).await.unwrap_err().kind(), StoreErrorKind::Conflict);
            }
            go.publish().await.unwrap();
            drop(go);
            place.assert_published(len).await;
            let gone = store.find(&key("o"), &id).await.unwrap_err();
            assert_eq!(gone.kind(), StoreErrorKind::NotFound);
        }
    }
}

#[tokio::test]
async fn what_is_told_of_an_upload_is_what_was_said_when_it_began() {
    let place = place().await;
    let store = store(&place);
    let attributes = Attributes {
        content_type: Some("text/css".into()),
        user: vec![("colour".into(), "blue".into())],
        ..Attributes::default()
    };
    for len in [9, 6 * MIB] {
        let object = NewObject { attributes: attributes.clone(), ..object("o", Some(len)) };
        let id = store.begin(&NewUpload { object, ..upload("o", None) }).await.unwrap().id;
        go_to(&store, &id, len / 2).await;
        go_to(&store, &id, len).await;
        publish(&store, &id).await;
        let found = store.open(&key("o")).await.unwrap();
        assert_eq!(found.meta().attributes.as_deref(), Some(&attributes));
    }
    let long = NewUpload { note: "x".repeat(4097).into(), ..upload("o", None) };
    assert_eq!(store.begin(&long).await.unwrap_err().kind(), StoreErrorKind::Invalid);
}

#[tokio::test]
async fn an_upload_is_nobodys_business_but_of_who_knows_its_name_and_its_identity() {
    let place = place().await;
    let store = store(&place);
    let id = begun(&store, None).await;
    go_to(&store, &id, 6 * MIB).await;
    assert_eq!(store.find(&key("other"), &id).await.unwrap_err().kind(), StoreErrorKind::NotFound);
    assert_eq!(store.resume(&key("other"), &id).await.unwrap_err().kind(), StoreErrorKind::NotFound);
    store.terminate(&key("other"), &id).await.unwrap();
    assert_eq!(offset(&store, &id).await, 6 * MIB);
    let ask = ListAsk { order: Order::default(), after: None, limit: 100, budget: PageBudget::Leased };
    assert!(store.list(&Key::root(), &ask).await.unwrap().entries.is_empty());
}

#[tokio::test]
async fn what_arrives_is_written_down_while_a_go_is_under_way() {
    let place = place().await;
    let (going, looking) = (process(&place), process(&place));
    let id = begun(&going, None).await;
    let mut go = going.resume(&key("o"), &id).await.unwrap();
    push(&mut *go, 0, 11 * MIB).await;
    assert_eq!(offset(&looking, &id).await, 0);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(2)).await;
    tokio::time::resume();
    for _ in 0..1_000 {
        go.write(Bytes::from("x")).await.unwrap();
        if offset(&looking, &id).await > 0 {
            return;
        }
    }
    panic!("nothing was written down");
}

#[tokio::test]
async fn a_kill_costs_no_more_than_what_was_not_told() {
    let place = place().await;
    let id = begun(&store(&place), Some(22 * MIB)).await;
    go_to(&store(&place), &id, 7 * MIB).await;
    let killed = process(&place);
    let mut go = killed.resume(&key("o"), &id).await.unwrap();
    push(&mut *go, 7 * MIB, 18 * MIB).await;
    // Nothing of it runs any more: no task, no drop.
    std::mem::forget((go, killed));
    let after = store(&place);
    let at = offset(&after, &id).await;
    assert!((7 * MIB..=18 * MIB).contains(&at), "{at}");
    go_to(&after, &id, 22 * MIB).await;
    publish(&after, &id).await;
    place.assert_stored("pub/o", 22 * MIB);
    assert_eq!(place.left().await, [""; 0]);
}

#[tokio::test]
async fn what_networks_and_buckets_do_is_survived() {
    for (verb, fault) in [
        (Verb::Part, Fault::ShortUpload { after: MIB, how: Cut::Reset }),
        (Verb::Part, Fault::LoseAnswer(Cut::Reset)),
        (Verb::Begin, Fault::internal_error()),
        (Verb::Put, Fault::LoseAnswer(Cut::Reset)),
        (Verb::Put, Fault::internal_error()),
        (Verb::Get, Fault::reset_after(20)),
        (Verb::Parts, Fault::internal_error()),
        (Verb::Complete, Fault::ErrorInside("InternalError")),
        (Verb::Complete, Fault::LoseAnswer(Cut::Clean)),
    ] {
        let place = place().await;
        let store = store(&place);
        let ask = upload("o", Some(12 * MIB));
        let object = NewObject { condition: Condition::Absent, ..ask.object.clone() };
        let times = if verb == Verb::Put { 3 } else { 1 };
        place.server.script().push(When::verb(verb).times(times), fault.clone());
        let id = store.begin(&NewUpload { object, ..ask }).await.unwrap().id;
        for to in [3 * MIB, 8 * MIB, 12 * MIB] {
            go_to(&store, &id, to).await;
        }
        publish(&store, &id).await;
        place.assert_published(12 * MIB).await;
        assert_eq!(place.server.script().left(), 0, "{fault:?}");
    }
}

#[tokio::test]
async fn a_condition_holds_when_the_object_is_published_and_the_upload_survives_it() {
    for len in [9, 12 * MIB] {
        let place = place().await;
        let store = store(&place);
        let ask = upload("o", Some(len));
        let object = NewObject { condition: Condition::Absent, ..ask.object.clone() };
        let absent = NewUpload { object, ..ask };
        let id = store.begin(&absent).await.unwrap().id;
        place.server.put("bbb", "pub/o", Draft::bytes("theirs"));
        assert_eq!(store.begin(&absent).await.unwrap_err().kind(), StoreErrorKind::Precondition);
        let mut go = store.resume(&key("o"), &id).await.unwrap();
        push(&mut *go, 0, len).await;
        for _ in 0..2 {
            assert_eq!(go.publish().await.unwrap_err().kind(), StoreErrorKind::Precondition, "{len}");
        }
        drop(go);
        assert_eq!(offset(&store, &id).await, len);
        assert_eq!(place.stored("pub/o").content.to_vec(), b"theirs");
        place.server.delete("bbb", "pub/o");
        publish(&store, &id).await;
        place.assert_published(len).await;
    }
}

#[tokio::test]
async fn an_object_that_was_published_and_not_heard_of_is_not_published_again() {
    for len in [9, 12 * MIB] {
        let place = place().await;
        let store = store(&place);
        let ask = upload("o", Some(len));
        let object = NewObject { condition: Condition::Absent, ..ask.object.clone() };
        let id = store.begin(&NewUpload { object, ..ask }).await.unwrap().id;
        go_to(&store, &id, len).await;
        // The object is there, and its upload's record too.
        place.server.script().push(When::verb(Verb::DeleteMany).always(), Fault::access_denied());
        publish(&store, &id).await;
        place.server.script().clear();
        assert_eq!(offset(&store, &id).await, len);
        publish(&store, &id).await;
        place.assert_published(len).await;
    }
}

#[tokio::test]
async fn an_upload_that_is_given_up_leaves_nothing() {
    let place = place().await;
    let store = store(&place);
    let id = begun(&store, None).await;
    go_to(&store, &id, 12 * MIB).await;
    let mut go = store.resume(&key("o"), &id).await.unwrap();
    push(&mut *go, 12 * MIB, 13 * MIB).await;
    store.terminate(&key("o"), &id).await.unwrap();
    assert_eq!(go.write(Bytes::from("x")).await.unwrap_err().kind(), StoreErrorKind::Changed);
    drop(go);
    store.terminate(&key("o"), &id).await.unwrap();
    place.assert_nothing("pub/o");
    assert_eq!(place.left().await, [""; 0]);
    assert_eq!(store.find(&key("o"), &id).await.unwrap_err().kind(), StoreErrorKind::NotFound);

    // By another machine, and by the bucket.
    let id = begun(&store, None).await;
    let mut go = store.resume(&key("o"), &id).await.unwrap();
    push(&mut *go, 0, 12 * MIB).await;
    go.keep().await.unwrap();
    process(&place).terminate(&key("o"), &id).await.unwrap();
    assert_eq!(go.write(Bytes::from("x")).await.unwrap_err().kind(), StoreErrorKind::NotFound);
    drop(go);
    let id = begun(&store, None).await;
    go_to(&store, &id, 12 * MIB).await;
    place.bucket.abort(&at_the_bucket(&place)).await.unwrap();
    assert_eq!(store.find(&key("o"), &id).await.unwrap_err().kind(), StoreErrorKind::NotFound);
}

#[tokio::test]
async fn uploads_that_are_not_complete_are_listed_behind_the_last_that_was_seen() {
    let place = place().await;
    let store = store(&place);
    let mut ids = Vec::new();
    for name in ["a", "b", "c"] {
        let begun = store.begin(&upload(name, Some(9))).await.unwrap();
        let mut go = store.resume(&begun.key, &begun.id).await.unwrap();
        go.write(Bytes::from("x")).await.unwrap();
        go.keep().await.unwrap();
        ids.push((begun.key, begun.id));
    }
    ids.sort_by(|one, other| one.1.cmp(&other.1));
    let named =
        |found: Vec<Begun>| -> Vec<_> { found.into_iter().map(|begun| (begun.key, begun.id)).collect() };
    assert_eq!(named(store.uploads(None).await.unwrap()), ids);
    assert_eq!(named(store.uploads(Some(&ids[0])).await.unwrap()), ids[1..]);
    assert_eq!(store.uploads(None).await.unwrap()[0].offset, 1);
}

#[tokio::test]
async fn no_more_comes_than_was_announced() {
    let place = place().await;
    let store = store(&place);
    let id = begun(&store, Some(9)).await;
    let mut go = store.resume(&key("o"), &id).await.unwrap();
    go.write(PATTERN.bytes(0, 5).into()).await.unwrap();
    assert_eq!(go.write(PATTERN.bytes(5, 5).into()).await.unwrap_err().kind(), StoreErrorKind::Invalid);
    go.write(PATTERN.bytes(5, 4).into()).await.unwrap();
    go.publish().await.unwrap();
    drop(go);
    place.assert_published(9).await;
}

#[tokio::test]
async fn a_store_says_that_it_keeps_uploads() {
    assert!(store(&place().await).resumable().is_some());
}
