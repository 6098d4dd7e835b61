//! The accept loop: nothing is accepted that has not been paid for.
//!
//! A connection's memory and its descriptor are leased *before* `accept`. While there is no room, clients
//! wait in the kernel's backlog, where they cost us nothing, and idle keep-alive connections are asked to
//! give up their places. Several loops on one ledger take turns: its queue is fair.
//!
//! When the process or the system has no descriptor left all the same (others take them too), the loop
//! pauses, longer each time, instead of spinning on an error that accept repeats at once.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use forebay_budget::{Class, FdLease, Lease};
use http::{Request, Response};
use http_body::Body;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tower_service::Service;

use crate::BoxError;
use crate::conn::{self, House, Place, Task};
use crate::incoming::RequestBody;
use crate::listen::Listener;
use crate::options::ServeOptions;
use crate::state::Order;
use crate::sweep::sweep;
use crate::verdict::Reason;

/// One wait for a place; the queue is joined again after it.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE_MIN: Duration = Duration::from_millis(10);
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// How a serve loop ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Served {
    /// Connections still open when shutdown was asked for, that finished in time.
    pub drained: u64,
    /// Those that did not, and were cut.
    pub cut: u64,
}

/// Serves `service` on `listener` until `shutdown` completes, then lets transfers finish for at most
/// [`ConnLimits::drain`](crate::ConnLimits::drain) and cuts the rest.
///
/// Any tower service with a boxed (`Unpin`) body will do; an axum `Router` is one. Responses made with
/// [`FileBody::respond`](crate::FileBody::respond) go out by zero-copy where the connection can. Each
/// request carries [`ConnInfo`](crate::ConnInfo) and [`Transfer`](crate::Transfer) in its extensions.
///
/// Dropping the future stops accepting and cuts all its connections.
pub async fn serve<S, B>(
    listener: Listener,
    service: S,
    options: ServeOptions,
    shutdown: impl Future<Output = ()>,
) -> Served
where
    S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BoxError>,
{
    let house = Arc::new(House {
        http1: options.http1_builder(),
        http2: options.http2.as_ref().map(|sizes| sizes.builder()),
        sizes: listener.sizes.clone(),
        options,
    });
    let roll = Roll::new(&house);
    let sweeper = sweep(&house.options.watch, roll.fleet, &house.options.limits, house.options.sweep_every);
    let (mut sweeper, mut shutdown) = (pin!(sweeper), pin!(shutdown));
    let accepting = async {
        loop {
            let (tcp, peer, place) = admit(&listener, &house).await;
            let state =
                house.options.watch.enrol(roll.fleet, peer, listener.local_addr(), &house.options.limits);
            let place = roll.place(Arc::clone(&state), place);
            let life = conn::run(tcp, state, service.clone(), Arc::clone(&house));
            tokio::spawn(Task::new(life, place));
        }
    };
    tokio::select! {
        biased;
        () = &mut shutdown => {}
        () = &mut sweeper => {}
        () = accepting => {}
    }
    drop(listener);
    tokio::select! {
        served = roll.drain(house.options.limits.drain) => served,
        () = &mut sweeper => Served { drained: 0, cut: 0 },
    }
}

type Admission = (Lease, FdLease);

/// Pays for a connection, then accepts one.
async fn admit(listener: &Listener, house: &House) -> (TcpStream, SocketAddr, Admission) {
    let admission = pay(house).await;
    let mut pause = PAUSE_MIN;
    loop {
        match listener.tcp.accept().await {
            Ok((tcp, peer)) => return (tcp, peer, admission),
            Err(error) if is_exhaustion(&error) => {
                house.options.watch.counters().emfile_pauses.add(1);
                tracing::warn!(%error, ?pause, "accepting pauses");
                let _idle_ones_may_go = house.options.watch.press();
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(PAUSE_MAX);
            }
            // The client was gone before it was accepted.
            Err(error) => tracing::debug!(%error, "accept failed"),
        }
    }
}

async fn pay(house: &House) -> Admission {
    let options = &house.options;
    let cost = options.connection_cost.as_u64();
    if let Ok(memory) = options.ledger.try_acquire(Class::Connections, cost)
        && let Ok(fd) = options.fds.try_acquire(1)
    {
        return (memory, fd);
    }
    let _idle_ones_may_go = options.watch.press();
    loop {
        // Memory first: the descriptor is never held while waiting for anything.
        let memory = match options.ledger.acquire(Class::Connections, cost, PATIENCE).await {
            Ok(memory) => memory,
            Err(refused) => {
                tracing::warn!(%refused, "no room for another connection");
                tokio::time::sleep(PAUSE_MAX).await;
                continue;
            }
        };
        match options.fds.acquire(1, PATIENCE).await {
            Ok(fd) => return (memory, fd),
            Err(refused) => tracing::warn!(%refused, "no descriptor for another connection"),
        }
    }
}

/// EMFILE, ENFILE, ENOBUFS, ENOMEM: accept would fail again at once.
fn is_exhaustion(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let errno = error.raw_os_error().unwrap_or(0);
    [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM].iter().any(|full| full.raw_os_error() == errno)
}

/// Who is being served by one loop.
pub(crate) struct Roll {
    fleet: u64,
    house: Arc<House>,
    present: Arc<Present>,
}

/// The count, shared with the connections' tasks.
#[derive(Debug, Default)]
pub(crate) struct Present {
    count: AtomicU64,
    empty: Notify,
}

impl Roll {
    fn new(house: &Arc<House>) -> Self {
        Self { fleet: house.options.watch.next_fleet(), house: Arc::clone(house), present: Arc::default() }
    }

    fn place(&self, state: Arc<crate::state::ConnState>, (memory, fd): Admission) -> Place {
        self.present.count.fetch_add(1, Ordering::Relaxed);
        Place {
            state,
            watch: self.house.options.watch.clone(),
            present: Arc::clone(&self.present),
            _memory: memory,
            _fd: fd,
        }
    }

    fn everyone(&self, order: impl Fn(&crate::state::ConnState)) {
        self.house.options.watch.fleet(self.fleet).iter().for_each(|conn| order(conn));
    }

    async fn drain(&self, patience: Duration) -> Served {
        let present = self.present.count.load(Ordering::Acquire);
        self.everyone(|conn| conn.order(Order::Drain));
        let in_time = tokio::time::timeout(patience, self.present.gone()).await.is_ok();
        if in_time {
            return Served { drained: present, cut: 0 };
        }
        let cut = self.present.count.load(Ordering::Acquire);
        self.everyone(|conn| conn.end(Reason::Drain));
        self.present.gone().await;
        Served { drained: present.saturating_sub(cut), cut }
    }
}

impl Drop for Roll {
    fn drop(&mut self) {
        self.everyone(|conn| conn.order(Order::Cut));
    }
}

impl Present {
    pub(crate) fn left(&self) {
        if self.count.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.empty.notify_waiters();
        }
    }

    async fn gone(&self) {
        loop {
            let mut empty = pin!(self.empty.notified());
            // Registered before the count is read: a last one that leaves in between is not missed.
            empty.as_mut().enable();
            if self.count.load(Ordering::Acquire) == 0 {
                return;
            }
            empty.await;
        }
    }
}
