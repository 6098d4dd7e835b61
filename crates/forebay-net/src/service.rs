//! The service that one connection calls: the user's, between the request's extensions and the
//! outermost response body. This is the only place where a file body is armed for zero-copy.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE};
use http::{HeaderValue, Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::BoxError;
use crate::incoming::RequestBody;
use crate::info::{ConnInfo, Protocol};
use crate::outgoing::{Outgoing, Park};
use crate::refusal::{self, Fault};
use crate::state::{ConnState, TransferGuard};
use crate::transfer::Transfer;
use crate::zerocopy::offer::{Carrier, FileOffer};
use crate::zerocopy::queue::SpanQueue;

/// What one connection's requests share.
pub(crate) struct Link<B> {
    pub(crate) state: Arc<ConnState>,
    pub(crate) info: ConnInfo,
    pub(crate) carrier: Carrier,
    pub(crate) park: Park<B>,
}

impl<B> Link<B> {
    /// Whether finished bodies wait for the socket here.
    pub(crate) fn parks(&self) -> bool {
        self.info.protocol == Protocol::Http1
    }

    /// A body failed: what was sent of it must not look whole, so the socket is reset, not closed.
    pub(crate) fn failed(&self, error: BoxError) -> BoxError {
        if self.parks() {
            self.state.cut.store(true, std::sync::atomic::Ordering::Relaxed);
        }
        error
    }
}

/// hyper's view of the user's service, for one connection.
pub(crate) struct PerConnection<S, B> {
    service: S,
    link: Arc<Link<B>>,
}

impl<S, B> PerConnection<S, B>
where
    S: Service<Request<RequestBody>> + Clone,
{
    pub(crate) fn new(service: S, link: Arc<Link<B>>) -> Self {
        Self { service, link }
    }

    /// A request begins: its transfer, and the future of its response.
    pub(crate) fn begin(&self, request: Request<Incoming>) -> (Transfer, Respond<S, B>) {
        let (mut head, body) = request.into_parts();
        let fault = refusal::fault(&head);
        let mut guard = self.link.state.begin(&head.method, &head.uri);
        guard.has_body = !body.is_end_stream();
        let transfer = guard.transfer.clone();
        head.extensions.insert(self.link.info.clone());
        head.extensions.insert(transfer.clone());
        let request = Request::from_parts(head, RequestBody::new(body, transfer.clone()));
        let step = match fault {
            Some(fault) => Step::Refused { fault },
            None => Step::Waiting { service: self.service.clone(), request: Some(request) },
        };
        let respond = Respond { step, guard: Some(guard), link: Arc::clone(&self.link) };
        (transfer, respond)
    }
}

impl<S, B> hyper::service::Service<Request<Incoming>> for PerConnection<S, B>
where
    S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible> + Clone,
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    type Response = Response<Outgoing<B>>;
    type Error = Infallible;
    type Future = Respond<S, B>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        self.begin(request).1
    }
}

pin_project! {
    /// Waits for the service to be ready, calls it, and wraps what it answers.
    pub(crate) struct Respond<S, B>
    where
        S: Service<Request<RequestBody>>,
    {
        #[pin]
        step: Step<S, S::Future>,
        guard: Option<TransferGuard>,
        link: Arc<Link<B>>,
    }
}

pin_project! {
    #[project = StepProjected]
    enum Step<S, F> {
        Waiting { service: S, request: Option<Request<RequestBody>> },
        Calling { #[pin] future: F },
        Refused { fault: Fault },
    }
}

impl<S, B> Future for Respond<S, B>
where
    S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible>,
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    type Output = Result<Response<Outgoing<B>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let future = match this.step.as_mut().project() {
                StepProjected::Calling { future } => {
                    let response = ready!(future.poll(cx))?;
                    return match this.guard.take() {
                        Some(guard) => Poll::Ready(Ok(outermost(response, guard, this.link))),
                        None => Poll::Pending,
                    };
                }
                StepProjected::Refused { fault } => {
                    return match this.guard.take() {
                        Some(guard) => Poll::Ready(Ok(refused(*fault, guard, this.link))),
                        None => Poll::Pending,
                    };
                }
                StepProjected::Waiting { service, request } => {
                    ready!(service.poll_ready(cx))?;
                    match request.take() {
                        Some(request) => service.call(request),
                        None => return Poll::Pending,
                    }
                }
            };
            this.step.set(Step::Calling { future });
        }
    }
}

/// Answers in the service's place.
fn refused<B>(fault: Fault, guard: TransferGuard, link: &Arc<Link<B>>) -> Response<Outgoing<B>> {
    let http1 = link.info.protocol == Protocol::Http1;
    let mut response = Response::new(Outgoing::text(fault.text(), guard, Arc::clone(link)));
    *response.status_mut() = fault.status();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    if http1 {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Arms the response's file body if it can be, and wraps it.
///
/// The offer travels in the response's extensions. If a layer replaced the body (compression), the
/// length no longer fits and the body stays an ordinary one; a layer that reads bytes without changing
/// their number must have removed the offer.
fn outermost<B>(response: Response<B>, guard: TransferGuard, link: &Arc<Link<B>>) -> Response<Outgoing<B>>
where
    B: Body<Data = Bytes>,
{
    let (mut head, body) = response.into_parts();
    let armed: Option<Arc<SpanQueue>> = head.extensions.remove::<FileOffer>().and_then(|offer| {
        let whole = body.size_hint().exact() == Some(offer.len());
        offer.settle(&link.carrier, whole)
    });
    Response::from_parts(head, Outgoing::new(body, guard, Arc::clone(link), armed))
}
