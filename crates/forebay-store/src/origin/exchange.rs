//! One question, over as many redirects as it takes.

use forebay_net::client::{Client, ClientBody, Payload};
use http::header::{ACCEPT_ENCODING, AUTHORIZATION, HeaderMap, HeaderValue, RANGE, USER_AGENT};
use http::{Method, Request, Response};
use url::Url;

use super::conditions::Condition;
use super::redirect;
use super::target::{Target, shown};
use crate::{ByteRange, StoreError, StoreErrorKind};

/// What an operator may say about an origin.
#[derive(Debug, Clone)]
pub struct OriginOptions {
    /// How many redirects are followed for one request; 0 for none.
    pub redirects_max: usize,
    /// Sent with each request to the base's own server, and to no other: they may be credentials.
    pub headers: HeaderMap,
}

impl Default for OriginOptions {
    fn default() -> Self {
        Self { redirects_max: 8, headers: HeaderMap::new() }
    }
}

/// What sends requests.
pub(super) struct Exchange {
    client: Client,
    redirects_max: usize,
    /// For the base's own server.
    own: HeaderMap,
    base: Url,
}

/// An answer, and what it is the answer to, for messages.
pub(super) struct Answered {
    pub(super) what: String,
    pub(super) response: Response<ClientBody>,
}

impl Exchange {
    pub(super) fn new(client: Client, options: OriginOptions, target: &Target) -> Self {
        let mut own = options.headers;
        if let Some(authorization) = &target.authorization {
            own.entry(AUTHORIZATION).or_insert_with(|| authorization.clone());
        }
        Self { client, redirects_max: options.redirects_max, own, base: target.base().clone() }
    }

    /// Asks, and follows where it is sent.
    pub(super) async fn send(
        &self,
        method: &Method,
        url: &Url,
        range: Option<ByteRange>,
        condition: &Condition<'_>,
    ) -> Result<Answered, StoreError> {
        let mut seen = vec![url.clone()];
        loop {
            let url = &seen[seen.len() - 1];
            let what = format!("{method} {}", shown(url));
            let request = self.request(method, url, range, condition)?;
            let response = self.client.send(request).await.map_err(|error| context(&what, &error.into()))?;
            let next = redirect::next(url, response.status(), response.headers());
            let Some(next) = next.map_err(|error| context(&what, &error))? else {
                return Ok(Answered { what, response });
            };
            if seen.contains(&next) {
                return Err(refused(format!("{what}: redirected in a circle")));
            }
            if seen.len() > self.redirects_max {
                return Err(refused(format!("{what}: redirected more than {} times", self.redirects_max)));
            }
            seen.push(next);
        }
    }

    fn request(
        &self,
        method: &Method,
        url: &Url,
        range: Option<ByteRange>,
        condition: &Condition<'_>,
    ) -> Result<Request<Payload>, StoreError> {
        let mut request = Request::new(Payload::empty());
        *request.method_mut() = method.clone();
        *request.uri_mut() =
            url.as_str().parse().map_err(|_| refused(format!("{} cannot be asked for", shown(url))))?;
        let headers = request.headers_mut();
        headers.insert(USER_AGENT, HeaderValue::from_static(concat!("forebay/", env!("CARGO_PKG_VERSION"))));
        if self.base.origin() == url.origin() {
            headers.extend(self.own.clone());
        }
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        condition.write(range, headers);
        if let Some(range) = range {
            headers.insert(RANGE, asked(range)?);
        }
        Ok(request)
    }
}

/// `bytes=first-last`; without a last where the range goes on as far as there is.
fn asked(range: ByteRange) -> Result<HeaderValue, StoreError> {
    let text = match range.end() {
        u64::MAX => format!("bytes={}-", range.start()),
        end => format!("bytes={}-{}", range.start(), end - 1),
    };
    HeaderValue::try_from(text).map_err(|error| refused(error.to_string()))
}

fn context(what: &str, error: &StoreError) -> StoreError {
    let wait = error.retry_after();
    StoreError::with_cause(error.kind(), format!("{what}: {error}")).with_retry_after(wait)
}

fn refused(cause: String) -> StoreError {
    StoreError::with_cause(StoreErrorKind::Invalid, cause)
}
