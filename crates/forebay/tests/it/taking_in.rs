//! Uploads and doors in the real program, as `curl` meets them.

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
    time::{Duration, SystemTime},
};

use forebay_auth::{Name, Place, Terms, Token, UrlKeys, UrlSecret};
use forebay_testkit::{pattern::Pattern, process::Server};

use crate::run::{Root, forebay, poll, stderr};

/// The status that `curl` gets.
fn curl(server: &Server, target: &str, words: &[&str]) -> u16 {
    let output = Command::new("curl")
        .args(["-s", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "30"])
        .args(words)
        .arg(format!("http://{}{target}", server.addr))
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().parse().unwrap()
}

fn names(dir: &Path) -> Vec<String> {
    let names = fs::read_dir(dir).unwrap();
    let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn refused(root: &Root, words: &[&str]) -> Output {
    let output =
        forebay().arg("serve").arg(root.path()).args(["--admin", "off"]).args(words).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{words:?}: {}", stderr(&output));
    assert_eq!(stderr(&output).trim().lines().count(), 1, "{}", stderr(&output));
    output
}

#[test]
fn curl_puts_declared_and_chunked_bodies_and_reads_them_back() {
    let root = Root::new();
    let server = root.serve(&["--upload", "all"]);
    let outside = tempfile::tempdir().unwrap();
    let file = outside.path().join("file");
    let bytes = Pattern::new(8).bytes(0, 40_000_000);
    fs::write(&file, &bytes).unwrap();
    let file = file.to_str().unwrap();
    assert_eq!(curl(&server, "/declared", &["-T", file]), 201);
    assert_eq!(curl(&server, "/declared", &["-T", file]), 204);
    assert_eq!(curl(&server, "/chunked", &["-T", file, "-H", "Transfer-Encoding: chunked"]), 201);
    for name in ["declared", "chunked"] {
        assert!(fs::read(root.path().join(name)).unwrap() == bytes, "{name}");
    }
    assert_eq!(curl(&server, "/folder/", &["-X", "MKCOL"]), 201);
    assert_eq!(curl(&server, "/declared", &["-X", "MOVE", "-H", "Destination: /folder/moved"]), 201);
    assert_eq!(curl(&server, "/chunked", &["-X", "DELETE"]), 204);
    assert_eq!(names(&root.path().join("folder")), ["moved"]);
    assert_eq!(curl(&server, "/folder/moved", &["-T", file, "-H", "If-None-Match: *"]), 412);
}

#[test]
fn nothing_may_be_changed_unless_it_is_said() {
    let root = Root::new();
    let server = root.serve(&[]);
    for method in ["PUT", "DELETE", "MKCOL", "MOVE", "POST"] {
        assert_eq!(curl(&server, "/small.txt", &["-X", method]), 405);
    }
}

#[test]
fn an_upload_that_is_killed_leaves_nothing_and_the_server_goes_on() {
    let root = Root::new();
    let before = names(root.path());
    let server = root.serve(&["--upload", "all"]);
    let mut sending = Command::new("curl")
        .args(["-s", "-T", "-", "--limit-rate", "2M"])
        .arg(format!("http://{}/cut", server.addr))
        .stdin(fs::File::open("/dev/zero").unwrap())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let fds = || server.figures().fds;
    let quiet = fds();
    assert!(poll(|| fds() > quiet + 1), "it is being written");
    sending.kill().unwrap();
    sending.wait().unwrap();
    assert!(poll(|| fds() <= quiet));
    assert_eq!(names(root.path()), before);
    assert_eq!(curl(&server, "/small.txt", &[]), 200);
}

#[test]
fn a_server_that_is_killed_leaves_nothing_of_what_was_under_way() {
    let root = Root::new();
    let before = names(root.path());
    for round in 1..=5_u64 {
        let server = root.serve(&["--upload", "all"]);
        let mut sending = Command::new("curl")
            .args(["-s", "-T", "-", "--limit-rate", "50M"])
            .arg(format!("http://{}/cut", server.addr))
            .stdin(fs::File::open("/dev/zero").unwrap())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let quiet = server.figures().fds;
        assert!(poll(|| server.figures().fds > quiet + 1), "round {round}");
        server.signal_kill().unwrap();
        sending.wait().unwrap();
        assert_eq!(names(root.path()), before, "round {round}");
    }
}

#[test]
fn uploads_that_other_machines_can_reach_need_rules() {
    let root = Root::new();
    let output = refused(&root, &["--upload", "create", "--listen", "0.0.0.0:0"]);
    assert!(stderr(&output).contains("--allow"), "{}", stderr(&output));
    let server =
        root.serve(&["--upload", "create", "--listen", "0.0.0.0:0", "--allow", "/ anyone read,list"]);
    assert_eq!(curl(&server, "/new", &["-T", "/dev/null"]), 403);
}

#[test]
fn what_is_wrong_with_rules_and_files_is_said_with_its_place() {
    let root = Root::new();
    let outside = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = outside.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let tokens = file("tokens", "alice 1234\n");
    let passwords = file("passwords", "# people\nalice:{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M=\n");
    let argon = "alice:$argon2id$v=19$m=65536,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$xuWFY3JDxyYmyEnYLZaWWDHkqQ/P5Zm4OY8PwsXq2a8\n";
    let argon = file("argon", argon);
    let rows: &[(&[&str], &str)] = &[
        (&["--allow", "/ anyone"], "allow"),
        (&["--allow", "/ anyone fly"], "\"fly\" is no right"),
        (&["--token-file", &tokens], "allow"),
        (&["--allow", "/ * read", "--token-file", &tokens], "tokens: line 1"),
        (&["--allow", "/ * read", "--password-file", &passwords], "passwords: line 2"),
        (&["--allow", "/ * read", "--password-file", &argon], "set password-memory to that"),
        (&["--allow", "/ * read", "--token-file", "/nowhere/tokens"], "/nowhere/tokens"),
        (&["--upload", "creat"], "creat"),
    ];
    for (words, expected) in rows {
        let output = refused(&root, words);
        assert!(stderr(&output).contains(expected), "{words:?}: {}", stderr(&output));
    }
}

#[test]
fn tokens_passwords_and_links_open_what_the_rules_say() {
    let root = Root::new();
    fs::create_dir(root.path().join("in")).unwrap();
    let outside = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = outside.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let token = Token::draw();
    let tokens = file("tokens", &token.line(&Name::new("ci").unwrap(), &[], None));
    // The word is `hasselhoff`, and the hash is bcrypt's own test vector.
    let passwords = file("passwords", PASSWORD);
    let secret = UrlSecret::draw();
    let keys = secret.line(&Name::new("key-1").unwrap(), &Name::new("ci").unwrap(), &[]);
    let links = UrlKeys::parse(&keys, Duration::from_secs(7200)).unwrap();
    let sign = |life: u64| {
        let terms = Terms {
            methods: "GET".parse().unwrap(),
            expires: SystemTime::now() + Duration::from_secs(life),
            network: None,
            bytes_max: None,
            file_name: Some("as.txt".to_owned()),
        };
        links.first().unwrap().sign(Place::new(b"small.txt").unwrap(), &terms)
    };
    let keys = file("keys", &keys);
    let server = root.serve(&[
        "--upload",
        "all",
        "--allow",
        "/ ci,alice read",
        "--allow",
        "/in/ ci write",
        "--token-file",
        &tokens,
        "--password-file",
        &passwords,
        "--password-memory",
        "64KiB",
        "--link-key-file",
        &keys,
        "--link-life-max",
        "1h",
    ]);
    let bearer = format!("Authorization: Bearer {}", token.expose());
    assert_eq!(curl(&server, "/small.txt", &[]), 401);
    assert_eq!(curl(&server, "/small.txt", &["-H", &bearer]), 200);
    assert_eq!(curl(&server, "/in/new", &["-T", "/dev/null", "-H", &bearer]), 201);
    assert_eq!(curl(&server, "/new", &["-T", "/dev/null", "-H", &bearer]), 403);
    assert_eq!(curl(&server, "/small.txt", &["-u", "alice:wrong"]), 401);
    assert_eq!(curl(&server, "/small.txt", &["-u", "alice:U*U"]), 200);
    assert_eq!(curl(&server, "/in/new", &["-u", "alice:U*U"]), 403);
    assert_eq!(curl(&server, &format!("/small.txt?{}", sign(60)), &[]), 200);
    assert_eq!(curl(&server, &format!("/small.txt?{}", sign(7000)), &[]), 403, "it lives too long");
    assert_eq!(curl(&server, &format!("/in/new?{}", sign(60)), &[]), 403);
    let said = server.said();
    assert!(
        said.contains("ci (bearer)") && said.contains("alice (basic)") && said.contains("ci (signed)"),
        "{said}"
    );
    assert!(!said.contains(token.expose()) && !said.contains("U*U"), "{said}");
}

/// From the tests of crypt_blowfish, whose word is `U*U`.
const PASSWORD: &str = "alice:$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n";
