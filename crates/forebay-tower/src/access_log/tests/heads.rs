//! What is kept of a head is paid for: as part of the connection, or by a lease, or it is cut.

use super::*;

/// As much of everything as a client can send.
fn long_request() -> Request<Fed> {
    let mut request = get(&format!("/{}?{}", "a".repeat(4000), "b".repeat(4000)));
    *request.method_mut() = Method::from_bytes(&[b'M'; 3000]).unwrap();
    let headers = request.headers_mut();
    headers.insert("user-agent", HeaderValue::from_str(&"u\"".repeat(2000)).unwrap());
    headers.insert("range", HeaderValue::from_str(&"9".repeat(4000)).unwrap());
    headers.insert("referer", HeaderValue::from_str(&"r".repeat(4000)).unwrap());
    headers.insert("x-request-id", HeaderValue::from_str(&"i".repeat(64)).unwrap());
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    headers.insert("traceparent", HeaderValue::from_static(parent));
    request.extensions_mut().insert(Client("1111:2222:3333:4444:5555:6666:7777:8888".parse().unwrap()));
    request
}

fn options() -> AccessLogOptions {
    AccessLogOptions { headers: vec!["referer".parse().unwrap()], ..AccessLogOptions::default() }
}

fn kept(logged: &Logged, request: Request<Fed>) -> (u64, Response<ResponseBody<Fed>>) {
    let response = exchange(logged, request, Response::new(Fed::new([data(4)]).sized(4)));
    (logged.ledger.usage(Class::LogHeads).in_use, response)
}

#[tokio::test(start_paused = true)]
async fn an_ordinary_head_takes_nothing_and_a_long_one_leases_what_is_more() {
    let logged = Logged::granted(options(), LogForm::Json, [(Class::LogHeads, ByteSize::kib(8))]);
    let mut ordinary = get("/films/a-river.mkv?token=hush");
    ordinary.headers_mut().insert("user-agent", HeaderValue::from_static("curl/8.14.1"));
    let (taken, response) = kept(&logged, ordinary);
    assert_eq!(taken, 0);
    drain(response);

    let (taken, response) = kept(&logged, long_request());
    assert!((2000..3000).contains(&taken), "{taken}");
    drain(response);
    assert_eq!(logged.ledger.usage(Class::LogHeads).in_use, 0);
    let record = &logged.records().await[1];
    assert!(record["uri"].as_str().unwrap().len() > 2000);
    assert!(record.get("shortened").is_none());
}

#[tokio::test(start_paused = true)]
async fn without_a_lease_the_head_is_cut_to_what_the_connection_pays_for() {
    let plan = forebay_budget::Plan::compute(
        &forebay_budget::Limits::default(),
        &forebay_budget::MemoryFacts::default(),
        forebay_budget::NofileLimits { soft_before: 4096, soft: 4096, hard: 4096 },
    );
    assert_eq!(plan.unwrap().sizes.log_head.as_usize(), HEAD_BYTES);
    for form in [LogForm::Json, LogForm::Text] {
        let logged = Logged::granted(options(), form, []);
        let (taken, response) = kept(&logged, long_request());
        assert_eq!(taken, 0);
        drain(response);
        let line = logged.text().await;
        // Beside the head stand the time, the message once more, and the sizes.
        let beside = if form == LogForm::Json { 570 } else { 260 };
        assert!(line.len() <= HEAD_BYTES + beside, "{form:?}: {}: {line}", line.len());
        assert!(
            line.contains("shortened") && line.contains(&"M".repeat(24)) && !line.contains(&"M".repeat(25))
        );
    }
}

#[test]
fn no_head_without_a_lease_is_longer_than_what_is_paid_for() {
    use super::super::head::{About, Head};
    let (parts, _) = long_request().into_parts();
    let trace = RequestTrace::of(&parts.headers);
    for form in [LogForm::Json, LogForm::Text] {
        let start = std::time::SystemTime::now();
        let options = options();
        let head = Head::of(
            &About { parts: &parts, trace: &trace, start, options: &options, form },
            &Ledger::new([]),
        );
        assert!(head.bytes() <= HEAD_BYTES, "{form:?}: {}", head.bytes());
        assert!(head.bytes() > HEAD_BYTES / 2, "the test's head is not long");
    }
}
