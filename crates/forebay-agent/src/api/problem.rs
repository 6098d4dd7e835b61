//! What can be wrong with a request, as problem details (RFC 9457): the one place where statuses are.

use axum::Json;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::views::BadUrl;
use crate::hook::Refused;
use crate::queue::QueueError;

/// When whoever came at a bad time may come again.
const AGAIN_SECONDS: u32 = 5;

/// What is wrong, for programs and for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Problem {
    /// What kind of problem it is; stays the same in all versions.
    #[serde(rename = "type")]
    #[schema(example = "urn:forebay:problem:unknown-edge")]
    kind: String,
    /// The kind in words.
    title: &'static str,
    /// The status of the answer.
    status: u16,
    /// What is wrong with this request, and what to do about it.
    detail: String,
    /// Lines of the list that are no URLs, if that is why: the first thousand.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rejected: Vec<BadUrl>,
}

impl Problem {
    fn new(status: StatusCode, kind: &str, title: &'static str, detail: impl Into<String>) -> Self {
        let kind = format!("urn:forebay:problem:{kind}");
        Self { kind, title, status: status.as_u16(), detail: detail.into(), rejected: Vec::new() }
    }

    pub(super) fn unauthorized() -> Self {
        let detail = "send a token of this agent: Authorization: Bearer TOKEN";
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "No token, or another one", detail)
    }

    pub(super) fn nothing_here() -> Self {
        let detail = "see /v1/openapi.json for what there is";
        Self::new(StatusCode::NOT_FOUND, "not-found", "There is nothing here", detail)
    }

    pub(super) fn method() -> Self {
        let detail = "see the field Allow for what can be done here";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method", "That cannot be done here", detail)
    }

    /// A parameter or a field of the request.
    pub(super) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid", "The request makes no sense", detail)
    }

    pub(super) fn media_type() -> Self {
        let detail = "send a list as text/plain or application/x-ndjson, or a small job as application/json";
        let title = "The body is of another kind";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type", title, detail)
    }

    pub(super) fn too_large(most: u64, instead: &str) -> Self {
        let detail = format!("it has {most} bytes at most: {instead}");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The body is too large", detail)
    }

    pub(super) fn busy(what: &str) -> Self {
        let detail = format!("{what}: try again in a few seconds");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "Too much at once", detail)
    }

    pub(super) fn unknown_edges(names: &[String]) -> Self {
        let detail = format!("this agent tends no edge called {}; see /v1/edges", names.join(", "));
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "unknown-edge", "There is no such edge", detail)
    }

    /// A URL that is not to be told of a job's end.
    pub(super) fn webhook(refused: &Refused) -> Self {
        let title = "That webhook is not told";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "webhook", title, refused.to_string())
    }

    /// There is no URL in a list, but perhaps something else.
    pub(super) fn no_urls(rejected: Vec<BadUrl>) -> Self {
        let detail = "none of the lines is an absolute http or https URL";
        let problem =
            Self::new(StatusCode::UNPROCESSABLE_ENTITY, "no-urls", "There is nothing to do", detail);
        Self { rejected, ..problem }
    }

    pub(super) const fn status(&self) -> u16 {
        self.status
    }
}

impl From<QueueError> for Problem {
    fn from(error: QueueError) -> Self {
        let (status, kind, title) = match &error {
            QueueError::NoSuchJob => (StatusCode::NOT_FOUND, "no-such-job", "There is no such job"),
            QueueError::Conflict => {
                (StatusCode::CONFLICT, "idempotency-conflict", "The key was used for something else")
            }
            QueueError::UnderWay => (StatusCode::CONFLICT, "under-way", "The same request is under way"),
            QueueError::Cancelled => (StatusCode::CONFLICT, "cancelled", "The job was cancelled"),
            QueueError::Invalid(_) => (StatusCode::BAD_REQUEST, "invalid", "The request makes no sense"),
            QueueError::TooManyUrls { .. } => {
                (StatusCode::PAYLOAD_TOO_LARGE, "too-many-urls", "The list is too long")
            }
            QueueError::Full { .. } => (StatusCode::SERVICE_UNAVAILABLE, "full", "The queue is full"),
            QueueError::NoSpace => (StatusCode::INSUFFICIENT_STORAGE, "no-space", "The disk is full"),
            QueueError::Closed => (StatusCode::SERVICE_UNAVAILABLE, "closed", "The agent is stopping"),
            _ => (StatusCode::INTERNAL_SERVER_ERROR, "queue", "The queue cannot be used"),
        };
        // What its directory is called is nothing for clients.
        let detail = if status == StatusCode::INTERNAL_SERVER_ERROR {
            tracing::error!(%error, "a request failed on the queue");
            "the agent's log says why".to_owned()
        } else {
            error.to_string()
        };
        Self::new(status, kind, title, detail)
    }
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
