//! The access log on foreign requests: each record is one line of JSON whatever the bytes, its captures keep their bound, and no value
//! under a secret's name is written down, wherever the body is cut into pieces and wherever the capture ends.
#![no_main]

use std::convert::Infallible;
use std::io::{self, Write};
use std::sync::{Arc, LazyLock, Mutex};

use bytes::Bytes;
use forebay_budget::{ByteSize, Class, Ledger};
use forebay_tower::access_log::{AccessLogOptions, CaptureOptions, RequestBody, WhiteSpace};
use forebay_tower::{AccessLogLayer, LogQueue};
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Empty, StreamBody};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use tower::{Layer as _, Service as _};

/// What no record may contain. Its letters are in no key.
const SECRET: &str = "ZQXJ-VKWY";
const SECRET_NAMES: [&str; 5] = ["password", "access_token", "X-Api-Key", "clientSecret", "session.id"];
const OTHER_NAMES: [&str; 4] = ["user", "tokens_left", "data", "a\"b\\c"];

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().map_err(|_| io::ErrorKind::Other)?.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// One queue for all inputs: each has a thread.
static LOG: LazyLock<(Sink, LogQueue)> = LazyLock::new(|| {
    let sink = Sink::default();
    let ledger = Ledger::new([(Class::LogQueue, ByteSize::mib(4)), (Class::Captures, ByteSize::mib(4))]);
    let queue = LogQueue::start(sink.clone(), &ledger, ByteSize::mib(4)).expect("a thread");
    (sink, queue)
});

/// A document in which every value below a secret's name holds the secret, and no other does.
fn document(plan: &[(u8, u8)], depth: usize) -> Value {
    let mut fields = serde_json::Map::new();
    for (at, (name, kind)) in plan.iter().enumerate().take(6) {
        let secret = name & 1 == 1;
        let names: &[&str] = if secret { &SECRET_NAMES } else { &OTHER_NAMES };
        let name = names[usize::from(name >> 1) % names.len()].to_owned();
        let text = if secret { format!("{SECRET}\"\\{SECRET}") } else { "harmless \" \\ \n text".to_owned() };
        let value = match kind % 5 {
            0 => json!(text),
            1 => json!([text, 1, null, { "deep": text }]),
            2 if depth < 3 && !secret => document(&plan[at + 1..], depth + 1),
            2 => json!({ "in": { "side": text } }),
            3 => json!(f64::from(*kind)),
            _ => json!(true),
        };
        fields.insert(name, value);
    }
    Value::Object(fields)
}

/// Sends a body in pieces through the log and returns its record.
fn recorded(
    kind: &str,
    query: &str,
    body: &[u8],
    piece: usize,
    capture: u64,
    white_space: WhiteSpace,
) -> Vec<u8> {
    let (sink, queue) = &*LOG;
    let capture = CaptureOptions { white_space, ..CaptureOptions::both(ByteSize::b(capture)) };
    let options = AccessLogOptions { capture, ..AccessLogOptions::default() };
    let inner = tower::service_fn(|request: Request<RequestBody<_>>| async {
        let mut body = request.into_body();
        while body.frame().await.is_some() {}
        Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
    });
    let pieces: Vec<_> = body.chunks(piece.max(1)).map(Bytes::copy_from_slice).collect();
    let frames = pieces.into_iter().map(|piece| Ok::<_, Infallible>(http_body::Frame::data(piece)));
    let body = Box::pin(StreamBody::new(futures_util::stream::iter(frames)));
    let mut request = Request::post(format!("/upload?{query}")).body(body).expect("a request");
    if let Ok(kind) = HeaderValue::try_from(kind) {
        request.headers_mut().insert("content-type", kind);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let answer = AccessLogLayer::new(queue.clone(), options).layer(inner).call(request).await;
        drop(answer);
        queue.flush().await;
    });
    std::mem::take(&mut *sink.0.lock().expect("a sink"))
}

/// The record as JSON; it must be one line of it.
fn line(record: &[u8]) -> Value {
    assert_eq!(record.iter().filter(|byte| **byte == b'\n').count(), 1, "{}", record.escape_ascii());
    serde_json::from_slice(record).unwrap_or_else(|error| panic!("{error}: {}", record.escape_ascii()))
}

fuzz_target!(|input: (Vec<u8>, Vec<(u8, u8)>, u16, u8, u8)| {
    let (foreign, plan, capture, piece, how) = input;
    let white_space = if how & 1 == 0 { WhiteSpace::Keep } else { WhiteSpace::Collapse };
    let (capture, piece) = (u64::from(capture % 2048), usize::from(piece));

    let kind = ["text/plain", "application/json", "application/x-www-form-urlencoded", ""]
        [usize::from(how >> 1) % 4];
    let query: String =
        percent_encoding::percent_encode(&foreign, percent_encoding::NON_ALPHANUMERIC).collect();
    let record = line(&recorded(kind, &query, &foreign, piece, capture, white_space));
    if let Some(text) = record["request_body"]["text"].as_str() {
        let escaped = serde_json::to_string(text).map_or(0, |text| text.len() - 2);
        // A NUL and its like are one byte shorter for this writer or that; never longer than the bound by ours.
        assert!(text.len() as u64 <= capture && escaped <= 6 * text.len(), "{capture}: {text:?}");
    }

    let document = document(&plan, 0);
    let text = if how & 8 == 0 { document.to_string() } else { format!("{document:#}") };
    let pairs =
        plan.iter().take(8).map(|(name, _)| format!("{}={SECRET}", SECRET_NAMES[usize::from(*name) % 5]));
    let form = pairs.collect::<Vec<_>>().join("&");
    for (kind, body) in
        [("application/json", &text), ("application/x-www-form-urlencoded", &form), ("", &form)]
    {
        let record = recorded(kind, &form, body.as_bytes(), piece, capture, white_space);
        line(&record);
        let record = String::from_utf8_lossy(&record);
        // Not even the start of it.
        assert!(!record.contains(&SECRET[..4]), "{kind} cut at {capture}: {record}\n{body}");
    }
});
