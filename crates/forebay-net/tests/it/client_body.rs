//! Answers of every shape, and every way in which one can fail.

use std::io::Write;
use std::net::TcpStream;
use std::pin::Pin;
use std::sync::{Arc, Barrier};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use forebay_net::BoxError;
use forebay_net::client::{ClientErrorKind, Payload};
use http::{Method, Request, StatusCode};
use http_body::{Body, Frame, SizeHint};
use socket2::SockRef;

use crate::client_kit::{Bench, Scripted, answer, head, kind, read, until_closed};

/// Answers once with these bytes and closes.
fn once(text: impl Into<Vec<u8>>) -> Scripted {
    let text = text.into();
    Scripted::start(move |_, mut stream| {
        head(&mut stream);
        stream.write_all(&text).unwrap();
    })
}

fn reset(stream: TcpStream) {
    SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
    drop(stream);
}

#[tokio::test]
async fn what_was_never_sent_says_why() {
    let bench = Bench::new(|_| {});
    for url in ["ftp://h/", "/path"] {
        assert_eq!(kind(bench.get(url).await), ClientErrorKind::Invalid, "{url}");
    }
    let error = bench.get("http://nobody.invalid/?secret").await.unwrap_err();
    assert_eq!(error.kind(), ClientErrorKind::Resolve);
    assert!(
        error.to_string().contains("http://nobody.invalid:80") && !error.to_string().contains("secret"),
        "{error}"
    );
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = bench.get(&format!("http://{closed}/")).await.unwrap_err();
    assert!(error.kind() == ClientErrorKind::Connect && error.kind().is_unsent(), "{error}");
    assert_eq!(bench.client.stats().connect_failures_total, 2);
    assert!(bench.fds.idle() && bench.ledger.idle(), "what was granted for dialling is back");
}

#[tokio::test]
async fn an_answer_that_does_not_come_or_stands_still_is_given_up() {
    let silent = Scripted::start(|_, mut stream| until_closed(&mut stream));
    let bench = Bench::new(|options| {
        (options.head_timeout, options.stall_timeout) =
            (Duration::from_millis(50), Duration::from_millis(60));
    });
    assert_eq!(kind(bench.get(&silent.url("/")).await), ClientErrorKind::Timeout);
    let stuck = Scripted::start(|_, mut stream| {
        head(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc").unwrap();
        until_closed(&mut stream);
    });
    let mut body = bench.get(&stuck.url("/")).await.unwrap().into_body();
    assert_eq!(body.chunk().await.unwrap().unwrap(), "abc");
    assert_eq!(kind(body.chunk().await.unwrap()), ClientErrorKind::Stalled);
    assert!(body.chunk().await.is_none(), "nothing follows an error");
    bench.until("all is closed", |bench| bench.client.stats().open == 0).await;
}

#[tokio::test]
async fn time_in_which_nobody_reads_is_not_held_against_the_server() {
    let (go_on, goes_on) = std::sync::mpsc::channel::<&[u8]>();
    let goes_on = std::sync::Mutex::new(goes_on);
    let server = Scripted::start(move |_, mut stream| {
        head(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n").unwrap();
        for _ in 0..2 {
            stream.write_all(goes_on.lock().unwrap().recv().unwrap()).unwrap();
        }
        until_closed(&mut stream);
    });
    let bench = Bench::new(|_| {});
    let mut body = bench.get(&server.url("/")).await.unwrap().into_body();
    for piece in [b"abc", b"def"] {
        // The first poll finds nothing, so that the limit counts.
        let (chunk, sent) = tokio::join!(body.chunk(), async { go_on.send(piece) });
        sent.unwrap();
        assert_eq!(chunk.unwrap().unwrap(), piece.as_slice());
        // Longer than the limit, but nobody waits for a byte.
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(3600)).await;
        tokio::time::resume();
    }
}

#[tokio::test]
async fn a_body_cut_short_is_never_whole() {
    let cut = [
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc",
    ];
    for text in cut {
        let server = once(text);
        let bench = Bench::new(|_| {});
        let body = bench.get(&server.url("/")).await.unwrap().into_body();
        assert_eq!(kind(read(body).await), ClientErrorKind::Short, "{text}");
        bench.until("it is closed", |bench| bench.client.stats().open == 0).await;
    }
}

#[tokio::test]
async fn a_connection_that_breaks_is_told_from_one_that_ends() {
    let (go_on, goes_on) = std::sync::mpsc::channel::<()>();
    let goes_on = std::sync::Mutex::new(goes_on);
    let server = Scripted::start(move |_, mut stream| {
        let asked = head(&mut stream).unwrap();
        if asked.starts_with("GET /body") {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc").unwrap();
            // A reset overtakes what was not yet read.
            goes_on.lock().unwrap().recv().unwrap();
        }
        reset(stream);
    });
    let bench = Bench::new(|_| {});
    assert_eq!(kind(bench.get(&server.url("/head")).await), ClientErrorKind::Reset);
    let mut body = bench.get(&server.url("/body")).await.unwrap().into_body();
    assert_eq!(body.chunk().await.unwrap().unwrap(), "abc");
    go_on.send(()).unwrap();
    assert_eq!(kind(body.chunk().await.unwrap()), ClientErrorKind::Reset);
    assert_eq!(body.remaining(), Some(6));
}

#[tokio::test]
async fn what_is_not_http_is_malformed() {
    let long = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(64 << 10));
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "X: y\r\n".repeat(101));
    let switching = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n";
    for text in ["SSH-2.0-x\r\n\r\n", &long, &many, switching] {
        let server = once(text);
        let bench = Bench::new(|_| {});
        let shown: String = text.chars().take(60).collect();
        assert_eq!(kind(bench.get(&server.url("/")).await), ClientErrorKind::Malformed, "{shown}");
    }
    let server = once("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
    let body = Bench::new(|_| {}).get(&server.url("/")).await.unwrap().into_body();
    assert_eq!(kind(read(body).await), ClientErrorKind::Malformed);
}

#[tokio::test]
async fn chunks_empty_answers_and_heads_alone_leave_the_connection_usable() {
    let server = Scripted::start(|_, mut stream| {
        while let Some(asked) = head(&mut stream) {
            let text: &[u8] = match asked.split_whitespace().nth(1).unwrap() {
                "/chunked" => b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX: y\r\n\r\n",
                "/empty" => b"HTTP/1.1 204 No Content\r\n\r\n",
                "/head" => b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
                "/early" => b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
                other => panic!("{other}"),
            };
            stream.write_all(text).unwrap();
        }
    });
    let bench = Bench::new(|_| {});
    for _ in 0..3 {
        assert_eq!(bench.whole(&server.url("/chunked")).await.unwrap(), b"abcde");
        assert_eq!(bench.whole(&server.url("/early")).await.unwrap(), b"x");
        let empty = bench.get(&server.url("/empty")).await.unwrap();
        assert_eq!((empty.status(), empty.body().remaining()), (StatusCode::NO_CONTENT, Some(0)));
        let ask = Request::builder().method(Method::HEAD).uri(server.url("/head"));
        let answer = bench.client.send(ask.body(Payload::empty()).unwrap()).await.unwrap();
        assert_eq!(answer.headers()["content-length"], "1000");
        assert_eq!(read(answer.into_body()).await.unwrap(), b"");
    }
    assert_eq!(bench.client.stats().opened_total, 1);
}

#[tokio::test]
async fn an_answer_that_ends_with_its_connection_is_whole_and_its_connection_is_not_kept() {
    let server = once("HTTP/1.1 200 OK\r\n\r\nall of it");
    let bench = Bench::new(|_| {});
    assert_eq!(bench.whole(&server.url("/")).await.unwrap(), b"all of it");
    assert_eq!(bench.client.stats().open, 0);
    let closing =
        Scripted::answering(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx".as_slice());
    assert_eq!(bench.whole(&closing.url("/")).await.unwrap(), b"x");
    assert_eq!(bench.client.stats().open, 0);
}

#[tokio::test]
async fn a_short_rest_is_drained_and_a_long_one_closes_the_connection() {
    let sizes = |len: usize| Scripted::answering(answer(&vec![b'x'; len]));
    let (short, long) = (sizes(60 << 10), sizes(1 << 20));
    let bench = Bench::new(|_| {});
    for turn in 1..=3 {
        drop(bench.get(&short.url("/")).await.unwrap());
        bench.until("the rest was drained", |bench| bench.client.stats().drained_total == turn).await;
    }
    assert_eq!((bench.client.stats().opened_total, bench.client.stats().idle), (1, 1));
    for turn in 1..=3 {
        drop(bench.get(&long.url("/")).await.unwrap());
        assert_eq!(bench.client.stats().closed_unread_total, turn);
    }
    assert_eq!((bench.client.stats().opened_total, bench.client.stats().open), (4, 1));
}

#[tokio::test]
async fn a_rest_that_does_not_come_in_time_or_has_no_length_closes_the_connection() {
    let texts = [
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc",
    ];
    for text in texts {
        let server = Scripted::start(move |_, mut stream| {
            head(&mut stream);
            stream.write_all(text.as_bytes()).unwrap();
            until_closed(&mut stream);
        });
        let bench = Bench::new(|options| options.drain_time = Duration::from_millis(30));
        drop(bench.get(&server.url("/")).await.unwrap());
        bench.until("it was closed", |bench| bench.client.stats().closed_unread_total == 1).await;
        bench.until("it is gone", |bench| bench.client.stats().open == 0).await;
        assert!(bench.fds.idle() && bench.ledger.idle());
    }
}

/// Yields a piece, waits, and yields another.
struct SlowBody {
    left: u32,
    pause: Pin<Box<tokio::time::Sleep>>,
}

impl SlowBody {
    fn new() -> Self {
        Self { left: 3, pause: Box::pin(tokio::time::sleep(Duration::from_millis(150))) }
    }
}

impl Body for SlowBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        std::task::ready!(self.pause.as_mut().poll(cx));
        self.left -= 1;
        self.pause = Box::pin(tokio::time::sleep(Duration::from_millis(150)));
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"slow ")))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(15)
    }
}

fn put(url: String, body: Payload) -> Request<Payload> {
    Request::put(url).body(body).unwrap()
}

#[tokio::test]
async fn a_slow_source_is_not_the_servers_fault_and_a_server_that_takes_nothing_is() {
    let server = Scripted::start(|_, mut stream| {
        while let Some(asked) = head(&mut stream) {
            assert!(asked.to_lowercase().contains("content-length: 15"), "{asked}");
            let mut body = [0; 15];
            std::io::Read::read_exact(&mut stream, &mut body).unwrap();
            stream.write_all(&answer(&body)).unwrap();
        }
    });
    let bench = Bench::new(|options| options.stall_timeout = Duration::from_millis(100));
    let answered = bench.client.send(put(server.url("/"), Payload::body(SlowBody::new()))).await.unwrap();
    assert_eq!(read(answered.into_body()).await.unwrap(), b"slow slow slow ");
    assert_eq!(bench.client.stats().idle, 1, "all of it was sent, so the connection is usable");
    let deaf = Scripted::start(|_, stream| {
        SockRef::from(&stream).set_recv_buffer_size(4096).unwrap();
        // Held open, never read, until the client gives up.
        while SockRef::from(&stream).peek(&mut [std::mem::MaybeUninit::uninit()]).is_ok_and(|read| read > 0) {
            std::thread::yield_now();
        }
    });
    let large = Payload::bytes(Bytes::from(vec![0; 16 << 20]));
    assert_eq!(kind(bench.client.send(put(deaf.url("/"), large)).await), ClientErrorKind::Stalled);
}

#[tokio::test]
async fn an_answer_before_the_request_was_read_is_given_and_the_connection_closed() {
    // Nothing of the body is read until the client has the answer: it cannot have sent all of it by then.
    let answered_to = Arc::new(Barrier::new(2));
    let answer_is_there = Arc::clone(&answered_to);
    let server = Scripted::start(move |_, mut stream| {
        head(&mut stream);
        stream.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno").unwrap();
        answer_is_there.wait();
        until_closed(&mut stream);
    });
    let bench = Bench::new(|_| {});
    let large = Payload::bytes(Bytes::from(vec![0; 64 << 20]));
    let answered = bench.client.send(put(server.url("/"), large)).await.unwrap();
    assert_eq!(answered.status(), StatusCode::FORBIDDEN);
    assert_eq!(read(answered.into_body()).await.unwrap(), b"no");
    assert_eq!(bench.client.stats().idle, 0);
    answered_to.wait();
    bench.until("it is gone", |bench| bench.client.stats().open == 0).await;
}

/// Fails after its first piece.
struct BrokenBody(u32);

impl Body for BrokenBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.0 += 1;
        Poll::Ready(Some(match self.0 {
            1 => Ok(Frame::data(Bytes::from_static(b"x"))),
            _ => Err("the disk is gone".into()),
        }))
    }
}

#[tokio::test]
async fn a_request_whose_own_body_fails_says_so() {
    let server = Scripted::start(|_, mut stream| until_closed(&mut stream));
    let bench = Bench::new(|_| {});
    let error = bench.client.send(put(server.url("/"), Payload::body(BrokenBody(0)))).await.unwrap_err();
    assert_eq!(error.kind(), ClientErrorKind::Payload);
    assert!(bench.fds.idle());
}
