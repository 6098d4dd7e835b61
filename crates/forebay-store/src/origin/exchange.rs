//! One question, over as many redirects as it takes.

use forebay_net::client::{Client, ClientBody, ClientErrorKind, Payload};
use forebay_net::retry::PeerOptions;
use http::header::{ACCEPT_ENCODING, AUTHORIZATION, HeaderMap, HeaderValue, RANGE, USER_AGENT};
use http::{Method, Request, Response, StatusCode};
use url::Url;

use super::conditions::Condition;
use super::moved::Moved;
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
    /// The brakes that all requests to it share.
    pub brakes: PeerOptions,
}

impl Default for OriginOptions {
    fn default() -> Self {
        Self { redirects_max: 8, headers: HeaderMap::new(), brakes: PeerOptions::default() }
    }
}

/// What sends requests.
pub(super) struct Exchange {
    client: Client,
    redirects_max: usize,
    /// For the base's own server.
    own: HeaderMap,
    base: Url,
    /// Keys are names in a tree, whose directories end in a slash.
    in_tree: bool,
    moved: Moved,
}

/// An answer that did not come.
struct Lost {
    error: StoreError,
    /// At an address that was only remembered.
    remembered: bool,
}

impl From<StoreError> for Lost {
    fn from(error: StoreError) -> Self {
        Self { error, remembered: false }
    }
}

/// The addresses of one question.
struct Way {
    urls: Vec<Url>,
    max: usize,
}

/// What a name stands for that the server answers with the same name and a slash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is a directory there")]
pub(crate) struct IsDirectory;

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
        Self {
            client,
            redirects_max: options.redirects_max,
            own,
            base: target.base().clone(),
            in_tree: target.is_tree(),
            moved: Moved::default(),
        }
    }

    /// Asks, and follows where it is sent.
    pub(super) async fn send(
        &self,
        method: &Method,
        url: &Url,
        range: Option<ByteRange>,
        condition: &Condition<'_>,
    ) -> Result<Answered, StoreError> {
        match self.follow(method, url, range, condition, Some(&self.moved)).await {
            // An address from memory has nothing: what is asked of the old one is believed.
            Err(Lost { remembered: true, .. }) => {
                self.follow(method, url, range, condition, None).await.map_err(|lost| lost.error)
            }
            answer => answer.map_err(|lost| lost.error),
        }
    }

    async fn follow(
        &self,
        method: &Method,
        url: &Url,
        range: Option<ByteRange>,
        condition: &Condition<'_>,
        memory: Option<&Moved>,
    ) -> Result<Answered, Lost> {
        let mut way = Way { urls: vec![url.clone()], max: self.redirects_max };
        let mut remembered = false;
        loop {
            let url = way.end();
            let what = format!("{method} {}", shown(url));
            if let Some(next) = memory.and_then(|moved| moved.from(url)) {
                remembered = true;
                way.go(&what, next).map_err(|error| self.lost(&way, true, error))?;
                continue;
            }
            let request = self.request(method, url, range, condition)?;
            let response = match self.client.send(request).await {
                Ok(response) => response,
                Err(error) => {
                    let unsent = error.kind().is_unsent() && error.kind() != ClientErrorKind::Busy;
                    return Err(self.lost(&way, remembered && unsent, context(&what, &error.into())));
                }
            };
            let (status, headers) = (response.status(), response.headers());
            let next = redirect::next(url, status, headers).map_err(|error| context(&what, &error))?;
            let Some(next) = next else {
                if remembered && is_gone(status) {
                    return Err(self.lost(&way, true, refused(what)));
                }
                return Ok(Answered { what, response });
            };
            if self.in_tree && redirect::adds_a_slash(url, &next) {
                return Err(StoreError::with_cause(StoreErrorKind::NotFound, IsDirectory).into());
            }
            self.moved.note(url, &next, status, headers);
            way.go(&what, next).map_err(|error| self.lost(&way, remembered, error))?;
        }
    }

    /// No way that failed is kept.
    fn lost(&self, way: &Way, remembered: bool, error: StoreError) -> Lost {
        self.moved.forget(&way.urls);
        Lost { error, remembered }
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

impl Way {
    fn end(&self) -> &Url {
        &self.urls[self.urls.len() - 1]
    }

    fn go(&mut self, what: &str, next: Url) -> Result<(), StoreError> {
        if self.urls.contains(&next) {
            return Err(refused(format!("{what}: redirected in a circle")));
        }
        if self.urls.len() > self.max {
            return Err(refused(format!("{what}: redirected more than {} times", self.max)));
        }
        self.urls.push(next);
        Ok(())
    }
}

/// Whether an address has nothing for us any more.
fn is_gone(status: StatusCode) -> bool {
    matches!(status.as_u16(), 403 | 404 | 410 | 421)
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
    StoreError::with_cause(error.kind(), format!("{what}: {error}"))
        .with_retry_after(error.retry_after())
        .with_ours(error.is_ours())
}

fn refused(cause: String) -> StoreError {
    StoreError::with_cause(StoreErrorKind::Invalid, cause)
}
