//! The body of a response, which is its connection.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::poll_fn;
use http_body::{Body, Frame};
use hyper::body::Incoming;
use hyper::client::conn::http1::Connection;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::error::{ClientError, ClientErrorKind};
use super::payload::Payload;

/// The body of a response, which is its connection.
pub struct ClientBody {
    incoming: Incoming,
    connection: Option<Pin<Box<Connection<TokioIo<TcpStream>, Payload>>>>,
    remaining: Option<u64>,
    stall: Pin<Box<tokio::time::Sleep>>,
    stall_timeout: Duration,
}

impl ClientBody {
    pub(crate) fn new(
        incoming: Incoming,
        connection: Connection<TokioIo<TcpStream>, Payload>,
        stall_timeout: Duration,
    ) -> Self {
        let remaining = incoming.size_hint().exact();
        let stall = Box::pin(tokio::time::sleep(stall_timeout));
        Self { incoming, connection: Some(Box::pin(connection)), remaining, stall, stall_timeout }
    }

    /// Bytes that are declared and not yet delivered; `None` if no length was declared.
    pub fn remaining(&self) -> Option<u64> {
        self.remaining
    }

    /// The next bytes; `None` at the true end.
    ///
    /// Cancel safe: what arrived is delivered by the next call.
    ///
    /// # Errors
    ///
    /// `Stalled`, `Reset` or `Short`. Nothing follows an error.
    pub async fn chunk(&mut self) -> Option<Result<Bytes, ClientError>> {
        poll_fn(|cx| self.poll_chunk(cx)).await
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, ClientError>>> {
        if let Some(connection) = &mut self.connection
            && connection.as_mut().poll(cx).is_ready()
        {
            self.connection = None;
        }
        loop {
            let frame = match Pin::new(&mut self.incoming).poll_frame(cx) {
                Poll::Ready(frame) => frame,
                Poll::Pending => {
                    ready!(self.stall.as_mut().poll(cx));
                    return Poll::Ready(Some(Err(ClientError::new(ClientErrorKind::Stalled))));
                }
            };
            let deadline = tokio::time::Instant::now() + self.stall_timeout;
            self.stall.as_mut().reset(deadline);
            return Poll::Ready(match frame {
                None => None,
                Some(Err(error)) if error.is_incomplete_message() => {
                    Some(Err(ClientError::with_cause(ClientErrorKind::Short, error)))
                }
                Some(Err(error)) => Some(Err(ClientError::with_cause(ClientErrorKind::Reset, error))),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(bytes) => {
                        self.remaining = self.remaining.map(|left| left.saturating_sub(bytes.len() as u64));
                        Some(Ok(bytes))
                    }
                    Err(_trailers) => continue,
                },
            });
        }
    }
}

impl Body for ClientBody {
    type Data = Bytes;
    type Error = ClientError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ClientError>>> {
        self.poll_chunk(cx).map(|chunk| chunk.map(|chunk| chunk.map(Frame::data)))
    }
}

impl std::fmt::Debug for ClientBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientBody").field("remaining", &self.remaining).finish_non_exhaustive()
    }
}
