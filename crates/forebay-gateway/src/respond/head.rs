//! The header fields of answers that carry an object.

use std::time::{SystemTime, UNIX_EPOCH};

use forebay_store::Key;
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_TYPE, ETAG, LAST_MODIFIED,
    VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue};

use super::select::Selected;
use crate::cache_control::CachePolicy;
use crate::content_type::ContentType;
use crate::disposition::attachment;
use crate::query::Query;

/// What 200, 206 and 304 have in common (RFC 9110 §15.4.5).
pub(super) fn common(chosen: &Selected, policy: Option<CachePolicy<'_>>, now: SystemTime) -> HeaderMap {
    let meta = chosen.object.meta();
    let mut headers = HeaderMap::with_capacity(10);
    if let Some(tag) = meta.validator.as_ref() {
        let value = if chosen.weakens() {
            HeaderValue::from_bytes(&[b"W/\"", tag.opaque(), b"\""].concat())
        } else {
            HeaderValue::from_maybe_shared(tag.text().clone())
        };
        if let Ok(value) = value {
            headers.insert(ETAG, value);
        }
    }
    if let Some(value) = meta.modified.and_then(|modified| http_date(modified.min(now))) {
        headers.insert(LAST_MODIFIED, value);
    }
    if let Some(policy) = policy {
        headers.insert(CACHE_CONTROL, policy.value.clone());
    }
    if chosen.varies {
        headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    }
    headers
}

/// What describes the content.
pub(super) fn content(
    headers: &mut HeaderMap,
    chosen: &Selected,
    kind: ContentType,
    key: &Key,
    query: Option<&Query>,
) {
    headers.insert(CONTENT_TYPE, kind.value);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let ranges = if chosen.weakens() { "none" } else { "bytes" };
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static(ranges));
    if let Some(coding) = chosen.coding() {
        headers.insert(CONTENT_ENCODING, coding.header());
    }
    if let Some(name) = query.and_then(|query| query.download.as_deref()) {
        let own = || key.as_bytes().rsplit(|&byte| byte == b'/').next().unwrap_or_default();
        let name = if name.is_empty() { own() } else { name };
        headers.insert(CONTENT_DISPOSITION, attachment(name));
    }
}

/// An HTTP date. Files of one directory share few times, so each thread keeps the last few ready.
fn http_date(time: SystemTime) -> Option<HeaderValue> {
    use std::cell::RefCell;
    const KEPT: usize = 16;
    thread_local! {
        static RECENT: RefCell<[Option<(u64, HeaderValue)>; KEPT]> = const { RefCell::new([const { None }; KEPT]) };
    }
    let seconds = time.duration_since(UNIX_EPOCH).ok()?.as_secs();
    RECENT.with_borrow_mut(|recent| {
        let slot = &mut recent[seconds as usize % KEPT];
        match slot {
            Some((kept, value)) if *kept == seconds => Some(value.clone()),
            _ => {
                let value = HeaderValue::try_from(httpdate::fmt_http_date(time)).ok()?;
                *slot = Some((seconds, value.clone()));
                Some(value)
            }
        }
    })
}
