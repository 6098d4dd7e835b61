//! A body made of file ranges and bytes, which goes by name where the connection can, and by ordinary
//! bounded reads everywhere else.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::Response;
use http_body::{Body, Frame, SizeHint};

use super::offer::{FileOffer, Terms};
use super::queue::SpanQueue;
use super::reader::{ReadWindow, Reader};
use super::region::SLOT_BYTES;
use super::span::{FileSpan, Segment};

/// A response body of known length: file ranges and bytes, in order.
///
/// Under [`serve`](crate::serve) and HTTP/1.1, answered with [`FileBody::respond`], its file bytes never
/// enter user space (over TLS: only in the moment in which the stream takes them). Under any other
/// server, or behind a layer that reads bodies, it reads at most its [`ReadWindow`] ahead of its reader.
///
/// # Errors
/// A frame fails if the file cannot be read or has become shorter than promised, or if the window's
/// lease is refused; the connection is then aborted, so that a short body is never taken for a whole one.
pub struct FileBody {
    segments: VecDeque<Segment>,
    /// In bytes, over all segments.
    remaining: u64,
    terms: Option<Arc<Terms>>,
    mode: Mode,
}

enum Mode {
    /// Not yet polled: the connection may still arm it.
    Undecided(ReadWindow),
    /// The bytes go out by name.
    Named(Arc<SpanQueue>),
    Reading(Reader),
}

impl FileBody {
    /// Segments of no bytes are left out.
    pub fn new(segments: impl IntoIterator<Item = Segment>, window: ReadWindow) -> Self {
        let segments: VecDeque<_> = segments.into_iter().filter(|segment| !segment.is_empty()).collect();
        let remaining = segments.iter().map(Segment::len).sum();
        Self { segments, remaining, terms: None, mode: Mode::Undecided(window) }
    }

    /// One range of a file.
    pub fn of(span: FileSpan, window: ReadWindow) -> Self {
        Self::new([Segment::File(span)], window)
    }

    /// A `200 OK` with this body, offered for zero-copy; hyper adds `Content-Length` from the body.
    pub fn respond(self) -> Response<Self> {
        let mut body = self;
        let offer = body.offer();
        let mut response = Response::new(body);
        if let Some(offer) = offer {
            response.extensions_mut().insert(offer);
        }
        response
    }

    /// The offer to put into the response's extensions, for services that build the response
    /// themselves. `None` for a body without file bytes, which has nothing to offer.
    pub fn offer(&mut self) -> Option<FileOffer> {
        let has_file = self.segments.iter().any(|segment| matches!(segment, Segment::File(_)));
        has_file.then(|| {
            let offer = FileOffer::new(self.remaining);
            self.terms = Some(offer.terms());
            offer
        })
    }

    /// In bytes: what is left to be sent.
    pub fn remaining(&self) -> u64 {
        self.remaining
    }

    /// The first poll decides, once: a body never changes between names and bytes under way. Where it
    /// goes by name the window is given back before it was used.
    fn decide(&mut self) {
        if !matches!(self.mode, Mode::Undecided(_)) {
            return;
        }
        let carried = self.terms.as_ref().and_then(|terms| terms.carried());
        let mode = match carried.and_then(|carried| carried.queue.clone()) {
            Some(queue) => Mode::Named(queue),
            None => {
                let (counters, cold) = match carried {
                    Some(carried) => (Some(Arc::clone(&carried.counters)), carried.cold),
                    None => (None, super::cold::ColdPages::default()),
                };
                let Mode::Undecided(window) =
                    std::mem::replace(&mut self.mode, Mode::Reading(Reader::spent()))
                else {
                    return;
                };
                Mode::Reading(Reader::new(window, counters, cold))
            }
        };
        self.mode = mode;
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        self.decide();
        let span = match self.segments.front_mut() {
            None => return Poll::Ready(None),
            Some(Segment::File(span)) => span,
            Some(Segment::Bytes(bytes)) => {
                let bytes = std::mem::take(bytes);
                self.segments.pop_front();
                return Poll::Ready(Some(Ok(bytes)));
            }
        };
        let chunk = match &mut self.mode {
            Mode::Named(queue) => {
                let len = span.len.min(SLOT_BYTES as u64) as usize;
                queue.push(Arc::clone(&span.file), span.offset, len)
            }
            Mode::Reading(reader) => ready!(reader.poll_read(cx, span))?,
            Mode::Undecided(_) => return Poll::Ready(None),
        };
        span.offset += chunk.len() as u64;
        span.len -= chunk.len() as u64;
        if span.len == 0 {
            self.segments.pop_front();
        }
        Poll::Ready(Some(Ok(chunk)))
    }
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let this = &mut *self;
        let chunk = ready!(this.poll_chunk(cx));
        if let Some(Ok(chunk)) = &chunk {
            this.remaining -= chunk.len() as u64;
        }
        Poll::Ready(chunk.map(|chunk| chunk.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.remaining == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining)
    }
}

impl fmt::Debug for FileBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileBody")
            .field("segments", &self.segments.len())
            .field("remaining", &self.remaining)
            .finish_non_exhaustive()
    }
}
