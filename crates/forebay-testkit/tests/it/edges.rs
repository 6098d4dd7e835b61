//! The caches that others wrote do what the research says of them, each by its own words, and leave no process behind.

use std::path::Path;
use std::time::Duration;

use forebay_testkit::cert::Certificate;
use forebay_testkit::edges::ats::{self, Ats, Via};
use forebay_testkit::edges::nginx::{NginxCache, Purge};
use forebay_testkit::edges::squid::{Mode, Squid};
use forebay_testkit::edges::varnish::{Varnish, Vcl};
use forebay_testkit::edges::{HOST, Purging};
use forebay_testkit::fake_origin::{FakeOrigin, Page};
use forebay_testkit::figures;
use forebay_testkit::notice;
use forebay_testkit::pattern::Pattern;
use forebay_testkit::process::Server;
use forebay_testkit::raw::{RawConn, RawResponse};
use forebay_testkit::response::Asked;
use tempfile::TempDir;

/// An origin with a page that may be kept, and a directory for the edge before it.
fn world() -> (FakeOrigin, TempDir) {
    let origin = FakeOrigin::start().unwrap();
    origin.put("/a", Page::pattern(Pattern::new(5), 100_000).field("cache-control", "max-age=3600"));
    (origin, tempfile::tempdir().unwrap())
}

/// A client of one edge, on one connection.
struct Client {
    conn: RawConn,
    /// What stands before the path: nothing, or the scheme and the host.
    before: String,
}

impl Client {
    fn of(server: &Server) -> Self {
        Self { conn: RawConn::connect(server.addr).unwrap(), before: String::new() }
    }

    fn tls(server: &Server, certificate: &Certificate) -> Self {
        let config = certificate.client(&["http/1.1"]).unwrap();
        Self { conn: RawConn::connect_tls(server.addr, config).unwrap(), before: String::new() }
    }

    fn through(server: &Server) -> Self {
        Self { before: format!("http://{HOST}"), ..Self::of(server) }
    }

    fn ask(&mut self, method: &str, fields: &str) -> RawResponse {
        self.ask_of(HOST, method, fields)
    }

    fn ask_of(&mut self, host: &str, method: &str, fields: &str) -> RawResponse {
        let request = format!("{method} {}/a HTTP/1.1\r\nHost: {host}\r\n{fields}\r\n", self.before);
        self.conn.send(request.as_bytes()).unwrap();
        self.conn.response(if method == "HEAD" { Asked::Head } else { Asked::Other }).unwrap()
    }

    /// What a whole GET says of itself in this field.
    fn get(&mut self, field: &str) -> String {
        let got = self.ask("GET", "");
        assert_eq!((got.head.status, Pattern::new(5).check(0, &got.body)), (200, Ok(())));
        assert_eq!(got.body.len(), 100_000);
        got.head.field(field).unwrap_or_default().to_owned()
    }

    fn status(&mut self, method: &str, fields: &str) -> u16 {
        self.ask(method, fields).head.status
    }
}

const LOOK: &str = "Cache-Control: only-if-cached\r\n";

/// Asks a server to end, and looks for what is left of it.
fn ends(server: Server) {
    let family = figures::tree(server.pid());
    server.stop(Duration::from_secs(20)).unwrap();
    let left: Vec<u32> = family.into_iter().filter(|pid| is_running(*pid)).collect();
    assert!(left.is_empty(), "still there: {left:?}");
}

/// A process that has ended may wait to be noticed by its parent.
fn is_running(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

fn is_here(installed: bool, name: &str) -> bool {
    if !installed {
        notice::skipped(format_args!("{name} is not installed"));
    }
    installed
}

fn start_ats(dir: &Path, origin: &FakeOrigin, setup: ats::Setup<'_>) -> Server {
    Ats::configure(dir, origin.addr(), setup).unwrap().start().unwrap()
}

#[test]
fn ats_keeps_purges_and_tells_an_absent_object_from_an_unknown_host() {
    if !is_here(Ats::is_installed(), "Traffic Server") {
        return;
    }
    let (origin, dir) = world();
    let server = start_ats(dir.path(), &origin, ats::Setup::default());
    let mut client = Client::of(&server);
    // The very first answer is kept: it took no connection before its cache was there.
    assert!(client.get("via").contains("[uScMsSfW"));
    assert!(client.get("via").contains("[uScHs f "));
    assert_eq!((client.status("HEAD", LOOK), client.status("PURGE", "")), (200, 200));
    assert_eq!(client.status("HEAD", LOOK), 504);
    let absent = client.ask("PURGE", "");
    assert_eq!((absent.head.status, absent.body.len()), (404, 0));
    let unknown = client.ask_of("other.example.test", "PURGE", "");
    assert_eq!((unknown.head.status, unknown.body.is_empty()), (404, false));
    assert_eq!(origin.counts().0, 1);
    ends(server);
}

#[test]
fn ats_is_set_up_as_it_is_told() {
    if !is_here(Ats::is_installed(), "Traffic Server") {
        return;
    }
    let (origin, dir) = world();
    let certificate = Certificate::create(dir.path(), "edge").unwrap();
    let setup = ats::Setup {
        hosts: &[HOST, "img.example.test"],
        disk: 16 << 20,
        memory: 8 << 20,
        tls: Some(&certificate),
        ..ats::Setup::default()
    };
    let edge = Ats::configure(&dir.path().join("tls"), origin.addr(), setup).unwrap();
    let server = edge.start().unwrap();
    let mut client = Client::tls(&server, &certificate);
    client.get("via");
    client.get("via");
    assert!(client.get("via").contains("[uScRs f "), "the third comes from memory");
    assert_eq!(client.ask_of("img.example.test", "PURGE", "").head.status, 200);
    client.get("via");
    ends(server);
    let mute = ats::Setup { via: Via::Off, purging: Purging::Refused, ..ats::Setup::default() };
    let server = start_ats(&dir.path().join("mute"), &origin, mute);
    let mut client = Client::of(&server);
    assert_eq!((client.get("via"), client.status("PURGE", "")), (String::new(), 403));
    drop(client);
    ends(server);
}

#[test]
fn varnish_with_the_shipped_vcl_counts_what_it_purges_and_looks_without_asking_the_origin() {
    if !is_here(Varnish::is_installed(), "Varnish") {
        return;
    }
    let (origin, dir) = world();
    let edge = Varnish::configure(dir.path(), origin.addr(), Vcl::Shipped(Purging::Allowed)).unwrap();
    let server = edge.start().unwrap();
    let mut client = Client::of(&server);
    assert_eq!(client.status("HEAD", LOOK), 504);
    assert_eq!((client.get("x-cache"), client.get("x-cache")), ("MISS".into(), "HIT".into()));
    let there = client.ask("HEAD", LOOK);
    assert_eq!((there.head.status, there.head.field("x-cache")), (200, Some("HIT")));
    let purged = client.ask("PURGE", "");
    assert_eq!((purged.head.status, purged.head.field("purged")), (200, Some("1")));
    assert_eq!((client.status("HEAD", LOOK), origin.counts().0), (504, 1));
    // What was purged is counted once more by a purge that comes before a thread of Varnish has taken it away.
    let absent = (0..1000).map(|_| client.ask("PURGE", "")).find(|answer| answer.head.status == 404);
    assert_eq!(absent.unwrap().head.field("purged"), Some("0"));
    assert_eq!(client.get("x-cache"), "MISS");
    assert_eq!((client.status("REFRESH", ""), origin.counts().0), (200, 3));
    assert_eq!(client.get("x-cache"), "HIT");
    ends(server);
}

#[test]
fn varnish_refuses_strangers_and_knows_nothing_of_purging_by_itself() {
    if !is_here(Varnish::is_installed(), "Varnish") {
        return;
    }
    let (origin, dir) = world();
    let strange = Vcl::Shipped(Purging::Refused);
    let edge = Varnish::configure(&dir.path().join("strange"), origin.addr(), strange).unwrap();
    let server = edge.start().unwrap();
    let mut client = Client::of(&server);
    assert_eq!((client.status("PURGE", ""), client.status("REFRESH", ""), origin.counts().0), (405, 405, 0));
    ends(server);
    let edge = Varnish::configure(&dir.path().join("plain"), origin.addr(), Vcl::Builtin).unwrap();
    let server = edge.start().unwrap();
    client = Client::of(&server);
    client.get("via");
    client.status("PURGE", "");
    let asked: Vec<String> = origin.seen().into_iter().map(|seen| seen.head.method).collect();
    assert_eq!(asked, ["GET", "PURGE"], "the origin is asked to purge");
    drop(server);
}

#[test]
fn nginx_purges_with_its_module_and_asks_the_origin_to_without_it() {
    if !is_here(NginxCache::is_installed(), "nginx with its purge module") {
        return;
    }
    let (origin, dir) = world();
    let certificate = Certificate::create(dir.path(), "edge").unwrap();
    let start = |name: &str, purge, tls| {
        NginxCache::configure(&dir.path().join(name), origin.addr(), purge, tls).unwrap().start().unwrap()
    };
    let server = start("module", Purge::Module(Purging::Allowed), Some(&certificate));
    let mut client = Client::tls(&server, &certificate);
    assert_eq!((client.get("x-cache-status"), client.get("x-cache-status")), ("MISS".into(), "HIT".into()));
    assert_eq!((client.status("PURGE", ""), client.status("PURGE", "")), (200, 404));
    assert_eq!((client.get("x-cache-status"), origin.counts().0), ("MISS".into(), 2));
    ends(server);
    let server = start("refusing", Purge::Module(Purging::Refused), None);
    assert_eq!((Client::of(&server).status("PURGE", ""), origin.counts().0), (403, 2));
    ends(server);
    let server = start("plain", Purge::Forwarded, None);
    let mut client = Client::of(&server);
    client.get("x-cache-status");
    assert_eq!((client.status("PURGE", ""), client.get("x-cache-status")), (405, "HIT".into()));
    assert_eq!(origin.counts().0, 4);
    drop(server);
}

#[test]
fn squid_purges_for_whom_it_may_in_both_modes() {
    if !is_here(Squid::is_installed(), "Squid") {
        return;
    }
    let (origin, dir) = world();
    let certificate = Certificate::create(dir.path(), "edge").unwrap();
    let start = |name: &str, mode, purging| {
        Squid::configure(&dir.path().join(name), origin.addr(), mode, purging).unwrap().start().unwrap()
    };
    let forward = start("forward", Mode::Forward, Purging::Allowed);
    let accelerator = start("accelerator", Mode::Accelerator(Some(&certificate)), Purging::Allowed);
    for mut client in [Client::through(&forward), Client::tls(&accelerator, &certificate)] {
        let before = origin.counts().0;
        assert_eq!(client.status("HEAD", LOOK), 504);
        assert!(client.get("x-cache").starts_with("MISS from ") && client.get("x-cache").starts_with("HIT "));
        assert_eq!((client.status("PURGE", ""), client.status("PURGE", "")), (200, 404));
        assert_eq!((client.status("HEAD", LOOK), origin.counts().0 - before), (504, 1));
    }
    ends(forward);
    ends(accelerator);
    let refusing = start("refusing", Mode::Accelerator(None), Purging::Refused);
    let mut client = Client::of(&refusing);
    assert_eq!(client.status("PURGE", ""), 403);
    assert_eq!(client.ask_of("other.example.test", "GET", "").head.status, 403);
    drop(refusing);
}

#[test]
fn a_server_that_is_dropped_takes_its_workers_along() {
    if !is_here(NginxCache::is_installed(), "nginx with its purge module") {
        return;
    }
    let (origin, dir) = world();
    let edge = NginxCache::configure(dir.path(), origin.addr(), Purge::Forwarded, None).unwrap();
    let server = edge.start().unwrap();
    // It listens before it has workers; one of them answers.
    Client::of(&server).get("x-cache-status");
    let family = figures::tree(server.pid());
    assert!(family.len() > 1, "a master without workers");
    drop(server);
    assert!(!family.into_iter().any(is_running));
}
