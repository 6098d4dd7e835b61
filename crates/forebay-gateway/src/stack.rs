//! The order of the layers, from the outside in, and why it is this one:
//!
//! | # | layer | why here |
//! |---|---|---|
//! | 1 | [`Metrics`] | counts everything that was asked, refusals too |
//! | 2 | client IP | names the client before anybody logs or limits it |
//! | 3 | access log | writes down refusals too, with the time they took |
//! | 4 | request rate | the cheapest refusal, and one that must not wait in a queue |
//! | 5 | load shedding | a slot is held from here to the true end of the body |
//! | 6 | head deadline | counts the work, not the time in the queue before it |
//! | 7 | body ceiling | refuses by `Content-Length` before anything is read |
//! | 8 | stall | sees the pace of the service and the client, not that of |
//! | 9 | bandwidth | which slows bodies down on purpose |
//! | 10 | [`Gateway`] | |
//!
//! The first three are always there and cost no allocation when they are off. The others are there when
//! they are configured, behind one boxed service, so that a server without limits does not pay for them.
//! None of them reads a file's bytes, except the log when it captures: it takes the zero-copy offer back
//! first.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use forebay_net::{BoxError, ConnInfo, FileOffer, Transfer};
use forebay_tower::access_log::{Moved, MovedHandle};
use forebay_tower::client_ip::Trust;
use forebay_tower::{
    AccessLog, AccessLogLayer, AccessLogOptions, BandwidthLayer, BodyCeilingLayer, ClientIp, ClientIpLayer,
    DeadlineLayer, LoadShedLayer, LogQueue, RequestRateLayer, StallLayer,
};
use futures_core::future::BoxFuture;
use http::{Extensions, Request, Response};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use tower::util::BoxCloneSyncService;
use tower::{Layer, ServiceExt};
use tower_service::Service;

use crate::body::Body;
use crate::gateway::Gateway;
use crate::metrics::{Measured, Metrics};

/// The layers that an operator has configured. The default has none.
#[derive(Clone, Debug, Default)]
pub struct StackOptions {
    /// Proxies whose word about the client counts.
    pub trust: Trust,
    /// Where requests are written down, and how.
    pub access_log: Option<(LogQueue, AccessLogOptions)>,
    /// Requests per second of each client.
    pub request_rate: Option<RequestRateLayer>,
    /// Requests in flight, with a queue before them.
    pub load_shed: Option<LoadShedLayer>,
    /// When the head of an answer is due.
    pub deadline: Option<DeadlineLayer>,
    /// The longest request body.
    pub body_ceiling: Option<BodyCeilingLayer>,
    /// How long a body may stand still.
    pub stall: Option<StallLayer>,
    /// Bytes per second, for each client and in total.
    pub bandwidth: Option<BandwidthLayer>,
}

/// The gateway under all its layers.
pub type Stack = Measured<ClientIp<AccessLog<Limited>>>;

/// Puts the layers around a gateway.
pub fn stack(gateway: Gateway, metrics: &Metrics, mut options: StackOptions) -> Stack {
    let log = match options.access_log.take() {
        Some((queue, log)) => AccessLogLayer::new(queue, over_sockets(log)),
        None => AccessLogLayer::off(),
    };
    let client = ClientIpLayer::new(std::mem::take(&mut options.trust)).peer_from(peer);
    metrics.measure(client.layer(log.layer(limited(gateway, options))))
}

fn limited(gateway: Gateway, options: StackOptions) -> Limited {
    let StackOptions { request_rate, load_shed, deadline, body_ceiling, stall, bandwidth, .. } = options;
    let is_plain = request_rate.is_none()
        && load_shed.is_none()
        && deadline.is_none()
        && body_ceiling.is_none()
        && stall.is_none()
        && bandwidth.is_none();
    if is_plain {
        return Limited(Inner::Plain(gateway));
    }
    let mut inner = erase(gateway);
    // From the inside out.
    if let Some(layer) = bandwidth {
        inner = erase(layer.layer(Unified(inner)));
    }
    if let Some(layer) = stall {
        inner = erase(layer.layer(Unified(inner)));
    }
    if let Some(layer) = body_ceiling {
        inner = erase(layer.layer(Unified(inner)));
    }
    if let Some(layer) = deadline {
        inner = erase(layer.layer(Unified(inner)));
    }
    if let Some(layer) = load_shed {
        inner = erase(layer.layer(Unified(inner)));
    }
    if let Some(layer) = request_rate {
        inner = erase(layer.layer(Unified(inner)));
    }
    Limited(Inner::Layered(Unified(inner)))
}

/// What the log learns from our sockets, where the operator has not said otherwise.
fn over_sockets(mut log: AccessLogOptions) -> AccessLogOptions {
    log.peer_from.get_or_insert(peer);
    log.moved_from.get_or_insert(moved);
    log.on_capture.get_or_insert(|extensions| {
        FileOffer::withdraw(extensions);
    });
    log
}

fn peer(extensions: &Extensions) -> Option<std::net::SocketAddr> {
    extensions.get::<ConnInfo>().map(|conn| conn.peer)
}

fn moved(extensions: &Extensions) -> Option<MovedHandle> {
    extensions.get::<Transfer>().map(|transfer| MovedHandle(Arc::new(Socket(transfer.clone()))))
}

/// A transfer's counters, in the words of the log.
#[derive(Debug)]
struct Socket(Transfer);

impl Moved for Socket {
    fn sent(&self) -> u64 {
        self.0.sent()
    }

    fn received(&self) -> u64 {
        self.0.received()
    }
}

// ===== One type for every combination of limits =====

type AnyBody = UnsyncBoxBody<Bytes, BoxError>;
type Erased = BoxCloneSyncService<Request<AnyBody>, Response<AnyBody>, Infallible>;

fn erase<S, R>(service: S) -> Erased
where
    S: Service<Request<AnyBody>, Response = Response<R>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
    R: http_body::Body<Data = Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
{
    BoxCloneSyncService::new(service.map_response(|response: Response<R>| response.map(any)))
}

fn any<B>(body: B) -> AnyBody
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    body.map_err(Into::into).boxed_unsync()
}

/// An erased service for requests of any body: each layer hands on a body of its own type.
#[derive(Clone)]
struct Unified(Erased);

impl<B> Service<Request<B>> for Unified
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<AnyBody>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<AnyBody>, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        self.0.call(request.map(any))
    }
}

/// The gateway, with limits around it if there are any.
#[derive(Clone)]
pub struct Limited(Inner);

#[derive(Clone)]
enum Inner {
    Plain(Gateway),
    Layered(Unified),
}

impl fmt::Debug for Limited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Inner::Plain(_) => "Limited(nothing)",
            Inner::Layered(_) => "Limited(layers)",
        })
    }
}

impl<B> Service<Request<B>> for Limited
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<LimitedBody>;
    type Error = Infallible;
    type Future = Limiting;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        match &mut self.0 {
            Inner::Plain(gateway) => Service::<Request<B>>::poll_ready(gateway, cx),
            Inner::Layered(layers) => Service::<Request<B>>::poll_ready(layers, cx),
        }
    }

    fn call(&mut self, request: Request<B>) -> Limiting {
        Limiting(match &mut self.0 {
            Inner::Plain(gateway) => Pending::Plain(gateway.call(request)),
            Inner::Layered(layers) => Pending::Layered(layers.call(request)),
        })
    }
}

/// The answer of [`Limited`].
pub struct Limiting(Pending);

enum Pending {
    Plain(BoxFuture<'static, Result<Response<Body>, Infallible>>),
    Layered(BoxFuture<'static, Result<Response<AnyBody>, Infallible>>),
}

impl Future for Limiting {
    type Output = Result<Response<LimitedBody>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(match &mut self.0 {
            Pending::Plain(future) => ready!(future.as_mut().poll(cx))
                .map(|answer| answer.map(|body| LimitedBody(Answer::Plain(body)))),
            Pending::Layered(future) => ready!(future.as_mut().poll(cx))
                .map(|answer| answer.map(|body| LimitedBody(Answer::Layered(body)))),
        })
    }
}

impl fmt::Debug for Limiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Limiting")
    }
}

/// The body of an answer of [`Limited`].
#[derive(Debug)]
pub struct LimitedBody(Answer);

#[derive(Debug)]
enum Answer {
    Plain(Body),
    Layered(AnyBody),
}

impl http_body::Body for LimitedBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut self.0 {
            Answer::Plain(body) => {
                Poll::Ready(ready!(Pin::new(body).poll_frame(cx)).map(|frame| frame.map_err(Into::into)))
            }
            Answer::Layered(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Answer::Plain(body) => body.is_end_stream(),
            Answer::Layered(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Answer::Plain(body) => body.size_hint(),
            Answer::Layered(body) => body.size_hint(),
        }
    }
}
