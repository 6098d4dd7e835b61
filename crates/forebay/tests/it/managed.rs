//! Under a service manager: sockets that were passed, and what the manager is told.

use std::{net::TcpListener, os::unix::net::UnixDatagram, process::Command, time::Duration};

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

/// The service with these listening sockets, as descriptors from 3 on.
fn with_sockets(root: &Root, names: &str, sockets: &[&TcpListener], words: &[&str]) -> Command {
    let inner = activated(root, names, sockets.len(), words);
    let words: Vec<_> = inner.get_args().map(|word| quoted(&word.to_string_lossy())).collect();
    let redirect = |(place, socket): (usize, &&TcpListener)| {
        // Out of the way of the numbers that are given out; without the flag it would be closed on exec.
        let high = rustix::io::fcntl_dupfd_cloexec(socket, 50).unwrap();
        rustix::io::fcntl_setfd(&high, rustix::io::FdFlags::empty()).unwrap();
        format!("{}<&{}", place + 3, std::os::fd::IntoRawFd::into_raw_fd(high))
    };
    let redirects: Vec<_> = sockets.iter().enumerate().map(redirect).collect();
    // A shell that takes descriptors of two digits.
    let mut outer = Command::new("bash");
    outer.arg("-c").arg(format!("exec sh {} {}", words.join(" "), redirects.join(" ")));
    outer
}

fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").unwrap()
}

#[test]
fn clients_are_served_on_the_socket_that_was_passed() {
    let root = Root::new();
    let passed = listener();
    let address = passed.local_addr().unwrap();
    let server = Server::start(with_sockets(&root, "http", &[&passed], &["--admin", "off"])).unwrap();
    assert_eq!(server.addr, address, "{}", server.said());
    assert_eq!(raw::get(address, "/small.txt").unwrap().head.status, 200);
    assert_eq!(server.stop(PATIENCE).unwrap().code(), Some(0));
}

#[test]
fn passed_sockets_are_told_apart_by_name_or_else_by_order() {
    for (names, clients_first) in [("admin:http", false), ("x:y", true), ("", true)] {
        let root = Root::new();
        let (first, second) = (listener(), listener());
        let (clients, operators) = if clients_first { (&first, &second) } else { (&second, &first) };
        // What was passed wins over `admin = "off"`: the manager has opened the port.
        let server =
            Server::start(with_sockets(&root, names, &[&first, &second], &["--admin", "off"])).unwrap();
        assert_eq!(server.addr, clients.local_addr().unwrap(), "{names}");
        assert_eq!(server.admin, Some(operators.local_addr().unwrap()), "{names}");
        assert_eq!(raw::get(server.admin.unwrap(), "/readyz").unwrap().head.status, 200);
        assert_eq!(server.stop(PATIENCE).unwrap().code(), Some(0));
    }
}

#[test]
fn two_passed_sockets_of_one_name_or_a_third_are_refused() {
    for (names, sockets, says) in [
        ("http:http", 2, "two sockets were passed for the same purpose"),
        ("http:admin:x", 3, "socket 2 was passed with the name"),
    ] {
        let root = Root::new();
        let passed: Vec<_> = (0..sockets).map(|_| listener()).collect();
        let output = with_sockets(&root, names, &passed.iter().collect::<Vec<_>>(), &[]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_ne!(output.status.code(), Some(0));
        assert!(said.contains(says), "{said}");
    }
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
