//! Conditional fields of foreign bytes: every combination has a verdict, and a tag that matches is never taken for a change.
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

fuzz_target!(|input: (Vec<(u8, Vec<u8>)>, u32)| {
    let (fields, modified) = input;
    let mut headers = HeaderMap::new();
    for (which, value) in fields.iter().take(16) {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.append(FIELDS[usize::from(*which) % FIELDS.len()].clone(), value);
        }
    }
    let Some(etag) = EntityTag::parse(b"\"tag\"") else { return };
    let modified = UNIX_EPOCH + Duration::from_secs(u64::from(modified));
    let selected = Validators { etag: Some(etag), modified: Some(modified) };
    let conditions = Conditions::of(&headers);
    let _ = conditions.range_applies(&selected, modified);
    if conditions.is_empty() {
        assert_eq!(conditions.evaluate(&selected), Verdict::Proceed);
    }
    if headers.get(header::IF_MATCH).is_some_and(|value| value == "\"tag\"") {
        assert_ne!(conditions.evaluate(&selected), Verdict::Failed);
    }
});
