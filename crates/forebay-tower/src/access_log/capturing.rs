//! Which bodies are worth a capture, and how a capture is written.

use http::header::{CONNECTION, CONTENT_ENCODING, CONTENT_TYPE, UPGRADE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use super::form::{Fields, LogForm};
use super::format::Escaper;
use super::{Redaction, WhiteSpace};
use crate::body::{Prefix, Skipped};

/// What the headers say that a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// JSON, or something else in which the JSON reader does no harm.
    Text,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// Nothing: the bytes decide.
    Unknown,
    /// Not to be captured.
    Skip(Skipped),
}

/// A capture with what is needed to write it.
#[derive(Debug)]
pub(super) struct Capture {
    pub(super) kind: Kind,
    pub(super) prefix: Prefix,
}

impl Kind {
    /// What `Content-Type` and `Content-Encoding` say.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let coded = headers.get(CONTENT_ENCODING).is_some_and(|coding| coding != "identity");
        match headers.get(CONTENT_TYPE).map(HeaderValue::to_str) {
            _ if coded => Self::Skip(Skipped::Binary),
            None => Self::Unknown,
            Some(Ok(media)) => Self::of_media(media),
            Some(Err(_)) => Self::Skip(Skipped::Binary),
        }
    }

    fn of_media(media: &str) -> Self {
        let media = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let Some((family, subtype)) = media.split_once('/') else { return Self::Unknown };
        let suffix = subtype.rsplit_once('+').map_or(subtype, |(_, suffix)| suffix);
        match (family, suffix) {
            ("application", "x-www-form-urlencoded") => Self::Form,
            ("text", _) => Self::Text,
            (
                _,
                "json" | "xml" | "yaml" | "x-yaml" | "toml" | "javascript" | "graphql" | "ndjson"
                | "x-ndjson" | "jsonl" | "sql",
            ) => Self::Text,
            _ => Self::Skip(Skipped::Binary),
        }
    }

    /// The kind of a request's body.
    pub(super) fn of_request(method: &Method, headers: &HeaderMap) -> Self {
        if *method == Method::CONNECT || asks_upgrade(headers) {
            Self::Skip(Skipped::Upgrade)
        } else {
            Self::of(headers)
        }
    }

    /// The kind of a response's body.
    pub(super) fn of_response(method: &Method, status: StatusCode, headers: &HeaderMap) -> Self {
        let tunnel = *method == Method::CONNECT && status.is_success();
        if status == StatusCode::SWITCHING_PROTOCOLS || tunnel {
            Self::Skip(Skipped::Upgrade)
        } else {
            Self::of(headers)
        }
    }
}

fn asks_upgrade(headers: &HeaderMap) -> bool {
    let token = |value: &HeaderValue| {
        value
            .to_str()
            .is_ok_and(|value| value.split(',').any(|one| one.trim().eq_ignore_ascii_case("upgrade")))
    };
    headers.contains_key(UPGRADE) && headers.get_all(CONNECTION).iter().any(token)
}

impl Capture {
    /// `,"name":{"text":"…","captured":"whole"}`, or why there is none. `max` bounds the escaped text.
    pub(super) fn write(&self, fields: &mut Fields<'_>, name: &str, ended: bool, style: &Style<'_>) {
        let text = match (self.prefix.skipped(), readable(self.prefix.kept(), self.kind)) {
            (Some(skipped), _) => return none(fields, name, skipped),
            (None, None) => return none(fields, name, Skipped::Binary),
            (None, Some(text)) => text,
        };
        fields.name(name);
        fields.raw(if fields.form == LogForm::Json { "{\"text\":\"" } else { "\"" });
        let mut escaper = Escaper::new(fields.out, style.max, style.white_space);
        // JSON has no key without a quote, so what has none is hidden as a form is.
        if self.kind == Kind::Form || (self.kind == Kind::Unknown && !text.contains('"')) {
            style.redaction.form(&text, |piece| escaper.push(piece));
        } else {
            style.redaction.json(&text, |piece| escaper.push(piece));
        }
        let whole = ended && self.prefix.is_whole() && !escaper.is_cut();
        let captured = if whole { "whole" } else { "truncated" };
        fields.raw("\"");
        match fields.form {
            LogForm::Json => {
                fields.plain("captured", captured);
                fields.raw("}");
            }
            LogForm::Text => fields.plain(&format!("{name}_captured"), captured),
        }
    }
}

/// How captures are written.
pub(super) struct Style<'a> {
    /// The longest text, in escaped bytes.
    pub(super) max: usize,
    pub(super) white_space: WhiteSpace,
    pub(super) redaction: &'a Redaction,
}

/// The kept bytes as text without the character that the cut went through; `None` if nobody said that
/// they are text and they are not.
fn readable(kept: &[u8], kind: Kind) -> Option<std::borrow::Cow<'_, str>> {
    let end = match std::str::from_utf8(kept) {
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        Err(_) if kind == Kind::Unknown => return None,
        Ok(_) | Err(_) => kept.len(),
    };
    Some(String::from_utf8_lossy(&kept[..end]))
}

fn none(fields: &mut Fields<'_>, name: &str, why: Skipped) {
    match fields.form {
        LogForm::Json => {
            fields.name(name);
            fields.raw("{\"captured\":\"none\",\"why\":\"");
            fields.raw(why.name());
            fields.raw("\"}");
        }
        LogForm::Text => {
            fields.plain(&format!("{name}_captured"), "none");
            fields.plain(&format!("{name}_why"), why.name());
        }
    }
}
