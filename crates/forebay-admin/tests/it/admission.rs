//! No request here may harm the process that it looks at.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::body::Body;
use bytes::Bytes;
use forebay_budget::Class;
use http::{Method, Request, StatusCode, header};
use tower::ServiceExt;

use crate::fixture::process;

#[tokio::test]
async fn an_answer_is_paid_for_until_its_last_byte_has_left() {
    let process = process();
    let request = Request::get("/memory").body(Body::empty()).unwrap();
    let response = process.router.clone().oneshot(request).await.unwrap();
    assert!(process.ledger.usage(Class::Admin).in_use > 0);
    drop(response);
    assert_eq!(process.ledger.usage(Class::Admin).in_use, 0);
}

#[tokio::test]
async fn without_memory_the_answer_is_no_and_health_still_answers() {
    let process = process();
    let capacity = process.ledger.usage(Class::Admin).capacity;
    let _all = process.ledger.try_acquire(Class::Admin, capacity).unwrap();
    for path in ["/", "/memory", "/metrics", "/transfers", "/config"] {
        let answer = process.get(path).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert!(answer.headers.contains_key(header::RETRY_AFTER));
    }
    assert_eq!(process.get("/healthz").await.status, StatusCode::OK);
    assert_eq!(process.get("/readyz").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_long_body_is_refused() {
    let process = process();
    let request = Request::put("/log-level").body(Body::from("x".repeat(5000))).unwrap();
    assert_eq!(process.ask(request).await.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_page_of_another_origin_changes_nothing() {
    let process = process();
    for (method, path) in [
        (Method::PUT, "/log-level"),
        (Method::POST, "/log-level?filter=trace"),
        (Method::POST, "/transfers/1"),
        (Method::DELETE, "/transfers/1"),
        (Method::PUT, "/debug/pprof/active"),
        (Method::GET, "/debug/pprof/heap"),
        (Method::GET, "/debug/pprof/profile?seconds=300"),
    ] {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "127.0.0.1:9090")
            .header("origin", "https://example.com")
            .body(Body::from("trace"))
            .unwrap();
        assert_eq!(process.ask(request).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(process.get("/log-level").await.text(), "info\n");
}

#[tokio::test]
async fn no_page_can_be_shown_in_the_frame_of_another() {
    let process = process();
    for path in ["/", "/memory?format=html", "/transfers?format=html", "/debug/pprof/"] {
        let policy =
            process.get(path).await.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'none'"), "{path}");
    }
}

/// A request body of which nothing ever comes.
struct Silence;

impl http_body::Body for Silence {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}

#[tokio::test(start_paused = true)]
async fn eight_are_asked_at_once_and_each_has_ten_seconds() {
    let process = process();
    let stuck = || Request::put("/log-level").body(Body::new(Silence)).unwrap();
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..8 {
        waiting.spawn(process.router.clone().oneshot(stuck()));
    }
    tokio::task::yield_now().await;
    let ninth = process.get("/memory").await;
    assert_eq!(ninth.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(ninth.text().contains("too many requests") && ninth.headers.contains_key(header::RETRY_AFTER));
    assert_eq!(process.get("/healthz").await.status, StatusCode::OK, "health stands beside the gate");

    let begun = tokio::time::Instant::now();
    while let Some(answer) = waiting.join_next().await {
        let answer = answer.unwrap().unwrap();
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(answer.headers().contains_key(header::RETRY_AFTER));
    }
    let took = begun.elapsed();
    assert!(took > Duration::from_millis(9990) && took < Duration::from_millis(10_010), "{took:?}");
    assert_eq!(process.get("/memory").await.status, StatusCode::OK);
}

#[tokio::test]
async fn without_memory_for_the_allocators_samples_there_is_no_heap_profile() {
    let process = process();
    // Enough for the profile, and not for the dump that it is made from.
    let left = 1536 * 1024 + 100 * 1024;
    let capacity = process.ledger.usage(Class::Admin).capacity;
    let _held = process.ledger.try_acquire(Class::Admin, capacity - left).unwrap();
    let answer = process.get("/debug/pprof/heap?seconds=1").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.text().contains("admin: 256 KiB asked, 100 KiB free"), "{}", answer.text());
    assert_eq!(process.ledger.usage(Class::Admin).in_use, capacity - left);
}
