//! The outermost response body, and the place where finished ones wait for the socket.
//!
//! hyper drops a body as soon as it has *queued* its last chunk. What the body holds (leases, the access
//! log's record) must live until the socket has *taken* that chunk, or the memory of stalled clients
//! would be free in the books while it is still in use. So a finished body is parked with its
//! connection, and let go when the connection reports that everything is out, or dies:
//!
//! 1. hyper takes the last frame and drops [`Outgoing`]; its inner body goes into the [`Park`].
//! 2. The I/O writes the last byte; hyper calls `poll_flush`; the park is emptied.
//! 3. If the connection dies between 1 and 2, the I/O closes the park as it is dropped; the inner body
//!    is dropped with its transfer's `sent` below what was promised, which is how a log tells.
//!
//! Over HTTP/2 the stream's own task keeps a finished body in the same way (see `stream`).

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use parking_lot::Mutex;

use crate::BoxError;
use crate::service::Link;
use crate::state::TransferGuard;
use crate::zerocopy::queue::SpanQueue;

/// Wraps every response body of a connection, outside of all layers.
pub(crate) struct Outgoing<B> {
    inner: Option<B>,
    guard: Option<TransferGuard>,
    link: Arc<Link<B>>,
    /// The body's file spans go out by name: what comes out here is checked against the queue.
    armed: Option<Arc<SpanQueue>>,
    /// Words of our own, where there is no body of the service.
    text: &'static str,
}

impl<B> Outgoing<B> {
    pub(crate) fn new(
        inner: B,
        guard: TransferGuard,
        link: Arc<Link<B>>,
        armed: Option<Arc<SpanQueue>>,
    ) -> Self {
        Self { inner: Some(inner), guard: Some(guard), link, armed, text: "" }
    }

    /// An answer that no service gave.
    pub(crate) fn text(text: &'static str, guard: TransferGuard, link: Arc<Link<B>>) -> Self {
        Self { inner: None, guard: Some(guard), link, armed: None, text }
    }
}

impl<B> Body for Outgoing<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        let (Some(inner), Some(guard)) = (this.inner.as_mut(), this.guard.as_ref()) else {
            let text = std::mem::take(&mut this.text);
            return Poll::Ready(
                (!text.is_empty()).then(|| Ok(Frame::data(Bytes::from_static(text.as_bytes())))),
            );
        };
        let transfer = &guard.transfer;
        transfer.set_offered(false);
        let frame = match ready!(Pin::new(&mut *inner).poll_frame(cx)) {
            None => return Poll::Ready(None),
            Some(Ok(frame)) => frame,
            Some(Err(error)) => return Poll::Ready(Some(Err(this.link.failed(error.into())))),
        };
        if let Some(data) = frame.data_ref() {
            if let Some(Err(desync)) = this.armed.as_ref().map(|queue| queue.saw(data)) {
                this.link.state.counters.desyncs.add(1);
                return Poll::Ready(Some(Err(this.link.failed(desync.into()))));
            }
            transfer.add_yielded(data.len() as u64);
        }
        transfer.set_offered(!inner.is_end_stream());
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().map_or(self.text.is_empty(), Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.as_ref().map_or_else(|| SizeHint::with_exact(self.text.len() as u64), Body::size_hint)
    }
}

impl<B> Drop for Outgoing<B> {
    fn drop(&mut self) {
        let (Some(inner), Some(guard)) = (self.inner.take(), self.guard.take()) else { return };
        guard.transfer.set_offered(false);
        if self.link.parks() {
            self.link.park.put(inner, guard);
        }
    }
}

/// Finished bodies whose last bytes are not yet in the socket. At most a few: hyper begins the next
/// response of a connection when the last one's chunks are out.
pub(crate) struct Park<B>(Mutex<Parked<B>>);

struct Parked<B> {
    closed: bool,
    bodies: Vec<(B, TransferGuard)>,
}

impl<B> Park<B> {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Parked { closed: false, bodies: Vec::new() }))
    }

    fn put(&self, body: B, guard: TransferGuard) {
        let mut parked = self.0.lock();
        if !parked.closed {
            parked.bodies.push((body, guard));
            return;
        }
        drop(parked);
        drop((body, guard));
    }
}

/// What the connection's I/O, which does not know the body's type, tells the park.
pub(crate) trait Settle: Send + Sync {
    /// Everything that was handed over is in the socket.
    fn settled(&self);
    /// The socket is gone: what is parked, and whatever will come, is abandoned.
    fn closed(&self);
}

impl<B: Send> Settle for Park<B> {
    fn settled(&self) {
        // Bodies run foreign code as they are dropped, so never under the lock.
        while let Some((body, guard)) = self.pop() {
            guard.transfer.settle_sent(0);
            drop(body);
            drop(guard);
        }
    }

    fn closed(&self) {
        self.0.lock().closed = true;
        while let Some(abandoned) = self.pop() {
            drop(abandoned);
        }
    }
}

impl<B> Park<B> {
    fn pop(&self) -> Option<(B, TransferGuard)> {
        self.0.lock().bodies.pop()
    }
}
