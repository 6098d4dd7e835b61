//! What a layer says when it says no.
//!
//! Each layer has its own error type; all convert into a [`Refusal`], which answers as problem+json
//! (RFC 9457) or as one line of text, by `Accept`. The refusal also travels in the response's extensions,
//! so that an outer layer (the access log, metrics, a service with its own error pages) sees the typed
//! reason and may write its own answer. Nothing in it tells about the inside of the service.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Response, StatusCode};

use crate::body::Answer;

/// A request that a layer did not let pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    status: StatusCode,
    reason: &'static str,
    detail: Cow<'static, str>,
    retry_after: Option<Duration>,
}

/// The shape of a refusal's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `application/problem+json`, RFC 9457.
    Problem,
    /// `text/plain`.
    Text,
}

// ===== impl Refusal =====

impl Refusal {
    /// A refusal with a status, a token that machines compare (`rate_limited`), and one sentence for
    /// people.
    pub fn new(status: StatusCode, reason: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { status, reason, detail: detail.into(), retry_after: None }
    }

    /// When it makes sense to ask again; sent as `Retry-After` in whole seconds, rounded up.
    #[must_use]
    pub const fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// The status of the answer.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The token that machines compare.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        self.reason
    }

    /// The sentence for people.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// `Retry-After` in whole seconds, rounded up and at least 1, if there is one.
    #[must_use]
    pub fn retry_after_seconds(&self) -> Option<u64> {
        let wait = self.retry_after?;
        Some((wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1))
    }

    /// The answer, with the refusal itself in its extensions.
    #[must_use]
    pub fn into_response<B>(self, form: Form) -> Response<Answer<B>> {
        let mut response = Response::new(Answer::refused(self.text(form)));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(form.content_type()));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after_seconds() {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self);
        response
    }

    fn text(&self, form: Form) -> Bytes {
        match form {
            Form::Text => format!("{}\n", self.detail).into(),
            Form::Problem => serde_json::json!({
                "type": "about:blank",
                "title": self.status.canonical_reason().unwrap_or("Refused"),
                "status": self.status.as_u16(),
                "detail": self.detail,
                "reason": self.reason,
            })
            .to_string()
            .into(),
        }
    }
}

// ===== impl Form =====

impl Form {
    /// The form that `Accept` asks for: problem+json only where JSON is named and not refused (`q=0`).
    #[must_use]
    pub fn asked(headers: &HeaderMap) -> Self {
        let named = |value: &HeaderValue| {
            value.to_str().is_ok_and(|value| value.split(',').any(|range| accepts_json(range.trim())))
        };
        if headers.get_all(ACCEPT).iter().any(named) { Self::Problem } else { Self::Text }
    }

    const fn content_type(self) -> &'static str {
        match self {
            Self::Problem => "application/problem+json",
            Self::Text => "text/plain; charset=utf-8",
        }
    }
}

fn accepts_json(range: &str) -> bool {
    let mut parts = range.split(';').map(str::trim);
    let media = parts.next().unwrap_or_default();
    let json =
        ["application/json", "application/problem+json"].iter().any(|json| media.eq_ignore_ascii_case(json));
    json && !parts.any(|parameter| {
        parameter.split_once('=').is_some_and(|(name, q)| {
            name.trim().eq_ignore_ascii_case("q") && q.trim().parse::<f32>().is_ok_and(|q| q <= 0.0)
        })
    })
}

#[cfg(test)]
mod tests {
    use http_body::Body as _;

    use super::*;

    fn asked(accept: &'static str) -> Form {
        Form::asked(&HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]))
    }

    #[test]
    fn json_is_sent_to_those_who_name_it() {
        assert_eq!(asked("application/json"), Form::Problem);
        assert_eq!(asked("text/html, application/problem+json;q=0.5"), Form::Problem);
        assert_eq!(asked("*/*"), Form::Text);
        assert_eq!(asked("text/html, application/json; q=0"), Form::Text);
        assert_eq!(Form::asked(&HeaderMap::new()), Form::Text);
    }

    #[test]
    fn retry_after_is_whole_seconds_rounded_up() {
        let refusal = |wait| Refusal::new(StatusCode::TOO_MANY_REQUESTS, "x", "x").retry_after(wait);
        assert_eq!(refusal(Duration::from_millis(1001)).retry_after_seconds(), Some(2));
        assert_eq!(refusal(Duration::from_secs(3)).retry_after_seconds(), Some(3));
        assert_eq!(refusal(Duration::ZERO).retry_after_seconds(), Some(1));
        assert_eq!(Refusal::new(StatusCode::FORBIDDEN, "x", "x").retry_after_seconds(), None);
    }

    #[test]
    fn the_typed_reason_travels_with_the_answer() {
        let refusal = Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded", "Too busy.");
        let response = refusal.clone().into_response::<http_body_util::Empty<Bytes>>(Form::Problem);
        assert_eq!(response.extensions().get::<Refusal>(), Some(&refusal));
        assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
        let problem: serde_json::Value = serde_json::from_slice(&refusal.text(Form::Problem)).unwrap();
        assert_eq!(response.body().size_hint().exact(), Some(refusal.text(Form::Problem).len() as u64));
        assert_eq!(problem["status"], 503);
        assert_eq!(problem["reason"], "overloaded");
    }
}
