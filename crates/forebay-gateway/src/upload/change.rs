//! DELETE, MKCOL and MOVE, as WebDAV (RFC 4918) has them for one resource at a time.

use forebay_auth::{Existing, Right};
use forebay_store::remote::Condition;
use forebay_store::{Kind, StoreErrorKind};
use http::header::LOCATION;
use http::request::Parts;
use http::{HeaderValue, Response, StatusCode, Uri};

use super::{Uploads, Verb, condition, look};
use crate::body::Body;
use crate::error::Failure;
use crate::target::Target;
use crate::visitor::Visitor;

/// DELETE: an object, or a directory that is empty.
pub(super) async fn remove(
    uploads: &Uploads,
    visitor: &Visitor,
    head: &Parts,
    target: Target,
) -> Result<Response<Body>, Failure> {
    uploads.require(Verb::Delete)?;
    visitor.may(Right::Delete, &target.key)?;
    let current = look(uploads, &target).await?.ok_or(Failure::NotFound)?;
    let condition = match current.kind {
        Kind::File if target.is_directory => return Err(Failure::NotFound),
        Kind::File => condition::of(&head.headers, Some(&current))?,
        Kind::Directory => Condition::Always,
    };
    uploads.store.remove(&target.key, &condition).await.map_err(precondition)?;
    Ok(empty(StatusCode::NO_CONTENT))
}

/// MKCOL: a directory.
pub(super) async fn make_directory(
    uploads: &Uploads,
    visitor: &Visitor,
    target: Target,
) -> Result<Response<Body>, Failure> {
    uploads.require(Verb::Folders)?;
    visitor.may(Right::Create, &target.key)?;
    uploads.store.make_directory(&target.key).await.map_err(|error| match error.kind() {
        StoreErrorKind::Precondition => Failure::Exists,
        _ => error.into(),
    })?;
    Ok(empty(StatusCode::CREATED))
}

/// MOVE: another name, which `Destination` says. `Overwrite: F` keeps what has it; anything else replaces it, if that is on.
pub(super) async fn rename(
    uploads: &Uploads,
    visitor: &Visitor,
    head: &Parts,
    from: Target,
) -> Result<Response<Body>, Failure> {
    uploads.require(Verb::Move)?;
    let destination = head.headers.get("destination").and_then(|field| field.to_str().ok());
    let destination: Uri = destination.and_then(|text| text.parse().ok()).ok_or(Failure::BadRequest)?;
    let ours = head.headers.get(http::header::HOST).and_then(|host| host.to_str().ok());
    let ours = ours.or(head.uri.authority().map(http::uri::Authority::as_str));
    if destination.authority().is_some_and(|theirs| Some(theirs.as_str()) != ours) {
        // Another server (RFC 4918 §9.9.4).
        return Err(Failure::Elsewhere);
    }
    let to = Target::parse(destination.path())?;
    let keeps =
        head.headers.get("overwrite").is_some_and(|field| field.as_bytes().eq_ignore_ascii_case(b"f"));
    let replaces = !keeps
        && uploads.verbs.has(Verb::Overwrite)
        && visitor.may_move(&from.key, &to.key, Existing::Replaced).is_ok();
    visitor.may_move(&from.key, &to.key, Existing::Kept)?;
    let source = look(uploads, &from).await?.ok_or(Failure::NotFound)?;
    condition::of(&head.headers, Some(&source))?;
    let condition = if replaces { Condition::Always } else { Condition::Absent };
    let there = look(uploads, &to).await?;
    uploads.store.rename(&from.key, &to.key, &condition).await.map_err(|error| match error.kind() {
        StoreErrorKind::Precondition if !keeps => Failure::Exists,
        _ => precondition(error),
    })?;
    let mut response = empty(if there.is_some() { StatusCode::NO_CONTENT } else { StatusCode::CREATED });
    if let Ok(location) = HeaderValue::try_from(destination.path()) {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

fn precondition(error: forebay_store::StoreError) -> Failure {
    match error.kind() {
        StoreErrorKind::Precondition => Failure::PreconditionFailed,
        _ => error.into(),
    }
}

fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}
