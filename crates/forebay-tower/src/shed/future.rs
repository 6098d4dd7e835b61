//! Waiting, then calling, then answering with the slot in the body.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::queue::Wait;
use super::{Overloaded, ResponseBody};
use crate::body::{Answer, EndBody, Held};
use crate::limit::in_flight::Slot;
use crate::refusal::{Form, Refusal};

pin_project_lite::pin_project! {
    /// The inner response with a slot in it, or a refusal.
    pub struct ResponseFuture<S, Q>
    where
        S: Service<Q>,
    {
        #[pin]
        state: State<S, S::Future, Q>,
    }
}

pin_project_lite::pin_project! {
    #[project = Projected]
    enum State<S, F, Q> {
        Waiting { wait: Wait, form: Form, call: Option<(S, Q)> },
        Calling { #[pin] inner: F, slot: Option<Slot> },
        Refused { error: Overloaded, form: Form },
    }
}

impl<S: Service<Q>, Q> ResponseFuture<S, Q> {
    pub(super) const fn calling(inner: S::Future, slot: Slot) -> Self {
        Self { state: State::Calling { inner, slot: Some(slot) } }
    }

    pub(super) const fn waiting(wait: Wait, form: Form, service: S, request: Q) -> Self {
        Self { state: State::Waiting { wait, form, call: Some((service, request)) } }
    }

    pub(super) const fn refused(error: Overloaded, form: Form) -> Self {
        Self { state: State::Refused { error, form } }
    }
}

impl<S, B, R> Future for ResponseFuture<S, Request<B>>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: Body,
{
    type Output = Result<Response<ResponseBody<R>>, S::Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let mut state = self.as_mut().project().state;
            let next = match state.as_mut().project() {
                Projected::Waiting { wait, form, call } => match ready!(wait.as_mut().poll(cx)) {
                    Ok(slot) => {
                        let (mut service, request) = call.take().expect("a wait ends once");
                        State::Calling { inner: service.call(request), slot: Some(slot) }
                    }
                    Err(error) => State::Refused { error, form: *form },
                },
                Projected::Calling { inner, slot } => {
                    let response = ready!(inner.poll(cx))?;
                    let slot = slot.take().expect("polled after it was ready");
                    let hold = |body| Answer::service(EndBody::new(body, Held::new(slot)));
                    return Poll::Ready(Ok(response.map(hold)));
                }
                Projected::Refused { error, form } => {
                    return Poll::Ready(Ok(Refusal::from(*error).into_response(*form)));
                }
            };
            state.set(next);
        }
    }
}

impl<S: Service<Q>, Q> fmt::Debug for ResponseFuture<S, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
