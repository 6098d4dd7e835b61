//! Conditional reads in the order of RFC 9110 §13.2.2.

use std::time::{Duration, SystemTime};

use super::head::RequestHead;

/// What the conditions of a request come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Go,
    Failed,
    NotModified,
}

/// Judges a read of what has this tag and was written then.
pub(crate) fn judge(head: &RequestHead, etag: &str, modified: SystemTime) -> Verdict {
    match (head.field("if-match"), head.field("if-unmodified-since")) {
        (Some(tags), _) if !lists(tags, etag, Strength::Strong) => return Verdict::Failed,
        (None, Some(date)) if is_after(modified, date) => return Verdict::Failed,
        _ => {}
    }
    match (head.field("if-none-match"), head.field("if-modified-since")) {
        (Some(tags), _) if lists(tags, etag, Strength::Weak) => Verdict::NotModified,
        (None, Some(date)) if !is_after(modified, date) => Verdict::NotModified,
        _ => Verdict::Go,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Strength {
    Weak,
    Strong,
}

/// Whether a list of tags has this one.
fn lists(tags: &str, etag: &str, strength: Strength) -> bool {
    if strength == Strength::Strong && etag.starts_with("W/") {
        return false;
    }
    let bare = |tag: &str| tag.trim().trim_start_matches("W/").trim_matches('"').to_owned();
    tags.split(',').any(|tag| {
        let weak = tag.trim().starts_with("W/");
        tag.trim() == "*" || ((!weak || strength == Strength::Weak) && bare(tag) == bare(etag))
    })
}

/// Whether it was written after the date, in whole seconds. A date that is none is after everything.
fn is_after(modified: SystemTime, date: &str) -> bool {
    httpdate::parse_http_date(date).is_ok_and(|date| modified >= date + Duration::from_secs(1))
}

/// Whether a write may happen over what is there (`None`: nothing).
pub(crate) fn may_write(head: &RequestHead, there: Option<&str>) -> bool {
    let absent =
        head.field("if-none-match").is_none_or(|tags| there.is_none_or(|t| !lists(tags, t, Strength::Weak)));
    let same =
        head.field("if-match").is_none_or(|tags| there.is_some_and(|t| lists(tags, t, Strength::Strong)));
    absent && same
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(name: &str, value: &str) -> RequestHead {
        RequestHead { fields: vec![(name.into(), value.into())], ..RequestHead::default() }
    }

    #[test]
    fn conditions_are_judged_as_the_standard_says() {
        let at = SystemTime::UNIX_EPOCH + Duration::from_millis(1_000_500);
        let second = httpdate::fmt_http_date(at);
        let before = httpdate::fmt_http_date(at - Duration::from_secs(1));
        for (name, value, verdict) in [
            ("if-match", "\"a\"", Verdict::Go),
            ("if-match", "\"b\", *", Verdict::Go),
            ("if-match", "\"b\"", Verdict::Failed),
            ("if-match", "W/\"a\"", Verdict::Failed),
            ("if-none-match", "W/\"a\"", Verdict::NotModified),
            ("if-none-match", "\"b\"", Verdict::Go),
            ("if-unmodified-since", second.as_str(), Verdict::Go),
            ("if-unmodified-since", before.as_str(), Verdict::Failed),
            ("if-modified-since", second.as_str(), Verdict::NotModified),
            ("if-modified-since", before.as_str(), Verdict::Go),
        ] {
            assert_eq!(judge(&head(name, value), "\"a\"", at), verdict, "{name}: {value}");
        }
    }

    #[test]
    fn a_write_may_ask_for_nothing_or_for_the_same() {
        assert!(may_write(&head("if-none-match", "*"), None));
        assert!(!may_write(&head("if-none-match", "*"), Some("\"a\"")));
        assert!(may_write(&head("if-match", "\"a\""), Some("\"a\"")));
        assert!(!may_write(&head("if-match", "\"a\""), None));
    }
}
