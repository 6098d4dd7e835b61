//! `Retry-After` (RFC 9110 §10.2.3): seconds, or a date.

use std::time::{Duration, SystemTime};

use http::header::{DATE, HeaderMap, RETRY_AFTER};

/// How long the answer asks to wait. A date counts from the answer's own `Date`, or from `now` where it has none; one that is past
/// asks for no wait. What cannot be read is none.
pub fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More than fits is long in any case.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::from(u32::MAX))));
    }
    let until = httpdate::parse_http_date(text).ok()?;
    let date = headers.get(DATE).and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok());
    Some(until.duration_since(date.unwrap_or(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use http::header::{DATE, HeaderMap, RETRY_AFTER};

    use super::retry_after;

    #[test]
    fn seconds_and_dates_are_waits() {
        let wait = |text: &str| {
            let headers = HeaderMap::from_iter([
                (RETRY_AFTER, text.parse().unwrap()),
                (DATE, "Tue, 15 Nov 1994 08:12:31 GMT".parse().unwrap()),
            ]);
            retry_after(&headers, SystemTime::now()).map(|wait| wait.as_secs())
        };
        assert_eq!(wait("120"), Some(120));
        assert_eq!(wait("Tue, 15 Nov 1994 08:13:01 GMT"), Some(30));
        assert_eq!(wait("Tue, 15 Nov 1994 08:12:01 GMT"), Some(0));
        assert_eq!(wait("99999999999999999999999"), Some(u64::from(u32::MAX)));
        for text in ["", "-1", "+1", "1.5", "soon"] {
            assert_eq!(wait(text), None, "{text:?}");
        }
        let own_clock =
            HeaderMap::from_iter([(RETRY_AFTER, "Thu, 01 Jan 1970 00:01:00 GMT".parse().unwrap())]);
        assert_eq!(retry_after(&own_clock, SystemTime::UNIX_EPOCH), Some(Duration::from_secs(60)));
    }
}
