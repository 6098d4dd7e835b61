//! What a HEAD and a range leave in each cache: why an object is warmed by a whole GET, and why each kind is asked in its own way what it
//! holds.

use forebay_agent::Action::Warm;
use forebay_agent::edge::EdgeKind;
use forebay_agent::{Held, Target};
use forebay_testkit::edges::ats::{Ats, Setup};
use forebay_testkit::edges::nginx::{self, NginxCache};
use forebay_testkit::edges::squid::{Mode, Squid};
use forebay_testkit::edges::varnish::{Varnish, Vcl};
use forebay_testkit::edges::{HOST, Purging};
use forebay_testkit::process::Server;
use forebay_testkit::raw::RawConn;
use forebay_testkit::response::Asked;

use crate::rig::{At, Manner, World};

/// What the origin is asked for when a cache that has nothing is asked for a head, and for a few bytes.
async fn passed_on(world: &World, server: &Server, kind: EdgeKind) -> Vec<String> {
    let at = At::new(world, server, Manner { kind: Some(kind), ..Manner::default() });
    let mut client = RawConn::connect(server.addr).unwrap();
    let mut heard = Vec::new();
    for (method, path, fields) in [("HEAD", "/a", ""), ("GET", "/b", "Range: bytes=100-199\r\n")] {
        world.origin.forget();
        client.send(format!("{method} {path} HTTP/1.1\r\nHost: {HOST}\r\n{fields}\r\n").as_bytes()).unwrap();
        let answer = client.response(if method == "HEAD" { Asked::Head } else { Asked::Other }).unwrap();
        let expected = if method == "HEAD" { (200, 0) } else { (206, 100) };
        assert_eq!((answer.head.status, answer.body.len()), expected, "{method}");
        let [asked] = &world.origin.seen()[..] else { panic!("not one request") };
        heard.push(format!("{} {}", asked.head.method, asked.head.field("range").unwrap_or("whole")));
        if !heard.iter().any(|heard| heard == "GET whole") {
            let target = Target::parse(&format!("http://{HOST}{path}")).unwrap();
            assert_eq!(at.worker.probe(&target).await, Ok(Held::Miss), "{method}");
        }
    }
    heard
}

/// The length of an object, and whether the edge says that it has it.
async fn tells_length(world: &World, server: &Server, kind: EdgeKind) {
    let at = At::new(world, server, Manner { kind: Some(kind), ..Manner::default() });
    let target = Target::parse(&format!("http://{HOST}/varied")).unwrap();
    assert_eq!(at.worker.length(&target).await.unwrap(), (Some(300_000), Held::Miss));
    at.run(Warm, "/varied").await;
    assert_eq!(at.worker.length(&target).await.unwrap(), (Some(300_000), Held::Hit));
}

#[tokio::test]
async fn traffic_server_keeps_nothing_but_whole_answers_to_get() {
    let Some(world) = World::before("Traffic Server", Ats::is_installed()) else { return };
    let edge = Ats::configure(&world.dir("e"), world.origin.addr(), Setup::default()).unwrap();
    let server = edge.start().unwrap();
    assert_eq!(passed_on(&world, &server, EdgeKind::Ats).await, ["HEAD whole", "GET bytes=100-199"]);
    tells_length(&world, &server, EdgeKind::Ats).await;
}

#[tokio::test]
async fn varnish_fetches_all_of_it_for_either() {
    let Some(world) = World::before("Varnish", Varnish::is_installed()) else { return };
    let vcl = Vcl::Shipped(Purging::Allowed);
    let server = Varnish::configure(&world.dir("e"), world.origin.addr(), vcl).unwrap().start().unwrap();
    assert_eq!(passed_on(&world, &server, EdgeKind::VarnishForebay).await, ["GET whole", "GET whole"]);
    tells_length(&world, &server, EdgeKind::VarnishForebay).await;
}

#[tokio::test]
async fn nginx_fetches_all_of_it_for_either() {
    let Some(world) = World::before("nginx with its purge module", NginxCache::is_installed()) else {
        return;
    };
    let purge = nginx::Purge::Module(Purging::Allowed);
    let edge = NginxCache::configure(&world.dir("e"), world.origin.addr(), purge, None).unwrap();
    let server = edge.start().unwrap();
    assert_eq!(passed_on(&world, &server, EdgeKind::NginxPurge).await, ["GET whole", "GET whole"]);
    tells_length(&world, &server, EdgeKind::NginxPurge).await;
}

#[tokio::test]
async fn squid_keeps_nothing_but_whole_answers_to_get() {
    let Some(world) = World::before("Squid", Squid::is_installed()) else { return };
    let mode = Mode::Accelerator(None);
    let edge = Squid::configure(&world.dir("e"), world.origin.addr(), mode, Purging::Allowed).unwrap();
    let server = edge.start().unwrap();
    assert_eq!(passed_on(&world, &server, EdgeKind::Squid).await, ["HEAD whole", "GET bytes=100-199"]);
    tells_length(&world, &server, EdgeKind::Squid).await;
}
