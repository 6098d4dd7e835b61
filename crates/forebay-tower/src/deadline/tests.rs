//! The head is late, the body may be long, and an upload is not the service's fault.

use std::convert::Infallible;
use std::future::pending;
use std::task::Poll;
use std::time::Duration;

use http::{Request, Response, StatusCode};
use http_body_util::Empty;
use tokio::time::advance;
use tower_layer::Layer;
use tower_service::Service;

use super::*;
use crate::testing::{Answers, Fed, Step, call, data, poll, reader, takes};

const LIMIT: Duration = Duration::from_secs(5);

#[tokio::test(start_paused = true)]
async fn a_late_head_is_503_with_retry_after() {
    let never = tower::service_fn(|_: Request<RequestBody<Empty<bytes::Bytes>>>| {
        pending::<Result<Response<Fed>, Infallible>>()
    });
    let mut future = Box::pin(DeadlineLayer::new(LIMIT).layer(never).call(Request::new(Empty::new())));
    assert!(poll(&mut future).is_pending());
    advance(LIMIT - Duration::from_millis(1)).await;
    assert!(poll(&mut future).is_pending());
    advance(Duration::from_millis(1)).await;
    let Poll::Ready(Ok(response)) = poll(&mut future) else { panic!("still pending") };
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()["retry-after"], "1");
}

#[tokio::test(start_paused = true)]
async fn a_body_may_take_as_long_as_it_likes() {
    let fed = Fed::default();
    let service = Answers::new([fed.clone()]);
    let mut body = call(&DeadlineLayer::new(LIMIT), service, Request::new(Fed::default())).into_body();
    advance(LIMIT * 100).await;
    fed.feed(data(7));
    takes(&mut body, 7);
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_moves_starts_the_clock_again() {
    let upload = Fed::default();
    let mut future = Box::pin(DeadlineLayer::new(LIMIT).layer(reader()).call(Request::new(upload.clone())));
    for _ in 0..10 {
        upload.feed(data(1));
        assert!(poll(&mut future).is_pending());
        advance(LIMIT - Duration::from_millis(1)).await;
    }
    upload.feed(Step::End);
    let Poll::Ready(Ok(response)) = poll(&mut future) else { panic!("still pending") };
    assert_eq!(response.status(), StatusCode::OK);
}
