//! What the tests of the layers share: bodies that are fed by hand, and polling without a runtime's help.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::{Body, Frame, SizeHint};
use parking_lot::Mutex;
use tower_layer::Layer;
use tower_service::Service;

use crate::body::BoxError;

/// One thing that a [`Fed`] body does.
#[derive(Debug)]
pub(crate) enum Step {
    Data(Vec<u8>),
    Trailers(HeaderMap),
    Error(&'static str),
    End,
}

/// A body that is pending until it is fed, without a length unless it is given one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fed {
    steps: Arc<Mutex<VecDeque<Step>>>,
    length: Option<u64>,
}

impl Fed {
    pub(crate) fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self { steps: Arc::new(Mutex::new(steps.into_iter().collect())), length: None }
    }

    pub(crate) fn sized(mut self, length: u64) -> Self {
        self.length = Some(length);
        self
    }

    pub(crate) fn feed(&self, step: Step) {
        self.steps.lock().push_back(step);
    }
}

pub(crate) fn data(bytes: usize) -> Step {
    Step::Data(vec![b'x'; bytes])
}

impl Body for Fed {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self.steps.lock().pop_front() {
            None => Poll::Pending,
            Some(Step::Data(data)) => Poll::Ready(Some(Ok(Frame::data(data.into())))),
            Some(Step::Trailers(trailers)) => Poll::Ready(Some(Ok(Frame::trailers(trailers)))),
            Some(Step::Error(error)) => Poll::Ready(Some(Err(error.into()))),
            Some(Step::End) => Poll::Ready(None),
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

/// Polls a future once.
pub(crate) fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

type Polled<B> = Poll<Option<Result<Frame<<B as Body>::Data>, <B as Body>::Error>>>;

/// Polls a body once.
pub(crate) fn frame<B: Body + Unpin>(body: &mut B) -> Polled<B> {
    Pin::new(body).poll_frame(&mut Context::from_waker(Waker::noop()))
}

/// Polls a body once and expects so many bytes of data.
#[track_caller]
pub(crate) fn takes<B: Body<Data = Bytes> + Unpin>(body: &mut B, bytes: usize) {
    match frame(body) {
        Poll::Ready(Some(Ok(frame))) => assert_eq!(frame.data_ref().map(Bytes::len), Some(bytes)),
        Poll::Ready(Some(Err(_))) => panic!("the body failed"),
        Poll::Ready(None) => panic!("the body ended"),
        Poll::Pending => panic!("the body is pending"),
    }
}

/// Polls a body once and expects an error; says which.
#[track_caller]
pub(crate) fn fails<B>(body: &mut B) -> String
where
    B: Body + Unpin,
    B::Error: std::fmt::Display,
{
    match frame(body) {
        Poll::Ready(Some(Err(error))) => error.to_string(),
        Poll::Ready(Some(Ok(_))) => panic!("a frame passed"),
        Poll::Ready(None) => panic!("the body ended"),
        Poll::Pending => panic!("the body is pending"),
    }
}

/// A service that answers each request with a body from its list, and counts its calls.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answers {
    bodies: Arc<Mutex<VecDeque<Fed>>>,
    pub(crate) calls: Arc<Mutex<usize>>,
}

impl Answers {
    pub(crate) fn new(bodies: impl IntoIterator<Item = Fed>) -> Self {
        Self { bodies: Arc::new(Mutex::new(bodies.into_iter().collect())), calls: Arc::default() }
    }
}

impl<B> Service<Request<B>> for Answers {
    type Response = Response<Fed>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Response<Fed>, Infallible>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _request: Request<B>) -> Self::Future {
        *self.calls.lock() += 1;
        std::future::ready(Ok(Response::new(self.bodies.lock().pop_front().unwrap_or_default())))
    }
}

/// The future of a service that takes its time.
pub(crate) type BoxedAnswer = Pin<Box<dyn Future<Output = Result<Response<Fed>, Infallible>> + Send>>;

/// A service that reads its request body and answers 200, or 400 when the body fails.
pub(crate) fn reader<B>()
-> impl Service<Request<B>, Response = Response<Fed>, Error = Infallible, Future = BoxedAnswer> + Clone
where
    B: Body<Data = Bytes> + Unpin + Send + 'static,
{
    tower::service_fn(|request: Request<B>| {
        let mut body = request.into_body();
        let answer = async move {
            loop {
                match std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
                    Some(Ok(_)) => {}
                    Some(Err(_)) => return Ok(answer(400)),
                    None => return Ok(answer(200)),
                }
            }
        };
        Box::pin(answer) as BoxedAnswer
    })
}

fn answer(status: u16) -> Response<Fed> {
    let mut response = Response::new(Fed::default());
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
    response
}

/// Calls a layered service whose future is ready at once.
#[track_caller]
pub(crate) fn call<L, S, B, R>(layer: &L, service: S, request: Request<B>) -> Response<R>
where
    L: Layer<S>,
    L::Service: Service<Request<B>, Response = Response<R>, Error = Infallible>,
{
    let mut future = Box::pin(layer.layer(service).call(request));
    match poll(&mut future) {
        Poll::Ready(Ok(response)) => response,
        Poll::Ready(Err(never)) => match never {},
        Poll::Pending => panic!("the response is pending"),
    }
}
