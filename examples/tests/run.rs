//! The examples are what people copy, so they are run and not only compiled.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::Duration;

use forebay_testkit::fake::{Fault, When};
use forebay_testkit::fake_s3::{Draft, FakeS3};
use forebay_testkit::pattern::Pattern;
use forebay_testkit::peak;
use forebay_testkit::process::Server;
use forebay_testkit::raw::RawConn;
use forebay_testkit::readers::{Stall, StalledReaders};
use forebay_testkit::response::Asked;
use forebay_testkit::sockets::Sockets;
use tempfile::TempDir;

/// Cargo builds examples beside the directory of the tests.
fn example(name: &str) -> Option<PathBuf> {
    let tests = std::env::current_exe().ok()?;
    Some(tests.parent()?.parent()?.join("examples").join(name))
}

#[test]
fn axum_files_sends_files_whole_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let pattern = Pattern::new(7);
    pattern.write_file(&dir.path().join("f.bin"), 3 << 20).unwrap();
    let mut command = Command::new(example("axum_files").unwrap());
    command.arg(dir.path()).arg("127.0.0.1:0");
    let server = Server::start(command).unwrap();
    let answer = forebay_testkit::raw::get(server.addr, "/f.bin").unwrap();
    assert_eq!((answer.head.status, answer.body.len()), (200, 3 << 20));
    pattern.check(0, &answer.body).unwrap();
    for hidden in ["/none", "/.secret", "/..%2Ff.bin"] {
        assert_eq!(forebay_testkit::raw::get(server.addr, hidden).unwrap().head.status, 404, "{hidden}");
    }
}

#[test]
fn axum_upload_log_logs_the_start_of_the_body_and_no_secret() {
    let output = Command::new(example("axum_upload_log").unwrap()).args(["8MiB", "256"]).output().unwrap();
    let (log, told) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{told}");
    let record: serde_json::Value = serde_json::from_str(log.trim()).unwrap();
    assert!(told.contains("8388608 bytes"), "{told}");
    assert!(log.contains("bob"), "the start of the body is there: {record}");
    for secret in ["hunter2", "hush"] {
        assert!(!log.contains(secret), "{record}");
    }
}

/// The pattern of the objects below.
const PATTERN: Pattern = Pattern::new(11);

/// An example that is called with this S3, and the home that it finds no settings in.
fn with_s3(name: &str, s3: &FakeS3) -> (Command, TempDir) {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(example(name).unwrap());
    command.env_clear().env("HOME", home.path()).current_dir(home.path());
    command.env("AWS_ACCESS_KEY_ID", "example").env("AWS_SECRET_ACCESS_KEY", "example");
    command.args(["--endpoint-url", &s3.endpoint()]);
    (command, home)
}

fn succeeded(mut command: Command) -> Output {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

#[test]
fn get_to_memory_gets_every_byte_and_refuses_with_numbers_what_does_not_fit() {
    let s3 = FakeS3::start().unwrap();
    s3.put("bucket", "some/key", Draft::pattern(PATTERN, 40 << 20));
    s3.put("bucket", "large", Draft::pattern(PATTERN, 1 << 30));
    let (mut command, _home) = with_s3("get_to_memory", &s3);
    command.arg("s3://bucket/some/key");
    let got = succeeded(command).stdout;
    assert_eq!(got.len(), 40 << 20);
    PATTERN.check(0, &got).unwrap();

    let (mut command, _home) = with_s3("get_to_memory", &s3);
    let refused = command.arg("s3://bucket/large").output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(
        !refused.status.success() && said.contains("1 GiB asked") && said.contains("of 58 MiB"),
        "{said}"
    );
}

#[test]
fn get_to_file_goes_on_where_the_last_call_ended() {
    let s3 = FakeS3::start().unwrap();
    s3.put("bucket", "key", Draft::pattern(PATTERN, 40 << 20));
    let call = |home: &TempDir| {
        let (mut command, _) = with_s3("get_to_file", &s3);
        command.env("HOME", home.path()).current_dir(home.path()).args(["s3://bucket/key", "file"]);
        command.output().unwrap()
    };
    let home = tempfile::tempdir().unwrap();
    // The store turns everybody away after the first part.
    s3.script().push(When::get("key").after(1).always(), Fault::access_denied());
    let first = call(&home);
    let said = String::from_utf8_lossy(&first.stderr).into_owned();
    assert!(!first.status.success() && said.contains("to go on"), "{said}");
    assert!(!home.path().join("file").exists());

    s3.script().clear();
    let second = call(&home);
    let told = String::from_utf8_lossy(&second.stdout).into_owned();
    assert!(second.status.success() && told.starts_with("41943040 bytes, "), "{told}");
    assert!(!told.contains(" 0 of them from an earlier run"), "{told}");
    PATTERN.check(0, &std::fs::read(home.path().join("file")).unwrap()).unwrap();
}

#[test]
fn expiring_cache_makes_once_what_is_asked_for_twice_and_finds_it_afterwards() {
    let s3 = FakeS3::start().unwrap();
    s3.create_bucket("bucket");
    let call = || {
        let (mut command, _home) = with_s3("expiring_cache", &s3);
        command.arg("s3://bucket/report");
        let output = succeeded(command);
        let made = String::from_utf8_lossy(&output.stderr).matches("making").count();
        (made, String::from_utf8(output.stdout).unwrap())
    };
    let (made, first) = call();
    let lines: Vec<&str> = first.lines().collect();
    assert!(made == 1 && lines.len() == 2 && lines[0] == lines[1], "{made} made: {first}");
    let stored = s3.object("bucket", "report").unwrap();
    assert_eq!(stored.content.to_vec(), lines[0].as_bytes());
    assert!(stored.field("expires").is_some());
    assert_eq!(call(), (0, first));
}

/// The service over objects below `shelf/`.
fn axum_from_s3(s3: &FakeS3) -> (Server, TempDir) {
    let (mut command, home) = with_s3("axum_from_s3", s3);
    command.args(["s3://bucket/shelf/", "127.0.0.1:0"]);
    (Server::start(command).unwrap(), home)
}

#[test]
fn axum_from_s3_answers_ranges_and_conditions_with_the_bytes_of_one_version() {
    let s3 = FakeS3::start().unwrap();
    let len = 3 << 20;
    let etag = s3.put("bucket", "shelf/a/key", Draft::pattern(PATTERN, len));
    let (server, _home) = axum_from_s3(&s3);
    let ask = |method: &str, fields: &str| {
        let asked = RawConn::connect(server.addr).unwrap().request(method, "/a/key", fields).unwrap();
        if asked.head.status < 300 && method == "GET" {
            let from = asked.head.field("content-range").map_or(0, |field| {
                field.trim_start_matches("bytes ").split('-').next().unwrap().parse().unwrap()
            });
            PATTERN.check(from, &asked.body).unwrap();
        }
        (asked.head.status, asked.body.len() as u64)
    };
    // The connection breaks in the middle; the client does not notice.
    s3.script().push(When::get("shelf/a/key"), Fault::reset_after(1 << 20));
    assert_eq!(ask("GET", ""), (200, len));
    assert_eq!(ask("HEAD", ""), (200, 0));
    assert_eq!(ask("HEAD", "Range: bytes=0-0\r\n"), (200, 0));
    assert_eq!(ask("GET", "Range: bytes=1000-1999\r\n"), (206, 1000));
    assert_eq!(ask("GET", "Range: bytes=-5\r\n"), (206, 5));
    assert_eq!(ask("GET", "Range: bytes=9999999-\r\n").0, 416);
    assert_eq!(ask("GET", &format!("Range: bytes=0-0\r\nIf-Range: {etag}\r\n")), (206, 1));
    assert_eq!(ask("GET", "Range: bytes=0-0\r\nIf-Range: \"another\"\r\n"), (200, len));
    assert_eq!(ask("GET", &format!("If-None-Match: {etag}\r\n")), (304, 0));
    assert_eq!(ask("GET", "If-Match: \"another\"\r\n").0, 412);
    let absent = forebay_testkit::raw::get(server.addr, "/none").unwrap();
    assert_eq!(absent.head.status, 404);
}

#[tokio::test]
async fn axum_from_s3_holds_nothing_for_clients_that_stop_or_leave() {
    let s3 = FakeS3::start().unwrap();
    s3.put("bucket", "shelf/large", Draft::pattern(PATTERN, 1 << 30));
    s3.put("bucket", "shelf/small", Draft::pattern(PATTERN, 1000));
    let (server, _home) = axum_from_s3(&s3);
    peak::reset(server.pid()).unwrap();
    let before = peak::resident(server.pid());
    let stalled = StalledReaders::open(server.addr, &Stall::get("/large"), 16).await;
    assert_eq!(stalled.promised(), [Some(1 << 30); 16]);
    let mut beside = RawConn::connect(server.addr).unwrap();
    beside.send(b"GET /small HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
    PATTERN.check(0, &beside.response(Asked::Other).unwrap().body).unwrap();
    let grown = peak::resident(server.pid()) - before;
    assert!(grown < 32 << 20, "{} MiB for 16 clients that stopped", grown >> 20);

    drop((stalled, beside));
    for _ in 0..1000 {
        // What may stay is one connection that is kept for the next request.
        if Sockets::of(server.pid()).established <= 1 {
            let sent: u64 = s3.seen().iter().map(|seen| seen.sent).sum();
            assert!(sent < 1 << 30, "{} MiB were fetched for nobody", sent >> 20);
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("still held: {:?}", Sockets::of(server.pid()));
}
