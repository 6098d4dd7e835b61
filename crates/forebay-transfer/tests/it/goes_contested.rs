//! Several goes of one upload at once, goes that have lost, and goes that are taken back, against an S3 in this process.

use bytes::Bytes;
use forebay_net::client::Payload;
use forebay_store::remote::{Bucket as _, ObjectKey, PartAsk, Upload};
use forebay_store::{Resumable as _, StoreError, StoreErrorKind};
use forebay_testkit::fake::{Fault, Gate, Verb, When};

use crate::deposit::{key, pieces, process, store};
use crate::goes::{begun, go_to, offset, publish, push};
use crate::put::{MIB, Place, place};
use crate::world::PATTERN;

#[tokio::test]
async fn a_client_that_comes_back_takes_over_and_nothing_that_it_sent_is_lost() {
    let place = place().await;
    let store = store(&place);
    let id = begun(&store, Some(22 * MIB)).await;
    let mut first = store.resume(&key("o"), &id).await.unwrap();
    push(&mut *first, 0, 3 * MIB).await;
    let mut second = store.resume(&key("o"), &id).await.unwrap();
    assert_eq!(second.begun().offset, 3 * MIB);
    assert_eq!(first.write(Bytes::from("late")).await.unwrap_err().kind(), StoreErrorKind::Changed);
    assert_eq!(first.keep().await.unwrap_err().kind(), StoreErrorKind::Changed);
    assert_eq!(first.publish().await.unwrap_err().kind(), StoreErrorKind::Changed);
    drop(first);
    push(&mut *second, 3 * MIB, 12 * MIB).await;
    assert_eq!(offset(&store, &id).await, 12 * MIB);
    assert_eq!(second.write(Bytes::from("late")).await.unwrap_err().kind(), StoreErrorKind::Changed);
    go_to(&store, &id, 22 * MIB).await;
    publish(&store, &id).await;
    drop(second);
    place.assert_published(22 * MIB).await;
}

#[tokio::test]
async fn a_go_that_waits_for_the_bucket_gives_way_at_once() {
    let place = place().await;
    let store = store(&place);
    let id = begun(&store, Some(40 * MIB)).await;
    let gate = Gate::new();
    place.server.script().push(When::verb(Verb::Part).always(), Fault::Hang(gate.clone()));
    let mut first = store.resume(&key("o"), &id).await.unwrap();
    let first = tokio::spawn(async move {
        for piece in pieces(0, 40 * MIB) {
            first.write(piece).await?;
        }
        Ok(())
    });
    gate.wait(2).await;
    let (again, named) = (store.clone(), id.clone());
    let second = tokio::spawn(async move { again.resume(&key("o"), &named).await.unwrap() });
    let ended: Result<(), StoreError> = first.await.unwrap();
    assert_eq!(ended.unwrap_err().kind(), StoreErrorKind::Changed);
    place.server.script().clear();
    gate.open();
    let mut second = second.await.unwrap();
    let from = second.begun().offset;
    assert!(from >= 10 * MIB, "what was under way arrived: {from}");
    push(&mut *second, from, 40 * MIB).await;
    second.publish().await.unwrap();
    drop(second);
    place.assert_stored("pub/o", 40 * MIB);
}

#[tokio::test]
async fn a_go_on_another_machine_is_fenced_by_the_record() {
    let place = place().await;
    let (one, other) = (process(&place), process(&place));
    let id = begun(&one, Some(22 * MIB)).await;
    let mut stale = one.resume(&key("o"), &id).await.unwrap();
    push(&mut *stale, 0, 6 * MIB).await;
    assert_eq!(stale.keep().await.unwrap(), 6 * MIB);
    let mut go = other.resume(&key("o"), &id).await.unwrap();
    assert_eq!(go.begun().offset, 6 * MIB);
    push(&mut *go, 6 * MIB, 8 * MIB).await;
    assert_eq!(go.keep().await.unwrap(), 8 * MIB);
    // The stale one knows nothing of it until it would say something.
    push(&mut *stale, 6 * MIB, 12 * MIB).await;
    assert_eq!(stale.keep().await.unwrap_err().kind(), StoreErrorKind::Changed);
    assert_eq!(stale.take_back().await.unwrap_err().kind(), StoreErrorKind::Changed);
    drop(stale);
    assert_eq!(offset(&other, &id).await, 8 * MIB);
    go_to(&other, &id, 22 * MIB).await;
    publish(&other, &id).await;
    place.assert_stored("pub/o", 22 * MIB);
}

/// The upload that the bucket has.
pub(crate) fn at_the_bucket(place: &Place) -> Upload {
    let found = place.server.uploads("bbb");
    assert_eq!(found.len(), 1);
    let id = place.server.seen().iter().rev().find_map(|seen| {
        (seen.target.verb == Verb::Part).then(|| seen.head.query("uploadId").unwrap().to_owned())
    });
    Upload { key: ObjectKey::new(&*found[0].key).unwrap(), id: id.unwrap().into() }
}

#[tokio::test]
async fn a_late_part_of_other_bytes_costs_its_part_and_never_the_object() {
    // Before the parts are listed, and between that and the end.
    for verb in [Verb::Parts, Verb::Complete] {
        let place = place().await;
        let store = store(&place);
        let id = begun(&store, Some(22 * MIB)).await;
        go_to(&store, &id, 11 * MIB).await;
        go_to(&store, &id, 22 * MIB).await;
        let mut go = store.resume(&key("o"), &id).await.unwrap();
        let gate = Gate::new();
        place.server.script().push(When::verb(verb), Fault::Hang(gate.clone()));
        let publishing = tokio::spawn(async move { go.publish().await });
        gate.wait(1).await;
        // What a go that has lost had under way arrives now, and replaces a part that counts.
        let (late, ask) = (at_the_bucket(&place), PartAsk { number: 3, checksum: None });
        let other = Payload::bytes(Bytes::from(vec![7; 5 << 20]));
        place.bucket.put_part(&late, &ask, other).await.unwrap();
        gate.open();
        assert_eq!(publishing.await.unwrap().unwrap_err().kind(), StoreErrorKind::Changed);
        assert!(place.server.object("bbb", "pub/o").is_none());
        assert_eq!(offset(&store, &id).await, 10 * MIB, "where the last go began that was right");
        go_to(&store, &id, 22 * MIB).await;
        publish(&store, &id).await;
        place.assert_published(22 * MIB).await;
    }
}

#[tokio::test]
async fn a_late_part_of_the_same_bytes_costs_nothing() {
    let place = place().await;
    let store = store(&place);
    let id = begun(&store, Some(12 * MIB)).await;
    go_to(&store, &id, 12 * MIB).await;
    let same = Payload::bytes(PATTERN.bytes(0, 5 << 20).into());
    let ask = PartAsk { number: 1, checksum: None };
    place.bucket.put_part(&at_the_bucket(&place), &ask, same).await.unwrap();
    publish(&store, &id).await;
    place.assert_published(12 * MIB).await;
}

#[tokio::test]
async fn what_a_checksum_refutes_is_taken_back_and_what_was_there_before_stays() {
    for (before, wrong) in [(0, 12 * MIB), (3 * MIB, 1), (3 * MIB, 12 * MIB), (7 * MIB, 9 * MIB)] {
        let place = place().await;
        let store = store(&place);
        let id = begun(&store, Some(22 * MIB)).await;
        go_to(&store, &id, before).await;
        let mut go = store.resume(&key("o"), &id).await.unwrap();
        for _ in 0..wrong.div_ceil(MIB) {
            go.write(Bytes::from(vec![7; wrong.min(MIB) as usize])).await.unwrap();
        }
        go.keep().await.unwrap();
        go.take_back().await.unwrap();
        push(&mut *go, before, before + MIB).await;
        go.keep().await.unwrap();
        drop(go);
        assert_eq!(offset(&store, &id).await, before + MIB);
        let mut go = store.resume(&key("o"), &id).await.unwrap();
        go.write(Bytes::from(vec![7; MIB as usize])).await.unwrap();
        go.take_back().await.unwrap();
        drop(go);
        assert_eq!(offset(&store, &id).await, before + MIB);
        go_to(&store, &id, 22 * MIB).await;
        publish(&store, &id).await;
        place.assert_published(22 * MIB).await;
    }
}

#[tokio::test]
async fn what_is_taken_back_to_its_beginning_may_end_as_a_small_object() {
    for len in [0, 9] {
        let place = place().await;
        let store = store(&place);
        let id = begun(&store, None).await;
        let mut go = store.resume(&key("o"), &id).await.unwrap();
        push(&mut *go, 0, 12 * MIB).await;
        go.keep().await.unwrap();
        go.take_back().await.unwrap();
        push(&mut *go, 0, len).await;
        go.set_len(len).await.unwrap();
        go.publish().await.unwrap();
        drop(go);
        place.assert_published(len).await;
    }
}

#[tokio::test]
async fn a_go_that_fails_keeps_what_arrived() {
    let place = place().await;
    let store = store(&place);
    let id = begun(&store, Some(30 * MIB)).await;
    go_to(&store, &id, 6 * MIB).await;
    place.server.script().push(When::verb(Verb::Part).after(1).always(), Fault::access_denied());
    let mut go = store.resume(&key("o"), &id).await.unwrap();
    let mut failed = Ok(());
    for piece in pieces(6 * MIB, 30 * MIB) {
        failed = go.write(piece).await;
        if failed.is_err() {
            break;
        }
    }
    assert_eq!(failed.unwrap_err().kind(), StoreErrorKind::Denied);
    assert!(go.write(Bytes::from("x")).await.is_err());
    let kept = go.keep().await.unwrap();
    assert_eq!(kept, 10 * MIB);
    drop(go);
    place.server.script().clear();
    assert_eq!(offset(&store, &id).await, kept);
    go_to(&store, &id, 30 * MIB).await;
    publish(&store, &id).await;
    place.assert_published(30 * MIB).await;
}
