//! Copies within the bucket.

use forebay_store::StoreErrorKind;
use forebay_store::remote::{Attributes, Bucket, CopyAsk, Pin, PutAsk};

use super::{drained, key, payload, plainly, put};

pub(crate) fn copy(source: &str, target: &str) -> CopyAsk {
    CopyAsk {
        source_bucket: None,
        source: key(source),
        pin: Pin::default(),
        target: plainly(target),
        keep_attributes: true,
    }
}

fn dressed(author: &str) -> Attributes {
    Attributes {
        content_type: Some("text/plain".into()),
        user: vec![("author".into(), author.into())],
        ..Attributes::default()
    }
}

pub(crate) async fn a_copy_keeps_or_replaces_attributes(bucket: &dyn Bucket) {
    let source = "from/\u{1f30a} + 100%?";
    let ask = PutAsk { attributes: dressed("one"), ..plainly(source) };
    bucket.put(&ask, payload(b"bytes")).await.unwrap();

    bucket.copy(&copy(source, "kept")).await.unwrap();
    assert_eq!(bucket.head(&key("kept"), None).await.unwrap().attributes, dressed("one"));

    let mut ask = copy(source, "replaced");
    ask.keep_attributes = false;
    ask.target.attributes = dressed("another");
    let stored = bucket.copy(&ask).await.unwrap();
    let facts = bucket.head(&key("replaced"), None).await.unwrap();
    assert_eq!((&facts.attributes, &facts.validator), (&dressed("another"), &stored.validator));
    assert_eq!(drained(bucket.read(&key("replaced"), None, None).await).await, b"bytes");

    let missing = bucket.copy(&copy("nothing", "x")).await.unwrap_err();
    assert_eq!(missing.kind(), StoreErrorKind::NotFound, "{missing}");
}

pub(crate) async fn a_copy_is_of_the_pinned_version(bucket: &dyn Bucket) {
    put(bucket, "source", b"first").await;
    let pin = Pin { version: None, ..bucket.head(&key("source"), None).await.unwrap().pin() };
    let ask = CopyAsk { pin, ..copy("source", "target") };
    bucket.copy(&ask).await.unwrap();
    put(bucket, "source", b"other").await;
    let changed = bucket.copy(&ask).await.unwrap_err();
    assert_eq!(changed.kind(), StoreErrorKind::Changed, "{changed}");
    assert_eq!(drained(bucket.read(&key("target"), None, None).await).await, b"first");
}
