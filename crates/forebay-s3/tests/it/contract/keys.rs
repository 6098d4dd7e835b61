//! Names, and finding them again.

use forebay_store::remote::{Bucket, KeyEntry, KeysAsk};

use super::{drained, key, names, put};

pub(crate) async fn odd_keys_survive(bucket: &dyn Bucket) {
    let long = format!("{}/{}", "d".repeat(100), "\u{1f30a}".repeat(230));
    assert_eq!(long.len(), 1021);
    let longest = format!("{long}xyz");
    let odd = [
        "../up",
        "a/../b",
        "a//b",
        "a/./b",
        "dir/",
        "/rooted",
        "//",
        "space and+plus",
        "percent%20",
        "q?x=1&y=2#z",
        "tab\tbell\u{7}",
        "\u{1}\u{1f}",
        "quote\"'<&>",
        "caf\u{e9}",
        "\u{1f30a}",
        "~tilde",
        "back\\slash",
        "a:b*c|d",
        &longest,
    ];
    for (index, name) in odd.iter().enumerate() {
        put(bucket, name, &[index as u8]).await;
    }
    for (index, name) in odd.iter().enumerate() {
        assert_eq!(drained(bucket.read(&key(name), None, None).await).await, [index as u8], "{name:?}");
        assert_eq!(bucket.head(&key(name), None).await.unwrap().len, Some(1), "{name:?}");
    }
    let mut sorted = odd.map(str::to_owned);
    sorted.sort();
    assert_eq!(names(bucket).await, sorted);
    let failed = bucket.delete(&odd.map(key)).await.unwrap();
    assert!(failed.is_empty(), "{failed:?}");
    assert!(names(bucket).await.is_empty());
}

pub(crate) async fn a_key_may_have_two_lines(bucket: &dyn Bucket) {
    put(bucket, "new\nline", b"x").await;
    assert_eq!(bucket.head(&key("new\nline"), None).await.unwrap().len, Some(1));
    assert_eq!(names(bucket).await, ["new\nline"]);
    assert!(bucket.delete(&[key("new\nline")]).await.unwrap().is_empty());
    assert!(names(bucket).await.is_empty());
}

pub(crate) async fn keys_come_by_pages_in_the_order_of_bytes(bucket: &dyn Bucket) {
    let all = ["a", "a.b", "a0", "b", "b1", "c"];
    for name in all {
        put(bucket, name, b"x").await;
    }
    let mut ask = KeysAsk { limit: Some(2), ..KeysAsk::default() };
    let mut seen = Vec::new();
    loop {
        let page = bucket.keys(&ask).await.unwrap();
        assert!(page.entries.len() <= 2, "{page:?}");
        seen.extend(page.entries.iter().map(|entry| format!("{entry:?}")));
        let Some(next) = page.next else { break };
        ask.continuation = Some(next);
    }
    assert_eq!(seen.len(), all.len());
    assert!(
        seen.iter().zip(all).all(|(entry, name)| entry.contains(&format!("ObjectKey({name})"))),
        "{seen:?}"
    );

    let ask = KeysAsk { prefix: "b".into(), ..KeysAsk::default() };
    assert_eq!(bucket.keys(&ask).await.unwrap().entries.len(), 2);
    let ask = KeysAsk { start_after: Some("a0".into()), ..KeysAsk::default() };
    assert_eq!(bucket.keys(&ask).await.unwrap().entries.len(), 3);
}

pub(crate) async fn directories_are_groups(bucket: &dyn Bucket) {
    for name in ["a", "d/1", "d/2", "e", "f/g/h"] {
        put(bucket, name, b"12345").await;
    }
    let ask = KeysAsk { by_directory: true, ..KeysAsk::default() };
    let page = bucket.keys(&ask).await.unwrap();
    let seen: Vec<_> = page
        .entries
        .iter()
        .map(|entry| match entry {
            KeyEntry::Object { key, len, modified, .. } => {
                assert!((*len, modified.is_some()) == (5, true), "{entry:?}");
                key.as_str().to_owned()
            }
            KeyEntry::Prefix(prefix) => prefix.to_string(),
        })
        .collect();
    assert_eq!(seen, ["a", "d/", "e", "f/"]);
    assert_eq!(page.next, None);
}
