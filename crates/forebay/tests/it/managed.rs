//! Under a service manager: sockets that were passed, and what the manager is told.

use std::{
    net::TcpListener,
    os::{fd::AsFd, unix::net::UnixDatagram},
    process::Command,
    time::Duration,
};

use forebay_testkit::{process::Server, raw};
use rustix::process::Signal;

use crate::run::Root;

const PATIENCE: Duration = Duration::from_secs(20);

/// As systemd starts a service: descriptors from 3 on, and who they are meant for. `sh` takes the role of the
/// manager's child, because only the process itself knows its id before it becomes the service.
fn activated(root: &Root, names: &str, sockets: usize, words: &[&str]) -> Command {
    let script = format!("export LISTEN_PID=$$ LISTEN_FDS={sockets} LISTEN_FDNAMES={names}; exec \"$@\"");
    let serve = root.command(words);
    let mut command = Command::new("sh");
    command.arg("-c").arg(script).arg("sh").arg(serve.get_program()).args(serve.get_args());
    command.current_dir(root.path());
    command
}

/// Gives a listening socket the number that the child expects. The test process has one of its own per test.
fn pass(listener: &TcpListener, number: i32) -> String {
    let from = std::os::fd::AsRawFd::as_raw_fd(&listener.as_fd());
    format!("{number}<&{from}")
}

#[test]
fn clients_are_served_on_the_socket_that_was_passed() {
    let root = Root::new();
    let passed = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = passed.local_addr().unwrap();
    // Without the flag the descriptor would be closed on exec.
    rustix::io::fcntl_setfd(&passed, rustix::io::FdFlags::empty()).unwrap();
    let inner = activated(&root, "http", 1, &["--admin", "off"]);
    let mut outer = Command::new("sh");
    let words: Vec<_> = inner.get_args().map(|word| quoted(&word.to_string_lossy())).collect();
    outer.arg("-c").arg(format!("exec sh {} {}", words.join(" "), pass(&passed, 3)));
    let server = Server::start(outer).unwrap();
    assert_eq!(server.addr, address, "{}", server.said());
    assert_eq!(raw::get(address, "/small.txt").unwrap().head.status, 200);
    assert_eq!(server.stop(PATIENCE).unwrap().code(), Some(0));
}

#[test]
fn the_manager_is_told_when_it_is_ready_reloads_and_stops() {
    let root = Root::new();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut command = root.command(&["--admin", "off"]);
    command.env("NOTIFY_SOCKET", &path);
    let mut server = Server::start(command).unwrap();
    let told = || {
        let mut text = [0; 512];
        let length = manager.recv(&mut text).unwrap();
        String::from_utf8(text[..length].to_vec()).unwrap()
    };
    let ready = told();
    assert!(ready.contains("READY=1") && ready.contains("forebay is ready on"), "{ready}");
    server.signal(Signal::HUP).unwrap();
    let reloading = told();
    assert!(reloading.contains("RELOADING=1") && reloading.contains("MONOTONIC_USEC="), "{reloading}");
    assert!(told().contains("READY=1"));
    server.signal(Signal::TERM).unwrap();
    assert!(told().contains("STOPPING=1"));
    assert_eq!(server.wait(PATIENCE).unwrap().code(), Some(0));
}

fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}
