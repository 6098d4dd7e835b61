//! The fast path seen from outside: what the kernel was asked to do.
//!
//! The test runs itself under `strace`, as a server in another process; counters of our own could agree
//! with a mistake of our own.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

use forebay_testkit::raw::RawConn;

use crate::server::{Server, pattern};

const FILE_BYTES: u64 = 20_000_000;

/// The server in the traced process: serves until its standard input ends.
#[test]
#[ignore = "started by the tests of this module, under strace"]
fn traced_server() {
    let server = Server::start();
    server.file("f", FILE_BYTES);
    println!("\naddr {}", server.addr);
    std::io::stdout().flush().unwrap();
    let mut until_closed = String::new();
    std::io::stdin().read_line(&mut until_closed).unwrap();
    server.stop();
}

struct Traced {
    child: Child,
    log: tempfile::NamedTempFile,
    addr: std::net::SocketAddr,
}

/// `None`, loudly, where there is no strace or it may not trace.
fn traced() -> Option<Traced> {
    let log = tempfile::NamedTempFile::new().unwrap();
    let works = Command::new("strace").args(["-o", "/dev/null", "true"]).status();
    if !works.is_ok_and(|status| status.success()) {
        forebay_testkit::notice::skipped(
            "strace is missing or may not trace here; the fast path was not seen from outside",
        );
        return None;
    }
    let mut child = Command::new("strace")
        .args(["-f", "-e", "trace=sendfile,sendmsg,writev,write,read,pread64", "-o"])
        .arg(log.path())
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "syscalls::traced_server", "--ignored", "--nocapture"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let addr = BufReader::new(child.stdout.as_mut().unwrap())
        .lines()
        .map_while(Result::ok)
        .find_map(|line| line.strip_prefix("addr ").map(|addr| addr.parse().unwrap()))
        .expect("the traced server says its address");
    Some(Traced { child, log, addr })
}

impl Traced {
    /// Ends the server and returns the traced calls that mention the needle.
    fn calls(mut self, needle: &str) -> Vec<String> {
        drop(self.child.stdin.take());
        assert!(self.child.wait().unwrap().success());
        let log = std::fs::read_to_string(self.log.path()).unwrap();
        log.lines().filter(|line| line.contains(needle)).map(str::to_owned).collect()
    }
}

/// What a traced call returned, if it was a number of bytes.
fn returned(call: &str) -> u64 {
    call.rsplit(" = ").next().and_then(|value| value.parse().ok()).unwrap_or(0)
}

#[test]
fn the_kernel_sends_every_byte_of_the_file_by_sendfile() {
    let Some(traced) = traced() else { return };
    let answer = forebay_testkit::raw::get(traced.addr, "/f/f").unwrap();
    pattern("f").check(0, &answer.body).unwrap();
    assert_eq!(answer.body.len() as u64, FILE_BYTES);
    let sendfiles = traced.calls("sendfile(");
    // A call that was interrupted by another thread's is logged in two lines.
    let resumed = sendfiles.iter().filter(|call| call.contains("unfinished")).count();
    let bytes: u64 = sendfiles.iter().map(|call| returned(call)).sum();
    assert!(resumed > 0 || bytes == FILE_BYTES, "{bytes} of {FILE_BYTES} bytes by sendfile");
    assert!(bytes > FILE_BYTES / 2, "{bytes} of {FILE_BYTES} bytes by sendfile");
    assert!(sendfiles.len() < 4000, "{} calls for {FILE_BYTES} bytes", sendfiles.len());
}

#[test]
fn a_small_answer_leaves_in_one_call_with_its_head() {
    let Some(traced) = traced() else { return };
    let mut conn = RawConn::connect(traced.addr).unwrap();
    for _ in 0..5 {
        assert_eq!(conn.request("GET", "/small", "").unwrap().body, b"a small answer");
    }
    drop(conn);
    let writes = traced.calls("HTTP/1.1 200 OK");
    assert_eq!(writes.len(), 5, "{writes:#?}");
    assert!(writes.iter().all(|call| call.contains("a small answer")), "{writes:#?}");
}

#[test]
fn the_head_of_a_file_is_sent_with_word_that_more_follows() {
    let Some(traced) = traced() else { return };
    let mut conn = RawConn::connect(traced.addr).unwrap();
    for _ in 0..3 {
        assert_eq!(conn.request("GET", "/f/f", "").unwrap().body.len() as u64, FILE_BYTES);
    }
    drop(conn);
    let heads = traced.calls("HTTP/1.1 200 OK");
    assert_eq!(heads.len(), 3, "{heads:#?}");
    assert!(heads.iter().all(|call| call.contains("sendmsg(") && call.contains("MSG_MORE")), "{heads:#?}");
}
