//! The decision: which of the seven answers a GET or HEAD of an existing object gets.
//!
//! Pure and total. It is taken on the representation that would be sent (a precompressed neighbour
//! has a length and a tag of its own), before a byte is read or a lease is asked for.

use std::time::SystemTime;

use crate::conditional::{Conditions, Validators, Verdict};
use crate::range::{Selection, Span, select};

/// What to answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// 200 with the whole representation.
    Whole,
    /// 206 with one run of bytes.
    Part(Span),
    /// 206 with `multipart/byteranges`.
    Parts(Vec<Span>),
    /// 304 without a body.
    NotModified,
    /// 412.
    PreconditionFailed,
    /// 416 with `Content-Range: bytes */len`.
    RangeNotSatisfiable,
}

/// Whether a representation can be cut: one compressed on the way cannot, its bytes are not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// This many bytes.
    Known(u64),
    /// Ranges of it make no sense.
    Unknown,
}

/// Decides. `HEAD` is decided like `GET`, ranges included: its head is that of the GET, lengths
/// computed and nothing read. (RFC 9110 §14.2 defines ranges for GET alone; clients that probe
/// with HEAD expect the 206, and every large server sends it.)
#[must_use]
pub fn decide(
    conditions: &Conditions<'_>,
    selected: &Validators<'_>,
    extent: Extent,
    now: SystemTime,
) -> Decision {
    if conditions.is_empty() {
        return Decision::Whole;
    }
    match conditions.evaluate(selected) {
        Verdict::Failed => return Decision::PreconditionFailed,
        Verdict::NotModified => return Decision::NotModified,
        Verdict::Proceed => {}
    }
    let (Some(range), Extent::Known(len)) = (conditions.range(), extent) else { return Decision::Whole };
    if !conditions.range_applies(selected, now) {
        return Decision::Whole;
    }
    match select(range, len) {
        Selection::Whole => Decision::Whole,
        Selection::One(span) => Decision::Part(span),
        Selection::Many(spans) => Decision::Parts(spans),
        Selection::Unsatisfiable => Decision::RangeNotSatisfiable,
    }
}
