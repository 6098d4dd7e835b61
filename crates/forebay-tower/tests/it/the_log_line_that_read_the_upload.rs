//! An upload of 257 MiB, logged with its first 1 KiB. The naive middleware reads it all; the layer asks for
//! its capture and little else, and the service receives the same bytes.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use forebay_budget::{ByteSize, Class, Ledger};
use forebay_tower::access_log::{AccessLogOptions, CaptureOptions};
use forebay_tower::{AccessLogLayer, LogQueue};
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full};
use sha2::{Digest, Sha256};
use tower::{Layer, Service, ServiceExt};

use crate::counting::allocated;

const UPLOAD: u64 = 257 * 1024 * 1024;
const FRAME: usize = 64 * 1024;
const CAPTURE: ByteSize = ByteSize::kib(1);

/// Text of a given length in 64 KiB frames that cost nothing to make: windows of one block, each shifted
/// by a byte, so that an order or a byte that changes is seen in the digest.
#[derive(Clone)]
struct Upload {
    block: Bytes,
    sent: u64,
}

impl Upload {
    fn new() -> Self {
        let letter = |n: usize| b' ' + (n.wrapping_mul(2_654_435_761) >> 7) as u8 % 95;
        Self { block: (0..2 * FRAME).map(letter).collect::<Vec<u8>>().into(), sent: 0 }
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.sent == UPLOAD {
            return Poll::Ready(None);
        }
        let shift = (self.sent as usize / FRAME) % FRAME;
        self.sent += FRAME as u64;
        Poll::Ready(Some(Ok(Frame::data(self.block.slice(shift..shift + FRAME)))))
    }
}

/// The service: the digest of what it receives.
async fn digest<B>(request: Request<B>) -> Result<Response<Full<Bytes>>, Infallible>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Debug,
{
    let mut body = request.into_body();
    let mut digest = Sha256::new();
    while let Some(frame) = body.frame().await {
        digest.update(frame.unwrap().into_data().unwrap());
    }
    Ok(Response::new(Full::from(digest.finalize().to_vec())))
}

/// The middleware of the incident: the whole body in memory, for the first 1 KiB of it.
async fn naive(request: Request<Upload>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    #[expect(clippy::disallowed_methods, reason = "the naive way, shown to fail")]
    let whole = body.collect().await?.to_bytes();
    let text = String::from_utf8_lossy(&whole);
    std::hint::black_box(format!("{} {}", parts.uri, &text.replace(['\n', ' '], "")[..CAPTURE.as_usize()]));
    digest(Request::from_parts(parts, Full::new(whole.clone()))).await
}

/// Uploads through a service and says what that asked the allocator for, and the digest that came back.
fn upload<S, B>(service: S) -> (u64, Bytes)
where
    S: Service<Request<Upload>, Response = Response<B>, Error = Infallible>,
    B: Body<Data = Bytes>,
    B::Error: std::fmt::Debug,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let request = Request::builder().uri("/up").header("content-type", "text/plain");
    let request = request.body(Upload::new()).unwrap();
    allocated(|| {
        runtime.block_on(async {
            let response = service.oneshot(request).await.unwrap();
            #[expect(clippy::disallowed_methods, reason = "32 bytes, in a test")]
            let digest = response.into_body().collect().await.unwrap().to_bytes();
            digest
        })
    })
}

#[test]
fn the_log_line_that_read_the_upload() {
    let (bare, expected) = upload(tower::service_fn(digest));

    let (naive, body) = upload(tower::service_fn(naive));
    assert_eq!(body, expected);
    assert!(naive - bare > 2 * UPLOAD, "the counter bites: the naive way asked for {naive} bytes");

    let (with_layer, body) = allocated_with_layer();
    assert_eq!(body, expected, "the body is unchanged");
    let extra = with_layer.saturating_sub(bare);
    let allowed = CAPTURE.as_u64() + 64 * 1024;
    assert!(extra <= allowed, "the layer asked for {extra} bytes, {allowed} are allowed");
    eprintln!("257 MiB upload: bare {bare} bytes, naive {naive}, the layer {extra} more than bare");
}

fn allocated_with_layer() -> (u64, Bytes) {
    let ledger = Ledger::new([(Class::LogQueue, ByteSize::kib(64)), (Class::Captures, CAPTURE)]);
    let (sink, written) = io::pipe().unwrap();
    let queue = LogQueue::start(written, &ledger, ByteSize::kib(64)).unwrap();
    let options = AccessLogOptions { capture: CaptureOptions::both(CAPTURE), ..AccessLogOptions::default() };
    let layer = AccessLogLayer::new(queue, options);
    let result = upload(layer.layer(tower::service_fn(digest)));
    drop(layer);
    let record: serde_json::Value = serde_json::from_reader(sink).unwrap();
    assert_eq!(record["bytes_in"], UPLOAD);
    assert_eq!(record["request_body"]["captured"], "truncated");
    assert!(record["request_body"]["text"].as_str().unwrap().len() > 900);
    result
}
