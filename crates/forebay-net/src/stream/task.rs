//! The tasks in which hyper runs streams, each in one of ours that can be told to stop.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::rt::Executor;
use parking_lot::Mutex;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::body::Streamed;
use super::lane::Lane;
use crate::BoxError;
use crate::incoming::RequestBody;
use crate::service::{PerConnection, Respond};
use crate::state::ConnState;
use crate::transfer::Transfer;

/// Runs the streams of one connection.
///
/// hyper calls the service for a stream and hands the stream's future over in the same breath, so the
/// transfer that was begun last is the future's.
#[derive(Clone)]
pub(crate) struct StreamTasks {
    conn: Arc<ConnState>,
    begun: Arc<Mutex<Option<Transfer>>>,
}

impl StreamTasks {
    pub(crate) fn new(conn: Arc<ConnState>) -> Self {
        Self { conn, begun: Arc::default() }
    }
}

impl<F> Executor<F> for StreamTasks
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, life: F) {
        match self.begun.lock().take() {
            Some(transfer) => {
                let keeper = Keeper::new(transfer);
                tokio::spawn(StreamTask { life: Some(life), keeper, conn: Arc::clone(&self.conn) })
            }
            // An upgraded stream: what is passed on there is between the service and the client.
            None => tokio::spawn(life),
        };
    }
}

/// hyper's view of the user's service, over HTTP/2.
pub(crate) struct PerStream<S, B> {
    service: PerConnection<S, B>,
    tasks: StreamTasks,
}

impl<S, B> PerStream<S, B> {
    pub(crate) fn new(service: PerConnection<S, B>, tasks: StreamTasks) -> Self {
        Self { service, tasks }
    }
}

impl<S, B> hyper::service::Service<Request<Incoming>> for PerStream<S, B>
where
    S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible> + Clone,
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<Streamed<B>>;
    type Error = Infallible;
    type Future = Answer<S, B>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let (transfer, respond) = self.service.begin(request);
        *self.tasks.begun.lock() = Some(transfer.clone());
        Answer { respond, transfer }
    }
}

pin_project! {
    /// The response of a stream.
    pub(crate) struct Answer<S, B>
    where
        S: Service<Request<RequestBody>>,
    {
        #[pin]
        respond: Respond<S, B>,
        transfer: Transfer,
    }
}

impl<S, B> Future for Answer<S, B>
where
    S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible>,
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BoxError>,
{
    type Output = Result<Response<Streamed<B>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = ready!(this.respond.poll(cx))?;
        Poll::Ready(Ok(response.map(|body| Streamed::new(body, this.transfer.clone()))))
    }
}

pin_project! {
    /// One stream, until its last byte is in the connection's I/O.
    struct StreamTask<F> {
        #[pin]
        life: Option<F>,
        // Behind `life`, so that it lets go of what is kept as `life` is dropped.
        keeper: Keeper,
        conn: Arc<ConnState>,
    }
}

impl<F: Future<Output = ()>> Future for StreamTask<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let Some(lane) = this.keeper.lane() else { return Poll::Ready(()) };
        lane.register(cx.waker());
        if let Some(reason) = lane.ended() {
            if this.life.is_some() {
                this.conn.counters.stream_ended(reason);
                this.life.set(None);
            } else if lane.waiting() > 0 {
                // The end is queued behind bytes that do not leave: no reset can overtake it.
                this.conn.end(reason);
            }
            return Poll::Ready(());
        }
        if let Some(life) = this.life.as_mut().as_pin_mut() {
            ready!(life.poll(cx));
            this.life.set(None);
        }
        if lane.is_settled() { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// Lets go of a finished body, whatever becomes of the task.
struct Keeper(Transfer);

impl Keeper {
    fn new(transfer: Transfer) -> Self {
        let keeper = Self(transfer);
        if let Some(lane) = keeper.lane() {
            lane.open();
        }
        keeper
    }

    fn lane(&self) -> Option<&Lane> {
        self.0.lane()
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        if let Some(lane) = self.lane() {
            lane.close();
        }
    }
}
