//! A server in a thread of its own, with a runtime of its own: it answers async tests, blocking tests and other processes alike, and
//! a test that pauses time does not pause its server.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use std::sync::atomic::Ordering::Relaxed;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio_rustls::TlsAcceptor;

use super::fault::{Cut, Fault};
use super::head::RequestHead;
use super::marks::Marks;
use super::reply::{Ending, Reply, hung_up};
use super::script::{Drawn, Script};
use super::seen::Log;
use super::verb::Target;
use super::wire::{Io, Request, Wire};

/// What a fake answers.
pub(crate) trait App: Send + Sync + 'static {
    /// The faults to come.
    fn script(&self) -> &Script;
    /// Where requests are written down.
    fn log(&self) -> &Log;
    /// What a request is for.
    fn target(&self, head: &RequestHead) -> Target;
    /// The answer, with nothing wrong but what the faults say about the meaning of the request.
    fn answer(
        &self,
        request: &mut Request<'_>,
        target: &Target,
        faults: &[Fault],
    ) -> impl Future<Output = io::Result<Reply>> + Send;
    /// An error in the form that this server has for errors.
    fn refuse(&self, status: u16, code: &str, target: &Target) -> Reply;
    /// The fields that every answer has.
    fn sign(&self, reply: &mut Reply);
}

/// A running server; dropping it ends it and every connection.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) addr: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    /// Raised to close the connections that wait for a request.
    idle: watch::Sender<u64>,
}

impl Running {
    pub(crate) fn start<A: App>(app: Arc<A>, tls: Option<Arc<rustls::ServerConfig>>) -> io::Result<Self> {
        Self::start_at(Ipv4Addr::LOCALHOST, app, tls)
    }

    pub(crate) fn start_at<A: App>(
        ip: Ipv4Addr,
        app: Arc<A>,
        tls: Option<Arc<rustls::ServerConfig>>,
    ) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind((ip, 0))?;
        rustix::net::listen(&listener, 4096)?;
        listener.set_nonblocking(true)?;
        let addr = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let (stop, stopped) = oneshot::channel();
        let (idle, kick) = watch::channel(0);
        let thread = std::thread::Builder::new().name("fake".into()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => {}
                    _ = accept(app, listener, tls.map(TlsAcceptor::from), kick) => {}
                }
            });
            runtime.shutdown_timeout(Duration::from_secs(5));
        })?;
        Ok(Self { addr, stop: Some(stop), thread: Some(thread), idle })
    }

    /// Closes every connection that waits for a request.
    pub(crate) fn close_idle(&self) {
        self.idle.send_modify(|generation| *generation += 1);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn accept<A: App>(
    app: Arc<A>,
    listener: std::net::TcpListener,
    tls: Option<TlsAcceptor>,
    kick: watch::Receiver<u64>,
) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of descriptors, most likely: the test has its own opinion about that.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let (app, tls, mut kick) = (Arc::clone(&app), tls.clone(), kick.clone());
        tokio::spawn(async move {
            let _ = stream.set_nodelay(true);
            if let Some(io) = greet(stream, tls).await {
                let mut wire = Wire::new(io);
                let connection = app.log().connection();
                let cut = serve(&*app, &mut wire, connection, &mut kick).await.unwrap_or(Cut::Clean);
                end(wire, cut).await;
            }
        });
    }
}

async fn greet(stream: TcpStream, tls: Option<TlsAcceptor>) -> Option<Io> {
    match tls {
        None => Some(Io::Plain(stream)),
        Some(tls) => tls.accept(stream).await.ok().map(|stream| Io::Tls(Box::new(stream))),
    }
}

async fn end(mut wire: Wire, cut: Cut) {
    match cut {
        Cut::Clean => {
            let _ = wire.io.shutdown().await;
        }
        Cut::Reset => {
            let _ = rustix::net::sockopt::set_socket_linger(wire.io.tcp(), Some(Duration::ZERO));
        }
    }
}

/// Answers requests until the connection ends; says how to end it.
async fn serve<A: App>(
    app: &A,
    wire: &mut Wire,
    connection: u64,
    kick: &mut watch::Receiver<u64>,
) -> io::Result<Cut> {
    loop {
        // What was raised while it was busy is not for it.
        kick.borrow_and_update();
        let next = tokio::select! {
            next = wire.request() => next?,
            _ = kick.changed() => return Ok(Cut::Clean),
        };
        let Some(mut request) = next else { return Ok(Cut::Clean) };
        let target = app.target(&request.head);
        let entry = app.log().begin(connection, &target, &request.head);
        let _under_way = app.log().enter();
        let drawn = app.script().draw(&target);
        let closes = request.head.field("connection").is_some_and(|v| v.eq_ignore_ascii_case("close"));
        request.obey(&drawn);
        let made = make(app, &mut request, &target, &drawn).await;
        entry.taken.store(request.taken, Relaxed);
        if let Some(cut) = request.cut {
            return Ok(cut);
        }
        let mut reply = match made? {
            Ok(reply) => reply,
            Err(cut) => return Ok(cut),
        };
        let usable = request.is_done() || request.drain().await;
        entry.taken.store(request.taken, Relaxed);
        app.sign(&mut reply);
        reply.spoil(&drawn.faults);
        if !usable {
            reply.set("connection", "close");
        }
        let closes = closes || reply.fields.iter().any(|(n, v)| n == "connection" && v == "close");
        let marks = Marks::of(&drawn, reply.content.len());
        match reply.send(wire, marks, &entry).await? {
            Ending::Cut(how) => return Ok(how),
            Ending::KeepAlive if closes || !usable => return Ok(Cut::Clean),
            Ending::KeepAlive => {}
        }
    }
}

/// The answer, or how the connection ends instead.
async fn make<A: App>(
    app: &A,
    request: &mut Request<'_>,
    target: &Target,
    drawn: &Drawn,
) -> io::Result<Result<Reply, Cut>> {
    let mut lost = None;
    for fault in &drawn.faults {
        match fault {
            Fault::Hang(gate) => tokio::select! {
                () = gate.pass() => {}
                () = hung_up(request.io()) => return Ok(Err(Cut::Clean)),
            },
            Fault::HangUp(how) => return Ok(Err(*how)),
            Fault::LoseAnswer(how) => lost = Some(*how),
            Fault::Refuse { status, code, retry_after } => {
                let mut reply = app.refuse(*status, code, target);
                if let Some(seconds) = retry_after {
                    reply.set("retry-after", seconds.to_string());
                }
                return Ok(Ok(reply));
            }
            Fault::Redirect { status, location, region } => {
                let mut reply = app.refuse(*status, "PermanentRedirect", target);
                if let Some(location) = location {
                    reply.set("location", location.clone());
                }
                if let Some(region) = region {
                    reply.set("x-amz-bucket-region", region.clone());
                }
                return Ok(Ok(reply));
            }
            _ => {}
        }
    }
    let reply = app.answer(request, target, &drawn.faults).await?;
    Ok(lost.map_or(Ok(reply), Err))
}
