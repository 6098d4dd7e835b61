//! What may go wrong with the file, the layers above and the peer while a body is under way.

use std::fs::OpenOptions;
use std::io::Read;
use std::net::{Shutdown, TcpStream};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::Router;
use axum::body::Body as AxumBody;
use axum::http::Response;
use bytes::Bytes;
use forebay_net::FileOffer;
use forebay_testkit::raw::RawConn;
use forebay_testkit::response::{Asked, End};
use http_body::{Body, Frame, SizeHint};
use tower::ServiceExt;

use crate::server::{Server, pattern, router};

const BIG: u64 = 64 << 20;

/// Asks for a file and reads its first few bytes, so that the transfer is under way and its rest is not
/// yet in any buffer.
fn begin(server: &Server, target: &str) -> TcpStream {
    use std::io::Write;
    let mut stream = TcpStream::connect(server.addr).unwrap();
    write!(stream, "GET {target} HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    let mut first = [0; 1024];
    stream.read_exact(&mut first).unwrap();
    stream
}

/// Everything else that comes before the end, by FIN or reset.
fn rest(mut stream: TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut block = vec![0; 1 << 16];
    while let Ok(n @ 1..) = stream.read(&mut block) {
        bytes.extend_from_slice(&block[..n]);
    }
    bytes
}

#[test]
fn a_file_truncated_under_way_aborts_the_connection() {
    let server = Server::start();
    server.file("f", BIG);
    let stream = begin(&server, "/f/f");
    OpenOptions::new().write(true).open(server.root.path().join("f")).unwrap().set_len(1 << 20).unwrap();
    assert!(rest(stream).len() < BIG as usize, "a short file was presented as a whole one");
    server.until("the truncation is counted", |server| server.stats().truncations == 1);
    server.until("the connection is gone", |server| server.stats().active == 0);
    server.stop();
}

#[test]
fn a_file_removed_or_replaced_under_way_is_sent_whole() {
    let server = Server::start();
    for (name, replace) in [("removed", false), ("replaced", true)] {
        server.file(name, BIG);
        let before = server.stats().zero_copy_bytes;
        let mut conn = RawConn::connect(server.addr).unwrap();
        conn.send(format!("GET /f/{name} HTTP/1.1\r\nHost: h\r\n\r\n").as_bytes()).unwrap();
        server.until("the transfer has begun", |server| server.stats().zero_copy_bytes > before);
        let path = server.root.path().join(name);
        if replace {
            std::fs::write(path.with_extension("new"), "other").unwrap();
            std::fs::rename(path.with_extension("new"), &path).unwrap();
        } else {
            std::fs::remove_file(&path).unwrap();
        }
        let answer = conn.response(Asked::Other).unwrap();
        assert_eq!((answer.body.len() as u64, answer.end), (BIG, End::Complete));
        pattern(name).check(0, &answer.body).unwrap();
    }
    server.stop();
}

#[test]
fn a_client_that_leaves_gives_everything_back() {
    let server = Server::start();
    server.file("f", BIG);
    let half = begin(&server, "/f/f");
    half.shutdown(Shutdown::Both).unwrap();
    drop(half);
    drop(begin(&server, "/f/f"));
    server.until("both are gone", |server| server.stats().active == 0);
    server.stop();
}

/// Mistreats a body's frames in one of the ways that layers do.
struct Mistreated {
    inner: AxumBody,
    how: How,
    held: Vec<Bytes>,
    frames: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum How {
    /// Drops the second frame and passes the third in its place.
    Drop,
    /// Passes copies of the frames on, and keeps the frames.
    CopyAndKeep,
    /// Passes copies of the frames on.
    Copy,
    /// Swaps two frames.
    Swap,
    /// Passes the frames on in pieces of an odd size: allowed.
    Split,
}

impl Body for Mistreated {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        if matches!(this.how, How::Split | How::Swap)
            && let Some(piece) = this.held.pop()
        {
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        loop {
            let Some(frame) = ready!(Pin::new(&mut this.inner).poll_frame(cx)) else {
                return Poll::Ready(None);
            };
            let data = frame?.into_data().unwrap();
            this.frames += 1;
            let passed = match this.how {
                How::Drop if this.frames == 2 => continue,
                How::Swap if this.frames == 2 => {
                    this.held.push(data);
                    continue;
                }
                How::Drop | How::Swap => data,
                How::Copy => Bytes::copy_from_slice(&data),
                How::CopyAndKeep => {
                    this.held.push(data.clone());
                    Bytes::copy_from_slice(&data)
                }
                How::Split => {
                    let mut pieces: Vec<_> = (0..data.len())
                        .step_by(99_991)
                        .map(|at| data.slice(at..data.len().min(at + 99_991)))
                        .collect();
                    pieces.reverse();
                    let first = pieces.pop().unwrap();
                    this.held = pieces;
                    first
                }
            };
            return Poll::Ready(Some(Ok(Frame::data(passed))));
        }
    }

    fn size_hint(&self) -> SizeHint {
        let held: usize = if self.how == How::Split { self.held.iter().map(Bytes::len).sum() } else { 0 };
        SizeHint::with_exact(self.inner.size_hint().exact().unwrap() + held as u64)
    }
}

fn mistreating(how: How) -> Server {
    let server = Server::with(
        |_| {},
        |files| {
            let layer = tower::util::MapResponseLayer::new(move |response: Response<AxumBody>| {
                response.map(|inner| AxumBody::new(Mistreated { inner, how, held: Vec::new(), frames: 0 }))
            });
            router(files).layer(layer)
        },
    );
    server.file("f", 6_000_000);
    server
}

#[test]
fn a_layer_that_drops_copies_or_swaps_placeholders_ends_the_connection_before_a_wrong_byte() {
    for how in [How::Drop, How::CopyAndKeep, How::Copy, How::Swap] {
        let server = mistreating(how);
        let mut conn = RawConn::connect(server.addr).unwrap();
        conn.send(b"GET /f/f HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
        if let Ok(answer) = conn.response(Asked::Other) {
            assert_ne!(answer.end, End::Complete);
            pattern("f").check(0, &answer.body).expect("a wrong byte left the server");
        }
        server.until("the desync is counted", |server| server.stats().desyncs > 0);
        server.until("the connection is gone", |server| server.stats().active == 0);
        server.stop();
    }
}

#[test]
fn a_layer_that_splits_frames_keeps_the_fast_path() {
    let server = mistreating(How::Split);
    let answer = forebay_testkit::raw::get(server.addr, "/f/f").unwrap();
    pattern("f").check(0, &answer.body).unwrap();
    assert_eq!((answer.body.len(), server.stats().zero_copy_bytes), (6_000_000, 6_000_000));
    server.stop();
}

#[test]
fn a_layer_that_withdraws_the_offer_reads_true_bytes_and_so_does_the_client() {
    let server = Server::with(
        |_| {},
        |files| {
            let layer = tower::util::MapResponseLayer::new(|mut response: Response<AxumBody>| {
                FileOffer::withdraw(response.extensions_mut());
                response.map(|inner| {
                    AxumBody::new(Mistreated { inner, how: How::Copy, held: Vec::new(), frames: 0 })
                })
            });
            router(files).layer(layer)
        },
    );
    server.file("f", 6_000_000);
    let answer = forebay_testkit::raw::get(server.addr, "/f/f").unwrap();
    assert_eq!(answer.body.len(), 6_000_000);
    pattern("f").check(0, &answer.body).unwrap();
    let stats = server.stats();
    assert_eq!((stats.zero_copy_bytes, stats.pread_bytes, stats.desyncs), (0, 6_000_000, 0));
    server.stop();
}

#[test]
fn another_server_gets_the_same_body_by_ordinary_reads() {
    let server = Server::start();
    server.file("f", 6_000_000);
    let service: Router = server.router();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let request = axum::http::Request::get("/f/f").body(AxumBody::empty()).unwrap();
        let mut body = service.oneshot(request).await.unwrap().into_body();
        let mut at = 0;
        while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
            let data = frame.unwrap().into_data().unwrap();
            pattern("f").check(at, &data).unwrap();
            at += data.len() as u64;
        }
        assert_eq!(at, 6_000_000);
    });
    drop(runtime);
    server.stop();
}

/// Keeps every chunk it is given: what a window is for.
#[test]
fn a_reader_that_keeps_chunks_gets_its_window_and_no_more() {
    let server = Server::start();
    server.file("f", 6_000_000);
    let service: Router = server.router();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let ledger = server.ledger.clone();
    runtime.block_on(async {
        let request = axum::http::Request::get("/f/f").body(AxumBody::empty()).unwrap();
        let mut body = service.oneshot(request).await.unwrap().into_body();
        let mut kept = Vec::new();
        loop {
            let woken = Arc::new(std::sync::atomic::AtomicBool::new(false));
            let polled = std::future::poll_fn(|cx| {
                woken.store(true, std::sync::atomic::Ordering::Relaxed);
                Poll::Ready(Pin::new(&mut body).poll_frame(cx))
            });
            match polled.await {
                Poll::Ready(Some(frame)) => kept.push(frame.unwrap().into_data().unwrap()),
                Poll::Ready(None) => panic!("the whole file fits into a window of 128 KiB"),
                Poll::Pending if kept.is_empty() => tokio::task::yield_now().await,
                Poll::Pending => break,
            }
        }
        let bytes: usize = kept.iter().map(Bytes::len).sum();
        assert_eq!(bytes, 128 << 10);
        drop(body);
        assert_eq!(
            ledger.usage(forebay_budget::Class::Reads).in_use,
            128 << 10,
            "kept chunks are still owed"
        );
        drop(kept);
        assert_eq!(ledger.usage(forebay_budget::Class::Reads).in_use, 0);
    });
    drop(runtime);
    server.stop();
}
