//! What an answer to a fetch means: whether its body is the object, and what the edge does with it.

use http::StatusCode;
use http::header::LOCATION;

use super::answer::Answer;
use super::held::{held, is_stored};
use super::kind::EdgeKind;
use super::purge::{described, is_ats_wrong_host, trouble, wrong_host};
use crate::failure::{Failure, FailureClass};
use crate::outcome::Held;

/// An answer whose body is the whole object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fetched {
    /// What the edge had before it was asked.
    pub(crate) before: Held,
    /// Whether it says that it keeps what it sends.
    pub(crate) is_stored: Option<bool>,
}

/// Reads the answer to a `GET` without a range.
pub(crate) fn fetched(kind: EdgeKind, answer: &Answer<'_>) -> Result<Fetched, Failure> {
    if let Some(failure) = trouble(answer) {
        return Err(failure);
    }
    let status = answer.status;
    match status.as_u16() {
        200 => Ok(Fetched { before: held(kind, answer), is_stored: is_stored(answer) }),
        206 => Err(Failure::new(FailureClass::Status, "206 to a request without a range")),
        300..=399 => Err(Failure::new(FailureClass::Redirect, elsewhere(answer))),
        404 if kind == EdgeKind::Ats
            && is_ats_wrong_host(answer)
            && answer.reason.contains("Accelerator") =>
        {
            Err(wrong_host())
        }
        421 => Err(Failure::new(FailureClass::WrongHost, "421: the edge does not serve this host")),
        _ => Err(Failure::new(FailureClass::Status, described(answer))),
    }
}

/// Where it sends us: the host and the path, without a query, in which there may be a signature.
fn elsewhere(answer: &Answer<'_>) -> String {
    let location = answer.value(LOCATION.as_str()).unwrap_or_default();
    let location = location.split(['?', '#']).next().unwrap_or_default();
    let shown: String = location.chars().take(200).collect();
    let code = StatusCode::as_u16(&answer.status);
    if shown.is_empty() { described(answer) } else { format!("{code} to {shown}") }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue};

    use super::*;

    fn read(status: u16, reason: &str, fields: &[(&'static str, &'static str)]) -> Result<Fetched, Failure> {
        let headers: HeaderMap = fields
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        let status = StatusCode::from_u16(status).unwrap();
        fetched(EdgeKind::Ats, &Answer { status, reason, headers: &headers, len: Some(300) })
    }

    #[test]
    fn only_a_whole_object_counts_as_fetched() {
        let class = |status, reason| read(status, reason, &[]).unwrap_err().class;
        assert_eq!(read(200, "", &[]), Ok(Fetched { before: Held::Unknown, is_stored: None }));
        assert_eq!(class(206, ""), FailureClass::Status);
        assert_eq!(class(204, ""), FailureClass::Status);
        assert_eq!(class(404, ""), FailureClass::Status);
        assert_eq!(class(404, "Not Found on Accelerator"), FailureClass::WrongHost);
        assert_eq!(class(502, ""), FailureClass::Server);
        assert_eq!(class(429, ""), FailureClass::Throttled);
    }

    #[test]
    fn a_redirect_is_told_without_its_query() {
        let failure = read(302, "", &[("location", "https://a.test/x?Signature=secret")]).unwrap_err();
        assert_eq!(failure, Failure::new(FailureClass::Redirect, "302 to https://a.test/x"));
    }
}
