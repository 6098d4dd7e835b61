//! The header fields of answers that carry an object.

use std::time::{SystemTime, UNIX_EPOCH};

use forebay_store::{Access, Key, Object};
use http::header::{
    ACCEPT_RANGES, AGE, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_TYPE,
    ETAG, EXPIRES, HeaderName, LAST_MODIFIED, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue};

use super::select::{Selected, coding_of};
use crate::cache_control::CachePolicy;
use crate::content_type::{self, ContentType};
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
    let stored = meta.attributes.as_deref();
    match policy {
        Some(policy) => drop(headers.insert(CACHE_CONTROL, policy.value.clone())),
        None => {
            put(&mut headers, CACHE_CONTROL, stored.and_then(|stored| stored.cache_control.as_deref()));
            put(&mut headers, EXPIRES, stored.and_then(|stored| stored.expires.as_deref()));
            // What caches before us used up of its freshness is not given again to those behind us (RFC 9111 §5.1).
            if let Some(age) = meta.age_s {
                headers.insert(AGE, HeaderValue::from(age));
            }
        }
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
    let can_cut = !chosen.weakens() && chosen.object.meta().access == Access::Ranges;
    let ranges = if can_cut { "bytes" } else { "none" };
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static(ranges));
    let stored = chosen.object.meta().attributes.as_deref();
    match chosen.coding() {
        Some(coding) => drop(headers.insert(CONTENT_ENCODING, coding.header())),
        None => put(headers, CONTENT_ENCODING, coding_of(&chosen.object)),
    }
    put(headers, CONTENT_LANGUAGE, stored.and_then(|stored| stored.content_language.as_deref()));
    put(headers, CONTENT_DISPOSITION, stored.and_then(|stored| stored.content_disposition.as_deref()));
    if let Some(name) = query.and_then(|query| query.download.as_deref()) {
        let own = || key.as_bytes().rsplit(|&byte| byte == b'/').next().unwrap_or_default();
        let name = if name.is_empty() { own() } else { name };
        headers.insert(CONTENT_DISPOSITION, attachment(name));
    }
}

/// The type that was stored with the object, if it says anything, else that of its name. S3 gives `binary/octet-stream` to
/// whatever was stored without one.
pub(super) fn content_type(object: &Object, key: &Key) -> ContentType {
    let stored = object.meta().attributes.as_ref().and_then(|stored| stored.content_type.as_deref());
    stored
        .filter(|stored| *stored != "binary/octet-stream")
        .and_then(ContentType::stored)
        .unwrap_or_else(|| content_type::of(key.as_bytes()))
}

/// Whether what is stored with the object forbids to change its form (RFC 9111 §5.2.2.6).
pub(super) fn forbids_transform(object: &Object) -> bool {
    let stored = object.meta().attributes.as_ref().and_then(|stored| stored.cache_control.as_deref());
    stored.is_some_and(|stored| {
        stored.split(',').any(|directive| directive.trim().eq_ignore_ascii_case("no-transform"))
    })
}

/// Adds a field that is stored with an object, if it can be one.
fn put(headers: &mut HeaderMap, name: HeaderName, stored: Option<&str>) {
    if let Some(value) = stored.and_then(|stored| HeaderValue::try_from(stored).ok()) {
        headers.insert(name, value);
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
