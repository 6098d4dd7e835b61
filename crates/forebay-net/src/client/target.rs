//! The request line and `Host` (RFC 9112 §3.2), from an absolute URI. Credentials in a URI are not sent.

use std::str::FromStr;

use http::header::HOST;
use http::uri::Authority;
use http::{HeaderValue, Request, Uri, Version};

use super::error::{ClientError, ClientErrorKind};
use super::payload::Payload;

/// How much of the URL the request line has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetForm {
    /// The path and the query: to a server, or to a cache that stands in for one.
    Origin,
    /// The whole URL: to a proxy.
    Absolute,
}

/// Gives the request this form.
pub(super) fn prepare(request: &mut Request<Payload>, form: TargetForm) -> Result<(), ClientError> {
    let invalid = |_| ClientError::new(ClientErrorKind::Invalid);
    let authority = request.uri().authority().ok_or(ClientError::new(ClientErrorKind::Invalid))?;
    let authority = match authority.as_str().rsplit_once('@') {
        None => authority.clone(),
        Some((_, host)) => Authority::from_str(host).map_err(|error| invalid(error.into()))?,
    };
    let mut parts = http::uri::Parts::default();
    parts.path_and_query = request.uri().path_and_query().cloned();
    if !request.headers().contains_key(HOST) {
        let value =
            HeaderValue::from_str(authority.as_str()).map_err(|error| invalid(http::Error::from(error)))?;
        request.headers_mut().insert(HOST, value);
    }
    if form == TargetForm::Absolute {
        parts.scheme = request.uri().scheme().cloned();
        parts.authority = Some(authority);
    }
    *request.uri_mut() = Uri::from_parts(parts).map_err(|error| invalid(error.into()))?;
    *request.version_mut() = Version::HTTP_11;
    Ok(())
}
