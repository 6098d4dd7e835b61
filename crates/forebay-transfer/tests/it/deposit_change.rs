//! Removing, renaming and directories in a bucket, against an S3 in this process.

use forebay_store::remote::Condition;
use forebay_store::{Key, ListAsk, Order, PageBudget, Store as _, StoreErrorKind, Validator, Writable as _};
use forebay_testkit::fake::{Fault, Gate, Verb, When};
use forebay_testkit::fake_s3::Draft;
use forebay_transfer::BucketStore;

use crate::deposit::{key, store};
use crate::put::place;
use crate::world::PATTERN;

async fn listed(store: &BucketStore, dir: &Key) -> Vec<String> {
    let ask = ListAsk { order: Order::default(), after: None, limit: 100, budget: PageBudget::Leased };
    let page = store.list(dir, &ask).await.unwrap();
    page.entries.iter().map(|entry| String::from_utf8_lossy(&entry.name).into_owned()).collect()
}

fn other_tag() -> Condition {
    Condition::Matches(Validator::parse(b"\"other\"").unwrap())
}

#[tokio::test]
async fn what_is_removed_is_the_version_that_was_meant() {
    let place = place().await;
    let store = store(&place);
    place.server.put("bbb", "pub/o", Draft::bytes("x"));
    let refused = store.remove(&key("o"), &other_tag()).await.unwrap_err();
    assert_eq!(refused.kind(), StoreErrorKind::Precondition);
    let tag = store.open(&key("o")).await.unwrap().meta().validator.clone().unwrap();
    // Somebody writes between the look and the removal.
    let gate = Gate::new();
    place.server.script().push(When::verb(Verb::Head).after(1), Fault::Hang(gate.clone()));
    let (removing, late) = (store.clone(), Condition::Matches(tag));
    let removing = tokio::spawn(async move { removing.remove(&key("o"), &late).await });
    gate.wait(1).await;
    place.server.put("bbb", "pub/o", Draft::bytes("theirs"));
    gate.open();
    assert_eq!(removing.await.unwrap().unwrap_err().kind(), StoreErrorKind::Precondition);
    assert_eq!(place.stored("pub/o").content.to_vec(), b"theirs");
    store.remove(&key("o"), &Condition::Always).await.unwrap();
    let gone = store.remove(&key("o"), &Condition::Always).await.unwrap_err();
    assert_eq!(gone.kind(), StoreErrorKind::NotFound);
    assert_eq!(
        store.remove(&Key::root(), &Condition::Always).await.unwrap_err().kind(),
        StoreErrorKind::Conflict
    );
}

#[tokio::test]
async fn a_directory_is_a_mark_until_something_is_in_it() {
    let place = place().await;
    let store = store(&place);
    store.make_directory(&key("dir")).await.unwrap();
    assert_eq!(listed(&store, &Key::root()).await, ["dir"]);
    assert!(listed(&store, &key("dir")).await.is_empty());
    assert!(!store.open(&key("dir")).await.unwrap().meta().kind.is_file());
    let again = store.make_directory(&key("dir")).await.unwrap_err();
    assert_eq!(again.kind(), StoreErrorKind::Precondition);

    place.server.put("bbb", "pub/dir/o", Draft::bytes("x"));
    assert_eq!(listed(&store, &key("dir")).await, ["o"]);
    let full = store.remove(&key("dir"), &Condition::Always).await.unwrap_err();
    assert_eq!(full.kind(), StoreErrorKind::Conflict);
    store.remove(&key("dir/o"), &Condition::Always).await.unwrap();
    store.remove(&key("dir"), &Condition::Always).await.unwrap();
    assert!(listed(&store, &Key::root()).await.is_empty());
    assert!(place.server.object("bbb", "pub/dir/").is_none());

    place.server.put("bbb", "pub/file", Draft::bytes("x"));
    let taken = store.make_directory(&key("file")).await.unwrap_err();
    assert_eq!(taken.kind(), StoreErrorKind::Precondition);
}

#[tokio::test]
async fn an_object_gets_another_name_and_keeps_what_is_beside_it() {
    let place = place().await;
    let store = store(&place);
    for len in [1000, (5 << 30) + 1] {
        place.server.put("bbb", "pub/a", Draft::pattern(PATTERN, len).field("content-type", "text/css"));
        store.rename(&key("a"), &key("b"), &Condition::Always).await.unwrap();
        assert!(place.server.object("bbb", "pub/a").is_none());
        assert_eq!(place.stored("pub/b").content.len(), len);
        let there = store.open(&key("b")).await.unwrap();
        let attributes = there.meta().attributes.clone().unwrap();
        assert_eq!(attributes.content_type.as_deref(), Some("text/css"), "{len}");
    }
}

#[tokio::test]
async fn a_name_is_not_given_where_it_must_not_be() {
    let place = place().await;
    let store = store(&place);
    for name in ["pub/a", "pub/b", "pub/dir/o"] {
        place.server.put("bbb", name, Draft::bytes(name));
    }
    let (a, always, absent) = (key("a"), Condition::Always, Condition::Absent);
    for (from, to, condition, kind) in [
        (&a, "b", &absent, StoreErrorKind::Precondition),
        (&a, "b", &other_tag(), StoreErrorKind::Precondition),
        (&a, "dir", &always, StoreErrorKind::Conflict),
        (&a, "", &always, StoreErrorKind::Conflict),
        (&key("dir"), "other", &always, StoreErrorKind::Conflict),
        (&key("dir"), "dir/below", &always, StoreErrorKind::Conflict),
        (&key("none"), "c", &always, StoreErrorKind::NotFound),
    ] {
        let refused = store.rename(from, &key(to), condition).await.unwrap_err();
        assert_eq!(refused.kind(), kind, "{from} {to}");
    }
    store.rename(&a, &a, &always).await.unwrap();
    for name in ["pub/a", "pub/b", "pub/dir/o"] {
        assert_eq!(place.stored(name).content.to_vec(), name.as_bytes());
    }
}
