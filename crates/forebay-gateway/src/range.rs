//! `Range` (RFC 9110 §14): which bytes of a representation a request selects.
//!
//! One small header must never cost more than the object it names. `bytes=0-,0-,0-…` took a well
//! known file server from 5 MB to 4.3 GB, and a HEAD did the same. Two guards close that door:
//!
//! - **count**: more than [`RANGES_MAX`] range specs, and the header is ignored (200). RFC 9110
//!   §14.2 lets a server ignore what looks like an attack or a broken client.
//! - **sum**: ranges that overlap, touch, or lie closer than [`PART_OVERHEAD`] are coalesced
//!   (§15.3.7.2 allows it in any order). What remains is disjoint with gaps of at least one part
//!   header, hence `sum(lengths) + (parts − 1) × PART_OVERHEAD ≤ len`: no answer exceeds the whole
//!   object by more than one part header. The property tests hold us to it.
//!
//! Everything else follows the RFC: positions past the end are clamped, a suffix longer than the
//! object is the object, unsatisfiable specs are dropped as long as one can be satisfied, other
//! units and malformed headers are ignored. Numbers too large for 64 bits saturate: they are
//! valid, and lie past the end of anything. On an empty object the header is ignored, because no
//! `Content-Range` can describe zero bytes and clients that always send `bytes=0-` mean "all".

/// More range specs than this in one header, and the header is ignored.
pub const RANGES_MAX: usize = 64;

/// What one part of a `multipart/byteranges` body costs beside its bytes, rounded up. Gaps smaller
/// than this are cheaper sent than described.
pub const PART_OVERHEAD: u64 = 256;

/// A satisfiable run of bytes: `first` to `last`, both inclusive, both within the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// Offset of the first byte.
    pub first: u64,
    /// Offset of the last byte; never before `first`.
    pub last: u64,
}

impl Span {
    /// Number of bytes, at least 1.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a span is never empty")]
    pub const fn len(&self) -> u64 {
        self.last - self.first + 1
    }
}

/// What a `Range` header selects from an object of a given length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// No usable header: answer 200 with the whole object.
    Whole,
    /// One run of bytes: 206 with `Content-Range`.
    One(Span),
    /// Two or more disjoint runs: 206 with `multipart/byteranges`, in this order.
    Many(Vec<Span>),
    /// Valid, but nothing in it lies within the object: 416 with `Content-Range: bytes */len`.
    Unsatisfiable,
}

/// Selects from an object of `len` bytes by the value of one `Range` header field.
///
/// Never fails: what is malformed selects the whole object, as RFC 9110 §14.2 says.
#[must_use]
pub fn select(header: &[u8], len: u64) -> Selection {
    let Some(set) = bytes_unit(header) else { return Selection::Whole };
    if len == 0 {
        return Selection::Whole;
    }
    let mut first: Option<Span> = None;
    let mut more: Vec<Span> = Vec::new();
    let mut seen = 0_usize;
    for spec in set.split(|&b| b == b',').map(trim).filter(|s| !s.is_empty()) {
        seen += 1;
        if seen > RANGES_MAX {
            return Selection::Whole;
        }
        match resolve(spec, len) {
            Spec::Malformed => return Selection::Whole,
            Spec::Outside => {}
            Spec::Inside(span) if first.is_none() => first = Some(span),
            Spec::Inside(span) => more.push(span),
        }
    }
    match (first, seen) {
        (_, 0) => Selection::Whole,
        (None, _) => Selection::Unsatisfiable,
        (Some(span), _) if more.is_empty() => Selection::One(span),
        (Some(span), _) => {
            more.insert(0, span);
            coalesce(more)
        }
    }
}

/// What a `Range` header will select, as far as it can be told without knowing the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outlook {
    /// The whole object, however long it is.
    Whole,
    /// One run of bytes, of which those within the object are selected; without a last byte, up to its end.
    Part {
        /// Offset of the first byte.
        first: u64,
        /// Offset of the last byte; never before `first`.
        last: Option<u64>,
    },
    /// That depends on the length, or there are several.
    Unknown,
}

/// Looks ahead: for whoever has to ask for bytes before he can ask how many there are.
#[must_use]
pub fn outlook(header: &[u8]) -> Outlook {
    let Some(set) = bytes_unit(header) else { return Outlook::Whole };
    let mut specs = set.split(|&b| b == b',').map(trim).filter(|s| !s.is_empty());
    let Some(spec) = specs.next() else { return Outlook::Whole };
    if specs.next().is_some() {
        return Outlook::Unknown;
    }
    let Some(dash) = spec.iter().position(|&b| b == b'-') else { return Outlook::Whole };
    match (position(&spec[..dash]), position(&spec[dash + 1..])) {
        (Position::At(first), Position::Absent) => Outlook::Part { first, last: None },
        (Position::At(first), Position::At(last)) if first <= last => {
            Outlook::Part { first, last: Some(last) }
        }
        (Position::Absent, Position::At(_)) => Outlook::Unknown,
        _ => Outlook::Whole,
    }
}

enum Spec {
    Malformed,
    Outside,
    Inside(Span),
}

/// The range set behind `bytes=`; unit names are case-insensitive (§14.1).
fn bytes_unit(header: &[u8]) -> Option<&[u8]> {
    let header = trim(header);
    let (unit, rest) = header.split_at_checked(5)?;
    if !unit.eq_ignore_ascii_case(b"bytes") {
        return None;
    }
    rest.strip_prefix(b"=")
}

fn resolve(spec: &[u8], len: u64) -> Spec {
    let Some(dash) = spec.iter().position(|&b| b == b'-') else { return Spec::Malformed };
    let (from, to) = (&spec[..dash], &spec[dash + 1..]);
    match (position(from), position(to)) {
        (Position::Absent, Position::At(suffix)) => match suffix {
            0 => Spec::Outside,
            n => Spec::Inside(Span { first: len.saturating_sub(n), last: len - 1 }),
        },
        (Position::At(first), Position::Absent) => inside(first, len - 1, len),
        (Position::At(first), Position::At(last)) if first <= last => inside(first, last, len),
        _ => Spec::Malformed,
    }
}

fn inside(first: u64, last: u64, len: u64) -> Spec {
    if first >= len {
        return Spec::Outside;
    }
    Spec::Inside(Span { first, last: last.min(len - 1) })
}

enum Position {
    Absent,
    At(u64),
    Malformed,
}

fn position(digits: &[u8]) -> Position {
    if digits.is_empty() {
        return Position::Absent;
    }
    let mut value = 0_u64;
    for &digit in digits {
        if !digit.is_ascii_digit() {
            return Position::Malformed;
        }
        value = value.saturating_mul(10).saturating_add(u64::from(digit - b'0'));
    }
    Position::At(value)
}

/// Keeps the order asked for while every gap is worth a part of its own; otherwise sorts and merges.
fn coalesce(mut spans: Vec<Span>) -> Selection {
    let mut sorted = spans.clone();
    sorted.sort_unstable();
    let worth_a_part = |a: &Span, b: &Span| b.first > a.last && b.first - a.last > PART_OVERHEAD;
    if !sorted.windows(2).all(|pair| worth_a_part(&pair[0], &pair[1])) {
        spans.clear();
        for span in sorted {
            match spans.last_mut() {
                Some(open) if !worth_a_part(open, &span) => open.last = open.last.max(span.last),
                _ => spans.push(span),
            }
        }
    }
    match spans.as_slice() {
        [one] => Selection::One(*one),
        _ => Selection::Many(spans),
    }
}

fn trim(bytes: &[u8]) -> &[u8] {
    bytes.trim_ascii()
}
