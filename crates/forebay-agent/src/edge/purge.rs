//! What an answer to a purge means.
//!
//! A refusal is not an absence. Traffic Server answers 404 both where there was nothing and where it does not serve the host; a cache that
//! passes the request on answers with whatever the origin says. So each kind has the few answers that mean success, everything else is a
//! failure, and its class says who has to do something about it.

use http::StatusCode;

use super::answer::Answer;
use super::kind::EdgeKind;
use crate::failure::{Failure, FailureClass};

/// What became of a purge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purged {
    /// The object was there and is gone.
    Removed,
    /// There was nothing.
    Absent,
    /// It was taken; whether there was anything, the edge does not say.
    Taken,
}

impl Purged {
    /// What became of an object, two variants of which were purged.
    pub(crate) const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Removed, _) | (_, Self::Removed) => Self::Removed,
            (Self::Taken, _) | (_, Self::Taken) => Self::Taken,
            (Self::Absent, Self::Absent) => Self::Absent,
        }
    }
}

/// Reads the answer of an edge of this kind.
pub(crate) fn purged(kind: EdgeKind, answer: &Answer<'_>) -> Result<Purged, Failure> {
    let status = answer.status;
    if let Some(failure) = trouble(answer) {
        return Err(failure);
    }
    match (kind, status.as_u16()) {
        (EdgeKind::Ats, 404) if is_ats_wrong_host(answer) => Err(wrong_host()),
        (EdgeKind::Varnish | EdgeKind::VarnishForebay, 200) => Ok(by_count(answer).unwrap_or(Purged::Taken)),
        (EdgeKind::Varnish | EdgeKind::VarnishForebay, 404) => {
            by_count(answer).ok_or_else(|| unclear(status))
        }
        // What it pipes has no mark of it.
        (EdgeKind::Varnish, 400..=599) if !answer.headers.contains_key("x-varnish") => Err(piped(status)),
        (EdgeKind::Ats | EdgeKind::Squid | EdgeKind::NginxPurge, 200) => Ok(Purged::Removed),
        (EdgeKind::Forebay, 200 | 204) => Ok(Purged::Removed),
        (EdgeKind::Ats | EdgeKind::Squid | EdgeKind::Forebay, 404) => Ok(Purged::Absent),
        // The module says 404 until 2.5, and 412 from then on. That it is there was said by whoever said what kind of edge this is.
        (EdgeKind::NginxPurge, 404 | 412) => Ok(Purged::Absent),
        (EdgeKind::Generic, 200..=299) => Ok(by_count(answer).unwrap_or(Purged::Taken)),
        (_, 403 | 405) => Err(refused(status)),
        (_, 501) => Err(Failure::new(FailureClass::Unsupported, "501: this edge knows no PURGE")),
        _ => Err(unclear(status)),
    }
}

/// What any request may meet, whoever answers: overload, and failure.
pub(crate) fn trouble(answer: &Answer<'_>) -> Option<Failure> {
    let status = answer.status;
    let is_asked = answer.headers.contains_key(http::header::RETRY_AFTER);
    if status == StatusCode::TOO_MANY_REQUESTS || (status == StatusCode::SERVICE_UNAVAILABLE && is_asked) {
        return Some(Failure::new(FailureClass::Throttled, format!("{}: asked to wait", status.as_u16())));
    }
    let is_failure = status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED;
    is_failure.then(|| Failure::new(FailureClass::Server, described(answer)))
}

/// Traffic Server's 404 for a host of which it has no remap rule has a page with it; the one for an object has nothing.
pub(crate) fn is_ats_wrong_host(answer: &Answer<'_>) -> bool {
    answer.status == StatusCode::NOT_FOUND && (answer.len != Some(0) || answer.reason.contains("Accelerator"))
}

pub(crate) fn wrong_host() -> Failure {
    Failure::new(FailureClass::WrongHost, "the edge does not serve this host (no remap rule)")
}

/// The status, with the reason where that is not the usual one.
pub(crate) fn described(answer: &Answer<'_>) -> String {
    let reason = match answer.reason {
        "" => answer.status.canonical_reason().unwrap_or_default(),
        reason => reason,
    };
    format!("{} {reason}", answer.status.as_u16()).trim_end().to_owned()
}

/// How many objects went, where the edge counts them.
fn by_count(answer: &Answer<'_>) -> Option<Purged> {
    let count: u64 = answer.value("purged")?.trim().parse().ok()?;
    Some(if count > 0 { Purged::Removed } else { Purged::Absent })
}

fn refused(status: StatusCode) -> Failure {
    Failure::new(FailureClass::Refused, format!("{}: the edge does not let us purge", status.as_u16()))
}

fn piped(status: StatusCode) -> Failure {
    let detail = format!(
        "{}: not Varnish but the origin answers the purge; its VCL has none (contrib/varnish/forebay.vcl has one)",
        status.as_u16()
    );
    Failure::new(FailureClass::Unsupported, detail)
}

fn unclear(status: StatusCode) -> Failure {
    let detail =
        format!("{} to a purge: that says neither that it is gone nor that it was absent", status.as_u16());
    Failure::new(FailureClass::Unsupported, detail)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue};

    use super::*;

    fn read(
        kind: EdgeKind,
        status: u16,
        len: u64,
        fields: &[(&'static str, &'static str)],
    ) -> Result<Purged, FailureClass> {
        let headers: HeaderMap = fields
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        let status = StatusCode::from_u16(status).unwrap();
        purged(kind, &Answer { status, reason: "", headers: &headers, len: Some(len) })
            .map_err(|failure| failure.class)
    }

    #[test]
    fn the_same_status_means_another_thing_to_another_cache() {
        use EdgeKind::{Ats, Forebay, Generic, NginxPurge, Squid, Varnish, VarnishForebay};
        use FailureClass::{Refused, Unsupported, WrongHost};
        assert_eq!(read(Ats, 200, 0, &[]), Ok(Purged::Removed));
        assert_eq!(read(Ats, 404, 0, &[]), Ok(Purged::Absent));
        assert_eq!(read(Ats, 404, 297, &[]), Err(WrongHost));
        assert_eq!(read(Ats, 403, 80, &[]), Err(Refused));
        assert_eq!(read(Varnish, 200, 236, &[]), Ok(Purged::Taken));
        assert_eq!(read(Varnish, 200, 0, &[("purged", "2")]), Ok(Purged::Removed));
        assert_eq!(read(Varnish, 404, 0, &[("purged", "0")]), Ok(Purged::Absent));
        assert_eq!(read(Varnish, 404, 0, &[]), Err(Unsupported));
        assert_eq!(read(Varnish, 501, 0, &[]), Err(Unsupported));
        assert_eq!(read(Varnish, 405, 0, &[]), Err(Unsupported));
        assert_eq!(read(Varnish, 405, 0, &[("x-varnish", "2")]), Err(Refused));
        assert_eq!(read(VarnishForebay, 200, 0, &[("purged", "1")]), Ok(Purged::Removed));
        assert_eq!(read(VarnishForebay, 405, 0, &[]), Err(Refused));
        assert_eq!(read(NginxPurge, 200, 0, &[]), Ok(Purged::Removed));
        assert_eq!(read(NginxPurge, 412, 0, &[]), Ok(Purged::Absent));
        assert_eq!(read(NginxPurge, 404, 153, &[]), Ok(Purged::Absent));
        assert_eq!(read(Squid, 200, 0, &[]), Ok(Purged::Removed));
        assert_eq!(read(Squid, 404, 0, &[]), Ok(Purged::Absent));
        assert_eq!(read(Forebay, 204, 0, &[]), Ok(Purged::Removed));
        assert_eq!(read(Forebay, 405, 0, &[]), Err(Refused));
        assert_eq!(read(Generic, 204, 0, &[]), Ok(Purged::Taken));
        assert_eq!(read(Generic, 404, 0, &[]), Err(Unsupported));
    }

    #[test]
    fn overload_and_failure_are_the_same_everywhere_and_pass() {
        for kind in EdgeKind::ALL {
            assert_eq!(read(kind, 429, 0, &[]), Err(FailureClass::Throttled));
            assert_eq!(read(kind, 503, 0, &[("retry-after", "1")]), Err(FailureClass::Throttled));
            assert_eq!(read(kind, 503, 0, &[]), Err(FailureClass::Server));
            assert_eq!(read(kind, 502, 0, &[]), Err(FailureClass::Server));
            assert_eq!(read(kind, 302, 0, &[]), Err(FailureClass::Unsupported));
        }
    }
}
