//! What to ask a store for, before anything is known of the object.
//!
//! A store across a network is asked once if it is asked for the bytes that the answer will have; its answer's head then decides between
//! 200, 206, 304, 412 and 416, and where the bytes turn out to be of no use they are dropped. Where a request makes that likely (a client
//! that revalidates what it has), or does not tell which bytes it will be (the last hundred, several ranges, `If-Range`), the head
//! is asked for first.

use forebay_store::ByteRange;
use http::Method;
use http::request::Parts;

use crate::conditional::Conditions;
use crate::range::{Outlook, outlook};

/// What to open an object for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ahead {
    /// To look at it.
    Head,
    /// To read it: all, or a range that may end beyond it.
    Bytes(Option<ByteRange>),
}

/// What a request will most likely need.
pub(crate) fn of(head: &Parts) -> Ahead {
    let conditions = Conditions::of(&head.headers);
    if head.method != Method::GET || conditions.wants_head_first() {
        return Ahead::Head;
    }
    match conditions.range().map(outlook) {
        None | Some(Outlook::Whole) => Ahead::Bytes(None),
        Some(Outlook::Part { first, last }) => {
            let end = last.map_or(u64::MAX, |last| last.saturating_add(1));
            match ByteRange::new(first, end).filter(|range| !range.is_empty()) {
                Some(range) => Ahead::Bytes(Some(range)),
                None => Ahead::Head,
            }
        }
        Some(Outlook::Unknown) => Ahead::Head,
    }
}

#[cfg(test)]
mod tests {
    use forebay_store::ByteRange;
    use http::Request;

    use super::{Ahead, of};

    #[test]
    fn a_request_is_read_for_what_it_will_need() {
        let part = |start, end| Ahead::Bytes(ByteRange::new(start, end));
        let rows = [
            ("GET", "", Ahead::Bytes(None)),
            ("HEAD", "", Ahead::Head),
            ("GET", "if-match: \"a\"", Ahead::Bytes(None)),
            ("GET", "if-none-match: \"a\"", Ahead::Head),
            ("GET", "if-modified-since: x", Ahead::Head),
            ("GET", "range: bytes=5-9", part(5, 10)),
            ("GET", "range: bytes=5-", part(5, u64::MAX)),
            ("GET", "range: bytes=-5", Ahead::Head),
            ("GET", "range: bytes=0-1,5-9", Ahead::Head),
            ("GET", "range: lines=5-9", Ahead::Bytes(None)),
            ("GET", "range: bytes=18446744073709551615-", Ahead::Head),
        ];
        for (method, field, wanted) in rows {
            let request = Request::builder().method(method).uri("/a");
            let request = match field.split_once(": ") {
                Some((name, value)) => request.header(name, value),
                None => request,
            };
            let (head, ()) = request.body(()).unwrap().into_parts();
            assert_eq!(of(&head), wanted, "{method} {field}");
        }
        let resumed = Request::get("/a").header("range", "bytes=5-").header("if-range", "\"a\"");
        assert_eq!(of(&resumed.body(()).unwrap().into_parts().0), Ahead::Head);
    }
}
