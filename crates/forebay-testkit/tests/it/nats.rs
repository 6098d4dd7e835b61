//! NATS comes back where it was, with what it has acknowledged, also when it was killed.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use forebay_testkit::nats::{JetStream, Login, Nats};
use forebay_testkit::notice;
use serde_json::Value;

/// A client of the few verbs that the test needs; every request is answered to one inbox.
struct Client {
    lines: BufReader<TcpStream>,
    greeting: Value,
}

impl Client {
    fn connect(addr: SocketAddr, login: &str) -> Self {
        let stream = TcpStream::connect(addr).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut client = Self { lines: BufReader::new(stream), greeting: Value::Null };
        let info = client.line();
        client.greeting = serde_json::from_str(info.strip_prefix("INFO ").unwrap()).unwrap();
        client.send(&format!("CONNECT {{\"verbose\":false,{login}\"pedantic\":false}}\r\n"));
        client
    }

    /// Waits until it is let in.
    fn enter(mut self) -> Self {
        self.send("SUB inbox 1\r\nPING\r\n");
        assert_eq!(self.line(), "PONG");
        self
    }

    fn send(&mut self, text: &str) {
        self.lines.get_mut().write_all(text.as_bytes()).unwrap();
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    fn request(&mut self, subject: &str, body: &str) -> Value {
        self.send(&format!("PUB {subject} inbox {}\r\n{body}\r\n", body.len()));
        while !self.line().starts_with("MSG ") {}
        serde_json::from_str(&self.line()).unwrap()
    }
}

#[test]
fn what_was_acknowledged_is_there_after_a_kill() {
    if !Nats::is_installed() {
        return notice::skipped("nats-server is not installed");
    }
    let dir = tempfile::tempdir().unwrap();
    let nats = Nats::configure(dir.path(), JetStream::On, Login::Open).unwrap();
    let server = nats.start().unwrap();
    let mut client = Client::connect(nats.addr(), "").enter();
    assert_eq!(client.greeting["jetstream"], Value::Bool(true));
    let made = client.request("$JS.API.STREAM.CREATE.work", r#"{"name":"work","subjects":["work.>"]}"#);
    assert_eq!(made["config"]["name"], "work", "{made}");
    for seq in 1..=20 {
        assert_eq!(client.request("work.a", "x")["seq"], seq);
    }
    server.signal_kill().unwrap();
    drop(server);
    let server = nats.start().unwrap();
    let mut client = Client::connect(nats.addr(), "").enter();
    assert_eq!(client.request("$JS.API.STREAM.INFO.work", "")["state"]["messages"], 20);
    server.stop(Duration::from_secs(10)).unwrap();
}

#[test]
fn it_lets_in_whom_it_is_told_to() {
    if !Nats::is_installed() {
        return notice::skipped("nats-server is not installed");
    }
    let dir = tempfile::tempdir().unwrap();
    let user = Login::User("forebay".into(), "secret".into());
    for (login, words) in [
        (Login::Token("secret".into()), "\"auth_token\":\"secret\","),
        (user, "\"user\":\"forebay\",\"pass\":\"secret\","),
    ] {
        let nats = Nats::configure(dir.path(), JetStream::Off, login).unwrap();
        let server = nats.start().unwrap();
        Client::connect(nats.addr(), words).enter();
        let mut stranger = Client::connect(nats.addr(), "");
        assert!(stranger.line().contains("Authorization Violation"));
        assert_eq!(stranger.greeting["jetstream"], Value::Null);
        drop(server);
    }
}
