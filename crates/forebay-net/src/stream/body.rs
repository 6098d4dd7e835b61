//! A response body as hyper's HTTP/2 takes it: its bytes tell when they leave, and its end comes last.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};

use crate::BoxError;
use crate::outgoing::Outgoing;
use crate::transfer::Transfer;

/// The end of a body up to this long, in bytes, goes with its data: one frame of the protocol, as clients take
/// it unless they say otherwise.
const SHORT_MAX: u64 = 16 << 10;

/// The outermost body of a stream.
pub(crate) struct Streamed<B: Send + 'static> {
    body: Option<Outgoing<B>>,
    transfer: Transfer,
    /// In bytes: what hyper has been given so far.
    handed: u64,
    ended: bool,
}

impl<B> Streamed<B>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BoxError>,
{
    pub(crate) fn new(body: Outgoing<B>, transfer: Transfer) -> Self {
        Self { body: Some(body), transfer, handed: 0, ended: false }
    }

    /// The end, when everything before it has left.
    fn poll_end(&self) -> Poll<()> {
        // The stream's task is woken, and it is the one that polls this.
        match self.transfer.lane() {
            Some(lane) if !lane.is_settled() => Poll::Pending,
            _ => Poll::Ready(()),
        }
    }
}

impl<B> Body for Streamed<B>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BoxError>,
{
    type Data = Counted;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Counted>, BoxError>>> {
        let this = &mut *self;
        let Some(body) = this.body.as_mut().filter(|_| !this.ended) else {
            return this.poll_end().map(|()| None);
        };
        let Some(frame) = ready!(Pin::new(&mut *body).poll_frame(cx)).transpose()? else {
            this.ended = true;
            return this.poll_end().map(|()| None);
        };
        this.handed += frame.data_ref().map_or(0, Bytes::len) as u64;
        this.ended = body.is_end_stream();
        let transfer = &this.transfer;
        Poll::Ready(Some(Ok(frame.map_data(|bytes| Counted::new(bytes, transfer)))))
    }

    /// hyper sends the end together with the frame behind which it is seen.
    fn is_end_stream(&self) -> bool {
        self.handed <= SHORT_MAX && self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl<B: Send + 'static> Drop for Streamed<B> {
    fn drop(&mut self) {
        let Some(body) = self.body.take() else { return };
        if let Some(lane) = self.transfer.lane().filter(|lane| lane.waiting() > 0) {
            lane.keep(Box::new(body));
        }
    }
}

/// Response bytes in hyper's hands.
pub(crate) struct Counted {
    bytes: Bytes,
    transfer: Transfer,
}

impl Counted {
    fn new(bytes: Bytes, transfer: &Transfer) -> Self {
        transfer.hand(bytes.len() as u64);
        Self { bytes, transfer: transfer.clone() }
    }
}

impl Buf for Counted {
    fn remaining(&self) -> usize {
        self.bytes.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.bytes.chunk()
    }

    /// The connection's I/O has taken `n` bytes.
    fn advance(&mut self, n: usize) {
        self.bytes.advance(n);
        self.transfer.took(n as u64);
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.transfer.lost(self.bytes.len() as u64);
    }
}
