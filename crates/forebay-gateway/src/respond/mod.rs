//! From a request and what is known of an object to an answer: decide purely, then act.
//!
//! 1. `select`: which representation (as it is, a precompressed neighbour, compressed on the way);
//! 2. [`mod@decide`]: which of the answers, by conditions and ranges of *that* representation;
//! 3. `head`: its header fields;
//! 4. `send`: its body, with every lease that it needs taken before the head goes out.

pub mod decide;
mod head;
pub mod multipart;
mod select;
mod send;
pub(crate) mod upstream;

use std::time::SystemTime;

use forebay_store::{Access, ByteRange, Key, Object};
use http::header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};

use crate::body::Body;
use crate::conditional::Conditions;
use crate::error::Failure;
use crate::gateway::Shared;
use crate::query::Query;
use crate::range::Span;
use decide::{Decision, decide};
use multipart::Multipart;
use select::{Form, Selected};

/// Answers with an object. `key` gives its type, its name and its cache rule.
pub(crate) async fn object(
    shared: &Shared,
    head: &Parts,
    key: &Key,
    object: Object,
    query: Option<&Query>,
) -> Result<Response<Body>, Failure> {
    let now = SystemTime::now();
    let kind = head::content_type(&object, key);
    let policy = shared.cache_rules.policy(key.as_bytes());
    let conditions = Conditions::of(&head.headers);
    let no_transform = policy.map_or_else(|| head::forbids_transform(&object), |policy| policy.no_transform);
    let chosen = select::select(shared, head, key, object, &kind, &conditions, no_transform).await?;
    let decision = decide(&conditions, &chosen.validators(), chosen.extent(), now);
    let mut headers = head::common(&chosen, policy, now);
    if decision == Decision::NotModified {
        return Ok(response(StatusCode::NOT_MODIFIED, headers, Body::empty()));
    }
    head::content(&mut headers, &chosen, kind, key, query);
    match decision {
        Decision::NotModified | Decision::PreconditionFailed => Err(Failure::PreconditionFailed),
        Decision::RangeNotSatisfiable => Err(Failure::RangeNotSatisfiable { len: chosen.object.meta().len }),
        Decision::Whole => whole(shared, head, chosen, headers).await,
        Decision::Part(span) => part(shared, head, &chosen, headers, span).await,
        Decision::Parts(spans) => parts(shared, head, &chosen, headers, spans).await,
    }
}

async fn whole(
    shared: &Shared,
    head: &Parts,
    chosen: Selected,
    mut headers: HeaderMap,
) -> Result<Response<Body>, Failure> {
    let len = chosen.object.meta().len;
    let on_the_way = match chosen.form {
        Form::OnTheWay(compressor) => Some(compressor),
        Form::AsStored | Form::Neighbour(_) => None,
    };
    // A server counts a body for its head; over HTTP/2 it does not count one that has ended before it began.
    let is_measured = chosen.object.meta().access != Access::Unmeasured;
    if on_the_way.is_none() && is_measured && (head.method == Method::HEAD || len == 0) {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(len));
    }
    if head.method == Method::HEAD {
        return Ok(response(StatusCode::OK, headers, Body::empty()));
    }
    let content = chosen.object.read_all()?;
    match on_the_way {
        Some(compressor) => {
            let body = Box::pin(compressor.body(content, &shared.upstream)).await?;
            Ok(response(StatusCode::OK, headers, body))
        }
        None => send::content(shared, head, StatusCode::OK, headers, content).await,
    }
}

async fn part(
    shared: &Shared,
    head: &Parts,
    chosen: &Selected,
    mut headers: HeaderMap,
    span: Span,
) -> Result<Response<Body>, Failure> {
    let len = chosen.object.meta().len;
    if let Ok(value) = HeaderValue::try_from(format!("bytes {}-{}/{len}", span.first, span.last)) {
        headers.insert(CONTENT_RANGE, value);
    }
    if head.method == Method::HEAD {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(span.len()));
        return Ok(response(StatusCode::PARTIAL_CONTENT, headers, Body::empty()));
    }
    let content = chosen.object.read(range(span)?)?;
    send::content(shared, head, StatusCode::PARTIAL_CONTENT, headers, content).await
}

async fn parts(
    shared: &Shared,
    head: &Parts,
    chosen: &Selected,
    mut headers: HeaderMap,
    spans: Vec<Span>,
) -> Result<Response<Body>, Failure> {
    let kind = headers.remove(CONTENT_TYPE);
    let multipart = Multipart::new(spans, chosen.object.meta().len, kind.as_ref());
    headers.insert(CONTENT_TYPE, multipart.content_type());
    if head.method == Method::HEAD {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(multipart.len()));
        return Ok(response(StatusCode::PARTIAL_CONTENT, headers, Body::empty()));
    }
    let mut contents = Vec::with_capacity(multipart.spans().len());
    for &span in multipart.spans() {
        contents.push(chosen.object.read(range(span)?)?);
    }
    send::contents(shared, head, headers, multipart, contents).await
}

fn range(span: Span) -> Result<ByteRange, Failure> {
    ByteRange::new(span.first, span.last + 1).ok_or(Failure::BadRequest)
}

fn response(status: StatusCode, headers: HeaderMap, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
