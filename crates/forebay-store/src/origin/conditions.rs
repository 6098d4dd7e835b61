//! The pin, in the words of HTTP.
//!
//! A strong entity tag goes out as `If-Match`. Where there is only a date, as `If-Unmodified-Since`: a weak tag cannot match
//! anything strongly (RFC 9110 §13.1.1), so it is compared when the answer is here, like all the rest. `If-Range` is what is left for servers
//! that answer `If-Match` wrongly: they then send the range of the same version, or all of another.

use std::time::SystemTime;

use http::header::{HeaderMap, HeaderValue, IF_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE};

use crate::remote::Pin;
use crate::{ByteRange, Strength, Validator};

/// The first second that HTTP has no date for: the year 10000.
const NO_DATE_S: u64 = 253_402_300_800;

fn is_writable(date: SystemTime) -> bool {
    date.duration_since(SystemTime::UNIX_EPOCH).is_ok_and(|since| since.as_secs() < NO_DATE_S)
}

/// What a request is made to depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition<'a> {
    Nothing,
    Match(&'a Validator),
    Range(&'a Validator),
    Unmodified(SystemTime),
}

impl<'a> Condition<'a> {
    pub(super) fn of(pin: Option<&'a Pin>) -> Self {
        let Some(pin) = pin else { return Self::Nothing };
        match (&pin.validator, pin.modified) {
            (Some(tag), _) if tag.strength() == Strength::Strong => Self::Match(tag),
            (_, Some(modified)) if is_writable(modified) => Self::Unmodified(modified),
            _ => Self::Nothing,
        }
    }

    /// Adds it to a request. `If-Range` means nothing without a range.
    pub(super) fn write(&self, range: Option<ByteRange>, to: &mut HeaderMap) {
        let (name, value) = match self {
            Self::Nothing => return,
            Self::Match(tag) => (IF_MATCH, HeaderValue::from_maybe_shared(tag.text().clone())),
            Self::Range(_) if range.is_none() => return,
            Self::Range(tag) => (IF_RANGE, HeaderValue::from_maybe_shared(tag.text().clone())),
            Self::Unmodified(date) => {
                (IF_UNMODIFIED_SINCE, HeaderValue::try_from(httpdate::fmt_http_date(*date)))
            }
        };
        if let Ok(value) = value {
            to.insert(name, value);
        }
    }
}
