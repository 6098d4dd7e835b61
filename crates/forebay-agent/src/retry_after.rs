//! How long a server wants to be left alone.

use std::time::{Duration, SystemTime};

use http::HeaderValue;

/// `Retry-After` in seconds, or as a date (RFC 9110 §10.2.3).
pub(crate) fn retry_after(value: &HeaderValue) -> Option<Duration> {
    let text = value.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = httpdate::parse_http_date(text).ok()?;
    Some(at.duration_since(SystemTime::now()).unwrap_or_default())
}
