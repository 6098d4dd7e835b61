//! `/config`: the configuration in effect, without its secrets.
//!
//! A value is hidden by what its key is called, and a URL loses its user and password, because whoever adds a key
//! will not think of this page. Paths of key files stay: they are no secret, and a wrong one is a common mistake.

use std::{fmt::Write, sync::Arc};

use axum::{
    extract::{Request, State},
    response::Response,
};
use serde_json::Value;

use crate::{
    admission::{ANSWER_BYTES_MAX, Draft, Refusal},
    routes::Admin,
    view::{Form, JSON, TEXT},
};

const HIDDEN: &str = "(hidden)";
const SECRET_WORDS: [&str; 8] =
    ["secret", "password", "passwd", "token", "credential", "authorization", "api_key", "access_key"];

/// `GET /config`
pub(crate) async fn show(State(admin): State<Arc<Admin>>, request: Request) -> Result<Response, Refusal> {
    let mut draft = Draft::new(&admin, ANSWER_BYTES_MAX)?;
    let shown = hide_secrets(&admin.sources.config);
    match Form::of(&request) {
        Form::Json => {
            let bytes = serde_json::to_vec_pretty(&shown).unwrap_or_default();
            Ok(draft.send_bytes(bytes, JSON))
        }
        Form::Html | Form::Text => {
            write_lines(&mut draft, "", &shown)?;
            Ok(draft.send(TEXT))
        }
    }
}

/// A copy of the tree in which every secret is replaced.
fn hide_secrets(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let shown = |(key, value): (&String, &Value)| {
                let value =
                    if is_secret(key) && !value.is_null() { HIDDEN.into() } else { hide_secrets(value) };
                (key.clone(), value)
            };
            Value::Object(fields.iter().map(shown).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(hide_secrets).collect()),
        Value::String(text) => Value::String(without_userinfo(text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase().replace('-', "_");
    let names_a_file = key.ends_with("_file") || key.ends_with("_path");
    !names_a_file && SECRET_WORDS.iter().any(|word| key.contains(word))
}

/// `https://user:pass@host/` becomes `https://(hidden)@host/`.
fn without_userinfo(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let authority_ends = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..authority_ends].rfind('@') {
        Some(at) => format!("{scheme}://{HIDDEN}{}", &rest[at..]),
        None => text.to_owned(),
    }
}

/// One line per value, as dotted keys of TOML; what is not set is a comment.
fn write_lines(out: &mut Draft, path: &str, value: &Value) -> std::fmt::Result {
    match value {
        Value::Object(fields) => fields.iter().try_for_each(|(key, value)| {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            write_lines(out, &path, value)
        }),
        Value::Null => writeln!(out, "# {path} is not set"),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            writeln!(out, "{path} = {value}")
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::hide_secrets;

    #[test]
    fn secrets_are_hidden_by_name_and_in_urls_and_paths_are_not() {
        let config = json!({
            "origin": {"url": "https://me:pw@example.com/a?b=c@d", "api-token": "t", "plain": "a@b"},
            "users": [{"password": "p", "name": "n"}],
            "tls": {"key": "/etc/key.pem"},
            "token_file": "/run/token",
            "secret": null,
        });
        let expected = json!({
            "origin": {"url": "https://(hidden)@example.com/a?b=c@d", "api-token": "(hidden)", "plain": "a@b"},
            "users": [{"password": "(hidden)", "name": "n"}],
            "tls": {"key": "/etc/key.pem"},
            "token_file": "/run/token",
            "secret": null,
        });
        assert_eq!(hide_secrets(&config), expected);
    }
}
