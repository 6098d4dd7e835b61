//! Preconditions of a write: RFC 9110 §13.2.2 for a method that is not safe.
//!
//! They are judged twice. Here against what is there now, so that a client is told before it sends a gigabyte; and by the store at the moment in
//! which it publishes. What is handed on to the store is the narrowest condition that says the same at that moment: nothing has this name, or
//! the version that was judged still has it.

use forebay_store::remote::Condition;
use forebay_store::{Meta, Strength};
use http::HeaderMap;

use crate::conditional::{Conditions, Validators, Verdict};
use crate::error::Failure;
use crate::etag::EntityTag;

/// The condition for the store. `current` is what has the name now.
pub(super) fn of(headers: &HeaderMap, current: Option<&Meta>) -> Result<Condition, Failure> {
    let asked = Conditions::of(headers).of_a_change();
    if asked.is_empty() {
        return Ok(Condition::Always);
    }
    let Some(current) = current else {
        return match (asked.wants_match(), asked.wants_none_match()) {
            (true, _) => Err(Failure::PreconditionFailed),
            (false, true) => Ok(Condition::Absent),
            (false, false) => Ok(Condition::Always),
        };
    };
    let etag = current.validator.as_ref().map(|validator| EntityTag {
        weak: validator.strength() == Strength::Weak,
        opaque: validator.opaque(),
    });
    match asked.evaluate(&Validators { etag, modified: current.modified }) {
        Verdict::Proceed => {}
        Verdict::NotModified | Verdict::Failed => return Err(Failure::PreconditionFailed),
    }
    let strong = current.validator.as_ref().filter(|validator| validator.strength() == Strength::Strong);
    match strong {
        Some(version) if asked.depends_on_version() => Ok(Condition::Matches(version.clone())),
        _ => Ok(Condition::Always),
    }
}

/// The same condition, and that this version is still there, where it can be told from others.
pub(super) fn narrowed(asked: Condition, current: &Meta) -> Condition {
    match (&current.validator, &asked) {
        (Some(version), Condition::Always) if version.strength() == Strength::Strong => {
            Condition::Matches(version.clone())
        }
        _ => asked,
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use forebay_store::{Access, Kind, Validator};
    use http::HeaderValue;
    use http::header::{HeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE};

    use super::*;

    fn meta(tag: &[u8]) -> Meta {
        Meta {
            kind: Kind::File,
            len: 1,
            modified: Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000)),
            validator: Validator::parse(tag),
            access: Access::Ranges,
            attributes: None,
            age_s: None,
        }
    }

    #[test]
    fn the_table_of_what_a_write_may_depend_on() {
        const EARLIER: &str = "Sun, 09 Sep 2001 01:46:39 GMT";
        const THEN: &str = "Sun, 09 Sep 2001 01:46:40 GMT";
        let (strong, weak) = (meta(b"\"a\""), meta(b"W/\"a\""));
        let same = || Some(Condition::Matches(Validator::parse(b"\"a\"").unwrap()));
        let always = || Some(Condition::Always);
        // What is asked; what it means where nothing is, where `"a"` is, where `W/"a"` is. `None` is 412.
        let rows: [(HeaderName, &str, [Option<Condition>; 3]); 10] = [
            (IF_MATCH, "*", [None, same(), always()]),
            (IF_MATCH, "\"a\"", [None, same(), None]),
            (IF_MATCH, "\"b\", \"a\"", [None, same(), None]),
            (IF_MATCH, "\"b\"", [None, None, None]),
            (IF_NONE_MATCH, "*", [Some(Condition::Absent), None, None]),
            (IF_NONE_MATCH, "\"a\"", [Some(Condition::Absent), None, None]),
            (IF_NONE_MATCH, "\"b\"", [Some(Condition::Absent), same(), always()]),
            (IF_UNMODIFIED_SINCE, THEN, [always(), same(), always()]),
            (IF_UNMODIFIED_SINCE, EARLIER, [always(), None, None]),
            // Not for methods that change something (§13.1.3).
            (IF_MODIFIED_SINCE, THEN, [always(), always(), always()]),
        ];
        for (name, value, expected) in rows {
            let headers = HeaderMap::from_iter([(name.clone(), HeaderValue::from_static(value))]);
            let currents = [None, Some(&strong), Some(&weak)];
            for (current, expected) in currents.into_iter().zip(expected) {
                assert_eq!(of(&headers, current).ok(), expected, "{name}: {value} at {current:?}");
            }
        }
        assert_eq!(of(&HeaderMap::new(), Some(&strong)).ok(), always());
    }

    #[test]
    fn who_may_only_overwrite_writes_over_what_was_there_and_makes_nothing_anew() {
        let same = Condition::Matches(Validator::parse(b"\"a\"").unwrap());
        assert_eq!(narrowed(Condition::Always, &meta(b"\"a\"")), same);
        assert_eq!(narrowed(Condition::Always, &meta(b"W/\"a\"")), Condition::Always, "it cannot be told");
        assert_eq!(narrowed(Condition::Absent, &meta(b"\"a\"")), Condition::Absent);
    }
}
