//! The upload endpoint before a slow store.
//!
//! Fast clients, and a bucket that takes each part slowly. A handler that reads its body whole before it hands it on is killed; one that reads as
//! it can buffers what the store does not take. Here: 50 clients that send 48 MiB each, all at once, into a container of 128 MiB, with a server of 96
//! MiB, whose log keeps the first KiB of every body. The clients wait, and every byte arrives.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::thread;
use std::time::Duration;

use forebay_testkit::cgroup::MemoryGroup;
use forebay_testkit::fake::{Fault, Verb, When};
use forebay_testkit::fake_s3::FakeS3;
use forebay_testkit::notice;
use forebay_testkit::pattern::Pattern;
use forebay_testkit::peer::Kind;
use forebay_testkit::process::Server;
use tokio::time::Instant;

use crate::peer;

/// The container, in bytes.
const CONTAINER: u64 = 128 << 20;
const CLIENTS: u64 = 50;
/// What each sends.
const EACH: u64 = 48 << 20;
/// What the store takes of a part at once, and how often: at most 64 MiB a second, where a client could send gigabytes.
const DRIP: (usize, Duration) = (256 << 10, Duration::from_millis(4));

/// Sends one object as fast as it is taken; says the status.
fn send(addr: SocketAddr, n: u64) -> std::io::Result<String> {
    put(addr, &format!("object-{n}"), EACH, |offset, block| Pattern::new(n).fill(offset, block))
}

/// A text, whose beginning a log can keep.
fn send_text(addr: SocketAddr) -> std::io::Result<String> {
    put(addr, "text", 4 << 20, |_, block| {
        let text = b"line of a text\n".iter().cycle();
        block.iter_mut().zip(text).for_each(|(byte, letter)| *byte = *letter);
    })
}

fn put(addr: SocketAddr, name: &str, len: u64, fill: impl Fn(u64, &mut [u8])) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(addr)?;
    let head = format!(
        "PUT /{name} HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: {len}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes())?;
    let mut block = vec![0; 1 << 20];
    for offset in (0..len).step_by(block.len()) {
        fill(offset, &mut block);
        stream.write_all(&block)?;
    }
    let mut answer = Vec::new();
    stream.take(1024).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned())
}

fn all_at_once(addr: SocketAddr) -> Vec<std::io::Result<String>> {
    let clients: Vec<_> = (0..CLIENTS).map(|n| thread::spawn(move || send(addr, n))).collect();
    clients.into_iter().map(|client| client.join().unwrap()).collect()
}

fn ours(group: &MemoryGroup, s3: &FakeS3) -> Server {
    let mut command: Command = group.command(std::path::Path::new(env!("CARGO_BIN_EXE_forebay")));
    command.args(["serve", "s3://bucket", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
    command.args(["--memory", "96MiB", "--upload", "create", "--capture", "1KiB"]);
    command.env("FOREBAY_ENDPOINT_URL", s3.endpoint()).env("AWS_REGION", "eu-central-1");
    command.env("AWS_ACCESS_KEY_ID", "AKIDOFTHETEST").env("AWS_SECRET_ACCESS_KEY", "secret of the test");
    command.env("AWS_CONFIG_FILE", "/dev/null").env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
    command.current_dir(env!("CARGO_TARGET_TMPDIR"));
    Server::start(command).unwrap()
}

#[tokio::test]
async fn a_slow_store_slows_its_clients_and_fills_no_memory() {
    let _alone = crate::ALONE.lock().await;
    let group = || MemoryGroup::create(Some(CONTAINER));
    let (theirs, in_ours) = match (group(), group()) {
        (Ok(theirs), Ok(ours)) => (theirs, ours),
        (Err(why), _) | (_, Err(why)) => {
            return notice::skipped(format!("{why}; run as root where cgroups can be made"));
        }
    };
    let dir = tempfile::tempdir().unwrap();
    let naive = peer::start(Kind::UploadWhole, dir.path(), &theirs);
    let answers = all_at_once(naive.addr);
    assert!(theirs.oom_kills() > 0, "the naive server lives: {answers:?}");

    let s3 = FakeS3::start().unwrap();
    s3.create_bucket("bucket");
    let (bytes, every) = DRIP;
    s3.script().push(When::verb(Verb::Part).always(), Fault::DripUpload { bytes, every });
    let watch = in_ours.watch(Duration::from_millis(5));
    let server = ours(&in_ours, &s3);
    let answers = all_at_once(server.addr);
    let text = send_text(server.addr).unwrap();
    let peak = watch.peak();
    println!("ours: {} killed, {peak}", in_ours.oom_kills());

    assert_eq!(in_ours.oom_kills(), 0, "{peak}");
    for (n, answer) in answers.iter().enumerate() {
        assert_eq!(answer.as_deref().ok(), Some("HTTP/1.1 201 Created"), "{n}: {answer:?} {}", server.said());
    }
    for n in 0..CLIENTS {
        let object = s3.object("bucket", &format!("object-{n}")).unwrap();
        assert_eq!(object.content.len(), EACH);
        object.content.check(Pattern::new(n)).unwrap();
    }
    assert!(s3.uploads("bucket").is_empty());
    assert_eq!(text, "HTTP/1.1 201 Created");
    // The page cache is the kernel's, which takes back what it needs.
    assert!(peak.anon + peak.sockets <= 96 << 20, "{peak}");
    // The log is written when it is convenient.
    let end = Instant::now() + Duration::from_secs(20);
    let has_its_beginning =
        |log: &str| log.contains(r#""captured":"truncated""#) && log.contains("line of a text");
    while !has_its_beginning(&server.said()) {
        assert!(Instant::now() < end, "{}", server.said());
        thread::yield_now();
    }
}
