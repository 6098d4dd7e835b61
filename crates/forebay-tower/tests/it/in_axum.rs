//! An axum service takes every layer of the crate, alone and all together.

use std::convert::Infallible;
use std::num::{NonZeroU32, NonZeroUsize};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Extension, Router};
use bytes::Bytes;
use forebay_budget::{ByteSize, Class, Ledger, Rate};
use forebay_tower::access_log::{AccessLogOptions, CaptureOptions, User};
use forebay_tower::limit::bandwidth::BandwidthOptions;
use forebay_tower::limit::in_flight::Slots;
use forebay_tower::limit::request_rate::RequestRateOptions;
use forebay_tower::shed::QueueLimits;
use forebay_tower::stall::Pace;
use forebay_tower::{
    AccessLogLayer, BandwidthLayer, BodyCeilingLayer, ClientIpLayer, DeadlineLayer, InFlightLayer,
    LoadShedLayer, LogQueue, RequestRateLayer, StallLayer,
};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use tower::ServiceExt;

async fn echo(body: String) -> impl IntoResponse {
    (Extension(User("bob".to_owned())), body)
}

fn service() -> Router {
    Router::new().route("/", get(async || "hello")).route("/echo", post(echo))
}

async fn text(router: Router, request: Request<Body>) -> (StatusCode, String) {
    let response = router.oneshot(request).await.unwrap();
    let status = response.status();
    #[expect(clippy::disallowed_methods, reason = "a few bytes, in a test")]
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

/// A body without a length, three bytes at a time.
struct Chunked(std::slice::Chunks<'static, u8>);

impl http_body::Body for Chunked {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.next().map(|chunk| Ok(http_body::Frame::data(Bytes::from_static(chunk)))))
    }
}

fn post_chunked(body: &'static str) -> Request<Body> {
    let body = Body::new(Chunked(body.as_bytes().chunks(3)));
    Request::post("/echo").header("content-type", "text/plain").body(body).unwrap()
}

#[tokio::test]
async fn all_layers_stand_on_each_other() {
    let ledger = Ledger::new([(Class::LogQueue, ByteSize::kib(64)), (Class::Captures, ByteSize::kib(64))]);
    let (sink, writer) = std::io::pipe().unwrap();
    let queue = LogQueue::start(writer, &ledger, ByteSize::kib(64)).unwrap();
    let options =
        AccessLogOptions { capture: CaptureOptions::both(ByteSize::b(100)), ..AccessLogOptions::default() };
    let slots = Slots::new(NonZeroUsize::new(2).unwrap());
    let queue_limits = QueueLimits { length: 1, time: Duration::from_secs(1) };
    let bandwidth = BandwidthOptions { per_client: Some(Rate::mib(100)), ..BandwidthOptions::default() };
    let router = service()
        .layer(BandwidthLayer::new(bandwidth))
        .layer(StallLayer::new(Pace::default()))
        .layer(BodyCeilingLayer::new(ByteSize::b(20)))
        .layer(DeadlineLayer::new(Duration::from_secs(5)))
        .layer(InFlightLayer::new(slots.clone()))
        .layer(LoadShedLayer::new(slots.clone(), queue_limits))
        .layer(RequestRateLayer::new(RequestRateOptions::per_second(NonZeroU32::new(3).unwrap())))
        .layer(AccessLogLayer::new(queue, options))
        .layer(ClientIpLayer::default());

    let hello = Request::get("/").body(Body::empty()).unwrap();
    assert_eq!(text(router.clone(), hello).await, (StatusCode::OK, "hello".to_owned()));
    assert_eq!(
        text(router.clone(), post_chunked("as it was")).await,
        (StatusCode::OK, "as it was".to_owned())
    );
    let (status, _) = text(router.clone(), post_chunked("more than twenty bytes")).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    let mut late = Request::get("/").body(Body::empty()).unwrap();
    late.headers_mut().insert("accept", "application/json".parse().unwrap());
    let (status, problem) = text(router.clone(), late).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    assert!(problem.contains("\"reason\":\"request_rate\""), "{problem}");
    assert_eq!(slots.in_use(), 0);

    drop(router);
    let records = serde_json::Deserializer::from_reader(sink).into_iter::<serde_json::Value>();
    let records: Vec<_> = records.map(Result::unwrap).collect();
    let statuses: Vec<_> = records.iter().map(|record| record["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [200, 200, 413, 429]);
    assert_eq!(records[1]["user"], "bob");
    assert_eq!(records[1]["request_body"]["text"], "as it was");
    assert_eq!(records[1]["response_body"]["text"], "as it was");
    assert_eq!(records[2]["error"], "body_too_large");
    assert_eq!(records[3]["error"], "request_rate");
    assert!(ledger.idle());
}

#[tokio::test]
async fn one_line_is_enough() {
    let router = service().layer(AccessLogLayer::stdout(ByteSize::kib(1)).unwrap());
    let hello = Request::get("/").body(Body::empty()).unwrap();
    assert_eq!(text(router, hello).await.0, StatusCode::OK);
}
