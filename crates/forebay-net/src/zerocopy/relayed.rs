//! Whole answers that go from one socket to another, and what becomes of them when either side misbehaves.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::sync::Weak;
use std::task::{Context, Poll, ready};

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use forebay_budget::{ByteSize, FdLedger};
use forebay_testkit::pattern::Pattern;
use forebay_testkit::raw;
use forebay_testkit::response::End;
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use super::relay::{HeldPipe, RelayBody, RelaySource, Spliced};
use crate::pipe::Pipes;
use crate::{BoxError, ListenOptions, Listener, NetStats, ServeOptions, serve};

const LEN: u64 = (9 << 20) + 131;

/// A bare upstream: `early` bytes were read with the head, the rest is in the socket.
struct Upstream {
    tcp: TcpStream,
    early: Option<Bytes>,
    left: u64,
    pipes: Pipes,
}

impl RelaySource for Upstream {
    fn remaining(&self) -> Option<u64> {
        Some(self.left)
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BoxError>>> {
        if let Some(early) = self.early.take() {
            self.left -= early.len() as u64;
            return Poll::Ready(Some(Ok(early)));
        }
        let mut buffer = vec![0; 16 << 10];
        loop {
            ready!(self.tcp.poll_read_ready(cx))?;
            match self.tcp.try_read(&mut buffer) {
                Ok(0) => return Poll::Ready(None),
                Ok(read) => {
                    buffer.truncate(read);
                    self.left -= read as u64;
                    return Poll::Ready(Some(Ok(buffer.into())));
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Some(Err(error.into()))),
            }
        }
    }

    fn poll_splice(&mut self, cx: &mut Context<'_>, max: usize) -> Poll<Result<Spliced, BoxError>> {
        if self.early.is_some() {
            return Poll::Ready(Ok(Spliced::Unable));
        }
        loop {
            ready!(self.tcp.poll_read_ready(cx))?;
            let Some(mut pipe) = self.pipes.take() else { return Poll::Ready(Ok(Spliced::Unable)) };
            match self.tcp.try_io(Interest::READABLE, || pipe.fill(&self.tcp, max as u64)) {
                Ok(0) => return Poll::Ready(Ok(Spliced::Unable)),
                Ok(moved) => {
                    self.left -= moved as u64;
                    return Poll::Ready(Ok(Spliced::Held(HeldPipe::new(pipe, Weak::new()))));
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error.into())),
            }
        }
    }
}

/// Sends `len` bytes of the pattern to one caller, and closes.
fn upstream(len: u64) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut tcp, _) = listener.accept().unwrap();
        let mut at = 0;
        while at < len {
            let piece = Pattern::new(9).bytes(at, (len - at).min(1 << 20) as usize);
            // The reader may leave first.
            if tcp.write_all(&piece).is_err() {
                return;
            }
            at += piece.len() as u64;
        }
    });
    addr
}

async fn relayed(from: SocketAddr, early: usize, fds: FdLedger) -> Response {
    let mut tcp = TcpStream::connect(from).await.unwrap();
    let mut first = vec![0; early];
    tokio::io::AsyncReadExt::read_exact(&mut tcp, &mut first).await.unwrap();
    let pipes = Pipes::new(fds, ByteSize::kib(64));
    let early = (early > 0).then(|| first.into());
    let mut body = RelayBody::new(Upstream { tcp, early, left: LEN, pipes });
    let offer = body.offer().unwrap();
    let mut response = Response::new(Body::new(body));
    response.extensions_mut().insert(offer);
    response
}

/// One download of an upstream that has `has` bytes of [`LEN`].
fn download(has: u64, early: usize, fds: &FdLedger) -> (raw::RawResponse, NetStats) {
    let from = upstream(has);
    let fds = fds.clone();
    let (tell, told) = std::sync::mpsc::channel();
    let (stop, stopped) = oneshot::channel::<()>();
    let server = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let options = ServeOptions::default();
            let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), &ListenOptions::default()).unwrap();
            tell.send((listener.local_addr(), options.watch.clone())).unwrap();
            let router = Router::new().route("/", get(move || relayed(from, early, fds.clone())));
            serve(listener, router, options, async { drop(stopped.await) }).await;
        });
    });
    let (addr, watch) = told.recv().unwrap();
    let answer = raw::get(addr, "/").unwrap();
    drop(stop);
    server.join().unwrap();
    (answer, watch.stats())
}

#[test]
fn bytes_go_from_socket_to_socket_and_are_the_same() {
    for early in [0, 1, 5000] {
        let fds = FdLedger::new(16);
        let (answer, stats) = download(LEN, early, &fds);
        assert_eq!((answer.body.len() as u64, answer.end), (LEN, End::Complete));
        Pattern::new(9).check(0, &answer.body).unwrap();
        assert_eq!((stats.relayed_bytes, stats.desyncs), (LEN - early as u64, 0));
        assert!(fds.idle(), "the pipe went back");
    }
}

#[test]
fn without_a_pipe_they_are_read() {
    let (answer, stats) = download(LEN, 0, &FdLedger::new(1));
    assert_eq!((answer.body.len() as u64, answer.end, stats.relayed_bytes), (LEN, End::Complete, 0));
    Pattern::new(9).check(0, &answer.body).unwrap();
}

#[test]
fn an_upstream_that_ends_early_is_never_presented_as_whole() {
    let (answer, stats) = download(LEN - 1, 0, &FdLedger::new(16));
    assert_ne!(answer.end, End::Complete);
    assert!((answer.body.len() as u64) < LEN && stats.relayed_bytes < LEN);
    Pattern::new(9).check(0, &answer.body).unwrap();
}
