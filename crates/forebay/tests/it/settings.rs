//! Each setting that is not a limit of sockets does what its words say, in the real program.

use std::{fs, time::Duration};

use forebay_testkit::{
    process::Server,
    raw::{self, RawConn, RawResponse},
};
use tokio::time::Instant;

use crate::run::{Root, poll};

const PATIENCE: Duration = Duration::from_secs(20);

fn get(server: &Server, target: &str, fields: &str) -> RawResponse {
    RawConn::connect(server.addr)
        .unwrap()
        .request("GET", target, &format!("Connection: close\r\n{fields}"))
        .unwrap()
}

fn field<'a>(response: &'a RawResponse, name: &str) -> Option<&'a str> {
    response.head.field(name)
}

#[test]
fn an_index_a_root_index_and_a_fallback_answer_for_their_paths() {
    let root = Root::new();
    fs::create_dir(root.path().join("docs")).unwrap();
    fs::write(root.path().join("docs/index.html"), "docs").unwrap();
    fs::write(root.path().join("home.html"), "home").unwrap();
    let server =
        root.serve(&["--index", "index.html", "--root-index", "home.html", "--spa-fallback", "home.html"]);
    assert_eq!(get(&server, "/", "").body, b"home");
    assert_eq!(get(&server, "/docs/", "").body, b"docs");
    assert_eq!(get(&server, "/no/such/page", "Accept: text/html\r\n").body, b"home");
}

#[test]
fn listings_archives_and_hidden_names_can_be_switched() {
    let root = Root::new();
    fs::write(root.path().join(".secret"), "hidden").unwrap();
    fs::remove_file(root.path().join("large")).unwrap();
    let open = root.serve(&["--hidden"]);
    assert_eq!(get(&open, "/.secret", "").body, b"hidden");
    assert_eq!(get(&open, "/", "").head.status, 200);
    assert_eq!(get(&open, "/?archive=tar", "").head.status, 200);

    let closed = root.serve(&["--listing=false", "--archive=false"]);
    assert_eq!(get(&closed, "/.secret", "").head.status, 404);
    assert_eq!(get(&closed, "/", "").head.status, 404);
    assert_ne!(get(&closed, "/?archive=tar", "").head.status, 200);
}

#[test]
fn cache_control_follows_its_rules() {
    let root = Root::new();
    let server = root.serve(&["--cache-control", "*.txt: public, max-age=60"]);
    assert_eq!(field(&get(&server, "/small.txt", ""), "cache-control"), Some("public, max-age=60"));
}

#[test]
fn one_client_cannot_ask_more_often_than_allowed() {
    let root = Root::new();
    let server = root.serve(&["--request-rate", "1", "--request-burst", "2"]);
    let answers: Vec<_> = (0..4).map(|_| get(&server, "/small.txt", "")).collect();
    let refused: Vec<_> = answers.iter().filter(|answer| answer.head.status == 429).collect();
    assert!(!refused.is_empty());
    assert!(refused.iter().all(|answer| field(answer, "retry-after").is_some()));
}

#[test]
fn a_client_behind_a_trusted_proxy_is_told_apart() {
    let root = Root::new();
    let server = root.serve(&["--trusted-proxies", "127.0.0.0/8"]);
    get(&server, "/small.txt", "X-Forwarded-For: 203.0.113.7\r\n");
    assert!(poll(|| server.said().contains("\"client\":\"203.0.113.7\"")), "{}", server.said());
}

#[test]
fn bandwidth_is_shared_over_the_connections_of_a_client() {
    let root = Root::new();
    fs::write(root.path().join("slow"), vec![7; 600 << 10]).unwrap();
    let server = root.serve(&["--client-bandwidth", "400KiB/s"]);
    let begun = Instant::now();
    // A piece is paid for after it has gone, by whatever comes next: here, on another connection.
    for _ in 0..2 {
        assert_eq!(get(&server, "/slow", "").body, vec![7; 600 << 10]);
    }
    assert!(begun.elapsed() > Duration::from_millis(900), "{:?}", begun.elapsed());
}

#[test]
fn a_reload_changes_the_bandwidth_of_a_running_server() {
    let root = Root::new();
    let file = root.path().join("forebay.toml");
    fs::write(root.path().join("slow"), vec![7; 600 << 10]).unwrap();
    fs::write(&file, "[clients]\nclient-bandwidth = \"10GiB/s\"\n").unwrap();
    let server = root.serve(&[]);
    fs::write(&file, "[clients]\nclient-bandwidth = \"400KiB/s\"\n").unwrap();
    server.signal(rustix::process::Signal::HUP).unwrap();
    assert!(poll(|| server.said().contains("the configuration was read again")), "{}", server.said());
    let begun = Instant::now();
    for _ in 0..3 {
        get(&server, "/slow", "");
    }
    assert!(begun.elapsed() > Duration::from_millis(900), "{:?}", begun.elapsed());
    assert!(!server.said().contains("need a restart"), "{}", server.said());
}

#[test]
fn requests_beyond_their_number_wait_and_are_then_refused() {
    let root = Root::new();
    let server = root.serve(&["--requests", "1", "--queue-timeout", "100ms"]);
    let mut first = RawConn::connect(server.addr).unwrap();
    first.send(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    assert!(poll(|| get(&server, "/small.txt", "").head.status == 503));
    assert!(field(&get(&server, "/small.txt", ""), "retry-after").is_some());
}

#[test]
fn bodies_above_the_ceiling_are_refused() {
    let root = Root::new();
    let server = root.serve(&["--body-max", "10"]);
    let mut conn = RawConn::connect(server.addr).unwrap();
    let answer = conn.request("GET", "/small.txt", "Content-Length: 11\r\nConnection: close\r\n").unwrap();
    assert_eq!(answer.head.status, 413);
}

#[test]
fn the_access_log_captures_and_hides_what_it_was_told_to() {
    let root = Root::new();
    let server = root.serve(&["--capture", "7", "--redact", "sesame"]);
    assert_eq!(get(&server, "/small.txt?sesame=open", "").body, b"a small file\n");
    assert!(poll(|| server.said().contains("a small")), "{}", server.said());
    assert!(!server.said().contains("a small file"), "{}", server.said());
    assert!(!server.said().contains("=open"), "{}", server.said());

    let silent = root.serve(&["--access-log=false"]);
    get(&silent, "/small.txt", "");
    let before = silent.said();
    assert_eq!(raw::get(silent.addr, "/small.txt").unwrap().head.status, 200);
    assert!(!before.contains("small.txt"), "{before}");
    assert_eq!(silent.stop(PATIENCE).unwrap().code(), Some(0));
}
