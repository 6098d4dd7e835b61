//! The bytes of a body that only hyper can take apart: chunked, ended by the connection's end, or coming while the request is still
//! being sent.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::Body;
use hyper::body::Incoming;

use super::counted::After;
use super::error::{ClientError, ClientErrorKind};
use super::exchange::{Exchange, classify, io_kind};

pub(super) struct Framed {
    pub(super) incoming: Incoming,
    pub(super) exchange: Exchange,
    pub(super) after: After,
}

impl Framed {
    pub(super) fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, ClientError>>> {
        self.exchange.drive(cx);
        loop {
            let frame = match ready!(Pin::new(&mut self.incoming).poll_frame(cx)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(broken(error)))),
                Some(Ok(frame)) => frame,
            };
            match frame.into_data() {
                Ok(bytes) if bytes.is_empty() => {}
                Ok(bytes) => return Poll::Ready(Some(Ok(bytes))),
                Err(_trailers) => {}
            }
        }
    }

    /// The body has ended: the connection goes back if nothing is on its way in either direction.
    pub(super) fn finish(self) {
        let is_sent = self.exchange.progress.is_sent();
        let (link, rest) = self.exchange.into_link();
        if let (After::Shelve, true, true, Some(pool)) =
            (self.after, is_sent, rest.is_empty(), link.pool.upgrade())
        {
            pool.shelve(link);
        }
    }
}

fn broken(error: hyper::Error) -> ClientError {
    let cut_off = error.is_incomplete_message() || io_kind(&error) == Some(io::ErrorKind::UnexpectedEof);
    if cut_off { ClientError::with_cause(ClientErrorKind::Short, error) } else { classify(error) }
}
