//! Health, log level, configuration, console.

use std::time::Duration;

use axum::body::Body;
use forebay_admin::Phase;
use forebay_budget::Class;
use http::{Request, StatusCode, header};

use crate::fixture::process;

#[tokio::test]
async fn ready_only_while_serving_and_alive_always() {
    let process = process();
    for (phase, status, says) in [
        (Phase::Starting, StatusCode::SERVICE_UNAVAILABLE, "starting\n"),
        (Phase::Serving, StatusCode::OK, "ready\n"),
        (Phase::Draining, StatusCode::SERVICE_UNAVAILABLE, "draining\n"),
    ] {
        process.phase.send_replace(phase);
        let answer = process.get("/readyz").await;
        assert_eq!((answer.status, answer.text()), (status, says));
        assert_eq!(process.get("/healthz").await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn not_ready_while_something_is_missing() {
    let process = process();
    *process.lack.0.lock().unwrap() = Some("the other half");
    let answer = process.get("/readyz").await;
    assert_eq!(
        (answer.status, answer.text()),
        (StatusCode::SERVICE_UNAVAILABLE, "missing: the other half\n")
    );
    *process.lack.0.lock().unwrap() = None;
    assert_eq!(process.get("/readyz").await.status, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn not_ready_while_somebody_waits_for_memory_too_long() {
    let process = process();
    let capacity = process.ledger.usage(Class::Reads).capacity;
    let held = process.ledger.try_acquire(Class::Reads, capacity).unwrap();
    let wait = process.ledger.acquire(Class::Reads, 1, Duration::from_secs(60));
    let waiting = tokio::spawn(wait);
    tokio::time::advance(Duration::from_millis(1)).await;
    assert_eq!(process.get("/readyz").await.status, StatusCode::OK);
    tokio::time::advance(Duration::from_secs(2)).await;
    let answer = process.get("/readyz").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.text(), "saturated: memory for reads is waited for\n");
    drop(held);
    drop(waiting.await.unwrap().unwrap());
    assert_eq!(process.get("/readyz").await.status, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn not_ready_while_somebody_waits_for_a_descriptor_too_long() {
    let process = process();
    let held = process.fds.try_acquire(process.fds.usage().capacity).unwrap();
    let waiting = tokio::spawn(process.fds.acquire(1, Duration::from_secs(60)));
    tokio::task::yield_now().await;
    tokio::time::advance(Duration::from_secs(2)).await;
    let answer = process.get("/readyz").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.text(), "saturated: file descriptors are waited for\n");
    drop(held);
    drop(waiting.await.unwrap().unwrap());
    assert_eq!(process.get("/readyz").await.status, StatusCode::OK);
}

#[tokio::test]
async fn not_ready_while_requests_would_not_get_their_turn() {
    let process = process();
    process.turns.0.lock().unwrap().saturated = true;
    let answer = process.get("/readyz").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.text(), "saturated: requests wait for their turn\n");
    process.turns.0.lock().unwrap().saturated = false;
    assert_eq!(process.get("/readyz").await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_log_level_changes_and_nonsense_does_not_change_it() {
    let process = process();
    let put = |body: &'static str| Request::put("/log-level").body(Body::from(body)).unwrap();
    let answer = process.ask(put("info,forebay=debug\n")).await;
    assert_eq!((answer.status, answer.text()), (StatusCode::OK, "info,forebay=debug\n"));
    let answer = process.ask(put("no level")).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.text().contains("has no level"));
    let button = Request::post("/log-level?filter=warn").body(Body::empty()).unwrap();
    let answer = process.ask(button).await;
    assert_eq!(
        (answer.status, &answer.headers[header::LOCATION]),
        (StatusCode::SEE_OTHER, &"/".parse().unwrap())
    );
    assert_eq!(process.get("/log-level").await.text(), "warn\n");
}

#[tokio::test]
async fn the_configuration_is_shown_without_its_secrets() {
    let process = process();
    let text = process.get("/config").await;
    assert_eq!(
        text.text(),
        "listen = \"127.0.0.1:8080\"\ns3.secret_access_key = \"(hidden)\"\n# tls is not set\n"
    );
    let json = process.get_as("/config", "application/json").await.json();
    assert_eq!(json["s3"]["secret_access_key"], "(hidden)");
}

#[tokio::test]
async fn the_console_shows_the_essentials_and_links_to_everything() {
    let process = process();
    let page = process.get("/").await;
    assert_eq!(page.content_type(), "text/html; charset=utf-8");
    for part in ["a directory", "serving", "1.00 GiB", "connections", "prefers-color-scheme: dark"] {
        assert!(page.text().contains(part), "{part}");
    }
    assert!(!page.text().contains("<script"));
    for link in ["/memory", "/transfers", "/metrics", "/config", "/debug/pprof/", "/readyz", "/healthz"] {
        assert!(page.text().contains(&format!("href=\"{link}\"")), "{link}");
        assert_eq!(process.get(link).await.status, StatusCode::OK, "{link}");
    }
}
