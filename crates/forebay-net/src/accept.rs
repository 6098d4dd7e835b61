//! Paying for a connection, accepting it, and choosing who runs it.
//!
//! A connection's memory and its descriptor are leased *before* `accept`. While there is no room, clients
//! wait in the kernel's backlog, where they cost us nothing, and idle keep-alive connections are asked to
//! give up their places. Several loops on one ledger take turns: its queue is fair.
//!
//! When the process or the system has no descriptor left all the same (others take them too), the loop
//! pauses, longer each time, instead of spinning on an error that accept repeats at once.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use forebay_budget::{Class, FdLease, Lease};
use rustix::io::Errno;
use tokio::runtime::Handle;

use crate::conn::House;
use crate::listen::Listener;

/// One wait for a place; the queue is joined again after it.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE_MIN: Duration = Duration::from_millis(10);
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// What a connection has paid before it was accepted.
pub(crate) type Admission = (Lease, FdLease);

/// An accepted socket, not yet known to any runtime.
pub(crate) struct Accepted {
    pub(crate) tcp: std::net::TcpStream,
    pub(crate) peer: SocketAddr,
    pub(crate) admission: Admission,
}

/// Pays for a connection, then accepts one.
pub(crate) async fn admit(listener: &Listener, house: &House) -> Accepted {
    let admission = pay(house).await;
    let mut pause = PAUSE_MIN;
    loop {
        // A flood of connections must not starve those that are here.
        tokio::task::coop::consume_budget().await;
        match accept(listener).await {
            Ok((tcp, peer)) => return Accepted { tcp, peer, admission },
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

/// The socket leaves this runtime again at once: the one that runs the connection registers it anew.
async fn accept(listener: &Listener) -> io::Result<(std::net::TcpStream, SocketAddr)> {
    let (tcp, peer) = listener.tcp.accept().await?;
    Ok((tcp.into_std()?, peer))
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
            Err(refused) => {
                // It may have been refused at once; and nothing is held while sleeping.
                drop(memory);
                tracing::warn!(%refused, "no descriptor for another connection");
                tokio::time::sleep(PAUSE_MAX).await;
            }
        }
    }
}

/// EMFILE, ENFILE, ENOBUFS, ENOMEM: accept would fail again at once.
fn is_exhaustion(error: &io::Error) -> bool {
    let errno = error.raw_os_error().unwrap_or(0);
    [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM].iter().any(|full| full.raw_os_error() == errno)
}

/// Who runs connections: one runtime, or the least busy of several single-threaded ones.
pub(crate) struct Crew(Vec<Member>);

struct Member {
    runtime: Handle,
    connections: Arc<AtomicUsize>,
}

/// A connection's seat at its runtime, given up when it ends.
pub(crate) struct Seat(Arc<AtomicUsize>);

impl Crew {
    /// Must be called within a runtime: it is the one that runs everything if no other is named.
    pub(crate) fn new(executors: &[Handle]) -> Self {
        let own = [Handle::current()];
        let runtimes = if executors.is_empty() { &own } else { executors };
        let member = |runtime: &Handle| Member { runtime: runtime.clone(), connections: Arc::default() };
        Self(runtimes.iter().map(member).collect())
    }

    /// The runtime with the fewest connections. The count is exact: one acceptor takes all seats.
    pub(crate) fn least_busy(&self) -> (&Handle, Seat) {
        let busy = |member: &&Member| member.connections.load(Ordering::Relaxed);
        // `new` put at least one in.
        let member = self.0.iter().min_by_key(busy).unwrap_or(&self.0[0]);
        member.connections.fetch_add(1, Ordering::Relaxed);
        (&member.runtime, Seat(Arc::clone(&member.connections)))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
