//! The log line that read the upload.
//!
//! A middleware read each request body into memory to log its first few hundred characters, made a string of
//! it and copies without its white space: an upload of 257 MB allocated 2 GB. Here the same upload goes through
//! that middleware, then through no layer at all, then through the access log with a capture of 1 KiB.
//!
//! The counter is jemalloc's own count of bytes ever allocated by this thread, on which everything runs: it cannot
//! miss a buffer that is freed again, which a look at the memory in use would.

use std::convert::Infallible;
use std::io::{self, Write};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use forebay_budget::{ByteSize, Class, Ledger};
use forebay_testkit::digest::Digest;
use forebay_tower::access_log::{AccessLogOptions, CaptureOptions, RequestBody};
use forebay_tower::{AccessLogLayer, LogQueue};
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt as _, Empty};
use parking_lot::Mutex;
use tower::{Layer as _, Service, ServiceExt as _};

/// The upload of the incident, and the piece in which it comes from the socket.
const UPLOAD: u64 = 257 << 20;
const CHUNK: usize = 64 << 10;
/// Bytes of the body that the log wants.
const CAPTURE: u64 = 1 << 10;
/// What the layer may allocate beside the capture, in bytes.
const ALLOWANCE: u64 = 64 << 10;

/// A body that allocates nothing itself: every frame is a view of the same block, each from another place.
struct Upload {
    block: Bytes,
    sent: u64,
}

impl Upload {
    fn new() -> Self {
        let text = "line of an upload, with \"quotes\" and blanks \n".bytes().cycle();
        Self { block: text.take(2 * CHUNK).collect(), sent: 0 }
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.sent == UPLOAD {
            return Poll::Ready(None);
        }
        let from = usize::try_from(self.sent % 61).unwrap();
        self.sent += CHUNK as u64;
        Poll::Ready(Some(Ok(Frame::data(self.block.slice(from..from + CHUNK)))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(UPLOAD - self.sent)
    }
}

/// The service behind the log: reads the body as it comes and answers with nothing.
async fn digest_of(mut body: impl Body<Data = Bytes, Error: std::fmt::Debug> + Unpin) -> String {
    let mut digest = Digest::default();
    while let Some(frame) = body.frame().await {
        digest.update(&frame.unwrap().into_data().unwrap());
    }
    digest.finish()
}

/// The middleware of the incident: the log line, and the body for whoever comes next.
async fn naive_log(mut body: Upload) -> (String, Bytes) {
    let mut whole = Vec::new();
    while let Some(frame) = body.frame().await {
        whole.extend_from_slice(&frame.unwrap().into_data().unwrap());
    }
    let text = String::from_utf8_lossy(&whole).into_owned();
    let line = text.replace(['\n', ' '], "");
    (line.chars().take(300).collect(), Bytes::from(whole))
}

/// Bytes that this thread has ever allocated.
fn allocated() -> u64 {
    tikv_jemalloc_ctl::thread::allocatedp::read().unwrap().get()
}

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Sends the upload through a layer; returns the digest that the service saw and the bytes allocated.
async fn through(layer: &AccessLogLayer) -> (String, u64) {
    let seen = Arc::new(Mutex::new(String::new()));
    let note = seen.clone();
    let service = tower::service_fn(move |request: Request<RequestBody<Upload>>| {
        let note = note.clone();
        async move {
            *note.lock() = digest_of(Box::pin(request.into_body())).await;
            Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
        }
    });
    let mut service = layer.layer(service);
    let request = Request::post("/upload").header("content-type", "text/plain").body(Upload::new()).unwrap();
    let before = allocated();
    let response = service.ready().await.unwrap().call(request).await.unwrap();
    drop(response);
    let grown = allocated() - before;
    let digest = seen.lock().clone();
    (digest, grown)
}

#[tokio::test]
async fn the_naive_middleware_allocates_several_times_the_upload() {
    let before = allocated();
    let (line, body) = naive_log(Upload::new()).await;
    let grown = allocated() - before;
    println!("naive middleware: {grown} bytes allocated for a line of {} characters", line.chars().count());
    assert_eq!(body.len() as u64, UPLOAD);
    assert!(grown > 4 * UPLOAD, "{grown}");
}

#[tokio::test]
async fn the_access_log_allocates_its_capture_and_no_more() {
    let sent = digest_of(Upload::new()).await;
    let (without, off) = through(&AccessLogLayer::off()).await;

    let log = Sink::default();
    let ledger = Ledger::new([(Class::LogQueue, ByteSize::mib(1)), (Class::Captures, ByteSize::mib(1))]);
    let queue = LogQueue::start(log.clone(), &ledger, ByteSize::mib(1)).unwrap();
    let capture = CaptureOptions::both(ByteSize::b(CAPTURE));
    let options = AccessLogOptions { capture, ..AccessLogOptions::default() };
    let layer = AccessLogLayer::new(queue.clone(), options);
    let (with, on) = through(&layer).await;
    queue.flush().await;

    println!("access log: {} bytes allocated beside the {off} of no layer", on - off);
    assert_eq!((&without, &with), (&sent, &sent), "the body is unchanged");
    assert!(on - off <= CAPTURE + ALLOWANCE, "{on} with the layer, {off} without");
    let record: serde_json::Value = serde_json::from_slice(&log.0.lock()).unwrap();
    let captured = &record["request_body"];
    let text = captured["text"].as_str().unwrap();
    assert!(text.starts_with("line of an upload") && text.len() as u64 <= CAPTURE, "{record}");
    assert_eq!(captured["captured"], "truncated");
    assert_eq!(record["bytes_in"], UPLOAD, "{record}");
    assert!(ledger.idle(), "captures and records have returned what they took");
}
