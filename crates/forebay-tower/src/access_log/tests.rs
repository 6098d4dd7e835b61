//! One record per request, at its true end, with what it promises in it.

use std::convert::Infallible;
use std::io::{self, Write};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use forebay_budget::{ByteSize, Class, Ledger};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use parking_lot::Mutex;
use serde_json::Value;
use tokio::time::advance;
use tower_layer::Layer;
use tower_service::Service;

use super::*;
use crate::body::End;
use crate::client_ip::Client;
use crate::testing::{Fed, Step, data, fails, frame, poll, takes};

mod captured;
mod heads;
mod text_form;

/// A writer that keeps what it is given.
#[derive(Clone, Debug, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A log whose records can be read back.
struct Logged {
    layer: AccessLogLayer,
    written: Written,
    ledger: Ledger,
}

impl Logged {
    fn new(options: AccessLogOptions) -> Self {
        Self::with_captures(options, 4096)
    }

    fn with_captures(options: AccessLogOptions, captures: u64) -> Self {
        Self::granted(options, LogForm::Json, [(Class::Captures, ByteSize::b(captures))])
    }

    fn granted<const N: usize>(
        options: AccessLogOptions,
        form: LogForm,
        capacities: [(Class, ByteSize); N],
    ) -> Self {
        let ledger = Ledger::new(capacities.into_iter().chain([(Class::LogQueue, ByteSize::kib(256))]));
        let written = Written::default();
        let queue = LogQueue::start_as(form, written.clone(), &ledger, ByteSize::kib(256)).unwrap();
        Self { layer: AccessLogLayer::new(queue, options), written, ledger }
    }

    /// What was written, as it is.
    async fn text(&self) -> String {
        self.layer.queue().unwrap().flush().await;
        String::from_utf8(self.written.0.lock().clone()).unwrap()
    }

    async fn records(&self) -> Vec<Value> {
        self.layer.queue().unwrap().flush().await;
        let written = self.written.0.lock();
        written
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect()
    }

    async fn record(&self) -> Value {
        let mut records = self.records().await;
        assert_eq!(records.len(), 1, "{records:#?}");
        records.remove(0)
    }
}

fn capturing(bytes: u64) -> AccessLogOptions {
    AccessLogOptions { capture: CaptureOptions::both(ByteSize::b(bytes)), ..AccessLogOptions::default() }
}

fn text(text: &str) -> Step {
    Step::Data(text.as_bytes().to_vec())
}

/// A request that is read to its end, and then answered.
fn exchange(logged: &Logged, request: Request<Fed>, response: Response<Fed>) -> Response<ResponseBody<Fed>> {
    let response = Mutex::new(Some(response));
    let service = tower::service_fn(|request: Request<RequestBody<Fed>>| {
        let mut body = request.into_body();
        while let Poll::Ready(Some(Ok(_))) = frame(&mut body) {}
        let response = response.lock().take().unwrap();
        std::future::ready(Ok::<_, Infallible>(response))
    });
    let mut future = Box::pin(logged.layer.layer(service).call(request));
    let Poll::Ready(Ok(response)) = poll(&mut future) else { panic!("pending") };
    response
}

/// Reads a body to its end and lets it go.
fn drain(response: Response<ResponseBody<Fed>>) {
    let mut body = response.into_body();
    while let Poll::Ready(Some(Ok(_))) = frame(&mut body) {}
}

fn get(uri: &str) -> Request<Fed> {
    Request::builder().uri(uri).body(Fed::default().sized(0)).unwrap()
}

fn post(content_type: &str, steps: impl IntoIterator<Item = Step>) -> Request<Fed> {
    let request = Request::builder().method(Method::POST).uri("/up").header("content-type", content_type);
    request.body(Fed::new(steps.into_iter().chain([Step::End]))).unwrap()
}

fn json(steps: impl IntoIterator<Item = Step>) -> Response<Fed> {
    let body = Fed::new(steps.into_iter().chain([Step::End]));
    Response::builder().header("content-type", "application/json").body(body).unwrap()
}

fn empty() -> Response<Fed> {
    Response::new(Fed::default().sized(0))
}

#[tokio::test(start_paused = true)]
async fn every_field_is_there_and_in_order() {
    let options = AccessLogOptions {
        headers: vec!["referer".parse().unwrap(), "authorization".parse().unwrap()],
        ..AccessLogOptions::default()
    };
    let logged = Logged::new(options);
    let mut request = get("/a?x=1&token=hush");
    let headers = request.headers_mut();
    headers.insert("user-agent", HeaderValue::from_static("curl \"8\""));
    headers.insert("range", HeaderValue::from_static("bytes=0-3"));
    headers.insert("referer", HeaderValue::from_static("http://x/"));
    headers.insert("authorization", HeaderValue::from_static("Bearer hush"));
    headers.insert("x-request-id", HeaderValue::from_static("job-1"));
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    headers.insert("traceparent", HeaderValue::from_static(parent));
    request.extensions_mut().insert(Client("192.0.2.7".parse().unwrap()));
    let mut response = Response::new(Fed::new([data(4)]).sized(4));
    response.extensions_mut().insert(User("bob".to_owned()));
    let mut body = exchange(&logged, request, response).into_body();
    advance(Duration::from_millis(1500)).await;
    takes(&mut body, 4);
    drop(body);

    let record = logged.record().await;
    let line = String::from_utf8(logged.written.0.lock().clone()).unwrap();
    assert!(line.starts_with(r#"{"timestamp":"2"#), "{line}");
    let places =
        ["\"timestamp\"", "\"level\"", "\"message\"", "\"trace_id\""].map(|name| line.find(name).unwrap());
    assert!(places.is_sorted());
    assert_eq!(record["message"], "GET /a?x=1&token=[redacted] 200");
    let expected = serde_json::json!({
        "level": "INFO", "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736", "parent_id": "00f067aa0ba902b7",
        "request_id": "job-1", "client": "192.0.2.7", "method": "GET", "uri": "/a?x=1&token=[redacted]",
        "protocol": "HTTP/1.1", "user_agent": "curl \"8\"", "range": "bytes=0-3", "status": 200,
        "request_headers": {"referer": "http://x/", "authorization": "[redacted]"},
        "latency_head_ms": 0.0, "latency_ms": 1500.0, "bytes_in": 0, "bytes_out": 4,
        "outcome": "complete", "user": "bob",
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&record[name], value, "{name}");
    }
    assert!(record["start"].as_str().unwrap() < record["timestamp"].as_str().unwrap());
    assert!(record.get("request_body").is_none() && record.get("response_body").is_none());
}

#[tokio::test(start_paused = true)]
async fn the_ids_are_echoed_and_given_to_the_service() {
    let logged = Logged::new(AccessLogOptions::default());
    let service = tower::service_fn(|request: Request<RequestBody<Fed>>| {
        let trace = *request.extensions().get::<RequestTrace>().unwrap();
        let mut response = empty();
        response.headers_mut().insert("seen", trace.traceparent());
        std::future::ready(Ok::<_, Infallible>(response))
    });
    let mut future = Box::pin(logged.layer.layer(service).call(get("/")));
    let Poll::Ready(Ok(response)) = poll(&mut future) else { panic!("pending") };
    let headers = response.headers().clone();
    drop(response);
    let record = logged.record().await;
    assert_eq!(headers["seen"], headers["traceparent"]);
    assert_eq!(record["request_id"], headers["x-request-id"].to_str().unwrap());
    assert!(headers["traceparent"].to_str().unwrap().contains(record["trace_id"].as_str().unwrap()));
}

#[tokio::test(start_paused = true)]
async fn the_record_is_written_at_the_end_of_the_body_and_says_which_end() {
    let logged = Logged::new(AccessLogOptions::default());
    let mut abandoned =
        exchange(&logged, get("/abandoned"), Response::new(Fed::new([data(3)]).sized(9))).into_body();
    takes(&mut abandoned, 3);
    assert!(logged.records().await.is_empty(), "nothing before the end");
    drop(abandoned);
    let mut failed =
        exchange(&logged, get("/failed"), Response::new(Fed::new([Step::Error("disk")]))).into_body();
    assert_eq!(fails(&mut failed), "disk");
    drop(failed);

    let records = logged.records().await;
    assert_eq!((&records[0]["outcome"], &records[0]["level"]), (&"abandoned".into(), &"INFO".into()));
    assert_eq!(records[0]["message"], "GET /abandoned 200 abandoned");
    assert_eq!(records[0]["bytes_out"], 3);
    assert_eq!((&records[1]["outcome"], &records[1]["level"]), (&"failed".into(), &"ERROR".into()));
    assert_eq!(records[1]["error"], "disk");
}

#[tokio::test(start_paused = true)]
async fn answers_that_never_come_are_recorded_too() {
    let logged = Logged::new(AccessLogOptions::default());
    let never = tower::service_fn(|_: Request<RequestBody<Fed>>| {
        std::future::pending::<Result<Response<Fed>, Infallible>>()
    });
    let mut future = Box::pin(logged.layer.layer(never).call(get("/gone")));
    assert!(poll(&mut future).is_pending());
    drop(future);
    let broken = tower::service_fn(|_: Request<RequestBody<Fed>>| {
        std::future::ready(Err::<Response<Fed>, _>(io::Error::other("no route")))
    });
    let mut future = Box::pin(logged.layer.layer(broken).call(get("/broken")));
    assert!(matches!(poll(&mut future), Poll::Ready(Err(_))));
    drop(future);

    let records = logged.records().await;
    assert_eq!(records.len(), 2);
    assert_eq!((&records[0]["outcome"], records[0].get("status")), (&"abandoned".into(), None));
    assert_eq!((&records[1]["outcome"], &records[1]["error"]), (&"failed".into(), &"no route".into()));
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_head_is_complete_although_nobody_reads_it() {
    let logged = Logged::new(AccessLogOptions::default());
    let mut request = get("/");
    *request.method_mut() = Method::HEAD;
    let response =
        Response::builder().header("content-length", "1000").body(Fed::default().sized(1000)).unwrap();
    drop(exchange(&logged, request, response));
    assert_eq!(logged.record().await["outcome"], "complete");
}

#[tokio::test(start_paused = true)]
async fn the_default_level_follows_the_status() {
    let logged = Logged::new(AccessLogOptions::default());
    for status in [200, 304, 404, 503] {
        let mut response = empty();
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        drain(exchange(&logged, get("/"), response));
    }
    let levels: Vec<_> = logged.records().await.iter().map(|record| record["level"].clone()).collect();
    assert_eq!(levels, ["INFO", "INFO", "WARN", "ERROR"]);
}

#[derive(Debug)]
struct Socket(u64);

impl Moved for Socket {
    fn sent(&self) -> u64 {
        self.0
    }

    fn received(&self) -> u64 {
        17
    }
}

#[tokio::test(start_paused = true)]
async fn the_socket_knows_better_than_the_frames() {
    let logged = Logged::new(AccessLogOptions::default());
    for sent in [4, 3] {
        let mut request = get("/");
        request.extensions_mut().insert(MovedHandle(Arc::new(Socket(sent))));
        drain(exchange(&logged, request, Response::new(Fed::new([data(4)]).sized(4))));
    }
    let records = logged.records().await;
    assert_eq!((&records[0]["outcome"], &records[0]["bytes_in"]), (&"complete".into(), &17.into()));
    assert_eq!((&records[1]["outcome"], &records[1]["bytes_out"]), (&"abandoned".into(), &3.into()));
    assert!(records[1]["error"].as_str().unwrap().contains("connection ended"));
}

#[derive(Debug)]
struct Store;

impl Behind for Store {
    fn place(&self) -> &str {
        "https://a\u{85}b"
    }

    fn requests(&self) -> u32 {
        3
    }

    fn first_answer(&self) -> Option<Duration> {
        Some(Duration::from_micros(1500))
    }

    fn continued(&self) -> u32 {
        2
    }
}

#[tokio::test(start_paused = true)]
async fn who_was_asked_behind_us_is_in_the_record() {
    let logged = Logged::new(AccessLogOptions::default());
    let mut response = Response::new(Fed::new([data(4)]).sized(4));
    response.extensions_mut().insert(BehindHandle(Arc::new(Store)));
    drain(exchange(&logged, get("/"), response));
    drain(exchange(&logged, get("/"), Response::new(Fed::new([data(4)]).sized(4))));
    let records = logged.records().await;
    let of = |name: &str| records.iter().map(|record| record.get(name).cloned()).collect::<Vec<_>>();
    assert_eq!(of("upstream"), [Some("https://a\u{85}b".into()), None]);
    assert_eq!(of("upstream_requests"), [Some(3.into()), None]);
    assert_eq!(of("upstream_continued"), [Some(2.into()), None]);
    assert_eq!(of("upstream_latency_ms"), [Some(1.5.into()), None]);
}

#[tokio::test(start_paused = true)]
async fn off_changes_nothing() {
    let service = tower::service_fn(|request: Request<RequestBody<Fed>>| {
        assert!(request.extensions().is_empty());
        std::future::ready(Ok::<_, Infallible>(Response::new(Fed::new([data(4)]).sized(4))))
    });
    let mut future = Box::pin(AccessLogLayer::off().layer(service).call(get("/")));
    let Poll::Ready(Ok(response)) = poll(&mut future) else { panic!("pending") };
    assert_eq!(response.headers(), &HeaderMap::new());
    takes(&mut response.into_body(), 4);
    assert!(AccessLogLayer::off().queue().is_none());
}

#[tokio::test(start_paused = true)]
async fn fields_are_bounded_and_hostile_ones_are_escaped() {
    let logged = Logged::new(AccessLogOptions::default());
    let mut request = get(&format!("/{}", "a".repeat(20_000)));
    let agent = HeaderValue::from_bytes(b"\xff\"\\\t<script>").unwrap();
    request.headers_mut().insert("user-agent", agent);
    request.headers_mut().insert("range", HeaderValue::from_str(&"9".repeat(10_000)).unwrap());
    drain(exchange(&logged, request, empty()));
    assert!(logged.written.0.lock().len() < 8 * 1024);
    let record = logged.record().await;
    assert_eq!(record["user_agent"], "\u{fffd}\"\\\t<script>");
    assert!(record["uri"].as_str().unwrap().ends_with('…'));
}

#[test]
fn an_end_has_a_name() {
    assert_eq!(
        [End::Complete, End::Failed, End::Abandoned].map(End::name),
        ["complete", "failed", "abandoned"]
    );
}
