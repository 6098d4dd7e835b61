//! A TCP proxy that may stand in front of anything (nginx, another S3 server) and do to its connections what networks do.
//!
//! It knows nothing of HTTP: bytes are those of the connection, heads included. Each connection takes the next [`Trouble`] from the
//! queue; without one it draws from the lottery, if there is one, and goes through untouched otherwise.

use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};

use crate::fake::{Cut, Gate};

/// What happens to one connection. Bytes are counted on the way to the client.
#[derive(Clone, Debug)]
pub enum Trouble {
    /// Nothing.
    None,
    /// It is reset before a byte passes.
    Refuse,
    /// It is cut on both sides after so many bytes.
    Cut {
        /// After so many.
        after: u64,
        /// In which way.
        how: Cut,
    },
    /// Nothing passes to the client any more until the gate opens; the connection stays.
    Stall {
        /// After so many bytes.
        after: u64,
        /// Until then.
        gate: Gate,
    },
    /// A few bytes at a time.
    Drip {
        /// So many at once.
        bytes: usize,
        /// So often.
        every: Duration,
    },
}

/// A running proxy. Dropping it ends it and every connection through it.
#[derive(Debug)]
pub struct FaultProxy {
    /// Where it listens.
    pub addr: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    upstream: SocketAddr,
    troubles: Mutex<VecDeque<Trouble>>,
    /// A generator's state, one in so many, and what may happen.
    lottery: Mutex<Option<(u64, u64, Vec<Trouble>)>>,
    /// Raised to cut every connection there is.
    cut_all: watch::Sender<u64>,
    connections: AtomicU64,
    down: AtomicU64,
    up: AtomicU64,
}

impl FaultProxy {
    /// Starts one in front of `upstream`.
    ///
    /// # Errors
    /// Those of the network.
    pub fn start(upstream: SocketAddr) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        rustix::net::listen(&listener, 4096)?;
        listener.set_nonblocking(true)?;
        let addr = listener.local_addr()?;
        let shared = Arc::new(Shared {
            upstream,
            troubles: Mutex::default(),
            lottery: Mutex::default(),
            cut_all: watch::Sender::new(0),
            connections: AtomicU64::new(0),
            down: AtomicU64::new(0),
            up: AtomicU64::new(0),
        });
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let (stop, stopped) = oneshot::channel();
        let there = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("proxy".into()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => {}
                    _ = accept(there, listener) => {}
                }
            });
            runtime.shutdown_timeout(Duration::from_secs(5));
        })?;
        Ok(Self { addr, shared, stop: Some(stop), thread: Some(thread) })
    }

    /// The next connection that has none yet meets this.
    pub fn push(&self, trouble: Trouble) {
        self.shared.troubles.lock().push_back(trouble);
    }

    /// One connection in `one_in` meets one of these from now on, drawn by a generator with this seed.
    pub fn draw_lots(&self, seed: u64, one_in: u64, troubles: Vec<Trouble>) {
        *self.shared.lottery.lock() = Some((seed, one_in, troubles));
    }

    /// No trouble any more.
    pub fn clear(&self) {
        self.shared.troubles.lock().clear();
        *self.shared.lottery.lock() = None;
    }

    /// Resets every connection there is, as a network that goes away.
    pub fn cut_all(&self) {
        self.shared.cut_all.send_modify(|generation| *generation += 1);
    }

    /// Connections that were accepted.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.shared.connections.load(Relaxed)
    }

    /// Bytes that passed to clients, and to the upstream.
    #[must_use]
    pub fn bytes(&self) -> (u64, u64) {
        (self.shared.down.load(Relaxed), self.shared.up.load(Relaxed))
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn next(&self) -> Trouble {
        if let Some(trouble) = self.troubles.lock().pop_front() {
            return trouble;
        }
        let mut lottery = self.lottery.lock();
        let Some((seed, one_in, troubles)) = lottery.as_mut() else { return Trouble::None };
        // A linear congruential generator (Knuth, MMIX): no more is asked of it than to be the same again.
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let lot = *seed >> 33;
        if troubles.is_empty() || !lot.is_multiple_of((*one_in).max(1)) {
            return Trouble::None;
        }
        let which = usize::try_from(lot / (*one_in).max(1)).unwrap_or(0) % troubles.len();
        troubles[which].clone()
    }
}

async fn accept(shared: Arc<Shared>, listener: std::net::TcpListener) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (client, _) = listener.accept().await?;
        shared.connections.fetch_add(1, Relaxed);
        let (shared, trouble) = (Arc::clone(&shared), shared.next());
        tokio::spawn(async move { carry(shared, client, trouble).await });
    }
}

async fn carry(shared: Arc<Shared>, client: TcpStream, trouble: Trouble) {
    if matches!(trouble, Trouble::Refuse) {
        reset(&client);
        return;
    }
    let Ok(upstream) = TcpStream::connect(shared.upstream).await else {
        reset(&client);
        return;
    };
    let _ = (client.set_nodelay(true), upstream.set_nodelay(true));
    let mut cut_all = shared.cut_all.subscribe();
    let (client_in, client_out) = client.into_split();
    let (upstream_in, upstream_out) = upstream.into_split();
    let mut passed = (upstream_in, client_out);
    let how = tokio::select! {
        how = down(&shared, &mut passed, &trouble) => how,
        // The client's end is passed on by itself; the way down goes on until the upstream's.
        never = up(&shared, client_in, upstream_out) => match never {},
        _ = cut_all.changed() => Cut::Reset,
    };
    if how == Cut::Reset {
        reset(passed.1.as_ref());
    }
}

/// Carries bytes to the client; says how it ended.
async fn down(shared: &Shared, ends: &mut (OwnedReadHalf, OwnedWriteHalf), trouble: &Trouble) -> Cut {
    let (from, to) = ends;
    let mut block =
        vec![0; if let Trouble::Drip { bytes, .. } = trouble { (*bytes).max(1) } else { 1 << 16 }];
    let mut passed = 0u64;
    loop {
        let mut most = block.len() as u64;
        match trouble {
            Trouble::Cut { after, how } if passed >= *after => return *how,
            Trouble::Stall { after, gate } if passed >= *after => gate.pass().await,
            Trouble::Cut { after, .. } | Trouble::Stall { after, .. } => most = most.min(after - passed),
            Trouble::Drip { every, .. } => tokio::time::sleep(*every).await,
            _ => {}
        }
        let most = usize::try_from(most).unwrap_or(block.len());
        let Ok(n) = from.read(&mut block[..most]).await else { return Cut::Reset };
        if n == 0 {
            let _ = to.shutdown().await;
            return Cut::Clean;
        }
        if to.write_all(&block[..n]).await.is_err() {
            return Cut::Reset;
        }
        passed += n as u64;
        shared.down.fetch_add(n as u64, Relaxed);
    }
}

/// Carries bytes to the upstream and its end too; then waits for the other way to end.
async fn up(shared: &Shared, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) -> std::convert::Infallible {
    let mut block = vec![0; 1 << 16];
    while let Ok(n @ 1..) = from.read(&mut block).await {
        if to.write_all(&block[..n]).await.is_err() {
            break;
        }
        shared.up.fetch_add(n as u64, Relaxed);
    }
    let _ = to.shutdown().await;
    std::future::pending().await
}

fn reset(stream: &TcpStream) {
    let _ = rustix::net::sockopt::set_socket_linger(stream, Some(Duration::ZERO));
}
