//! Whether an answer holds the bytes that were asked for.
//!
//! A pure decision: everything that decides is in the arguments. What passes here is written at an offset of somebody's file, so
//! an answer that does not say exactly which bytes it holds does not pass.

use forebay_store::ByteRange;
use forebay_store::origin::ContentRange;
use http::StatusCode;

/// What an answer turned out to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held {
    /// All of the object.
    Whole,
    /// These bytes, of an object of this length.
    Part(ByteRange, u64),
}

/// Whether an answer with this head holds what was asked for. `Err` says what is wrong with it.
pub(crate) fn judge(
    asked: Option<ByteRange>,
    status: StatusCode,
    content_range: Option<&str>,
    content_len: Option<u64>,
) -> Result<Held, String> {
    let Some(asked) = asked else {
        return match (status, content_range) {
            (StatusCode::OK, None) => Ok(Held::Whole),
            _ => Err(format!(
                "asked for all of the object, the server answered {} with a part",
                status.as_u16()
            )),
        };
    };
    if status == StatusCode::OK {
        return match asked.start() {
            0 => Ok(Held::Whole),
            start => Err(format!(
                "the server ignored the range and sent the object from its start, not from byte {start}"
            )),
        };
    }
    if status != StatusCode::PARTIAL_CONTENT {
        return Err(format!("asked for a range, the server answered {}", status.as_u16()));
    }
    let text = content_range.ok_or("a part came without Content-Range")?;
    let Ok(ContentRange::Bytes { range, len: Some(total) }) = ContentRange::parse(text.as_bytes()) else {
        return Err(format!("Content-Range makes no sense: {}", text.escape_debug()));
    };
    let wanted = ByteRange::new(asked.start(), asked.end().min(total));
    if wanted != Some(range) {
        return Err(format!("asked for bytes {asked} of {total}, the server sent {range}"));
    }
    if content_len.is_some_and(|len| len != range.len()) {
        return Err(format!("Content-Range says {} bytes, Content-Length another number", range.len()));
    }
    Ok(Held::Part(range, total))
}

#[cfg(test)]
mod tests {
    use super::{Held, judge};
    use forebay_store::ByteRange;
    use http::StatusCode;
    use proptest::prelude::*;

    #[test]
    fn what_is_not_exactly_what_was_asked_for_does_not_pass() {
        let ok = StatusCode::OK;
        let part = StatusCode::PARTIAL_CONTENT;
        let range = |start, end| ByteRange::new(start, end).unwrap();
        let asked = Some(range(5, 20));
        let rows = [
            (None, ok, None, None, Ok(Held::Whole)),
            (None, part, Some("bytes 0-9/10"), None, Err(())),
            (asked, part, Some("bytes 5-19/30"), Some(15), Ok(Held::Part(range(5, 20), 30))),
            (asked, part, Some("bytes 5-9/10"), Some(5), Ok(Held::Part(range(5, 10), 10))),
            (asked, part, Some("bytes 5-9/10"), Some(6), Err(())),
            (asked, part, Some("bytes 5-9/30"), Some(5), Err(())),
            (asked, part, Some("bytes 4-19/30"), None, Err(())),
            (asked, part, Some("bytes 5-20/30"), None, Err(())),
            (asked, part, Some("bytes 5-19/*"), None, Err(())),
            (asked, part, None, Some(15), Err(())),
            (asked, ok, None, None, Err(())),
            (Some(range(0, 4)), ok, None, None, Ok(Held::Whole)),
            (asked, StatusCode::NO_CONTENT, None, None, Err(())),
        ];
        for (asked, status, content_range, len, expected) in rows {
            let found = judge(asked, status, content_range, len);
            assert_eq!(
                found.clone().map_err(drop),
                expected,
                "{asked:?} {status} {content_range:?}: {found:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn what_passes_begins_where_it_was_asked_to(
            start in 0u64..100, len in 1u64..100, text in "(bytes )?[0-9]{1,3}-[0-9]{1,3}/([0-9]{1,3}|\\*)",
            content_len in prop::option::of(0u64..100),
        ) {
            let asked = ByteRange::new(start, start + len).unwrap();
            let held = judge(Some(asked), StatusCode::PARTIAL_CONTENT, Some(&text), content_len);
            if let Ok(Held::Part(range, total)) = held {
                prop_assert_eq!(range.start(), start);
                prop_assert!(range.end() == asked.end() || range.end() == total);
                prop_assert!(content_len.is_none_or(|len| len == range.len()));
            }
        }
    }
}
