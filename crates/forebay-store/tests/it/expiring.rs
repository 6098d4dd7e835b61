//! Objects that expire.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use forebay_net::client::Payload;
use forebay_store::StoreErrorKind;
use forebay_store::expiring::{
    ExpiringOptions, ExpiringStore, Fresh, Lookup, Malformed, OnlyFresh, RefreshError, Served,
};
use forebay_store::remote::{Attributes, Bucket, Expiry, ObjectKey, Remote, Tenacity};
use forebay_testkit::fake::{Fault, Verb, When};
use forebay_testkit::fake_s3::Draft;
use tokio::sync::Notify;

use crate::shelf::Shelf;

const HOUR: Duration = Duration::from_secs(3600);

fn key(name: &str) -> ObjectKey {
    ObjectKey::new(name).unwrap()
}

fn options() -> ExpiringOptions {
    let tenacity = Tenacity { tries_max: 2, wait_min: Duration::from_millis(1), ..Tenacity::default() };
    ExpiringOptions { tenacity, ..ExpiringOptions::default() }
}

fn store(shelf: &Arc<Shelf>, options: ExpiringOptions) -> ExpiringStore {
    let bucket: Arc<dyn Bucket> = Arc::<Shelf>::clone(shelf);
    ExpiringStore::new(bucket, options)
}

async fn text(mut fresh: Box<Fresh>) -> String {
    let mut all = Vec::new();
    while let Some(bytes) = fresh.body.chunk().await {
        all.extend_from_slice(&bytes.unwrap());
    }
    String::from_utf8(all).unwrap()
}

async fn put(store: &ExpiringStore, name: &str, expiry: Expiry) {
    let payload = Payload::bytes(Bytes::from_static(b"made"));
    store.put(&key(name), payload, expiry, Attributes::default()).await.unwrap();
}

/// An object of some size that has expired, by this field.
fn expired(shelf: &Shelf, name: &str, field: &str) {
    shelf.s3.put("b", name, Draft::bytes(vec![b'x'; 200_000]).field("expires", field));
}

#[tokio::test]
async fn what_was_put_is_fresh_until_it_expires_in_one_request_each() {
    let shelf = Arc::new(Shelf::new());
    let store = store(&shelf, options());
    assert!(matches!(store.get(&key("a")).await.unwrap(), Lookup::Missing));
    put(&store, "a", Expiry::after(HOUR)).await;
    let Lookup::Fresh(fresh) = store.get(&key("a")).await.unwrap() else { panic!("it was just written") };
    assert!(fresh.until.unwrap() >= SystemTime::now() + HOUR - Duration::from_secs(60));
    assert_eq!(text(fresh).await, "made");
    put(&store, "a", Expiry::at(SystemTime::UNIX_EPOCH)).await;
    let lookup = store.get(&key("a")).await.unwrap();
    assert!(matches!(lookup, Lookup::Expired { at: Some(SystemTime::UNIX_EPOCH) }), "{lookup:?}");
    assert_eq!((shelf.s3.count(Verb::Get), shelf.s3.count(Verb::Head)), (3, 0));
}

#[tokio::test]
async fn the_servers_clock_counts_and_not_ours() {
    let shelf = Arc::new(Shelf::new());
    let store = store(&shelf, options());
    put(&store, "a", Expiry::after(HOUR)).await;
    shelf.s3.shift_clock(2 * 3600);
    assert!(matches!(store.get(&key("a")).await.unwrap(), Lookup::Expired { at: Some(_) }));
    put(&store, "a", Expiry::at(SystemTime::now() - HOUR)).await;
    shelf.s3.shift_clock(-2 * 3600);
    assert!(matches!(store.get(&key("a")).await.unwrap(), Lookup::Fresh(_)));
}

#[tokio::test]
async fn an_expiry_that_is_no_date_has_expired_or_is_an_error() {
    let shelf = Arc::new(Shelf::new());
    expired(&shelf, "a", "tomorrow");
    let lenient = store(&shelf, options());
    assert!(matches!(lenient.get(&key("a")).await.unwrap(), Lookup::Expired { at: None }));
    let strict = store(&shelf, ExpiringOptions { malformed: Malformed::Error, ..options() });
    let error = strict.get(&key("a")).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Invalid);
    assert!(error.to_string().contains("tomorrow"), "{error}");
}

#[tokio::test]
async fn what_has_expired_is_not_there_for_who_wants_only_what_is_fresh() {
    let shelf = Arc::new(Shelf::new());
    let only = |malformed| OnlyFresh::new(Arc::<Shelf>::clone(&shelf), malformed);
    expired(&shelf, "old", "Thu, 01 Jan 1970 00:00:00 GMT");
    expired(&shelf, "odd", "tomorrow");
    for (name, malformed, kind, said) in [
        ("old", Malformed::Expired, StoreErrorKind::NotFound, "it expired on Thu, 01 Jan 1970"),
        ("old", Malformed::Error, StoreErrorKind::NotFound, "it expired on Thu, 01 Jan 1970"),
        ("odd", Malformed::Expired, StoreErrorKind::NotFound, "\"tomorrow\""),
        ("odd", Malformed::Error, StoreErrorKind::Invalid, "\"tomorrow\""),
    ] {
        for error in [
            only(malformed).read(&key(name), None, None).await.unwrap_err(),
            only(malformed).head(&key(name), None).await.unwrap_err(),
        ] {
            assert_eq!(error.kind(), kind, "{name} {malformed:?}");
            assert!(error.to_string().contains(said), "{error}");
        }
    }
    put(&store(&shelf, options()), "new", Expiry::after(HOUR)).await;
    let begun = only(Malformed::Expired);
    begun.read(&key("new"), None, None).await.unwrap();
    shelf.s3.shift_clock(2 * 3600);
    begun.read(&key("new"), None, None).await.unwrap();
    assert!(only(Malformed::Expired).read(&key("new"), None, None).await.is_err());
}

#[tokio::test]
async fn callers_at_once_have_one_producer() {
    let shelf = Arc::new(Shelf::new());
    expired(&shelf, "a", "0");
    let store = store(&shelf, options());
    let made = Arc::new(AtomicUsize::new(0));
    let callers = (0..50).map(|_| {
        let (store, made) = (store.clone(), Arc::clone(&made));
        tokio::spawn(async move {
            let produce = || async {
                made.fetch_add(1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                Ok::<_, Infallible>(Bytes::from_static(b"made"))
            };
            match store.get_or_refresh(&key("a"), HOUR, produce).await.unwrap() {
                Served::Made(bytes) => assert_eq!(bytes, "made"),
                Served::Found(fresh) => assert_eq!(text(fresh).await, "made"),
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap();
    }
    assert_eq!((made.load(Ordering::SeqCst), shelf.s3.count(Verb::Put)), (1, 1));
}

#[tokio::test]
async fn a_failure_is_shared_by_those_who_waited_and_not_remembered() {
    let shelf = Arc::new(Shelf::new());
    let store = store(&shelf, options());
    let (started, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let leader = tokio::spawn({
        let (store, started, go) = (store.clone(), Arc::clone(&started), Arc::clone(&go));
        async move {
            let produce = || async move {
                started.notify_one();
                go.notified().await;
                Err::<Bytes, _>("out of luck")
            };
            store.get_or_refresh(&key("a"), HOUR, produce).await
        }
    });
    started.notified().await;
    let waiter = tokio::spawn({
        let store = store.clone();
        async move { store.get_or_refresh(&key("a"), HOUR, || async { Err::<Bytes, _>("must not run") }).await }
    });
    while store.callers() < 2 {
        tokio::task::yield_now().await;
    }
    go.notify_one();
    for caller in [leader, waiter] {
        let error = caller.await.unwrap().unwrap_err();
        assert!(matches!(&error, RefreshError::Producer(why) if &**why == "out of luck"), "{error}");
    }
    let key = key("a");
    let again = store.get_or_refresh(&key, HOUR, || async { Ok::<_, Infallible>(Bytes::from_static(b"b")) });
    assert!(matches!(again.await.unwrap(), Served::Made(_)));
}

#[tokio::test]
async fn a_leader_that_leaves_hands_over() {
    let shelf = Arc::new(Shelf::new());
    let store = store(&shelf, options());
    let started = Arc::new(Notify::new());
    let leader = tokio::spawn({
        let (store, started) = (store.clone(), Arc::clone(&started));
        async move {
            let produce = || async move {
                started.notify_one();
                std::future::pending::<Result<Bytes, Infallible>>().await
            };
            store.get_or_refresh(&key("a"), HOUR, produce).await
        }
    });
    started.notified().await;
    let waiter = tokio::spawn({
        let store = store.clone();
        async move {
            let produce = || async { Ok::<_, Infallible>(Bytes::from_static(b"second")) };
            store.get_or_refresh(&key("a"), HOUR, produce).await
        }
    });
    while store.callers() < 2 {
        tokio::task::yield_now().await;
    }
    leader.abort();
    assert!(matches!(waiter.await.unwrap().unwrap(), Served::Made(bytes) if bytes == "second"));
    assert_eq!(store.callers(), 0);
}

#[tokio::test]
async fn keys_and_callers_are_bounded_and_so_is_the_wait() {
    let shelf = Arc::new(Shelf::new());
    let tight =
        ExpiringOptions { flights_max: 1, waiters_max: 1, patience: Duration::from_millis(50), ..options() };
    let store = store(&shelf, tight);
    let started = Arc::new(Notify::new());
    let leader = tokio::spawn({
        let (store, started) = (store.clone(), Arc::clone(&started));
        async move {
            let produce = || async move {
                started.notify_one();
                std::future::pending::<Result<Bytes, Infallible>>().await
            };
            store.get_or_refresh(&key("a"), HOUR, produce).await
        }
    });
    started.notified().await;
    let none = || async { Ok::<_, Infallible>(Bytes::new()) };
    let other_key = store.get_or_refresh(&key("b"), HOUR, none).await.unwrap_err();
    assert!(matches!(other_key, RefreshError::Crowded), "a second flight");
    let waiter = store.get_or_refresh(&key("a"), HOUR, none).await.unwrap_err();
    assert!(matches!(waiter, RefreshError::Crowded), "its patience has an end");
    leader.abort();
    let _ = leader.await;
    assert_eq!(store.callers(), 0);
}

#[tokio::test]
async fn what_cannot_be_written_is_an_error_for_all() {
    let shelf = Arc::new(Shelf::new());
    let store = store(&shelf, options());
    shelf
        .s3
        .script()
        .push(When::verb(Verb::Put), Fault::Refuse { status: 503, code: "SlowDown", retry_after: None });
    let key = key("a");
    let made = store.get_or_refresh(&key, HOUR, || async { Ok::<_, Infallible>(Bytes::from_static(b"b")) });
    assert!(matches!(made.await.unwrap_err(), RefreshError::Store(_)));
}

#[tokio::test]
async fn many_expired_gets_leave_the_descriptors_where_they_were() {
    let shelf = Arc::new(Shelf::new());
    expired(&shelf, "expired", "Thu, 01 Jan 1970 00:00:00 GMT");
    expired(&shelf, "malformed", "soon");
    shelf.s3.put("b", "fresh", Draft::bytes(vec![b'x'; 200_000]));
    let store = store(&shelf, options());
    for _ in 0..300 {
        assert!(matches!(store.get(&key("expired")).await.unwrap(), Lookup::Expired { .. }));
        assert!(matches!(store.get(&key("malformed")).await.unwrap(), Lookup::Expired { .. }));
        let Lookup::Fresh(mut dropped) = store.get(&key("fresh")).await.unwrap() else {
            panic!("it does not expire")
        };
        let _first = dropped.body.chunk().await;
    }
    assert_eq!(shelf.s3.count(Verb::Get), 900, "one request a read");
    // What was dropped is settled in bounded time: nothing waits to be closed, and what stays open is the client's to use again.
    let settled = async {
        while shelf.sockets().close_wait > 0 || shelf.sockets().open > 8 {
            tokio::task::yield_now().await;
        }
    };
    let settled = tokio::time::timeout(Duration::from_secs(20), settled).await;
    assert!(settled.is_ok(), "{:?}", shelf.sockets());
}
