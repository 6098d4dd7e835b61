//! What can be wrong with a request, as problem details (RFC 9457): the one place where statuses are.

use std::collections::BTreeMap;

use axum::Json;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::openapi::schema::Type;
use utoipa::openapi::{Content, Header, Object, Ref, RefOr, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

use super::views::BadUrl;
use crate::hook::Refused;
use crate::queue::QueueError;

/// When whoever came at a bad time may come again.
const AGAIN_SECONDS: u32 = 5;

/// What is wrong, for programs and for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Problem {
    /// What kind of problem it is.
    #[serde(rename = "type")]
    #[schema(inline)]
    kind: ProblemKind,
    /// The kind in words.
    title: &'static str,
    /// The status of the answer.
    status: u16,
    /// What is wrong with this request, and what to do about it.
    detail: String,
    /// Lines of the list that are no URLs, if that is why: the first thousand.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    rejected: Vec<BadUrl>,
}

/// What can be wrong; the words stay the same in all versions.
///
/// A request that is not as the description of the interface has it is *invalid* (400). One that is, and still cannot be done here, is refused with another status: nothing in
/// the description could have told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) enum ProblemKind {
    #[serde(rename = "urn:forebay:problem:invalid")]
    Invalid,
    #[serde(rename = "urn:forebay:problem:unauthorized")]
    Unauthorized,
    #[serde(rename = "urn:forebay:problem:not-found")]
    NotFound,
    #[serde(rename = "urn:forebay:problem:no-such-job")]
    NoSuchJob,
    #[serde(rename = "urn:forebay:problem:method")]
    Method,
    #[serde(rename = "urn:forebay:problem:idempotency-conflict")]
    IdempotencyConflict,
    #[serde(rename = "urn:forebay:problem:under-way")]
    UnderWay,
    #[serde(rename = "urn:forebay:problem:cancelled")]
    Cancelled,
    #[serde(rename = "urn:forebay:problem:too-large")]
    TooLarge,
    #[serde(rename = "urn:forebay:problem:too-many-urls")]
    TooManyUrls,
    #[serde(rename = "urn:forebay:problem:media-type")]
    MediaType,
    #[serde(rename = "urn:forebay:problem:impossible")]
    Impossible,
    #[serde(rename = "urn:forebay:problem:unknown-edge")]
    UnknownEdge,
    #[serde(rename = "urn:forebay:problem:no-urls")]
    NoUrls,
    #[serde(rename = "urn:forebay:problem:webhook")]
    Webhook,
    #[serde(rename = "urn:forebay:problem:queue")]
    Queue,
    #[serde(rename = "urn:forebay:problem:busy")]
    Busy,
    #[serde(rename = "urn:forebay:problem:full")]
    Full,
    #[serde(rename = "urn:forebay:problem:closed")]
    Closed,
    #[serde(rename = "urn:forebay:problem:no-space")]
    NoSpace,
}

impl ProblemKind {
    /// Its status, and the kind in words.
    const fn told(self) -> (StatusCode, &'static str) {
        match self {
            Self::Invalid => (StatusCode::BAD_REQUEST, "The request makes no sense"),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "No token, or another one"),
            Self::NotFound => (StatusCode::NOT_FOUND, "There is nothing here"),
            Self::NoSuchJob => (StatusCode::NOT_FOUND, "There is no such job"),
            Self::Method => (StatusCode::METHOD_NOT_ALLOWED, "That cannot be done here"),
            Self::IdempotencyConflict => (StatusCode::CONFLICT, "The key was used for something else"),
            Self::UnderWay => (StatusCode::CONFLICT, "The same request is under way"),
            Self::Cancelled => (StatusCode::CONFLICT, "The job was cancelled"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "The body is too large"),
            Self::TooManyUrls => (StatusCode::PAYLOAD_TOO_LARGE, "The list is too long"),
            Self::MediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "The body is of another kind"),
            Self::Impossible => (StatusCode::UNPROCESSABLE_ENTITY, "That cannot be done"),
            Self::UnknownEdge => (StatusCode::UNPROCESSABLE_ENTITY, "There is no such edge"),
            Self::NoUrls => (StatusCode::UNPROCESSABLE_ENTITY, "There is nothing to do"),
            Self::Webhook => (StatusCode::UNPROCESSABLE_ENTITY, "That webhook is not told"),
            Self::Queue => (StatusCode::INTERNAL_SERVER_ERROR, "The queue cannot be used"),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "Too much at once"),
            Self::Full => (StatusCode::SERVICE_UNAVAILABLE, "The queue is full"),
            Self::Closed => (StatusCode::SERVICE_UNAVAILABLE, "The agent is stopping"),
            Self::NoSpace => (StatusCode::INSUFFICIENT_STORAGE, "The disk is full"),
        }
    }
}

impl Problem {
    fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        let (status, title) = kind.told();
        Self { kind, title, status: status.as_u16(), detail: detail.into(), rejected: Vec::new() }
    }

    pub(super) fn unauthorized() -> Self {
        Self::new(ProblemKind::Unauthorized, "send a token of this agent: Authorization: Bearer TOKEN")
    }

    pub(super) fn nothing_here() -> Self {
        Self::new(ProblemKind::NotFound, "see /v1/openapi.json for what there is")
    }

    pub(super) fn method() -> Self {
        Self::new(ProblemKind::Method, "see the field Allow for what can be done here")
    }

    /// A parameter or a field is not of the form that it has to have.
    pub(super) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(ProblemKind::Invalid, detail)
    }

    /// Each by itself could be, and together they cannot.
    pub(super) fn impossible(detail: impl Into<String>) -> Self {
        Self::new(ProblemKind::Impossible, detail)
    }

    pub(super) fn media_type() -> Self {
        let detail = "send a list as text/plain or application/x-ndjson, or a small job as application/json";
        Self::new(ProblemKind::MediaType, detail)
    }

    pub(super) fn too_large(most: u64, instead: &str) -> Self {
        Self::new(ProblemKind::TooLarge, format!("it has {most} bytes at most: {instead}"))
    }

    pub(super) fn busy(what: &str) -> Self {
        Self::new(ProblemKind::Busy, format!("{what}: try again in a few seconds"))
    }

    pub(super) fn unknown_edges(names: &[String]) -> Self {
        let detail = format!("this agent tends no edge called {}; see /v1/edges", names.join(", "));
        Self::new(ProblemKind::UnknownEdge, detail)
    }

    /// A URL that is not to be told of a job's end.
    pub(super) fn webhook(refused: &Refused) -> Self {
        Self::new(ProblemKind::Webhook, refused.to_string())
    }

    /// There is no URL in a list, but perhaps something else.
    pub(super) fn no_urls(rejected: Vec<BadUrl>) -> Self {
        let detail = "none of the lines is an absolute http or https URL";
        Self { rejected, ..Self::new(ProblemKind::NoUrls, detail) }
    }

    pub(super) const fn status(&self) -> u16 {
        self.status
    }
}

impl From<QueueError> for Problem {
    fn from(error: QueueError) -> Self {
        let kind = match &error {
            QueueError::NoSuchJob => ProblemKind::NoSuchJob,
            QueueError::Conflict => ProblemKind::IdempotencyConflict,
            QueueError::UnderWay => ProblemKind::UnderWay,
            QueueError::Cancelled => ProblemKind::Cancelled,
            QueueError::Invalid(_) => ProblemKind::Impossible,
            QueueError::TooManyUrls { .. } => ProblemKind::TooManyUrls,
            QueueError::Full { .. } => ProblemKind::Full,
            QueueError::NoSpace => ProblemKind::NoSpace,
            QueueError::Closed => ProblemKind::Closed,
            _ => {
                // What its directory is called is nothing for clients.
                tracing::error!(%error, "a request failed on the queue");
                return Self::new(ProblemKind::Queue, "the agent's log says why");
            }
        };
        Self::new(kind, error.to_string())
    }
}

/// Answers of a refused request, for the description: those that every request may get, and more.
pub(super) struct Refusals<const MORE: u8>;

/// It names a job.
pub(super) const OF_JOB: u8 = 1;
/// It changes one.
pub(super) const OF_CHANGE: u8 = 2;
/// It brings one.
pub(super) const OF_SUBMISSION: u8 = 3;
/// It asks for rows: of a job, and of all.
pub(super) const OF_ROWS: u8 = 4;
pub(super) const OF_ALL_ROWS: u8 = 5;

impl<const MORE: u8> IntoResponses for Refusals<MORE> {
    fn responses() -> BTreeMap<String, RefOr<utoipa::openapi::Response>> {
        let more: &[u16] = match MORE {
            OF_JOB => &[404],
            OF_CHANGE => &[404, 409],
            OF_SUBMISSION => &[409, 413, 415, 422, 507],
            OF_ROWS => &[404, 422],
            OF_ALL_ROWS => &[422],
            _ => &[],
        };
        let statuses = [400, 401, HEAD_TOO_LARGE, 500, 503].into_iter().chain(more.iter().copied());
        statuses.map(|status| (status.to_string(), described(status).into())).collect()
    }
}

/// A head that does not fit is answered below the interface, without a word.
const HEAD_TOO_LARGE: u16 = 431;

fn described(status: u16) -> utoipa::openapi::Response {
    let text = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    let content = Content::new(Some(Ref::from_schema_name("Problem")));
    let answer = ResponseBuilder::new().description(text.unwrap_or("Refused"));
    if status == HEAD_TOO_LARGE {
        return answer.build();
    }
    let answer = answer.content("application/problem+json", content);
    let word = || Header::new(Object::with_type(Type::String));
    match status {
        401 => answer.header(WWW_AUTHENTICATE.as_str(), word()),
        503 => answer.header(RETRY_AFTER.as_str(), word()),
        _ => answer,
    }
    .build()
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, AGAIN_SECONDS.into());
        }
        response
    }
}
