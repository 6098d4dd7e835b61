//! Records for eyes: one line, fixed order, and nobody else's words outside of quotes.

use super::*;

fn logged(options: AccessLogOptions) -> Logged {
    Logged::granted(options, LogForm::Text, [(Class::Captures, ByteSize::kib(4))])
}

/// The line without the time at its start and the ids, which differ each time.
fn without_ids(line: &str) -> String {
    let (time, rest) = line.split_at(24);
    assert!(time.ends_with('Z') && time.as_bytes()[10] == b'T', "{line}");
    let keep = |word: &&str| !word.starts_with("trace_id=") && !word.starts_with("span_id=");
    rest.split(' ').filter(keep).collect::<Vec<_>>().join(" ")
}

#[tokio::test(start_paused = true)]
async fn a_record_is_one_line_with_its_fields_in_order() {
    let logged = logged(AccessLogOptions::default());
    let mut request = get("/a?x=1&token=hush");
    let headers = request.headers_mut();
    headers.insert("user-agent", HeaderValue::from_static("curl/8.14.1"));
    headers.insert("range", HeaderValue::from_static("bytes=0-3"));
    headers.insert("x-request-id", HeaderValue::from_static("job-1"));
    request.extensions_mut().insert(Client("192.0.2.7".parse().unwrap()));
    let mut body = exchange(&logged, request, Response::new(Fed::new([data(4)]).sized(9))).into_body();
    advance(Duration::from_millis(1500)).await;
    takes(&mut body, 4);
    drop(body);
    assert_eq!(
        without_ids(&logged.text().await),
        "  INFO access: GET /a?x=1&token=[redacted] 200 abandoned client=192.0.2.7 protocol=HTTP/1.1 \
         user_agent=\"curl/8.14.1\" range=\"bytes=0-3\" request_id=job-1 latency_head_ms=0.000 \
         latency_ms=1500.000 bytes_in=0 bytes_out=4 outcome=abandoned\n"
    );
}

#[tokio::test(start_paused = true)]
async fn captures_and_errors_stay_on_the_line() {
    let options = capturing(64);
    let logged = logged(options);
    let mut response = json([text("{\"a\":1,\n\"password\":\"hush\"}")]);
    *response.status_mut() = StatusCode::BAD_GATEWAY;
    response.extensions_mut().insert(LogError("disk\nfull".to_owned()));
    drain(exchange(&logged, post("image/png", [data(3)]), response));
    let line = logged.text().await;
    assert!(line.contains(" ERROR access: POST /up 502 "), "{line}");
    assert!(line.contains(" error=\"disk\\nfull\""), "{line}");
    assert!(line.contains(" request_body_captured=none request_body_why=binary"), "{line}");
    let body = r#" response_body="{\"a\":1,\n\"password\":\"[redacted]\"}" response_body_captured=whole"#;
    assert!(line.contains(body), "{line}");
    assert_eq!(line.lines().count(), 1);
}

#[tokio::test(start_paused = true)]
async fn nobody_writes_fields_lines_or_terminal_codes_of_his_own() {
    let logged = logged(AccessLogOptions::default());
    let mut request = get("/");
    let agent = "x\" outcome=complete client=10.0.0.1\t\u{9b}31m\u{85}y".as_bytes();
    request.headers_mut().insert("user-agent", HeaderValue::from_bytes(agent).unwrap());
    drain(exchange(&logged, request, empty()));
    let line = logged.text().await;
    assert_eq!(line.lines().count(), 1);
    assert!(line.chars().filter(|c| c.is_control()).eq(['\n']), "{line:?}");
    assert!(
        line.contains(r#" user_agent="x\" outcome=complete client=10.0.0.1\t\u009b31m\u0085y" "#),
        "{line}"
    );
}

#[tokio::test]
async fn the_record_of_what_is_missing_has_the_same_form() {
    let line = String::from_utf8(super::super::record::dropped(3, 7, LogForm::Text)).unwrap();
    assert_eq!(
        without_ids(&line),
        "  WARN access: access log records were dropped dropped=3 dropped_total=7\n"
    );
    let json = super::super::record::dropped(3, 7, LogForm::Json);
    assert_eq!(serde_json::from_slice::<Value>(&json).unwrap()["dropped_total"], 7);
}
