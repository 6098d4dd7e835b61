//! What is sent to an edge: each setting of how it wants to be asked.

use forebay_testkit::{
    cert::Certificate,
    edges::ats::Via,
    fake::{Fault, RequestHead, Seen, Verb, When},
    fake_edge::{FakeEdge, Flavour},
};

use super::asked::{OBJECT, Said, Site, json, program, url};

fn heads(site: &Site, verb: Verb) -> Vec<RequestHead> {
    let of = |seen: &Seen| (seen.target.verb == verb).then(|| seen.head.clone());
    site.edge.seen().iter().filter_map(of).collect()
}

fn ok(said: &Said) {
    assert_eq!(said.code, 0, "{said:?}");
}

#[test]
fn a_request_has_the_public_host_and_what_was_asked_for_beside_it() {
    let site = Site::new();
    ok(&site.json(&["refresh", &url("/a?b=c")]));
    for head in site.edge.seen().iter().map(|seen| &seen.head) {
        assert_eq!(head.field("host"), Some("www.example.test"));
        assert_eq!(head.target, "/a?b=c");
        assert!(head.field("user-agent").unwrap().starts_with("forebay/"));
    }
    let other = Site::new();
    ok(&other.json(&[
        "refresh",
        &url("/a"),
        "--edge-header",
        "Authorization: Bearer token",
        "--edge-header",
        "X-Who: us",
        "--edge-user-agent",
        "warmer/1",
        "--edge-host",
        "inside.example.test",
    ]));
    assert_eq!(heads(&other, Verb::Purge).len(), 1);
    for head in other.edge.seen().iter().map(|seen| &seen.head) {
        assert_eq!(head.field("authorization"), Some("Bearer token"), "{head:?}");
        assert_eq!(head.field("x-who"), Some("us"));
        assert_eq!(head.field("user-agent"), Some("warmer/1"));
        assert_eq!(head.field("host"), Some("inside.example.test"));
    }
}

#[test]
fn a_purge_has_the_method_and_the_body_that_were_asked_for() {
    let site = Site::new();
    site.edge.script().push(When::any().always(), Fault::refuse(204, "done"));
    let edge = format!("http://{} kind=generic", site.edge.addr());
    let words =
        ["purge", "--edge", &edge, "--purge-method", "BAN", "--purge-body", "{\"soft\":true}", &url("/a")];
    let said = json(program(&words));
    assert_eq!((said.code, said.rows[0]["outcome"].as_str()), (0, Some("purged")), "{said:?}");
    let seen = site.edge.seen();
    assert_eq!((seen.len(), seen[0].head.method.as_str()), (1, "BAN"));
    assert_eq!(seen[0].head.field("content-length"), Some("13"));
}

#[test]
fn each_variant_is_a_request_of_its_own() {
    let site = Site::new();
    let words = [
        "warm",
        &url("/a"),
        "--variant",
        "Accept-Encoding: gzip",
        "--variant",
        "Accept-Encoding: br",
        "--digest",
    ];
    let said = site.json(&words);
    ok(&said);
    let codings: Vec<_> = heads(&site, Verb::Get)
        .iter()
        .map(|head| head.field("accept-encoding").unwrap().to_owned())
        .collect();
    assert_eq!(codings, ["gzip", "br"]);
    assert_eq!(said.rows[0]["bytes"], 2 * OBJECT);
    // Without any, what is warmed is the object as it is.
    let plain = Site::new();
    ok(&plain.json(&["warm", &url("/a")]));
    assert_eq!(heads(&plain, Verb::Get)[0].field("accept-encoding"), Some("identity"));
}

#[test]
fn a_proxy_is_asked_with_the_whole_url() {
    for words in [&["--edge-form", "forward"][..], &[]] {
        let site = Site::new();
        let form = if words.is_empty() { " form=forward" } else { "" };
        let edge = format!("http://{} kind=ats{form}", site.edge.addr());
        ok(&json(program(&[&["refresh", "--edge", &edge, &url("/a?b")], words].concat())));
        let seen = site.edge.seen();
        assert!(seen.iter().all(|seen| seen.head.target == url("/a?b")), "{seen:?}");
    }
}

#[test]
fn an_edge_by_its_address_shows_the_certificate_of_the_public_host() {
    let dir = tempfile::tempdir().unwrap();
    // A certificate for `localhost` and 127.0.0.1.
    let certificate = Certificate::create(dir.path(), "edge").unwrap();
    let site = Site::of(FakeEdge::start_tls(Flavour::Ats(Via::Codes), &certificate).unwrap());
    let edge = format!("https://{} kind=ats", site.edge.addr());
    let ca = certificate.cert_path.to_str().unwrap();
    let run = |words: &[&str], public: &str| {
        let words = [&["warm", "--edge", &edge, "--edge-tries", "1"], words, &[public]].concat();
        let said = json(program(&words));
        said.rows[0]["class"].as_str().map_or_else(|| "done".to_owned(), str::to_owned)
    };
    let (local, other) = ("https://localhost/a", "https://www.example.test/b");
    assert_eq!(run(&["--ca-cert", ca], local), "done");
    assert_eq!(heads(&site, Verb::Get)[0].field("host"), Some("localhost"));
    assert_eq!(run(&["--ca-cert", ca], other), "tls", "not the host's certificate");
    assert_eq!(run(&["--ca-cert", ca, "--edge-tls-name", "localhost"], other), "done");
    assert_eq!(run(&["--ca-cert", ca, "--edge-tls-name", "edge"], "https://www.example.test/c"), "done");
    assert_eq!(run(&[], local), "tls", "nobody knows who signed it");
    assert_eq!(run(&["--edge-insecure"], "https://www.example.test/d"), "done");
}

#[test]
fn what_an_edge_is_told_by_itself_goes_before_what_all_are_told() {
    let site = Site::new();
    let edge = format!("http://{} name=fra1 kind=ats host=one.example.test", site.edge.addr());
    let words =
        ["purge", "--edge", &edge, "--edge-host", "all.example.test", "--edge-kind", "squid", &url("/a")];
    let said = json(program(&words));
    ok(&said);
    assert_eq!(said.rows[0]["edge"], "fra1");
    assert_eq!(heads(&site, Verb::Purge)[0].field("host"), Some("one.example.test"));
}

#[test]
fn a_kind_that_is_not_said_is_asked_for_once() {
    let site = Site::new();
    let edge = format!("http://{}", site.edge.addr());
    let urls: Vec<String> = (0..50).map(|n| url(&format!("/{n}"))).collect();
    let mut command = program(&["purge", "--edge", &edge]);
    command.args(&urls);
    let said = json(command);
    ok(&said);
    let options = site.edge.seen().iter().filter(|seen| seen.head.method == "OPTIONS").count();
    assert_eq!((options, said.summary["requests"].as_u64()), (1, Some(51)));
}
