//! Writes that depend on what is there.

use forebay_store::StoreErrorKind::Precondition;
use forebay_store::remote::{Bucket, Condition, PartAsk, PutAsk};

use super::{drained, key, payload, plainly, put};

pub(crate) async fn absent_means_absent(bucket: &dyn Bucket) {
    let ask = PutAsk { condition: Condition::Absent, ..plainly("once") };
    bucket.put(&ask, payload(b"first")).await.unwrap();
    let refused = bucket.put(&ask, payload(b"second")).await.unwrap_err();
    assert_eq!(refused.kind(), Precondition, "{refused}");
    assert_eq!(drained(bucket.read(&key("once"), None, None).await).await, b"first");
}

pub(crate) async fn a_match_is_of_the_version(bucket: &dyn Bucket) {
    let first = put(bucket, "matched", b"first").await.validator.unwrap();
    let ask = PutAsk { condition: Condition::Matches(first), ..plainly("matched") };
    bucket.put(&ask, payload(b"second")).await.unwrap();
    let refused = bucket.put(&ask, payload(b"third")).await.unwrap_err();
    assert_eq!(refused.kind(), Precondition, "{refused}");
    assert_eq!(drained(bucket.read(&key("matched"), None, None).await).await, b"second");
}

pub(crate) async fn an_upload_is_completed_on_condition(bucket: &dyn Bucket) {
    let ask = PutAsk { condition: Condition::Absent, ..plainly("upload once") };
    let upload = bucket.begin(&ask).await.unwrap();
    let part =
        bucket.put_part(&upload, &PartAsk { number: 1, checksum: None }, payload(b"parts")).await.unwrap();
    put(bucket, "upload once", b"first").await;
    let refused = bucket.complete(&upload, &ask, &[part]).await.unwrap_err();
    assert_eq!(refused.kind(), Precondition, "{refused}");
    assert_eq!(drained(bucket.read(&key("upload once"), None, None).await).await, b"first");
}
