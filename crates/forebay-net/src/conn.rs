//! One connection's life: handshake, protocol, requests, end.

use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use forebay_budget::{Class, FdLease, Lease};
use http::{Request, Response};
use http_body::Body;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::TokioIo;
use pin_project_lite::pin_project;
use socket2::SockRef;
use tokio::net::TcpStream;
use tower_service::Service;

use crate::BoxError;
use crate::accept::Seat;
use crate::grow::Growth;
use crate::incoming::RequestBody;
use crate::info::{ConnInfo, Protocol, TlsInfo};
use crate::opening::ResetIfCut;
use crate::options::ServeOptions;
use crate::outgoing::{Park, Settle};
use crate::preface::{self, Prefix};
use crate::serve::Presence;
use crate::service::{Link, PerConnection};
use crate::sockopt::{self, SocketSizes};
use crate::state::{ConnState, Order};
use crate::stream::task::{PerStream, StreamTasks};
use crate::tls::{self, Http2};
use crate::watch::Watch;
use crate::zerocopy::io::{Setup, SpanIo};
use crate::zerocopy::offer::Carrier;
use crate::zerocopy::queue::SpanQueue;
use crate::zerocopy::socket::Socket;

/// What all connections of one serve loop share.
pub(crate) struct House {
    pub(crate) options: ServeOptions,
    pub(crate) sizes: SocketSizes,
    pub(crate) http1: http1::Builder,
}

/// How a connection begins: what it speaks, and what it has paid for that.
struct Opened {
    socket: Socket,
    protocol: Protocol,
    prefix: Prefix,
    tls: Option<TlsInfo>,
    /// TLS and HTTP/2 cost more than a plain connection; returned when it ends.
    extras: [Option<Lease>; 2],
}

/// Serves one accepted connection to its end.
pub(crate) async fn run<S, B>(tcp: std::net::TcpStream, state: Arc<ConnState>, service: S, house: Arc<House>)
where
    S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BoxError>,
{
    if sockopt::prepare_accepted(&SockRef::from(&tcp), &house.sizes).is_err() {
        return;
    }
    // Here, in the connection's own task: the socket belongs to the runtime that runs it.
    let Ok(tcp) = TcpStream::from_std(tcp) else { return };
    let opened = match &house.options.tls {
        None => open_plain(tcp, &state, &house).await,
        // Boxed: a handshake's state must not be carried by every plain connection.
        Some(tls) => Box::pin(open_tls(tcp, tls, &state, &house)).await.inspect_err(|error| {
            state.counters.tls_failures.add(1);
            tracing::debug!(connection = state.id, %error, "TLS handshake failed");
        }),
    };
    let Ok(Some(opened)) = opened else { return };
    let Opened { socket, protocol, prefix, tls, extras } = opened;
    state.speaks(protocol);
    let queue = SpanQueue::new(state.id.wrapping_mul(7));
    let zero_copy = protocol == Protocol::Http1;
    let link = Arc::new(Link {
        info: ConnInfo { id: state.id, peer: state.peer, local: state.local, tls, protocol, zero_copy },
        carrier: Carrier {
            queue: zero_copy.then(|| Arc::clone(&queue)),
            plain: matches!(socket, Socket::Plain(_)),
            counters: Arc::clone(&state.counters),
            cold: house.options.cold,
        },
        park: Park::new(),
        state: Arc::clone(&state),
    });
    let park: Arc<dyn Settle> = link.clone();
    let growth = Growth::new(house.options.ledger.clone(), house.sizes.clone());
    let setup =
        Setup { socket, state: Arc::clone(&state), queue, park, prefix, growth, cold: house.options.cold };
    let io = TokioIo::new(SpanIo::new(setup));
    let service = PerConnection::new(service, link);
    let ended = match (protocol, &house.options.http2) {
        (Protocol::Http2, Some(sizes)) => {
            let tasks = StreamTasks::new(Arc::clone(&state));
            let service = PerStream::new(service, tasks.clone());
            let conn = sizes.builder(tasks).serve_connection(io, service);
            Box::pin(drive(conn, &state, http2::Connection::graceful_shutdown)).await
        }
        _ => {
            let conn = house.http1.serve_connection(io, service);
            drive(conn, &state, http1::Connection::graceful_shutdown).await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(connection = state.id, %error, "connection ended early");
    }
    drop(extras);
}

/// Polls a connection to its end, and passes the order to drain on to it.
async fn drive<C>(conn: C, state: &ConnState, drain: impl Fn(Pin<&mut C>)) -> hyper::Result<()>
where
    C: Future<Output = hyper::Result<()>>,
{
    let mut conn = pin!(conn);
    let mut draining = false;
    poll_fn(|cx| {
        if !draining && state.ordered() >= Order::Drain {
            draining = true;
            drain(conn.as_mut());
        }
        conn.as_mut().poll(cx)
    })
    .await
}

async fn open_plain(tcp: TcpStream, state: &ConnState, house: &House) -> io::Result<Option<Opened>> {
    // The head's clock runs from here: there is no handshake.
    state.speaks(Protocol::Http1);
    let (mut protocol, mut prefix, mut lease) = (Protocol::Http1, Prefix::default(), None);
    if house.options.http2.is_some() {
        let reset = ResetIfCut::new(&tcp, state);
        let Some(detected) = preface::detect(&tcp).await? else { return Ok(None) };
        drop(reset);
        (protocol, prefix) = detected;
        state.read(prefix.len());
    }
    if protocol == Protocol::Http2 {
        lease = http2_lease(house);
        if lease.is_none() {
            state.counters.http2_refused.add(1);
            return Ok(None);
        }
    }
    let socket = Socket::Plain(tcp);
    Ok(Some(Opened { socket, protocol, prefix, tls: None, extras: [None, lease] }))
}

async fn open_tls(
    tcp: TcpStream,
    tls: &tls::TlsConfig,
    state: &ConnState,
    house: &House,
) -> io::Result<Option<Opened>> {
    let options = &house.options;
    let cost = options.tls_cost.as_u64();
    let paid = options.ledger.acquire(Class::Tls, cost, options.limits.handshake).await;
    let paid = paid.map_err(io::Error::other)?;
    // HTTP/2 is offered if it could be paid for; what is not agreed on is returned at once.
    let mut http2 = http2_lease(house);
    let offer = if http2.is_some() { Http2::Offered } else { Http2::NotOffered };
    let stream = tls.accept(tcp, offer, state).await?;
    let (protocol, info) = tls::agreed(&stream);
    if protocol != Protocol::Http2 {
        http2 = None;
    }
    Ok(Some(Opened {
        socket: Socket::Tls(Box::new(stream)),
        protocol,
        prefix: Prefix::default(),
        tls: Some(info),
        extras: [Some(paid), http2],
    }))
}

fn http2_lease(house: &House) -> Option<Lease> {
    let sizes = house.options.http2.as_ref()?;
    house.options.ledger.try_acquire(Class::Http2, sizes.cost.as_u64()).ok()
}

impl<B: Send> Settle for Link<B> {
    fn settled(&self) {
        self.park.settled();
    }

    fn closed(&self) {
        self.park.closed();
    }
}

/// A connection's place: in the register, in the ledgers, in its serve loop's count. Given up last.
pub(crate) struct Place {
    pub(crate) state: Arc<ConnState>,
    pub(crate) watch: Watch,
    pub(crate) _memory: Lease,
    pub(crate) _fd: FdLease,
    pub(crate) _seat: Seat,
    // Last: who has waited for everybody to leave finds everything returned.
    pub(crate) _presence: Presence,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.watch.leave(&self.state);
    }
}

pin_project! {
    /// The task of a connection. A cut drops everything at once: hyper, bodies, socket, then the place.
    pub(crate) struct Task<F> {
        #[pin]
        life: Option<F>,
        place: Option<Place>,
    }
}

impl<F> Task<F> {
    pub(crate) fn new(life: F, place: Place) -> Self {
        Self { life: Some(life), place: Some(place) }
    }
}

impl<F: Future<Output = ()>> Future for Task<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        if let (Some(life), Some(place)) = (this.life.as_mut().as_pin_mut(), this.place.as_ref())
            && place.state.begin_turn(cx.waker()) < Order::Cut
            && life.poll(cx).is_pending()
        {
            return Poll::Pending;
        }
        this.life.set(None);
        *this.place = None;
        Poll::Ready(())
    }
}
