//! Who gets in: every method, at every kind of place, for every kind of visitor; and that a refusal tells nothing of what is there.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use forebay_auth::{
    AttemptOptions, Attempts, Doors, Name, Passwords, Place, Policy, Proofs, Terms, Token, Tokens, UrlKeys,
    UrlSecret,
};

use crate::client::{Answer, Client};
use crate::site::{Layers, Site};

const RULES: &str = "\
/ anyone read,list
/in/ bob create
/in/ alice read,list,write,delete,move
/private/ * read
/private/ alice read,list,write,delete,move
/private/deep/ @staff read,list";

/// Of carol, who never says the right one here.
const PASSWORDS: &str = "carol:$2y$05$abcdefghijklmnopqrstuuA0vov2GDneHB3.8.cv9UF9g.RdvScIW\n";

/// A site behind doors, and what opens them.
struct Behind {
    site: Site,
    alice: String,
    bob: String,
    eve: String,
}

impl Behind {
    fn new() -> Self {
        let (mut file, mut tokens) = (String::new(), Vec::new());
        for name in ["alice", "bob", "eve"] {
            let token = Token::draw();
            file += &*token.line(&Name::new(name).unwrap(), &[], None);
            file += "\n";
            tokens.push(format!("Bearer {}", token.expose()));
        }
        let secret = UrlSecret::draw();
        let keys = secret.line(&Name::new("key-1").unwrap(), &Name::new("alice").unwrap(), &[]);
        let proofs = Proofs {
            tokens: Some(Tokens::parse(&file).unwrap()),
            passwords: Some(Arc::new(Passwords::parse(PASSWORDS).unwrap())),
            url_keys: Some(UrlKeys::parse(&keys, Duration::from_secs(3600)).unwrap()),
            ..Proofs::default()
        };
        let attempts = Attempts::new(AttemptOptions::default());
        let doors = Doors::new(Policy::parse(RULES).unwrap(), proofs, Arc::new(attempts));
        let site = Site::behind(Arc::new(doors), Layers::Log);
        site.write("public", "p")
            .write("in/there", "i")
            .write("private/secret", "s")
            .write("private/deep/d", "d");
        let [alice, bob, eve] = tokens.try_into().unwrap();
        Self { site, alice, bob, eve }
    }

    fn ask(&self, who: &str, method: &str, target: &str, more: &[(&str, &str)]) -> Answer {
        let mut fields = more.to_vec();
        let who = match who {
            "alice" => &self.alice,
            "bob" => &self.bob,
            "eve" => &self.eve,
            other => other,
        };
        if !who.is_empty() {
            fields.push(("authorization", who));
        }
        match method {
            "GET" | "HEAD" | "OPTIONS" => Client::Http1(self.site.connect()).ask(method, target, &fields),
            _ => Client::Http1(self.site.connect()).send(method, target, &fields, b"x"),
        }
    }
}

#[test]
fn the_table_of_methods_places_and_visitors() {
    // Nobody, somebody without rights of his own, somebody who may only add, somebody who may do all.
    let rows: &[(&str, &str, [u16; 4])] = &[
        ("GET", "/public", [200, 200, 200, 200]),
        ("GET", "/", [200, 200, 200, 200]),
        ("GET", "/missing", [404, 404, 404, 404]),
        ("GET", "/in/there", [401, 403, 403, 200]),
        ("GET", "/in/missing", [401, 403, 403, 404]),
        ("GET", "/in/", [401, 403, 403, 200]),
        ("GET", "/in", [401, 403, 403, 308]),
        ("HEAD", "/private/secret", [401, 200, 200, 200]),
        ("GET", "/private/missing", [401, 404, 404, 404]),
        ("GET", "/private/", [401, 403, 403, 200]),
        ("GET", "/private", [401, 404, 404, 308]),
        ("GET", "/private/deep/d", [401, 403, 403, 403]),
        ("GET", "/private/deep/missing", [401, 403, 403, 403]),
        ("GET", "/?archive=tar", [401, 403, 403, 403]),
        ("GET", "/private/?archive=tar", [401, 403, 403, 403]),
        ("GET", "/in/?archive=tar", [401, 403, 403, 200]),
        ("PUT", "/new", [401, 403, 403, 403]),
        ("PUT", "/public", [401, 403, 403, 403]),
        ("PUT", "/in/new-by-all", [401, 403, 201, 204]),
        ("PUT", "/in/there", [401, 403, 409, 204]),
        ("PUT", "/private/secret", [401, 403, 403, 204]),
        ("PUT", "/private/deep/d", [401, 403, 403, 403]),
        ("DELETE", "/in/new-by-all", [401, 403, 403, 204]),
        ("DELETE", "/in/missing", [401, 403, 403, 404]),
        ("DELETE", "/public", [401, 403, 403, 403]),
        ("OPTIONS", "/in/there", [204, 204, 204, 204]),
    ];
    let behind = Behind::new();
    for (method, target, expected) in rows {
        for (who, expected) in ["", "eve", "bob", "alice"].into_iter().zip(expected) {
            let answer = behind.ask(who, method, target, &[]);
            assert_eq!(answer.status, *expected, "{method} {target} by {who:?}: {answer:?}");
            assert_eq!(answer.status == 401, answer.field("www-authenticate").is_some(), "{answer:?}");
        }
    }
    let moved = [("destination", "/in/moved")];
    for (who, expected) in [("", 401), ("eve", 403), ("bob", 403), ("alice", 201)] {
        assert_eq!(behind.ask(who, "MOVE", "/in/there", &moved).status, expected, "{who}");
    }
    assert_eq!(behind.ask("alice", "MOVE", "/public", &[("destination", "/in/public")]).status, 403);
    assert_eq!(behind.ask("alice", "MOVE", "/in/moved", &[("destination", "/moved")]).status, 403);
    behind.site.settles();
}

#[test]
fn other_spellings_of_a_path_are_the_same_place_or_none() {
    let behind = Behind::new();
    for target in [
        "//private/secret",
        "/private//secret",
        "/./private/secret",
        "/x/../private/secret",
        "/%2e/private/secret",
        "/private%2fsecret",
        "/PRIVATE/secret",
        "/private./secret",
        "/private/secret/",
        "/priv%61te/secret",
        "/private/secret%00",
    ] {
        let answer = behind.ask("", "GET", target, &[]);
        assert!(!(200..400).contains(&answer.status), "{target}: {answer:?}");
        assert!(!String::from_utf8_lossy(&answer.body).contains("secret"), "{target}: {answer:?}");
    }
}

#[test]
fn a_listing_shows_what_may_be_seen() {
    let behind = Behind::new();
    let names = |who: &str, target: &str| {
        let answer = behind.ask(who, "GET", target, &[("accept", "application/json")]);
        let text = String::from_utf8(answer.body).unwrap();
        ["public", "in", "private", "secret", "deep"]
            .into_iter()
            .filter(|name| text.contains(&format!("\"{name}\"")) || text.contains(&format!("\"{name}/\"")))
            .collect::<Vec<_>>()
    };
    assert_eq!(names("", "/"), ["public"]);
    assert_eq!(names("eve", "/"), ["public", "private"]);
    assert_eq!(names("alice", "/"), ["public", "in", "private"]);
    assert_eq!(names("alice", "/private/"), ["secret"], "what is for the staff is not shown");
}

#[test]
fn a_wrong_credential_is_told_even_where_anyone_may() {
    let behind = Behind::new();
    let basic = |pair: &str| format!("Basic {}", BASE64_STANDARD.encode(pair));
    assert_eq!(behind.ask("Bearer fby_wrong", "GET", "/public", &[]).status, 401);
    assert_eq!(behind.ask(&basic("carol:wrong"), "GET", "/public", &[]).status, 401);
    assert_eq!(behind.ask(&basic("nobody:secret"), "GET", "/public", &[]).status, 401);
    assert_eq!(behind.ask("", "GET", "/private/secret?access_token=x", &[]).status, 401);
    behind.site.settles();
}

#[test]
fn many_wrong_attempts_lock_out_and_cost_no_hash() {
    let behind = Behind::new();
    let statuses: Vec<_> = (0..40).map(|_| behind.ask("Bearer fby_wrong", "GET", "/public", &[])).collect();
    let locked = statuses.last().unwrap();
    assert_eq!(locked.status, 429);
    assert!(locked.field("retry-after").is_some());
    assert_eq!(behind.ask("", "GET", "/public", &[]).status, 200, "who shows nothing is not held up");
}

#[test]
fn a_link_opens_what_it_was_signed_for_and_nothing_else() {
    let secret = UrlSecret::draw();
    let line = secret.line(&Name::new("key-1").unwrap(), &Name::new("alice").unwrap(), &[]);
    let keys = UrlKeys::parse(&line, Duration::from_secs(3600)).unwrap();
    let in_a_minute = SystemTime::now() + Duration::from_secs(60);
    let sign = |name: &[u8], terms: Terms| keys.first().unwrap().sign(Place::new(name).unwrap(), &terms);
    let get = sign(b"private/secret", terms("GET", in_a_minute));
    let put = sign(b"in/by-link", Terms { bytes_max: Some(3), ..terms("PUT", in_a_minute) });
    let past = sign(b"private/secret", terms("GET", SystemTime::UNIX_EPOCH));
    let proofs = Proofs { url_keys: Some(keys), ..Proofs::default() };
    let attempts = Attempts::new(AttemptOptions::default());
    let doors = Doors::new(Policy::parse(RULES).unwrap(), proofs, Arc::new(attempts));
    let site = Site::behind(Arc::new(doors), Layers::None);
    site.write("private/secret", "s").write("private/other", "o").write("in/there", "i");
    let get_status = |target: &str| Client::Http1(site.connect()).ask("GET", target, &[]).status;
    let put_status =
        |target: &str, body: &[u8]| Client::Http1(site.connect()).send("PUT", target, &[], body).status;
    assert_eq!(get_status(&format!("/private/secret?{get}")), 200);
    assert_eq!(get_status(&format!("/private/other?{get}")), 403);
    assert_eq!(get_status(&format!("/private/secret?{past}")), 403);
    assert_eq!(get_status(&format!("/private/secret?{put}")), 403);
    assert_eq!(
        get_status(&format!("/private/secret?{}", get.replace("fb-signature=", "fb-signature=A"))),
        403
    );
    assert_eq!(put_status(&format!("/private/secret?{get}"), b"x"), 403);
    assert_eq!(put_status(&format!("/in/by-link?{put}"), b"four"), 413);
    assert_eq!(put_status(&format!("/in/by-link?{put}"), b"abc"), 201);
}

fn terms(methods: &str, expires: SystemTime) -> Terms {
    Terms { methods: methods.parse().unwrap(), expires, network: None, bytes_max: None, file_name: None }
}
