//! Conditional fields: foreign bytes have a verdict whatever they are, and fields made by the grammar have the one that the five
//! steps of RFC 9110 §13.2.2 give, written out here once more in their order.
#![no_main]

use std::time::{Duration, UNIX_EPOCH};

use forebay_gateway::conditional::{Conditions, Validators, Verdict};
use forebay_gateway::etag::EntityTag;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;

const FIELDS: [HeaderName; 6] = [
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_UNMODIFIED_SINCE,
    header::IF_RANGE,
    header::RANGE,
];

/// A tag of few, so that many are equal: whether it is weak, and which.
type Tag = (bool, u8);
/// Lists of tags, and seconds around that of the object.
type Made = (Option<Vec<Tag>>, Option<Vec<Tag>>, Option<u8>, Option<u8>, Option<Tag>);

fn text((weak, which): Tag) -> String {
    // A comma within a tag does not end it.
    format!("{}\"{},\"", if weak { "W/" } else { "" }, which % 4)
}

fn list(tags: &[Tag]) -> String {
    // An empty list is written as the one that matches whatever exists.
    if tags.is_empty() {
        "*".to_owned()
    } else {
        tags.iter().copied().map(text).collect::<Vec<_>>().join(" , ")
    }
}

fn date(seconds: u8) -> String {
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(1_000_000 + u64::from(seconds % 4)))
}

fn expected(made: &Made, own: Tag, modified: u8) -> Verdict {
    let (if_match, if_none_match, since, unless_since, _) = made;
    let same = |tag: &Tag| tag.1 % 4 == own.1 % 4;
    let strong = |tag: &Tag| same(tag) && !tag.0 && !own.0;
    let modified = modified % 4;
    match (if_match, unless_since) {
        (Some(tags), _) if !(tags.is_empty() || tags.iter().any(strong)) => return Verdict::Failed,
        (None, Some(date)) if modified > date % 4 => return Verdict::Failed,
        _ => {}
    }
    match (if_none_match, since) {
        (Some(tags), _) if tags.is_empty() || tags.iter().any(same) => Verdict::NotModified,
        (None, Some(date)) if modified <= date % 4 => Verdict::NotModified,
        _ => Verdict::Proceed,
    }
}

fuzz_target!(|input: (Vec<(u8, Vec<u8>)>, Made, Tag, u8)| {
    let (foreign, made, own, modified) = input;
    let opaque = format!("{},", own.1 % 4);
    let selected = Validators {
        etag: Some(EntityTag { weak: own.0, opaque: opaque.as_bytes() }),
        modified: Some(UNIX_EPOCH + Duration::from_secs(1_000_000 + u64::from(modified % 4))),
    };
    let now = UNIX_EPOCH + Duration::from_secs(2_000_000);

    let mut headers = HeaderMap::new();
    for (which, value) in foreign.iter().take(16) {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.append(FIELDS[usize::from(*which) % FIELDS.len()].clone(), value);
        }
    }
    let conditions = Conditions::of(&headers);
    let _ = (conditions.evaluate(&selected), conditions.range_applies(&selected, now));
    assert_eq!(conditions.is_empty(), headers.is_empty());

    let mut headers = HeaderMap::new();
    let mut put = |name: HeaderName, value: Option<String>| {
        if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
            headers.insert(name, value);
        }
    };
    put(header::IF_MATCH, made.0.as_deref().map(list));
    put(header::IF_NONE_MATCH, made.1.as_deref().map(list));
    put(header::IF_MODIFIED_SINCE, made.2.map(date));
    put(header::IF_UNMODIFIED_SINCE, made.3.map(date));
    put(header::IF_RANGE, made.4.map(text));
    let conditions = Conditions::of(&headers);
    assert_eq!(conditions.evaluate(&selected), expected(&made, own, modified), "{headers:?} on {selected:?}");
    let applies = made.4.is_none_or(|tag| tag.1 % 4 == own.1 % 4 && !tag.0 && !own.0);
    assert_eq!(conditions.range_applies(&selected, now), applies, "{headers:?} on {selected:?}");
});
