//! What is sent to an edge.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use forebay_net::client::{ClientBody, ClientError, ClientErrorKind, Payload};
use http::header::{ACCEPT_ENCODING, CACHE_CONTROL, HOST, RANGE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response};
use tokio::time::Instant;

use super::worker::Inner;
use crate::failure::{Failure, FailureClass};
use crate::governor::Place;
use crate::target::Target;
use crate::task::Lane;

const FIRST_BYTE: HeaderValue = HeaderValue::from_static("bytes=0-0");
const AGENT: HeaderValue = HeaderValue::from_static(concat!("forebay/", env!("CARGO_PKG_VERSION")));

/// One of the answers that an edge may keep of a URL: the request fields that choose it. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant(Arc<[(HeaderName, HeaderValue)]>);

/// A text that is no header field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a header field: write it as 'Name: value'")]
pub struct VariantError;

impl Variant {
    /// One field, `Name: value`.
    ///
    /// # Errors
    ///
    /// [`VariantError`] if it is none.
    pub fn parse(text: &str) -> Result<Self, VariantError> {
        let (name, value) = text.split_once(':').ok_or(VariantError)?;
        let name = HeaderName::try_from(name.trim()).map_err(|_| VariantError)?;
        let value = HeaderValue::try_from(value.trim()).map_err(|_| VariantError)?;
        Ok(Self(Arc::from([(name, value)])))
    }

    /// Its fields.
    pub fn fields(&self) -> &[(HeaderName, HeaderValue)] {
        &self.0
    }
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = self.0.iter();
        fields.try_for_each(|(name, value)| write!(f, "{name}: {}", value.to_str().unwrap_or("?")))
    }
}

/// What is asked.
#[derive(Clone, Debug)]
pub(super) enum Question<'a> {
    Purge(Method, Option<&'a Variant>),
    /// The head, without the origin if the edge can do that.
    HeadIfCached(Option<&'a Variant>),
    ByteIfCached(Option<&'a Variant>),
    Head(Option<&'a Variant>),
    FirstByte(Option<&'a Variant>),
    Object(Option<&'a Variant>),
    /// What it is.
    Options,
}

/// An answer, up to its body, and the place that it has until the body is done with.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) response: Response<ClientBody>,
    pub(super) ttfb: Duration,
    pub(super) place: Place,
}

impl Question<'_> {
    const fn lane(&self) -> Lane {
        match self {
            Self::Object(_) => Lane::Bulk,
            _ => Lane::Control,
        }
    }

    fn method(&self) -> Method {
        match self {
            Self::Purge(method, _) => method.clone(),
            Self::HeadIfCached(_) | Self::Head(_) => Method::HEAD,
            Self::ByteIfCached(_) | Self::FirstByte(_) | Self::Object(_) => Method::GET,
            Self::Options => Method::OPTIONS,
        }
    }

    fn fill(&self, headers: &mut HeaderMap) {
        match self {
            Self::HeadIfCached(_) => {
                headers.insert(CACHE_CONTROL, HeaderValue::from_static("only-if-cached"));
            }
            Self::ByteIfCached(_) => {
                headers.insert(CACHE_CONTROL, HeaderValue::from_static("only-if-cached"));
                headers.insert(RANGE, FIRST_BYTE);
            }
            Self::FirstByte(_) => {
                headers.insert(RANGE, FIRST_BYTE);
            }
            Self::Options => {
                headers.insert("max-forwards", HeaderValue::from_static("0"));
            }
            Self::Purge(..) | Self::Head(_) | Self::Object(_) => {}
        }
        let variant = match self {
            Self::Purge(_, variant)
            | Self::HeadIfCached(variant)
            | Self::ByteIfCached(variant)
            | Self::Head(variant)
            | Self::FirstByte(variant)
            | Self::Object(variant) => *variant,
            Self::Options => None,
        };
        for (name, value) in variant.iter().flat_map(|variant| variant.fields()) {
            headers.insert(name, value.clone());
        }
    }
}

impl Inner {
    /// Asks once. What is refused or missing is said; a status is an answer.
    pub(super) async fn ask(&self, question: &Question<'_>, target: &Target) -> Result<Heard, Failure> {
        let lane = question.lane();
        let place = match question {
            Question::Purge(..) | Question::Object(_) => self.governor.begin(lane).await?,
            _ => self.governor.enter(lane).await,
        };
        let client = match lane {
            Lane::Control => &self.clients.control,
            Lane::Bulk => &self.clients.bulk,
        };
        let begun = Instant::now();
        self.progress().sent();
        match client.send_to(&self.spec.endpoint(target), self.request(question, target)).await {
            Ok(response) => {
                let ttfb = begun.elapsed();
                place.began(ttfb);
                Ok(Heard { response, ttfb, place })
            }
            Err(error) => {
                // Of what is not free here, the edge knows nothing.
                if error.kind() != ClientErrorKind::Busy {
                    place.too_much();
                }
                Err(failed(&error))
            }
        }
    }

    fn request(&self, question: &Question<'_>, target: &Target) -> Request<Payload> {
        let overrides = &self.spec.overrides;
        let body = match question {
            Question::Purge(..) if !overrides.purge_body.is_empty() => {
                Payload::bytes(overrides.purge_body.clone())
            }
            _ => Payload::empty(),
        };
        let mut request = Request::new(body);
        *request.method_mut() = question.method();
        *request.uri_mut() = target.uri().clone();
        let headers = request.headers_mut();
        headers.reserve(8);
        headers.insert(USER_AGENT, AGENT);
        // A purge has it too: some caches look for the variant that it chooses.
        if !matches!(question, Question::Options) {
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        for (name, value) in &overrides.headers {
            headers.insert(name.clone(), value.clone());
        }
        question.fill(headers);
        if let Some(host) = &overrides.host {
            headers.insert(HOST, host.clone());
        }
        request
    }
}

/// What a failed request or body means for the work.
pub(super) fn failed(error: &ClientError) -> Failure {
    let class = match error.kind() {
        ClientErrorKind::Busy => FailureClass::Busy,
        ClientErrorKind::Resolve => FailureClass::Resolve,
        ClientErrorKind::Connect => FailureClass::Connect,
        ClientErrorKind::Tls => FailureClass::Tls,
        ClientErrorKind::Timeout => FailureClass::Timeout,
        ClientErrorKind::Stalled => FailureClass::Stalled,
        ClientErrorKind::Short => FailureClass::Short,
        ClientErrorKind::Malformed => FailureClass::Malformed,
        ClientErrorKind::Invalid | ClientErrorKind::Payload => FailureClass::Invalid,
        _ => FailureClass::Reset,
    };
    Failure::new(class, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variant_is_a_header_field() {
        let variant = Variant::parse("Accept-Encoding: gzip, br").unwrap();
        assert_eq!(variant.to_string(), "accept-encoding: gzip, br");
        for wrong in ["gzip", "a b: c", "x: \u{1}"] {
            assert_eq!(Variant::parse(wrong), Err(VariantError), "{wrong}");
        }
    }
}
