//! An agent across the network.

use std::{
    ffi::{OsStr, OsString},
    io::Read,
};

use anyhow::{Context, anyhow};
use forebay_net::{
    BoxError,
    client::{Client, ClientOptions, Payload},
};
use futures_util::stream;
use http::{
    HeaderValue, Method, Request, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use http_body::Frame;
use http_body_util::StreamBody;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::{args::JobsAsked, output::Failure};

const USUAL: &str = "http://127.0.0.1:8091";
/// The longest answer: a page of a thousand long URLs.
const ANSWER_MAX: usize = 32 << 20;
const CHUNK: usize = 64 << 10;

pub(super) struct Agent {
    client: Client,
    base: String,
    token: Option<HeaderValue>,
}

impl Agent {
    pub(super) fn of(asked: &JobsAsked) -> Result<Self, Failure> {
        let base = asked.agent.clone().or_else(|| variable("FOREBAY_AGENT_URL"));
        let base = base.as_deref().unwrap_or(USUAL).trim_end_matches('/').to_owned();
        let token = match &asked.token_file {
            None => variable("FOREBAY_AGENT_TOKEN"),
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .with_context(|| format!("--token-file {}", path.display()))
                    .map_err(Failure::usage)?;
                text.lines()
                    .map(str::trim)
                    .find(|line| !line.is_empty() && !line.starts_with('#'))
                    .map(str::to_owned)
            }
        };
        let bearer = |token: String| {
            let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
                .map_err(|_| Failure::usage(anyhow!("the token cannot stand in a header")))?;
            value.set_sensitive(true);
            Ok::<_, Failure>(value)
        };
        let token = token.map(bearer).transpose()?;
        Ok(Self { client: Client::new(ClientOptions::default()), base, token })
    }

    pub(super) async fn get(&self, path: &str, query: &[(&'static str, String)]) -> Result<Value, Failure> {
        self.send(Request::builder().method(Method::GET), path, query, Payload::empty()).await
    }

    pub(super) async fn post(&self, path: &str) -> Result<Value, Failure> {
        self.send(Request::builder().method(Method::POST), path, &[], Payload::empty()).await
    }

    pub(super) async fn submit(
        &self,
        terms: Vec<(&'static str, String)>,
        key: Option<&str>,
        list: Payload,
    ) -> Result<Value, Failure> {
        let mut request = Request::builder().method(Method::POST).header(CONTENT_TYPE, "text/plain");
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        self.send(request, "/v1/jobs", &terms, list).await
    }

    async fn send(
        &self,
        mut request: http::request::Builder,
        path: &str,
        query: &[(&'static str, String)],
        body: Payload,
    ) -> Result<Value, Failure> {
        let pairs: Vec<_> = query
            .iter()
            .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)))
            .collect();
        let mark = if pairs.is_empty() { "" } else { "?" };
        let uri = format!("{}{path}{mark}{}", self.base, pairs.join("&"));
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, token.clone());
        }
        let request = request.uri(uri).body(body).context("--agent").map_err(Failure::usage)?;
        let answer = self.client.send(request).await;
        let answer = answer.with_context(|| format!("no agent answers at {}", self.base))?;
        let (head, mut body) = answer.into_parts();
        let mut text = Vec::new();
        while let Some(chunk) = body.chunk().await {
            text.extend_from_slice(&chunk.context("the agent's answer broke off")?);
            if text.len() > ANSWER_MAX {
                return Err(anyhow!("the agent's answer does not end").into());
            }
        }
        let value: Value = serde_json::from_slice(&text)
            .map_err(|_| anyhow!("what answers at {} with {} is no agent", self.base, head.status))?;
        if head.status.is_success() { Ok(value) } else { Err(refused(head.status, &value)) }
    }
}

/// What the agent says; and whether it is the command line that is wrong.
fn refused(status: StatusCode, problem: &Value) -> Failure {
    let detail = problem["detail"].as_str().unwrap_or("it does not say why").to_owned();
    let error = anyhow!("{}: {detail}", problem["title"].as_str().unwrap_or("the agent refused"));
    match status {
        StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::UNPROCESSABLE_ENTITY => {
            Failure::usage(error)
        }
        _ => error.into(),
    }
}

/// The list as it goes out: URLs of the command line, or a file, piece by piece.
pub(super) async fn list(urls: &[OsString], from: Option<&OsStr>) -> Result<Payload, Failure> {
    let Some(from) = from else {
        let lines: Vec<_> = urls.iter().map(|url| url.to_string_lossy()).collect();
        return Ok(Payload::bytes(lines.join("\n").into()));
    };
    let input: Box<dyn Read + Send> = if from == "-" {
        Box::new(std::io::stdin())
    } else {
        let file = std::fs::File::open(from).with_context(|| format!("--from {}", from.display()));
        Box::new(file.map_err(Failure::usage)?)
    };
    let pieces = stream::try_unfold(input, |mut input| async move {
        let read = tokio::task::spawn_blocking(move || {
            let mut chunk = vec![0; CHUNK];
            let count = input.read(&mut chunk)?;
            chunk.truncate(count);
            Ok::<_, std::io::Error>((chunk, input))
        });
        let (chunk, input) = read.await.map_err(BoxError::from)??;
        Ok::<_, BoxError>((!chunk.is_empty()).then(|| (Frame::data(chunk.into()), input)))
    });
    Ok(Payload::body(StreamBody::new(pieces)))
}

fn variable(name: &str) -> Option<String> {
    let (_, value) = crate::environment().find(|(known, _)| known == name)?;
    value.into_string().ok().filter(|value| !value.is_empty())
}
