//! Nothing is accepted that has not been paid for.

use std::process::Command;
use std::time::Duration;

use forebay_budget::{ByteSize, Class, FdLedger, Ledger};
use forebay_net::{ListenOptions, Listener, Reason, ServeOptions};
use forebay_testkit::raw::RawConn;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use socket2::{Domain, Socket, Type};

use crate::server::{Server, router};

fn places(options: &mut ServeOptions, memory: u64, fds: u64) {
    let cost = options.connection_cost;
    options.ledger =
        Ledger::new([(Class::Connections, cost.times(memory)), (Class::Reads, ByteSize::mib(1))]);
    options.fds = FdLedger::new(fds);
    options.sweep_every = Duration::from_millis(5);
}

#[test]
fn a_connection_beyond_the_plan_waits_in_the_backlog_until_one_has_left() {
    for (memory, fds) in [(2, 100), (100, 2)] {
        let server = Server::with(|options| places(options, memory, fds), router);
        let mut here: Vec<_> = (0..2).map(|_| RawConn::connect(server.addr).unwrap()).collect();
        for conn in &mut here {
            conn.send(b"GET /never HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
        }
        server.until("both work", |server| server.watch.list().len() == 2);
        let mut waiting = RawConn::connect(server.addr).unwrap();
        waiting.send(b"GET /small HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
        server.until("the third is known to wait", |server| {
            server.ledger.usage(Class::Connections).waiting + server.fds.usage().waiting > 0
        });
        assert_eq!(server.stats().accepted, 2);
        drop(here.pop());
        let answer = waiting.response(forebay_testkit::response::Asked::Other).unwrap();
        assert_eq!(answer.body, b"a small answer");
        drop((here, waiting));
        server.stop();
    }
}

#[test]
fn an_idle_connection_gives_its_place_to_one_that_waits() {
    let server = Server::with(|options| places(options, 1, 100), router);
    let mut idle = RawConn::connect(server.addr).unwrap();
    idle.request("GET", "/small", "").unwrap();
    let mut waiting = RawConn::connect(server.addr).unwrap();
    assert_eq!(waiting.request("GET", "/small", "").unwrap().body, b"a small answer");
    assert!(idle.is_closed().unwrap());
    assert_eq!(server.killed(Reason::Pressure), 1);
    drop(waiting);
    server.stop();
}

#[test]
fn a_process_without_descriptors_pauses_and_goes_on_when_there_are_some() {
    // In a process of its own: the limit is the process's.
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "admission::without_descriptors", "--ignored"])
        .status()
        .unwrap();
    assert!(status.success());
}

#[test]
#[ignore = "lowers its process's limits: run by the test above"]
fn without_descriptors() {
    let server = Server::start();
    let client = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let before = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: Some(3), maximum: before.maximum }).unwrap();
    client.connect(&server.addr.into()).unwrap();
    server.until("accept ran out of descriptors", |server| server.stats().emfile_pauses > 1);
    assert!(server.stats().emfile_pauses < 100, "accept spins");
    setrlimit(Resource::Nofile, before).unwrap();
    server.until("the client is accepted", |server| server.stats().active == 1);
    drop(client);
    server.until("the client is gone", |server| server.stats().active == 0);
    server.stop();
}

#[test]
fn a_port_in_use_and_a_foreign_address_are_said_plainly() {
    let server = Server::start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _in_a_runtime = runtime.enter();
    let refused = Listener::bind(server.addr, &ListenOptions::default()).unwrap_err().to_string();
    assert!(refused.contains(&server.addr.to_string()) && refused.contains("in use"), "{refused}");
    let foreign = Listener::bind("203.0.113.7:0".parse().unwrap(), &ListenOptions::default()).unwrap_err();
    assert!(foreign.to_string().contains("no such address"), "{foreign}");
    server.stop();
}

#[test]
fn a_socket_handed_over_serves_like_one_of_our_own() {
    let std = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = std.local_addr().unwrap();
    let server = Server::on(|options| Listener::from_std(std, options).unwrap(), |_| {}, router);
    assert_eq!(server.addr, addr);
    assert_eq!(forebay_testkit::raw::get(addr, "/small").unwrap().body, b"a small answer");
    server.stop();
}

#[test]
fn several_single_threaded_runtimes_share_the_connections() {
    let runtimes: Vec<_> = (0..2)
        .map(|_| tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap())
        .collect();
    let handles = runtimes.iter().map(|runtime| runtime.handle().clone()).collect();
    let server = Server::with(|options| options.executors = handles, router);
    server.file("f", 3_000_000);
    let mut conns: Vec<_> = (0..6).map(|_| RawConn::connect(server.addr).unwrap()).collect();
    for conn in &mut conns {
        let answer = conn.request("GET", "/f/f", "").unwrap();
        crate::server::pattern("f").check(0, &answer.body).unwrap();
    }
    for runtime in &runtimes {
        assert_eq!(runtime.metrics().num_alive_tasks(), 3, "each has half of them");
    }
    drop(conns);
    server.stop();
}
