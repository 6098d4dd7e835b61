//! The serve loop: accepts what has been paid for, sweeps, and drains at the end.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tokio::sync::Notify;
use tower_service::Service;

use crate::BoxError;
use crate::accept::{Accepted, Admission, Crew, Seat, admit};
use crate::conn::{self, House, Place, Task};
use crate::incoming::RequestBody;
use crate::listen::Listener;
use crate::options::ServeOptions;
use crate::state::{ConnState, Order};
use crate::sweep::sweep;
use crate::verdict::Reason;

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
    let house = Arc::new(House { http1: options.http1_builder(), sizes: listener.sizes.clone(), options });
    let roll = Roll::new(&house);
    let crew = Crew::new(&house.options.executors);
    let sweeper = sweep(&house.options.watch, roll.fleet, &house.options.limits, house.options.sweep_every);
    let (mut sweeper, mut shutdown) = (pin!(sweeper), pin!(shutdown));
    let accepting = async {
        loop {
            let Accepted { tcp, peer, admission } = admit(&listener, &house).await;
            let state =
                house.options.watch.enrol(roll.fleet, peer, listener.local_addr(), &house.options.limits);
            let (runtime, seat) = crew.least_busy();
            let place = roll.place(Arc::clone(&state), admission, seat);
            let life = conn::run(tcp, state, service.clone(), Arc::clone(&house));
            runtime.spawn(Task::new(life, place));
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

/// Who is being served by one loop.
pub(crate) struct Roll {
    fleet: u64,
    house: Arc<House>,
    present: Arc<Present>,
}

/// The count, shared with the connections' tasks.
#[derive(Debug, Default)]
struct Present {
    count: AtomicU64,
    empty: Notify,
}

impl Roll {
    fn new(house: &Arc<House>) -> Self {
        Self { fleet: house.options.watch.next_fleet(), house: Arc::clone(house), present: Arc::default() }
    }

    fn place(&self, state: Arc<ConnState>, (memory, fd): Admission, seat: Seat) -> Place {
        self.present.count.fetch_add(1, Ordering::Relaxed);
        Place {
            state,
            watch: self.house.options.watch.clone(),
            _memory: memory,
            _fd: fd,
            _seat: seat,
            _presence: Presence(Arc::clone(&self.present)),
        }
    }

    fn everyone(&self, order: impl Fn(&ConnState)) {
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

/// One of those counted, until it is dropped.
pub(crate) struct Presence(Arc<Present>);

impl Drop for Presence {
    fn drop(&mut self) {
        if self.0.count.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.empty.notify_waiters();
        }
    }
}

impl Present {
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
