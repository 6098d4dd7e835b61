//! Versions, where the bucket keeps them.

use forebay_s3::S3;
use forebay_store::StoreErrorKind;
use forebay_store::remote::{Bucket as _, Doomed, Pin, Remote as _, VersionEntry, VersionsAsk};

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

pub(crate) async fn versions_are_listed_newest_first_and_deleted_by_name(s3: &S3) {
    s3.keep_versions().await.unwrap();
    put(s3, "listed/a", b"1").await;
    put(s3, "listed/a", b"22").await;
    s3.delete(&[key("listed/a")]).await.unwrap();
    put(s3, "listed/b c", b"333").await;
    let listed = async || {
        let ask = VersionsAsk { prefix: "listed/".into(), ..VersionsAsk::default() };
        let page = s3.versions(&ask).await.unwrap();
        assert_eq!(page.next, None);
        let version = |entry| match entry {
            VersionEntry::Version(version) => version,
            VersionEntry::Prefix(prefix) => panic!("a group without being asked for: {prefix}"),
        };
        page.entries.into_iter().map(version).collect::<Vec<_>>()
    };
    let all = listed().await;
    let lens: Vec<_> = all.iter().map(|one| one.content.as_ref().map(|content| content.len)).collect();
    assert_eq!(lens, [None, Some(2), Some(1), Some(3)]);
    assert_eq!(all.iter().map(|one| one.newest).collect::<Vec<_>>(), [true, false, false, true]);
    assert_eq!(all[3].key, key("listed/b c"));
    // Without its mark an object is there again.
    s3.delete_if(&key("listed/a"), &Doomed::Version(all[0].id.clone())).await.unwrap();
    assert_eq!(drained(s3.read(&key("listed/a"), None, None).await).await, b"22");
    assert_eq!(listed().await.len(), 3);
}
