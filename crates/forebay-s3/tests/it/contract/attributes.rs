//! What is stored beside the bytes.

use std::time::{Duration, SystemTime};

use forebay_store::remote::{Attributes, Bucket, PutAsk};

use super::{drained, key, payload, plainly, put};

fn all() -> Attributes {
    Attributes {
        content_type: Some("text/x-test; charset=utf-8".into()),
        cache_control: Some("max-age=60, public".into()),
        content_disposition: Some("attachment; filename=\"a b.txt\"".into()),
        content_encoding: Some("x-none".into()),
        content_language: Some("de, en".into()),
        expires: Some("Wed, 21 Oct 2065 07:28:00 GMT".into()),
        storage_class: None,
        user: vec![
            ("author".into(), "J\u{f6}rg \u{1f30a}".into()),
            ("plain".into(), "a value, with = and ;".into()),
        ],
        tags: Vec::new(),
    }
}

pub(crate) async fn attributes_come_back_as_they_were_put(bucket: &dyn Bucket) {
    let ask = PutAsk { attributes: all(), ..plainly("dressed") };
    bucket.put(&ask, payload(b"bytes")).await.unwrap();
    assert_eq!(bucket.head(&ask.key, None).await.unwrap().attributes, all());
    let reading = bucket.read(&ask.key, None, None).await.unwrap();
    assert_eq!(reading.facts.attributes, all());
    assert_eq!(drained(Ok(reading)).await, b"bytes");

    let ask = PutAsk { key: key("in parts"), ..ask };
    let upload = bucket.begin(&ask).await.unwrap();
    let part = forebay_store::remote::PartAsk { number: 1, checksum: None };
    let part = bucket.put_part(&upload, &part, payload(b"bytes")).await.unwrap();
    bucket.complete(&upload, &ask, &[part]).await.unwrap();
    assert_eq!(bucket.head(&ask.key, None).await.unwrap().attributes, all());
}

pub(crate) async fn expires_is_any_text(bucket: &dyn Bucket) {
    for text in ["0", "-1", "Thu, 01 Jan 1970 00:00:00 GMT"] {
        let attributes = Attributes { expires: Some(text.into()), ..Attributes::default() };
        let ask = PutAsk { attributes, ..plainly("expired") };
        bucket.put(&ask, payload(b"x")).await.unwrap();
        assert_eq!(bucket.head(&ask.key, None).await.unwrap().attributes.expires.as_deref(), Some(text));
    }
}

pub(crate) async fn the_servers_clock_is_told(bucket: &dyn Bucket) {
    put(bucket, "now", b"x").await;
    let facts = bucket.head(&key("now"), None).await.unwrap();
    let hour = Duration::from_secs(3600);
    for time in [facts.date.unwrap(), facts.modified.unwrap()] {
        let now = SystemTime::now();
        assert!(time > now - hour && time < now + hour, "{time:?}");
    }
}
