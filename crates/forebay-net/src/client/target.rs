//! The request line and `Host` (RFC 9112 §3.2), from an absolute URI. Credentials in a URI are not sent.

use http::header::HOST;
use http::uri::{Authority, Scheme};
use http::{HeaderValue, Request, Uri, Version};

use super::destination::{Destination, Way};
use super::error::{ClientError, ClientErrorKind};
use super::payload::Payload;

/// Gives the request the form that its way wants: the path for a server, the whole URL for a proxy that is asked.
pub(super) fn prepare(request: &mut Request<Payload>, destination: &Destination) -> Result<(), ClientError> {
    let invalid = |_| ClientError::new(ClientErrorKind::Invalid);
    let authority = request.uri().authority().ok_or(ClientError::new(ClientErrorKind::Invalid))?.as_str();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host).to_owned();
    let mut parts = http::uri::Parts::default();
    parts.path_and_query = request.uri().path_and_query().cloned();
    if let Way::Asked(_) = destination.way {
        parts.scheme = Some(Scheme::HTTP);
        parts.authority = Some(Authority::try_from(&*host).map_err(|error| invalid(error.into()))?);
    }
    *request.uri_mut() = Uri::from_parts(parts).map_err(|error| invalid(error.into()))?;
    *request.version_mut() = Version::HTTP_11;
    if !request.headers().contains_key(HOST) {
        let value = HeaderValue::try_from(host).map_err(|error| invalid(http::Error::from(error)))?;
        request.headers_mut().insert(HOST, value);
    }
    Ok(())
}
