//! No request here may harm the process that it looks at.

use axum::body::Body;
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
