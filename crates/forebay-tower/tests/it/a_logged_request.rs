//! What one logged request costs on the path of small files: a buffer for its head, its identity, and the
//! two echoed headers. A change that makes it a kilobyte more is seen here before a benchmark sees it.

use std::convert::Infallible;
use std::hint::black_box;
use std::io;

use bytes::Bytes;
use forebay_budget::{ByteSize, Class, Ledger};
use forebay_tower::access_log::AccessLogOptions;
use forebay_tower::{AccessLogLayer, LogQueue};
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, Empty, Full};
use tower::{Layer, Service};

use crate::counting::allocated;

const REQUESTS: u64 = 20_000;

async fn hello<B>(_request: Request<B>) -> Result<Response<Full<Bytes>>, Infallible> {
    let response = Response::builder().header("content-type", "text/plain").header("etag", "\"1\"");
    Ok(response.extension(()).body(Full::from("hello")).unwrap())
}

fn layer() -> AccessLogLayer {
    let ledger = Ledger::new([(Class::LogQueue, ByteSize::mib(1))]);
    let queue = LogQueue::start(io::sink(), &ledger, ByteSize::mib(1)).unwrap();
    AccessLogLayer::new(queue, AccessLogOptions::default())
}

/// Bytes asked for, per request.
fn cost<S, B>(mut service: S) -> u64
where
    S: Service<Request<Empty<Bytes>>, Response = Response<B>, Error = Infallible>,
    B: Body<Data = Bytes> + Unpin,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let mut ask = |n: u64| {
        runtime.block_on(async {
            for _ in 0..n {
                let request = Request::get("/files/1k.bin").header("user-agent", "wrk").extension(1u8);
                let request = request.body(Empty::new());
                let mut response = service.call(request.unwrap()).await.unwrap();
                black_box(response.body_mut().frame().await.is_some());
            }
        });
    };
    ask(1000);
    let start = tokio::time::Instant::now();
    let (bytes, ()) = allocated(|| ask(REQUESTS));
    eprintln!(
        "{} ns and {} bytes per request",
        start.elapsed().as_nanos() as u64 / REQUESTS,
        bytes / REQUESTS
    );
    bytes / REQUESTS
}

#[test]
fn a_logged_request_asks_for_less_than_two_kilobytes() {
    let bare = cost(tower::service_fn(hello));
    let logged = cost(layer().layer(tower::service_fn(hello)));
    assert!(logged - bare < 2048, "{} bytes", logged - bare);
}

#[test]
fn a_log_that_is_off_asks_for_nothing() {
    let bare = cost(tower::service_fn(hello));
    assert_eq!(cost(AccessLogLayer::off().layer(tower::service_fn(hello))), bare);
}
