//! The response: the pending record moves from the future into the body.

use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{Response, response};
use http_body::Body;

use super::recorder::{Answered, Pending, promised};
use super::trace::{TRACEPARENT, X_REQUEST_ID};
use super::{Echo, ResponseBody};
use crate::body::{End, EndBody};

pin_project_lite::pin_project! {
    /// The inner response with the log's tap in its body. Dropped before there is one, it is logged as
    /// abandoned without a status.
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        pending: Option<Pending>,
    }

    impl<F> PinnedDrop for ResponseFuture<F> {
        fn drop(this: Pin<&mut Self>) {
            if let Some(pending) = this.project().pending.take() {
                pending.finish(&Answered::default(), End::Abandoned);
            }
        }
    }
}

impl<F> ResponseFuture<F> {
    pub(super) const fn new(inner: F, pending: Option<Pending>) -> Self {
        Self { inner, pending }
    }
}

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    E: Display,
    R: Body,
{
    type Output = Result<Response<ResponseBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = ready!(this.inner.poll(cx));
        let Some(pending) = this.pending.take() else {
            return Poll::Ready(response.map(|response| response.map(|body| EndBody::new(body, None))));
        };
        match response {
            Ok(response) => Poll::Ready(Ok(tapped(response, pending))),
            Err(error) => {
                let answer = Answered { error: Some(error.to_string()), ..Answered::default() };
                pending.finish(&answer, End::Failed);
                Poll::Ready(Err(error))
            }
        }
    }
}

fn tapped<R: Body>(response: Response<R>, pending: Pending) -> Response<ResponseBody<R>> {
    let (mut parts, body) = response.into_parts();
    echo(&mut parts, &pending);
    let promised = promised(&pending.head.method, parts.status, &parts.headers);
    let recorder = Some(pending.answered(&mut parts));
    let body = match promised {
        Some(bytes) => EndBody::promising(body, recorder, bytes),
        None => EndBody::new(body, recorder),
    };
    Response::from_parts(parts, body)
}

fn echo(parts: &mut response::Parts, pending: &Pending) {
    if pending.shared.options.echo == Echo::Always || pending.trace.asked {
        parts.headers.entry(X_REQUEST_ID).or_insert_with(|| pending.trace.request_id());
        parts.headers.entry(TRACEPARENT).or_insert_with(|| pending.trace.traceparent());
    }
}
