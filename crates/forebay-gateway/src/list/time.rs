//! Times of listings: RFC 3339 for programs, the same with less ink for people. Always UTC: the server's
//! time zone is nobody's business, and without JavaScript the client's is not known.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The last second that can be written, 9999-12-31T23:59:59Z.
const LAST: Duration = Duration::from_secs(253_402_300_799);

/// `2026-11-21T03:04:05Z`. What lies outside of the years 1970 to 9999 is cut to them.
pub(super) fn rfc3339(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default().min(LAST);
    humantime::format_rfc3339_seconds(UNIX_EPOCH + since).to_string()
}

/// `2026-11-21 03:04`.
pub(super) fn short(rfc3339: &str) -> String {
    rfc3339.chars().take(16).map(|c| if c == 'T' { ' ' } else { c }).collect()
}
