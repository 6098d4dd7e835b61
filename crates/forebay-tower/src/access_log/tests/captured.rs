//! What is kept of bodies: bounded, flagged, redacted, and left out where it is not text.

use super::*;

#[tokio::test(start_paused = true)]
async fn bodies_are_captured_as_they_pass_and_flagged() {
    let logged = Logged::new(capturing(24));
    let request = post("application/json", [text(r#"{"name":"bob","#), text(r#""password":"hunter2"}"#)]);
    drain(exchange(&logged, request, json([text(r#"{"code":7}"#)])));
    let record = logged.record().await;
    assert_eq!(record["bytes_in"], 35);
    // The 24 bytes that were kept end inside of the key; after escaping fewer of them fit.
    assert_eq!(record["request_body"]["captured"], "truncated");
    assert_eq!(record["response_body"], serde_json::json!({"text": r#"{"code":7}"#, "captured": "whole"}));
    assert!(logged.ledger.idle());
}

#[tokio::test(start_paused = true)]
async fn secrets_in_bodies_are_redacted_wherever_they_are_cut() {
    let logged = Logged::new(capturing(100));
    drain(exchange(&logged, post("application/json", [text(r#"{"password":"hunter2"}"#)]), empty()));
    let form = post("application/x-www-form-urlencoded", [text("user=bob&passwd=hunter2")]);
    drain(exchange(&logged, form, empty()));
    let long = format!(r#"{{"token":"{}"}}"#, "hunter2".repeat(100));
    drain(exchange(&logged, post("application/json", [text(&long)]), empty()));
    let records = logged.records().await;
    assert_eq!(records[0]["request_body"]["text"], r#"{"password":"[redacted]"}"#);
    assert_eq!(records[1]["request_body"]["text"], "user=bob&passwd=[redacted]");
    assert_eq!(records[2]["request_body"]["text"], r#"{"token":"[redacted]""#);
    assert!(!String::from_utf8_lossy(&logged.written.0.lock()).contains("hunter2"));
}

#[tokio::test(start_paused = true)]
async fn white_space_is_collapsed_if_asked() {
    let mut options = capturing(100);
    options.capture.white_space = WhiteSpace::Collapse;
    let logged = Logged::new(options);
    drain(exchange(&logged, post("text/plain", [text("a\n\n   b\t\tc")]), empty()));
    assert_eq!(logged.record().await["request_body"]["text"], "a b c");
}

#[tokio::test(start_paused = true)]
async fn binary_bodies_and_upgrades_are_left_alone() {
    let logged = Logged::new(capturing(100));
    drain(exchange(&logged, post("application/zip", [text("PK")]), empty()));
    drain(exchange(&logged, post("text/plain", [text("a\0b")]), empty()));
    let mut coded = post("text/plain", [text("x")]);
    coded.headers_mut().insert("content-encoding", HeaderValue::from_static("gzip"));
    drain(exchange(&logged, coded, empty()));
    let mut upgrade = post("text/plain", [text("x")]);
    upgrade.headers_mut().insert("connection", HeaderValue::from_static("keep-alive, Upgrade"));
    upgrade.headers_mut().insert("upgrade", HeaderValue::from_static("websocket"));
    let mut switching = empty();
    *switching.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    drain(exchange(&logged, upgrade, switching));
    let mut untyped = post("text/plain", [Step::Data(vec![0xff, 0xfe, 0x41])]);
    untyped.headers_mut().clear();
    drain(exchange(&logged, untyped, empty()));
    let why: Vec<_> =
        logged.records().await.iter().map(|record| record["request_body"]["why"].clone()).collect();
    assert_eq!(why, ["binary", "binary", "binary", "upgrade", "binary"]);
}

#[tokio::test(start_paused = true)]
async fn a_full_budget_degrades_the_capture_and_says_so() {
    let logged = Logged::with_captures(capturing(100), 10);
    drain(exchange(&logged, post("text/plain", [text("hello, world")]), empty()));
    let record = logged.record().await;
    assert_eq!(record["request_body"], serde_json::json!({"captured": "none", "why": "budget"}));
    assert_eq!(record["bytes_in"], 12);
}

#[tokio::test(start_paused = true)]
async fn a_server_is_told_before_its_bytes_are_looked_at() {
    #[derive(Clone)]
    struct Offer;
    let mut options = capturing(100);
    options.on_capture = Some(|extensions| {
        extensions.remove::<Offer>();
    });
    let logged = Logged::new(options);
    let offered = |content_type: &'static str| {
        let mut response =
            Response::builder().header("content-type", content_type).body(Fed::default()).unwrap();
        response.extensions_mut().insert(Offer);
        exchange(&logged, get("/"), response).extensions().get::<Offer>().is_some()
    };
    assert!(offered("application/octet-stream"), "a binary body is not looked at");
    assert!(!offered("text/plain"));
}

#[tokio::test(start_paused = true)]
async fn a_classifier_sees_the_prefix_and_decides() {
    let by_code = |exchange: &Exchange<'_>| {
        let code =
            serde_json::from_slice::<Value>(exchange.response).ok().and_then(|body| body["code"].as_u64());
        match code {
            Some(0) => Verdict { level: Level::Debug, keep: Keep::Nothing },
            Some(1) => Verdict { level: Level::Info, keep: Keep::WithoutResponse },
            _ => Verdict { level: Level::Error, keep: Keep::Everything },
        }
    };
    let logged = Logged::new(AccessLogOptions { classifier: Arc::new(by_code), ..capturing(100) });
    for code in 0..3 {
        let request = post("text/plain", [text("q")]);
        drain(exchange(&logged, request, json([text(&format!(r#"{{"code":{code}}}"#))])));
    }
    let records = logged.records().await;
    assert_eq!(records.len(), 2);
    assert_eq!((&records[0]["level"], records[0].get("response_body")), (&"INFO".into(), None));
    assert_eq!(records[0]["request_body"]["text"], "q");
    assert_eq!(records[1]["level"], "ERROR");
    assert_eq!(records[1]["response_body"]["text"], r#"{"code":2}"#);
}
