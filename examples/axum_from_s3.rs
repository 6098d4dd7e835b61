//! An axum service that streams objects of S3:
//! `cargo run -p forebay-examples --example axum_from_s3 -- [--endpoint-url URL] s3://BUCKET/PREFIX/ [ADDR]`.
//!
//! The body of the answer *is* the connection to S3, read only as fast as the client takes it: a client that stops costs no more than
//! that connection, and one that goes away closes it. A connection that S3 breaks is continued from its byte, of the
//! same version of the object. Ranges and conditions are decided by the pure functions of `forebay-gateway`. Who needs listings,
//! archives and the rest as well runs `forebay serve s3://BUCKET/PREFIX/`, or mounts its `Gateway`.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::SystemTime;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Router, routing::get};
use forebay_examples::Asked;
use forebay_gateway::conditional::{Conditions, Validators, Verdict};
use forebay_gateway::etag::EntityTag;
use forebay_gateway::range::{self, Selection};
use forebay_net::client::{Client, ClientOptions};
use forebay_net::{ListenOptions, Listener, ServeOptions, serve};
use forebay_s3::S3;
use forebay_store::remote::{Facts, ObjectKey, ReadAsk, Remote, ResumableBody, Tenacity};
use forebay_store::{ByteRange, StoreError, StoreErrorKind};

/// What the handler needs: where the objects are.
#[derive(Clone)]
struct Shelf {
    remote: Arc<dyn Remote>,
    prefix: Arc<str>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut asked = Asked::from_args()?;
    let addr: SocketAddr = asked.more.pop_front().as_deref().unwrap_or("127.0.0.1:8080").parse()?;

    // At most 32 connections to S3 of 656 KiB each. Who asks while all are in use waits for ten seconds and is then told to come again.
    let client = Client::new(ClientOptions::default());
    let remote = Arc::new(S3::connect(asked.bucket, asked.s3, client).await);
    let shelf = Shelf { remote, prefix: asked.key.into() };

    // `forebay_net::serve` in the place of `axum::serve`: it bounds connections and their buffers, and cuts who stalls.
    let router = Router::new().route("/{*name}", get(object)).with_state(shelf);
    let listener = Listener::bind(addr, &ListenOptions::default())?;
    println!("listening on http://{}/", listener.local_addr());
    serve(listener, router, ServeOptions::default(), async {
        // Without a signal handler there is nothing to wait for, and Ctrl-C ends the process anyway.
        let _stop = tokio::signal::ctrl_c().await;
    })
    .await;
    Ok(())
}

async fn object(
    State(shelf): State<Shelf>,
    Path(name): Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let key =
        ObjectKey::new(format!("{}{name}", shelf.prefix)).map_err(|_| Refusal(StatusCode::NOT_FOUND))?;
    let facts = shelf.remote.head(&key, None).await?;

    // Decide, then act: nothing is fetched for an answer that has no body.
    let (status, range) = decide(&method, &headers, &facts)?;
    let head = head(status, range, &facts);
    if method == Method::HEAD || !status.is_success() {
        return Ok((status, head).into_response());
    }
    // The pin: bytes of this version, or none. An object that was replaced since is an error, and never a mixture.
    let ask = ReadAsk { key, range, pin: Some(facts.pin()) };
    let body = ResumableBody::open(shelf.remote, ask, Tenacity::default()).await?;
    Ok((status, head, Body::new(body)).into_response())
}

/// What the request's `If-…` and `Range` fields make of it (RFC 9110 §13, §14): a status, and which bytes, if not all.
fn decide(
    method: &Method,
    headers: &HeaderMap,
    facts: &Facts,
) -> Result<(StatusCode, Option<ByteRange>), Refusal> {
    let etag = facts.validator.as_ref().and_then(|tag| EntityTag::parse(tag.text()));
    let validators = Validators { etag, modified: facts.modified };
    let conditions = Conditions::of(headers);
    match conditions.evaluate(&validators) {
        Verdict::Proceed => {}
        Verdict::NotModified => return Ok((StatusCode::NOT_MODIFIED, None)),
        Verdict::Failed => return Err(Refusal(StatusCode::PRECONDITION_FAILED)),
    }
    let (Some(field), Some(len)) = (conditions.range(), facts.len) else { return Ok((StatusCode::OK, None)) };
    if method != Method::GET || !conditions.range_applies(&validators, SystemTime::now()) {
        return Ok((StatusCode::OK, None));
    }
    Ok(match range::select(field, len) {
        Selection::One(span) => (StatusCode::PARTIAL_CONTENT, ByteRange::new(span.first, span.last + 1)),
        // Several ranges may be answered with all of it.
        Selection::Whole | Selection::Many(_) => (StatusCode::OK, None),
        Selection::Unsatisfiable => (StatusCode::RANGE_NOT_SATISFIABLE, None),
    })
}

fn head(status: StatusCode, range: Option<ByteRange>, facts: &Facts) -> HeaderMap {
    let mut head = HeaderMap::new();
    // A value that is no header field is left out.
    let mut put = |name, value: &[u8]| value.try_into().map(|value| head.insert(name, value)).ok();
    put(header::ACCEPT_RANGES, b"bytes");
    if let Some(tag) = &facts.validator {
        put(header::ETAG, tag.text());
    }
    if let Some(modified) = facts.modified {
        put(header::LAST_MODIFIED, httpdate::fmt_http_date(modified).as_bytes());
    }
    if let Some(content_type) = &facts.attributes.content_type {
        put(header::CONTENT_TYPE, content_type.as_bytes());
    }
    let Some(len) = facts.len else { return head };
    match range {
        Some(range) => {
            let field = format!("bytes {}-{}/{len}", range.start(), range.end() - 1);
            put(header::CONTENT_RANGE, field.as_bytes());
            put(header::CONTENT_LENGTH, range.len().to_string().as_bytes());
        }
        None if status == StatusCode::RANGE_NOT_SATISFIABLE => {
            put(header::CONTENT_RANGE, format!("bytes */{len}").as_bytes());
        }
        None if status.is_success() => {
            put(header::CONTENT_LENGTH, len.to_string().as_bytes());
        }
        None => {}
    }
    head
}

/// An answer without a body: what went wrong inside stays inside.
struct Refusal(StatusCode);

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        eprintln!("{error}");
        Self(match error.kind() {
            StoreErrorKind::NotFound => StatusCode::NOT_FOUND,
            // Replaced between the two requests; or S3, or our connections to it, are busy.
            StoreErrorKind::Changed | StoreErrorKind::Throttled | StoreErrorKind::Unavailable => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            StoreErrorKind::Precondition
            | StoreErrorKind::Denied
            | StoreErrorKind::Conflict
            | StoreErrorKind::Full
            | StoreErrorKind::Invalid => StatusCode::BAD_GATEWAY,
        })
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}
