//! Who this request is: W3C `traceparent` and `X-Request-Id`, taken if they are well-formed, else made.
//!
//! Random numbers here need to be unlike each other, not secret: one generator per thread, seeded by the
//! operating system through the standard library's hasher.

use std::cell::Cell;
use std::fmt;
use std::hash::{BuildHasher, RandomState};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

pub(super) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest request id that is taken from a client, in bytes.
const REQUEST_ID_MAX: usize = 64;

/// 16 bytes in lowercase hexadecimal, not all zero.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceId([u8; 32]);

/// 8 bytes in lowercase hexadecimal, not all zero.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SpanId([u8; 16]);

/// 1 to 64 visible characters without quotes, backslashes, commas or semicolons.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestId {
    text: [u8; REQUEST_ID_MAX],
    len: u8,
}

/// The identity of a request, as an extension that the layer sets for the service: to send it on to
/// others, and to put it into its own log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestTrace {
    /// The trace that the request belongs to.
    pub trace_id: TraceId,
    /// The caller's span, if it sent one.
    pub parent_id: Option<SpanId>,
    /// The span of this request.
    pub span_id: SpanId,
    /// The trace flags: bit 0 is *sampled*.
    pub flags: u8,
    /// `X-Request-Id`, or the span if the client sent none.
    pub request_id: RequestId,
    /// Whether the client sent one of the two.
    pub(super) asked: bool,
}

// ===== impl RequestTrace =====

impl RequestTrace {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let parent = traceparent(headers);
        let request_id = headers.get(X_REQUEST_ID).and_then(|id| RequestId::parse(id.as_bytes()));
        let asked = parent.is_some() || request_id.is_some();
        let span_id = SpanId(hex(random()));
        let trace_id = parent.map_or_else(TraceId::random, |parent| parent.trace_id);
        Self {
            trace_id,
            parent_id: parent.map(|parent| parent.span_id),
            span_id,
            flags: parent.map_or(0, |parent| parent.flags),
            request_id: request_id.unwrap_or_else(|| RequestId::of(span_id.as_str())),
            asked,
        }
    }

    /// The `traceparent` to send to others on behalf of this request.
    #[must_use]
    pub fn traceparent(&self) -> HeaderValue {
        let mut text = [b'-'; 55];
        text[..2].copy_from_slice(b"00");
        text[3..35].copy_from_slice(&self.trace_id.0);
        text[36..52].copy_from_slice(&self.span_id.0);
        text[53..].copy_from_slice(&hex::<2>(u64::from(self.flags)));
        value(&text)
    }

    /// The `x-request-id` to send.
    #[must_use]
    pub fn request_id(&self) -> HeaderValue {
        value(self.request_id.as_str().as_bytes())
    }
}

fn value(text: &[u8]) -> HeaderValue {
    HeaderValue::from_maybe_shared(Bytes::copy_from_slice(text)).expect("visible ASCII")
}

#[derive(Clone, Copy)]
struct Parent {
    trace_id: TraceId,
    span_id: SpanId,
    flags: u8,
}

/// W3C Trace Context level 1: one header, version `00` exactly, later versions by their known prefix.
fn traceparent(headers: &HeaderMap) -> Option<Parent> {
    let mut lines = headers.get_all(TRACEPARENT).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else { return None };
    parse(line.as_bytes())
}

fn parse(text: &[u8]) -> Option<Parent> {
    let (known, rest) = text.split_at_checked(55)?;
    let dashes = known[2] == b'-' && known[35] == b'-' && known[52] == b'-';
    let version = byte(&known[..2])?;
    let tail = rest.is_empty() || version > 0 && rest[0] == b'-';
    if !dashes || !tail || version == 0xff {
        return None;
    }
    let trace_id = TraceId(lowercase_hex(&known[3..35])?);
    let span_id = SpanId(lowercase_hex(&known[36..52])?);
    Some(Parent { trace_id, span_id, flags: byte(&known[53..])? })
}

/// The digits, if they are lowercase hexadecimal and not all zero.
fn lowercase_hex<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    let digits: [u8; N] = text.try_into().ok()?;
    let hex = digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    (hex && digits.iter().any(|digit| *digit != b'0')).then_some(digits)
}

fn byte(text: &[u8]) -> Option<u8> {
    let digit = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    Some(digit(text[0])? << 4 | digit(text[1])?)
}

// ===== impl ids =====

impl TraceId {
    fn random() -> Self {
        let mut digits = [0; 32];
        digits[..16].copy_from_slice(&hex::<16>(random()));
        digits[16..].copy_from_slice(&hex::<16>(random()));
        Self(digits)
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl SpanId {
    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl RequestId {
    fn parse(text: &[u8]) -> Option<Self> {
        let sane = |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\' | b',' | b';');
        let fits = (1..=REQUEST_ID_MAX).contains(&text.len());
        (fits && text.iter().all(sane)).then(|| Self::copy(text))
    }

    fn of(text: &str) -> Self {
        Self::copy(text.as_bytes())
    }

    fn copy(from: &[u8]) -> Self {
        let mut text = [0; REQUEST_ID_MAX];
        text[..from.len()].copy_from_slice(from);
        Self { text, len: from.len() as u8 }
    }

    /// The characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.text[..usize::from(self.len)]).unwrap_or_default()
    }
}

macro_rules! shown_as_text {
    ($($id:ty)*) => {$(
        impl fmt::Display for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl fmt::Debug for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    )*};
}

shown_as_text!(TraceId SpanId RequestId);

// ===== random numbers =====

/// SplitMix64: each state is visited once, and zero is left out.
fn random() -> u64 {
    thread_local! {
        static STATE: Cell<u64> = Cell::new(RandomState::new().hash_one("forebay"));
    }
    let state = STATE.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
    STATE.set(state);
    let mixed = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ mixed >> 31).max(1)
}

/// The last `N` hexadecimal digits of `n`.
fn hex<const N: usize>(n: u64) -> [u8; N] {
    std::array::from_fn(|at| b"0123456789abcdef"[(n >> (4 * (N - 1 - at)) & 15) as usize])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn of(lines: &[(HeaderName, &str)]) -> RequestTrace {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        RequestTrace::of(&headers)
    }

    #[test]
    fn a_good_traceparent_is_continued() {
        let trace = of(&[(TRACEPARENT, GOOD)]);
        assert_eq!(trace.trace_id.as_str(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(trace.parent_id.unwrap().as_str(), "00f067aa0ba902b7");
        assert_ne!(trace.span_id, trace.parent_id.unwrap());
        let sent = trace.traceparent();
        let sent = parse(sent.as_bytes()).unwrap();
        assert_eq!((sent.trace_id, sent.span_id, sent.flags), (trace.trace_id, trace.span_id, 1));
    }

    #[test]
    fn a_bad_traceparent_starts_a_new_trace() {
        for bad in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01more",
            "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert!(of(&[(TRACEPARENT, bad)]).parent_id.is_none(), "{bad}");
        }
        assert!(of(&[(TRACEPARENT, GOOD), (TRACEPARENT, GOOD)]).parent_id.is_none());
        let later = "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-comes";
        assert!(of(&[(TRACEPARENT, later)]).parent_id.is_some());
    }

    #[test]
    fn a_sane_request_id_is_kept_and_others_are_replaced() {
        assert_eq!(of(&[(X_REQUEST_ID, "job-17/a")]).request_id.as_str(), "job-17/a");
        for bad in ["", "with space", "quo\"te", "back\\slash", &"x".repeat(65)] {
            let trace = of(&[(X_REQUEST_ID, bad)]);
            assert_eq!(trace.request_id.as_str(), trace.span_id.as_str(), "{bad}");
        }
    }

    #[test]
    fn ids_do_not_repeat() {
        let ids: std::collections::HashSet<_> = (0..10_000).map(|_| of(&[]).trace_id).collect();
        assert_eq!(ids.len(), 10_000);
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_takes_only_what_it_would_send(text in "[0-9a-f\\-]{50,60}") {
            if let Some(parent) = parse(text.as_bytes()) {
                prop_assert!(text.as_bytes()[3..].starts_with(&parent.trace_id.0));
                prop_assert!(parent.span_id.as_str().bytes().any(|digit| digit != b'0'));
            }
        }

        #[test]
        fn every_made_id_parses(_again in 0..100u8) {
            prop_assert!(parse(of(&[]).traceparent().as_bytes()).is_some());
        }
    }
}
