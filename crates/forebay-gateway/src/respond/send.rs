//! Bodies of objects: what is needed to read them is in hand before the head goes out.
//!
//! Bytes in memory are sent as they are, in one write with the head. A file goes by name where the
//! connection can do that, and needs nothing then. Elsewhere (HTTP/2, another server) it is read
//! through a window that is leased here, with a short wait: a refusal is a 503 now, and not a body that
//! breaks off later.

use std::collections::VecDeque;

use bytes::Bytes;
use forebay_budget::{Class, Lease};
use forebay_net::{ConnInfo, FileBody, Party, ReadWindow, RelayBody, Segment, Transfer};
use forebay_store::Content;
use forebay_store::remote::RemoteSpan;
use http::request::Parts;
use http::{HeaderMap, Response, StatusCode};

use super::multipart::Multipart;
use super::response;
use super::upstream::{self, Piece, Upstream};
use crate::body::Body;
use crate::error::Failure;
use crate::gateway::Shared;

/// One run of bytes.
pub(super) async fn content(
    shared: &Shared,
    head: &Parts,
    status: StatusCode,
    headers: HeaderMap,
    content: Content,
) -> Result<Response<Body>, Failure> {
    match content {
        Content::Bytes(bytes) => Ok(response(status, headers, Body::from(bytes))),
        Content::File(span) => {
            let window = window(shared, head).await?;
            Ok(offered(status, headers, FileBody::of(span, window)))
        }
        Content::Remote(span) => {
            let body = Box::pin(one_from_upstream(shared, head, span)).await?;
            Ok(relayed(status, headers, body))
        }
    }
}

/// What one part of a multipart body holds: its head, and two places in the queue of segments.
const PART_BYTES: u64 = 320;

/// The closing text, sent last, and what pays for the text before it.
struct Closing {
    text: Bytes,
    _lease: Lease,
}

impl AsRef<[u8]> for Closing {
    fn as_ref(&self) -> &[u8] {
        &self.text
    }
}

/// Many runs with the text between them.
pub(super) async fn contents(
    shared: &Shared,
    head: &Parts,
    headers: HeaderMap,
    multipart: Multipart,
    contents: Vec<Content>,
) -> Result<Response<Body>, Failure> {
    if contents.iter().any(|content| matches!(content, Content::Remote(_))) {
        return Box::pin(from_upstream(shared, head, headers, multipart, contents)).await;
    }
    let window = window(shared, head).await?;
    // Now or not at all: the window may be held.
    let lease = shared.ledger.try_acquire(Class::Reads, PART_BYTES * contents.len() as u64)?;
    let (heads, end) = multipart.into_text();
    let end = Bytes::from_owner(Closing { text: end, _lease: lease });
    let parts = heads.into_iter().zip(contents).flat_map(|(head, content)| {
        let content = match content {
            Content::Bytes(bytes) => Some(Segment::Bytes(bytes)),
            Content::File(span) => Some(Segment::File(span)),
            Content::Remote(_) => None,
        };
        [Some(Segment::Bytes(head)), content].into_iter().flatten()
    });
    let body = FileBody::new(parts.chain([Segment::Bytes(end)]), window);
    Ok(offered(StatusCode::PARTIAL_CONTENT, headers, body))
}

/// One run from across a network, asked for before the head, or when its object was opened.
async fn one_from_upstream(shared: &Shared, head: &Parts, span: RemoteSpan) -> Result<Upstream, Failure> {
    let lease = match shared.ledger.try_acquire(Class::Reads, shared.read_window().as_u64()) {
        Ok(lease) => lease,
        Err(_) => {
            // Nobody waits for memory with a connection in hand.
            span.put_down();
            reads(shared, head).await?
        }
    };
    let body = upstream::open(&span, &shared.upstream).await?;
    Ok(Upstream::one(body, shared.upstream.clone(), vec![lease]))
}

/// Many runs from across a network. The first is asked for before the head.
async fn from_upstream(
    shared: &Shared,
    head: &Parts,
    headers: HeaderMap,
    multipart: Multipart,
    contents: Vec<Content>,
) -> Result<Response<Body>, Failure> {
    let lease = reads(shared, head).await?;
    let text = shared.ledger.try_acquire(Class::Reads, PART_BYTES * contents.len() as u64)?;
    let len = multipart.len();
    let (heads, end) = multipart.into_text();
    let mut pieces = VecDeque::with_capacity(2 * heads.len() + 1);
    let mut is_open = false;
    for (head, content) in heads.into_iter().zip(contents) {
        pieces.push_back(Piece::Text(head));
        pieces.push_back(match content {
            Content::Remote(span) if !is_open => {
                is_open = true;
                Piece::Open(upstream::open(&span, &shared.upstream).await?)
            }
            Content::Remote(span) => Piece::Span(span),
            Content::Bytes(bytes) => Piece::Text(bytes),
            // One object is in one place.
            Content::File(_) => return Err(Failure::BadRequest),
        });
    }
    pieces.push_back(Piece::Text(end));
    let body = Upstream::many(pieces, len, shared.upstream.clone(), vec![lease, text]);
    Ok(relayed(StatusCode::PARTIAL_CONTENT, headers, body))
}

/// An answer whose bytes may go from socket to socket.
fn relayed(status: StatusCode, headers: HeaderMap, body: Upstream) -> Response<Body> {
    let mut body = RelayBody::new(body);
    let offer = body.offer();
    let mut response = response(status, headers, Body::from(body));
    if let Some(offer) = offer {
        response.extensions_mut().insert(offer);
    }
    response
}

/// An answer whose file may go by name.
fn offered(status: StatusCode, headers: HeaderMap, mut body: FileBody) -> Response<Body> {
    let offer = body.offer();
    let mut response = response(status, headers, Body::from(body));
    if let Some(offer) = offer {
        response.extensions_mut().insert(offer);
    }
    response
}

async fn window(shared: &Shared, head: &Parts) -> Result<ReadWindow, Failure> {
    let chunks = shared.chunks.clone();
    if head.extensions.get::<ConnInfo>().is_some_and(|conn| conn.zero_copy) {
        let window =
            ReadWindow::on_demand(shared.ledger.clone(), shared.read_window(), shared.options.patience);
        return Ok(window.with_buffers(chunks));
    }
    Ok(ReadWindow::held(reads(shared, head).await?).with_buffers(chunks))
}

/// Memory for a chunk that is read while another is sent.
async fn reads(shared: &Shared, head: &Parts) -> Result<Lease, Failure> {
    let (size, patience) = (shared.read_window(), shared.options.patience);
    if let Ok(lease) = shared.ledger.try_acquire(Class::Reads, size.as_u64()) {
        return Ok(lease);
    }
    let transfer = head.extensions.get::<Transfer>();
    if let Some(transfer) = transfer {
        transfer.set_waiting(Party::Budget);
    }
    let lease = shared.ledger.acquire(Class::Reads, size.as_u64(), patience).await;
    if let Some(transfer) = transfer {
        transfer.clear_waiting();
    }
    Ok(lease?)
}
