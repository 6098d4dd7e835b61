//! Each setting that is not a limit of sockets does what its words say, in the real program.

use std::{fs, time::Duration};

use forebay_testkit::{
    process::Server,
    raw::{self, RawConn, RawResponse},
};
use tokio::time::Instant;

use crate::run::{Root, admin, poll};

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
    // Cut into pieces, a file still goes by name.
    let (_, metrics) = admin(server.admin.unwrap(), "/metrics");
    assert!(metrics.contains("forebay_file_sent_bytes_total{way=\"sendfile\"} 1228800.0"), "{metrics}");
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

#[test]
fn compression_and_neighbours_can_be_switched() {
    let root = Root::new();
    let text = "a river runs through it\n".repeat(1000);
    fs::write(root.path().join("plain.txt"), &text).unwrap();
    fs::write(root.path().join("packed.txt"), &text).unwrap();
    fs::write(root.path().join("packed.txt.gz"), "a neighbour").unwrap();
    let gzip = "Accept-Encoding: gzip\r\n";
    let coding = |answer: &RawResponse| field(answer, "content-encoding").map(str::to_owned);

    let both = root.serve(&[]);
    assert_eq!(coding(&get(&both, "/plain.txt", gzip)).as_deref(), Some("gzip"));
    assert_eq!(get(&both, "/packed.txt", gzip).body, b"a neighbour");

    let none = root.serve(&["--compress=false", "--precompressed=false"]);
    for target in ["/plain.txt", "/packed.txt"] {
        let answer = get(&none, target, gzip);
        assert_eq!((coding(&answer), answer.body.as_slice()), (None, text.as_bytes()), "{target}");
    }
}

#[test]
fn links_are_followed_or_not() {
    let root = Root::new();
    std::os::unix::fs::symlink("small.txt", root.path().join("link")).unwrap();
    assert_eq!(get(&root.serve(&[]), "/link", "").body, b"a small file\n");
    assert_eq!(get(&root.serve(&["--symlinks", "never"]), "/link", "").head.status, 404);
}

#[test]
fn white_space_in_captures_can_be_collapsed() {
    let root = Root::new();
    fs::write(root.path().join("wide.txt"), "a    wide\n\n\nfile").unwrap();
    let server = root.serve(&["--capture", "100", "--capture-collapse"]);
    get(&server, "/wide.txt", "");
    assert!(poll(|| server.said().contains("\"text\":\"a wide file\"")), "{}", server.said());
}

#[test]
fn access_records_have_the_form_of_the_log() {
    let root = Root::new();
    let server = root.serve(&["--log-format", "text"]);
    get(&server, "/small.txt", "User-Agent: a \"tool\"\r\n");
    let record =
        " INFO access: GET /small.txt 200 client=127.0.0.1 protocol=HTTP/1.1 user_agent=\"a \\\"tool\\\"\" ";
    assert!(poll(|| server.said().contains(record)), "{}", server.said());
    assert!(!server.said().contains('{'), "{}", server.said());
}

#[test]
fn there_are_as_many_data_threads_as_were_asked_for() {
    let root = Root::new();
    let server = root.serve(&["--workers", "3"]);
    // A thread takes its name when it first runs.
    let named = || {
        let threads = fs::read_dir(format!("/proc/{}/task", server.pid())).unwrap();
        let names = threads.map(|thread| fs::read_to_string(thread.unwrap().path().join("comm")).unwrap());
        names.filter(|name| name.starts_with("forebay-data-")).count()
    };
    assert!(poll(|| named() == 3), "{}", named());
}

#[test]
fn an_operator_sees_that_requests_would_not_get_their_turn() {
    let root = Root::new();
    let server = root.serve(&["--requests", "1", "--queue-timeout", "1m"]);
    let operators = server.admin.unwrap();
    assert_eq!(admin(operators, "/readyz").0, 200);
    let ask = |target: &str| {
        let mut conn = RawConn::connect(server.addr).unwrap();
        conn.send(format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).unwrap();
        conn
    };
    let first = ask("/large");
    let metrics = || admin(operators, "/metrics").1;
    assert!(poll(|| metrics().contains("forebay_turns{state=\"in_use\"} 1.0")), "{}", metrics());
    // Four may wait for each that is answered.
    let _line: Vec<_> = (0..4).map(|_| ask("/small.txt")).collect();
    assert!(poll(
        || admin(operators, "/readyz") == (503, "saturated: requests wait for their turn\n".to_owned())
    ));
    assert!(metrics().contains("forebay_turns{state=\"waiting\"} 4.0"), "{}", metrics());
    drop(first);
    assert!(poll(|| admin(operators, "/readyz").0 == 200));
}

#[test]
fn what_limits_remember_and_what_is_kept_for_reads_stands_on_the_memory_page() {
    let root = Root::new();
    let server = root.serve(&["--client-bandwidth", "10GiB/s"]);
    let memory = || {
        serde_json::from_str::<serde_json::Value>(&admin(server.admin.unwrap(), "/memory?format=json").1)
            .unwrap()
    };
    let class = |memory: &serde_json::Value, name: &str| {
        let classes = memory["classes"].as_array().unwrap();
        classes.iter().find(|class| class["class"] == name).unwrap()["in_use"].as_u64().unwrap()
    };
    assert_eq!(class(&memory(), "clients"), 840 << 10);
    assert_eq!(get(&server, "/?archive=tar", "").head.status, 200);
    assert!(poll(|| class(&memory(), "idle_buffers") > 0));
    let pools = memory();
    let pool = &pools["pools"][0];
    assert_eq!((&pool["pool"], &pool["buffer_size"]), (&"chunks".into(), &(64 << 10).into()));
    assert!(pool["reused_total"].as_u64() > pool["allocated_total"].as_u64(), "{pool}");
}
