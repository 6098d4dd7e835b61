//! One request over one connection, up to the head of its answer.
//!
//! The connection is driven by whoever waits for the head, and by nobody else. While the request is being sent, only the server can
//! be late, and only if the socket takes nothing although there is something to send; from then on the head has its own limit.

use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::poll_fn;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, Connection, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::time::{Instant, Sleep, sleep};

use super::error::{ClientError, ClientErrorKind};
use super::link::Link;
use super::options::ClientOptions;
use super::outgoing::Outgoing;
use super::payload::Payload;
use super::progress::Progress;

/// hyper keeps at least this much.
const HTTP1_BUFFER_MIN: usize = 8 << 10;

/// hyper's half of an exchange: it holds the link.
pub(super) struct Exchange {
    connection: Connection<TokioIo<Link>, Outgoing>,
    /// Dropped, it would tell the connection to end.
    _sender: SendRequest<Outgoing>,
    pub(super) progress: Arc<Progress>,
    is_over: bool,
}

/// The request has no answer.
pub(super) struct Failure {
    pub(super) error: ClientError,
    /// Not a byte of an answer came.
    pub(super) nothing_came: bool,
    /// Not a byte of the request left.
    pub(super) nothing_left: bool,
}

impl Exchange {
    /// Polls the connection. What became of it is told to the waiter for the head, or to the body.
    pub(super) fn drive(&mut self, cx: &mut Context<'_>) {
        if !self.is_over {
            self.is_over = self.connection.poll_without_shutdown(cx).is_ready();
        }
    }

    /// The link, and what was read from it beyond what the body was given.
    pub(super) fn into_link(self) -> (Link, bytes::Bytes) {
        let parts = self.connection.into_parts();
        (parts.io.into_inner(), parts.read_buf)
    }
}

/// Sends the request and waits for the head.
pub(super) async fn exchange(
    link: Link,
    request: Request<Payload>,
    options: &ClientOptions,
) -> Result<(Response<Incoming>, Exchange), Failure> {
    let progress = Arc::clone(&link.progress);
    let failed = |error: ClientError| Failure {
        error,
        nothing_came: progress.nothing_came(),
        nothing_left: progress.written() == 0,
    };
    let request = request.map(|payload| Outgoing::new(payload, Arc::clone(&progress)));
    let mut builder = http1::Builder::new();
    builder
        .max_buf_size(options.sizes.buffer.as_usize().max(HTTP1_BUFFER_MIN))
        .max_headers(options.headers_max);
    let (mut sender, connection) =
        builder.handshake(TokioIo::new(link)).await.map_err(|error| failed(classify(error)))?;
    let mut answer = pin!(sender.send_request(request));
    let mut patience = Patience::new(options);
    let mut exchange =
        Exchange { connection, _sender: sender, progress: Arc::clone(&progress), is_over: false };
    let answered = poll_fn(|cx| {
        exchange.drive(cx);
        match answer.as_mut().poll(cx) {
            Poll::Ready(answer) => Poll::Ready(answer.map_err(classify)),
            Poll::Pending => patience.poll(cx, &progress).map(Err),
        }
    });
    let response = answered.await.map_err(&failed)?;
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        let what = "the server switches to another protocol, which nobody asked for";
        return Err(failed(ClientError::with_cause(ClientErrorKind::Malformed, what)));
    }
    Ok((response, exchange))
}

/// What hyper calls it, in the words of whoever acts on it.
pub(super) fn classify(error: hyper::Error) -> ClientError {
    let kind = if error.is_parse() || error.is_parse_too_large() {
        ClientErrorKind::Malformed
    } else if error.is_user() {
        ClientErrorKind::Payload
    } else {
        match io_kind(&error) {
            Some(io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput) => ClientErrorKind::Malformed,
            _ => ClientErrorKind::Reset,
        }
    };
    ClientError::with_cause(kind, error)
}

/// The kind of the system's error at the bottom, if there is one.
pub(super) fn io_kind(error: &hyper::Error) -> Option<io::ErrorKind> {
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        if let Some(error) = inner.downcast_ref::<io::Error>() {
            return Some(error.kind());
        }
        cause = inner.source();
    }
    None
}

/// How long to wait for the head, and whose standstill is held against whom.
struct Patience {
    timer: Pin<Box<Sleep>>,
    stall: Duration,
    head: Duration,
    waits_for: WaitsFor,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum WaitsFor {
    /// The socket, which had taken so many bytes.
    Socket(u64),
    /// Our own payload, which takes its time.
    Source,
    Head,
}

impl Patience {
    fn new(options: &ClientOptions) -> Self {
        let (stall, head) = (options.stall_timeout, options.head_timeout);
        Self { timer: Box::pin(sleep(stall)), stall, head, waits_for: WaitsFor::Socket(0) }
    }

    fn poll(&mut self, cx: &mut Context<'_>, progress: &Progress) -> Poll<ClientError> {
        let now = if progress.is_sent() {
            WaitsFor::Head
        } else if progress.is_source_waiting() {
            WaitsFor::Source
        } else {
            WaitsFor::Socket(progress.written())
        };
        if now != self.waits_for {
            self.waits_for = now;
            let limit = if now == WaitsFor::Head { self.head } else { self.stall };
            self.timer.as_mut().reset(Instant::now() + limit);
        }
        match now {
            // It wakes us when it has something.
            WaitsFor::Source => Poll::Pending,
            WaitsFor::Head => {
                self.timer.as_mut().poll(cx).map(|()| ClientError::new(ClientErrorKind::Timeout))
            }
            WaitsFor::Socket(_) => self.timer.as_mut().poll(cx).map(|()| {
                ClientError::with_cause(
                    ClientErrorKind::Stalled,
                    "the server takes nothing more of the request",
                )
            }),
        }
    }
}
