//! The body of a response that is either the service's or a layer's refusal.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

pin_project_lite::pin_project! {
    /// The service's own body, or the short text of a refusal.
    #[derive(Debug)]
    pub struct Answer<B> {
        #[pin]
        state: State<B>,
    }
}

pin_project_lite::pin_project! {
    #[project = Projected]
    #[derive(Debug)]
    enum State<B> {
        Service { #[pin] body: B },
        // `None` once the text has been read.
        Refused { text: Option<Bytes> },
    }
}

impl<B> Answer<B> {
    pub(crate) const fn service(body: B) -> Self {
        Self { state: State::Service { body } }
    }

    pub(crate) fn refused(text: Bytes) -> Self {
        Self { state: State::Refused { text: Some(text).filter(|text| !text.is_empty()) } }
    }
}

impl<B> Body for Answer<B>
where
    B: Body,
    B::Data: From<Bytes>,
{
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        match self.project().state.project() {
            Projected::Service { body } => body.poll_frame(cx),
            Projected::Refused { text } => Poll::Ready(text.take().map(|text| Ok(Frame::data(text.into())))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.state {
            State::Service { body } => body.is_end_stream(),
            State::Refused { text } => text.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.state {
            State::Service { body } => body.size_hint(),
            State::Refused { text } => {
                SizeHint::with_exact(text.as_ref().map_or(0, |text| text.len() as u64))
            }
        }
    }
}
