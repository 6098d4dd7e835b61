//! When an object expires, and whether it has.
//!
//! The standard `Expires` field says it, so that what others wrote expires too, and what we write expires for others. Time is the
//! server's: `Date` plus `Age` of the very answer that brought the field. A machine whose clock is off by an hour neither serves
//! what has expired nor throws away what has not; its own clock counts where an answer has no `Date` only. An object without
//! `Expires` does not expire here, whatever `Cache-Control` advises caches.

use std::time::{Duration, SystemTime};

use super::Facts;

/// When to expire. Written to the second, rounded up: nothing expires early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expiry(When);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    After(Duration),
    At(SystemTime),
}

/// The last second that an HTTP date can name: the end of the year 9999.
const DATE_MAX_S: u64 = 253_402_300_799;

impl Expiry {
    /// So long after it is written, by our clock.
    pub const fn after(ttl: Duration) -> Self {
        Self(When::After(ttl))
    }

    /// At this time.
    pub const fn at(time: SystemTime) -> Self {
        Self(When::At(time))
    }

    /// The value of `Expires` for what is written `now`. What lies beyond the dates of HTTP expires with them.
    pub fn field(self, now: SystemTime) -> String {
        let time = match self.0 {
            When::After(ttl) => now.checked_add(ttl),
            When::At(time) => Some(time),
        };
        let since = |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let whole = |since: Duration| since.as_secs() + u64::from(since.subsec_nanos() > 0);
        let seconds = time.map_or(DATE_MAX_S, |time| whole(since(time)).min(DATE_MAX_S));
        httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
    }
}

/// Whether an object has expired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// Not before this time; never, if there is none.
    Fresh {
        /// When it will.
        until: Option<SystemTime>,
    },
    /// It has.
    Expired {
        /// When it did.
        at: SystemTime,
    },
    /// Its `Expires` is no date: it counts as expired (RFC 9111 §5.3).
    Malformed,
}

impl Freshness {
    /// Of an object that an answer described; `own_now` counts if the answer has no clock.
    pub fn of(facts: &Facts, own_now: SystemTime) -> Self {
        let Some(field) = &facts.attributes.expires else { return Self::Fresh { until: None } };
        let Ok(at) = httpdate::parse_http_date(field.trim()) else { return Self::Malformed };
        let age = Duration::from_secs(facts.age_s.unwrap_or(0));
        let now = facts.date.map_or(Some(own_now), |date| date.checked_add(age));
        match now {
            Some(now) if now < at => Self::Fresh { until: Some(at) },
            _ => Self::Expired { at },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::{Expiry, Freshness};
    use crate::remote::{Attributes, Facts};

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn facts(expires: Option<&str>, date: Option<SystemTime>, age_s: Option<u64>) -> Facts {
        let attributes = Attributes { expires: expires.map(Into::into), ..Attributes::default() };
        Facts {
            len: None,
            validator: None,
            version: None,
            modified: None,
            date,
            age_s,
            ranges: false,
            checksum: None,
            attributes,
        }
    }

    #[test]
    fn an_expiry_is_written_to_the_second_and_never_early() {
        let now = at(100) + Duration::from_millis(1);
        let seconds = |expiry: Expiry| {
            let date = httpdate::parse_http_date(&expiry.field(now)).unwrap();
            date.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
        };
        assert_eq!(seconds(Expiry::after(Duration::from_secs(10))), 111);
        assert_eq!(seconds(Expiry::after(Duration::from_millis(999))), 101);
        assert_eq!(seconds(Expiry::at(at(50))), 50);
        assert_eq!(seconds(Expiry::at(SystemTime::UNIX_EPOCH - Duration::from_secs(9))), 0);
        assert_eq!(seconds(Expiry::after(Duration::MAX)), super::DATE_MAX_S);
        assert_eq!(seconds(Expiry::after(Duration::from_secs(1 << 40))), super::DATE_MAX_S);
    }

    #[test]
    fn the_servers_clock_decides() {
        let minute = Some("Thu, 01 Jan 1970 00:01:00 GMT");
        let of = |date, age, own| Freshness::of(&facts(minute, date, age), own);
        let (fresh, expired) = (Freshness::Fresh { until: Some(at(60)) }, Freshness::Expired { at: at(60) });
        assert_eq!(of(Some(at(59)), None, at(9999)), fresh);
        assert_eq!(of(Some(at(60)), None, at(0)), expired);
        assert_eq!(of(Some(at(50)), Some(9), at(9999)), fresh);
        assert_eq!(of(Some(at(50)), Some(10), at(0)), expired);
        assert_eq!(of(Some(at(50)), Some(u64::MAX), at(0)), expired);
        assert_eq!(of(None, None, at(59)), fresh);
        assert_eq!(of(None, None, at(60)), expired);
    }

    #[test]
    fn what_is_no_date_has_expired_and_what_is_not_there_does_not_expire() {
        for text in ["0", "-1", "", "tomorrow", "1970-01-01T00:01:00Z", "Thu, 32 Jan 1970 00:01:00 GMT"] {
            assert_eq!(
                Freshness::of(&facts(Some(text), None, None), at(0)),
                Freshness::Malformed,
                "{text:?}"
            );
        }
        assert_eq!(Freshness::of(&facts(None, None, None), at(0)), Freshness::Fresh { until: None });
        let obsolete = facts(Some("Thursday, 01-Jan-70 00:01:00 GMT"), Some(at(0)), None);
        assert_eq!(Freshness::of(&obsolete, at(0)), Freshness::Fresh { until: Some(at(60)) });
    }
}
