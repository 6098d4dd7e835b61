//! Answers that are cut, late, too long or none. Every URL ends in a state that is told.

use std::{
    io::{Read, Write},
    net::TcpListener,
    thread,
};

use forebay_testkit::fake::{Cut, Fault, Framing, Gate, Verb, When};

use super::asked::{OBJECT, Site, json, program, url};

/// What becomes of a warm whose GETs meet this fault every time.
fn warm(fault: Fault, words: &[&str]) -> (String, String) {
    let site = Site::new();
    site.edge.script().push(When::get("/a").always(), fault);
    site.failure(&[&["warm", &url("/a"), "--edge-tries", "2"], words].concat())
}

#[test]
fn half_an_object_is_not_an_object() {
    assert_eq!(warm(Fault::reset_after(100), &[]).0, "reset");
    assert_eq!(warm(Fault::short_after(100), &[]).0, "short");
    assert_eq!(warm(Fault::short_after(100), &["--digest"]).0, "short");
    assert_eq!(warm(Fault::HangUp(Cut::Clean), &[]).0, "reset");
}

#[test]
fn more_than_was_declared_is_no_object_either() {
    for words in [&[][..], &["--digest"]] {
        let (class, message) = warm(Fault::Long(64 << 10), words);
        assert_eq!(class, "too-long", "{message}");
    }
}

#[test]
fn a_body_without_end_is_given_up_at_its_limit() {
    for words in [&["--object-max", "1MiB"][..], &["--object-max", "1MiB", "--digest"]] {
        let (class, message) = warm(Fault::Endless, words);
        assert_eq!(class, "too-long");
        assert!(message.contains("1MiB") || message.contains("1 MiB"), "{message}");
    }
    // What says beforehand that it is too long is not begun.
    let site = Site::new();
    site.edge.put("/a", 1 << 30);
    let (class, _) = site.failure(&["warm", &url("/a"), "--object-max", "1MiB"]);
    assert_eq!(class, "too-long");
    assert!(site.edge.tally().sent < 64 << 20, "{:?}", site.edge.tally());
}

#[test]
fn a_body_that_stands_still_and_a_head_that_does_not_come_are_given_up() {
    let gate = Gate::new();
    assert_eq!(warm(Fault::stall_after(100, &gate), &["--edge-stall", "300ms"]).0, "stalled");
    assert_eq!(warm(Fault::Hang(gate.clone()), &["--edge-timeout", "300ms"]).0, "timeout");
    gate.open();
}

#[test]
fn what_passes_is_tried_again_and_every_byte_is_counted() {
    let site = Site::new();
    let script = site.edge.script();
    script.push(When::get("/a"), Fault::short_after(100));
    script.push(When::get("/a"), Fault::internal_error());
    script.push(When::get("/a"), Fault::slow_down(Some(0)));
    let said = site.json(&["warm", &url("/a")]);
    let row = &said.rows[0];
    assert_eq!((said.code, row["outcome"].as_str(), row["attempts"].as_u64()), (0, Some("warmed"), Some(4)));
    assert_eq!(row["bytes"], OBJECT + 100);
    assert_eq!(site.edge.script().left(), 0);
}

#[test]
fn a_body_in_chunks_and_one_until_the_end_of_the_connection_are_counted() {
    let site = Site::new();
    let script = site.edge.script();
    script.push(When::get("/chunked").always(), Fault::Framing(Framing::Chunked));
    script.push(When::get("/close").always(), Fault::Framing(Framing::UntilClose));
    let said = site.json(&["warm", &url("/chunked"), &url("/close")]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.rows.iter().all(|row| row["bytes"] == OBJECT), "{said:?}");
}

#[test]
fn answers_that_are_no_object_are_told_by_their_kind() {
    let (class, message) = warm(Fault::redirect(302, "https://elsewhere.test/x?sig=secret"), &[]);
    assert_eq!(class, "redirect");
    assert!(message.contains("https://elsewhere.test/x") && !message.contains("secret"), "{message}");
    assert_eq!(warm(Fault::refuse(404, "gone"), &[]).0, "status");
    assert_eq!(warm(Fault::refuse(502, "broken"), &[]).0, "server");
    assert_eq!(warm(Fault::slow_down(Some(3600)), &[]).0, "throttled", "an hour is not waited for");
}

#[test]
fn a_purge_is_done_only_by_the_answers_that_say_so() {
    for (fault, class) in [
        (Fault::refuse(403, "no"), "refused"),
        (Fault::refuse(405, "no"), "refused"),
        (Fault::refuse(501, "no"), "unsupported"),
        (Fault::redirect(302, "/x"), "unsupported"),
        (Fault::refuse(500, "no"), "server"),
    ] {
        let site = Site::new();
        site.edge.script().push(When::verb(Verb::Purge).always(), fault);
        assert_eq!(site.failure(&["purge", &url("/a"), "--edge-tries", "1"]).0, class);
    }
}

#[test]
fn a_host_that_the_edge_does_not_serve_is_told_apart_from_an_object_that_is_not_there() {
    let site = Site::new();
    site.edge.serve_only(&["other.example.test"]);
    for action in ["purge", "warm", "refresh"] {
        assert_eq!(site.failure(&[action, &url("/a")]).0, "wrong-host", "{action}");
    }
}

#[test]
fn an_edge_that_is_not_there_or_speaks_no_http_is_told() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let class = |edge: &str| {
        let said = json(program(&["warm", "--edge", edge, "--edge-tries", "2", &url("/a")]));
        assert_eq!((said.code, said.rows.len()), (1, 1), "{said:?}");
        said.rows[0]["class"].as_str().unwrap().to_owned()
    };
    assert_eq!(class(&format!("http://{free}")), "connect");
    assert_eq!(class("http://no-such-edge.invalid"), "resolve");

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let speaks = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        assert!(stream.read(&mut [0; 4096]).unwrap() > 0);
        stream.write_all(b"220 mail.example.test ESMTP\r\n").unwrap();
    });
    let edge = format!("http://{addr}");
    let said = json(program(&["warm", "--edge", &edge, "--edge-tries", "2", &url("/a")]));
    assert_eq!((said.code, said.rows[0]["class"].as_str()), (1, Some("malformed")), "{said:?}");
    speaks.join().unwrap();
}
