//! Deleting.

use forebay_store::StoreErrorKind;
use forebay_store::remote::{Bucket, Doomed};

use super::{key, names, put};

pub(crate) async fn many_are_deleted_and_what_was_not_there_counts(bucket: &dyn Bucket) {
    for name in ["a", "b", "c"] {
        put(bucket, name, b"x").await;
    }
    let failed = bucket.delete(&["a", "c", "never there"].map(key)).await.unwrap();
    assert!(failed.is_empty(), "{failed:?}");
    assert_eq!(names(bucket).await, ["b"]);
    assert!(bucket.delete(&[]).await.unwrap().is_empty());
    let too_many: Vec<_> = (0..1001).map(|n| key(&n.to_string())).collect();
    assert_eq!(bucket.delete(&too_many).await.unwrap_err().kind(), StoreErrorKind::Invalid);
    assert_eq!(bucket.head(&key("a"), None).await.unwrap_err().kind(), StoreErrorKind::NotFound);
}

pub(crate) async fn what_is_another_by_now_is_not_deleted(bucket: &dyn Bucket) {
    let name = key("replaced");
    put(bucket, "replaced", b"first").await;
    let first = Doomed::Unchanged(bucket.head(&name, None).await.unwrap().pin());
    put(bucket, "replaced", b"the second").await;
    assert_eq!(bucket.delete_if(&name, &first).await.unwrap_err().kind(), StoreErrorKind::Changed);
    let second = bucket.head(&name, None).await.unwrap();
    assert_eq!(second.len, Some(10));
    bucket.delete_if(&name, &Doomed::Unchanged(second.pin())).await.unwrap();
    assert_eq!(bucket.head(&name, None).await.unwrap_err().kind(), StoreErrorKind::NotFound);
    bucket.delete_if(&name, &first).await.unwrap();
}
