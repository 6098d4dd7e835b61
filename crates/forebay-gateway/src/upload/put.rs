//! PUT: an object as one body.

use forebay_auth::Right;
use forebay_store::remote::Condition;
use forebay_store::{Kind, Meta, NewObject, StoreErrorKind};
use http::header::{CONTENT_LENGTH, CONTENT_RANGE, ETAG};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Response, StatusCode};

use super::digest::Digests;
use super::receive::{self, Length};
use super::{Inbound, Uploads, Verb, attributes, condition, look};
use crate::body::Body;
use crate::error::Failure;
use crate::target::Target;
use crate::visitor::Visitor;

/// Takes an object in.
pub(super) async fn answer(
    uploads: &Uploads,
    visitor: &Visitor,
    head: &Parts,
    target: Target,
    body: Inbound,
) -> Result<Response<Body>, Failure> {
    visitor.may_any([Right::Create, Right::Overwrite], &target.key)?;
    if target.is_directory {
        return Err(Failure::Directory);
    }
    // A part of an object cannot be put (RFC 9110 §14.5).
    if head.headers.contains_key(CONTENT_RANGE) {
        return Err(Failure::BadRequest);
    }
    let max = [uploads.object_max.map(|max| max.as_u64()), visitor.bytes_max()].into_iter().flatten().min();
    let length = Length { declared: declared(&head.headers)?, max }.admit()?;
    let mut digests = Digests::of(&head.headers)?;
    let attributes = attributes::of(&head.headers)?;
    let current = look(uploads, &target).await?;
    if current.as_ref().is_some_and(|meta| meta.kind == Kind::Directory) {
        return Err(Failure::Directory);
    }
    let condition = admitted(uploads, visitor, &target, &head.headers, current.as_ref())?;
    let ask = NewObject { key: target.key, len: length.declared, attributes, condition };
    let mut incoming =
        uploads.store.create(&ask).await.map_err(|error| taken(error, &ask.condition, &head.headers))?;
    receive::all(body, length, &mut digests, &mut *incoming).await?;
    digests.check()?;
    let stored = incoming.publish().await.map_err(|error| taken(error, &ask.condition, &head.headers))?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = match current {
        Some(_) => StatusCode::NO_CONTENT,
        None => StatusCode::CREATED,
    };
    let etag =
        stored.validator.and_then(|validator| HeaderValue::from_maybe_shared(validator.text().clone()).ok());
    if let Some(etag) = etag {
        response.headers_mut().insert(ETAG, etag);
    }
    Ok(response)
}

/// On what condition the object may be written. Where only one of creating and overwriting is on, that is a condition too.
pub(super) fn admitted(
    uploads: &Uploads,
    visitor: &Visitor,
    target: &Target,
    headers: &HeaderMap,
    current: Option<&Meta>,
) -> Result<Condition, Failure> {
    let asked = condition::of(headers, current)?;
    let may = |verb, right| uploads.verbs.has(verb) && visitor.may(right, &target.key).is_ok();
    match (may(Verb::Create, Right::Create), may(Verb::Overwrite, Right::Overwrite)) {
        (true, true) => Ok(asked),
        (true, false) if current.is_some() => Err(Failure::Exists),
        (true, false) => Ok(Condition::Absent),
        (false, true) => match current {
            None => Err(Failure::Forbidden),
            // What is gone by then is not made anew.
            Some(meta) => Ok(condition::narrowed(asked, meta)),
        },
        (false, false) => Err(Failure::MethodNotAllowed),
    }
}

/// A failure of a condition that the client did not make is not its precondition.
pub(super) fn taken(error: forebay_store::StoreError, condition: &Condition, headers: &HeaderMap) -> Failure {
    let is_ours =
        *condition == Condition::Absent && !crate::conditional::Conditions::of(headers).wants_none_match();
    match error.kind() {
        StoreErrorKind::Precondition if is_ours => Failure::Exists,
        StoreErrorKind::Precondition => Failure::PreconditionFailed,
        _ => error.into(),
    }
}

/// The length that was declared. hyper has seen to it that there is one, if any.
fn declared(headers: &HeaderMap) -> Result<Option<u64>, Failure> {
    let Some(field) = headers.get(CONTENT_LENGTH) else { return Ok(None) };
    let len = field.to_str().ok().and_then(|text| text.parse().ok());
    len.map(Some).ok_or(Failure::BadRequest)
}
