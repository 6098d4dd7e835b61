//! Versions, where the bucket keeps them.

use forebay_s3::S3;
use forebay_store::StoreErrorKind;
use forebay_store::remote::{Bucket as _, Pin, Remote as _};

use super::copies::copy;
use super::{drained, key, put};

pub(crate) async fn a_version_stays_readable(s3: &S3) {
    s3.keep_versions().await.unwrap();
    let first = put(s3, "kept", b"first").await;
    let second = put(s3, "kept", b"second").await;
    assert!(first.version.is_some() && first.version != second.version);
    let pin =
        |stored: &forebay_store::remote::Stored| Pin { version: stored.version.clone(), ..Pin::default() };
    assert_eq!(drained(s3.read(&key("kept"), None, Some(&pin(&first))).await).await, b"first");
    assert_eq!(s3.head(&key("kept"), Some(&pin(&first))).await.unwrap().len, Some(5));
    assert_eq!(drained(s3.read(&key("kept"), None, None).await).await, b"second");

    let mut old = copy("kept", "copy of the old");
    old.pin = pin(&first);
    s3.copy(&old).await.unwrap();
    assert_eq!(drained(s3.read(&key("copy of the old"), None, None).await).await, b"first");

    s3.delete(&[key("kept")]).await.unwrap();
    assert_eq!(s3.head(&key("kept"), None).await.unwrap_err().kind(), StoreErrorKind::NotFound);
    assert_eq!(drained(s3.read(&key("kept"), None, Some(&pin(&second))).await).await, b"second");
}
