//! `forebay token`, `link-key` and `sign`: what they print and write, and that a server lets it in.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output},
};

use forebay_testkit::process::Server;

use crate::{
    bucket::Bucket,
    run::{Root, forebay, run, run_with, stderr, stdout},
};

/// A directory for secrets, and the names of files in it.
struct Secrets(tempfile::TempDir);

impl Secrets {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    /// A file with a key whose links act for `share`.
    fn key_file(&self) -> String {
        let path = self.path("link-keys");
        done(&["link-key", "k1", "share", "--append", &path]);
        path
    }
}

/// What it printed, of a command that went well.
fn done(words: &[&str]) -> String {
    let output = run(words);
    assert!(output.status.success(), "{words:?}: {}", stderr(&output));
    stdout(&output).trim_end().to_owned()
}

fn refused(output: &Output, expected: &str) {
    assert_eq!(output.status.code(), Some(2), "{}", stderr(output));
    assert!(output.stdout.is_empty(), "{}", stdout(output));
    let said = stderr(output);
    assert!(said.trim().lines().count() == 1 && said.contains(expected), "{expected}: {said}");
}

/// Status and `Content-Disposition` that `curl` gets.
fn curl(url: &str, words: &[&str]) -> (u16, String) {
    let form = "%{http_code} %header{content-disposition}";
    let output = Command::new("curl")
        .args(["-s", "-o", "/dev/null", "-w", form, "--max-time", "30"])
        .args(words)
        .arg(url)
        .output()
        .unwrap();
    let text = stdout(&output);
    let (status, disposition) = text.split_once(' ').unwrap();
    (status.parse().unwrap(), disposition.to_owned())
}

fn serve(root: &Root, rules: &[&str], words: &[&str]) -> Server {
    let rules = rules.iter().flat_map(|rule| ["--allow", rule]);
    root.serve(&[&["--upload", "all"], &*rules.collect::<Vec<_>>(), words].concat())
}

#[test]
fn a_token_is_shown_once_and_opens_what_its_line_says() {
    let (root, secrets) = (Root::new(), Secrets::new());
    let tokens = secrets.path("tokens");
    // Somebody's editor left no newline at the end.
    fs::write(&tokens, format!("# people\nold {}", "0".repeat(64))).unwrap();
    let alice = done(&["token", "alice", "--group", "@staff", "--append", &tokens]);
    let bob = done(&["token", "bob", "--expires", "90d", "--append", &tokens]);
    let output = run(&["token", "carol", "--group", "staff", "--expires", "2130-01-01T00:00:00Z"]);
    let (carol, line) = (stdout(&output), stderr(&output));
    let words: Vec<_> = line.split_whitespace().collect();
    assert_eq!((words[0], words[2], words[3]), ("carol", "@staff", "expires=2130-01-01T00:00:00Z"));
    fs::write(&tokens, fs::read_to_string(&tokens).unwrap() + &line).unwrap();
    let text = fs::read_to_string(&tokens).unwrap();
    assert_eq!(text.lines().count(), 5, "{text}");
    let server = serve(&root, &["/ @staff,bob read"], &["--token-file", &tokens]);
    let url = format!("http://{}/small.txt", server.addr);
    for token in [alice.as_str(), &bob, carol.trim_end()] {
        assert!(token.starts_with("fby_") && !text.contains(token));
        assert_eq!(curl(&url, &["-H", &format!("Authorization: Bearer {token}")]).0, 200);
    }
    assert_eq!(curl(&url, &[]).0, 401);
}

#[test]
fn a_file_of_secrets_is_its_owners_alone_and_only_grows_by_good_lines() {
    let secrets = Secrets::new();
    let mode = |path: &str| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let (tokens, keys) = (secrets.path("tokens"), secrets.key_file());
    done(&["token", "alice", "--append", &tokens]);
    assert_eq!((mode(&tokens), mode(&keys)), (0o600, 0o600));
    let before = fs::read_to_string(&keys).unwrap();
    assert_eq!(done(&["link-key", "k2", "share", "--group", "links", "--append", &keys]), "");
    let both = fs::read_to_string(&keys).unwrap();
    assert!(both.starts_with(&before) && both.trim_end().ends_with(" @links"), "{}", both.len());
    refused(&run(&["link-key", "k1", "share", "--append", &keys]), "line 3: this key id has a line already");
    refused(&run(&["token", "alice", "--append", &keys]), "line 1: the second field is the SHA-256");
    assert_eq!(fs::read_to_string(&keys).unwrap(), both, "nothing was added");
    assert!(done(&["link-key", "k3", "share"]).starts_with("k3 share fbk_"));
}

#[test]
fn a_signed_link_opens_with_curl_what_it_says_and_nothing_else() {
    let (root, secrets) = (Root::new(), Secrets::new());
    fs::create_dir(root.path().join("in")).unwrap();
    fs::write(root.path().join("a b+ü%.txt"), "x").unwrap();
    let keys = secrets.key_file();
    let rules = ["/ share read,list", "/in/ share write"];
    let server = serve(&root, &rules, &["--link-key-file", &keys, "--link-life-max", "2h"]);
    let sign = |path: &str, words: &[&str]| {
        let url = format!("http://{}{path}", server.addr);
        done(&[&["sign", &url, "--link-key-file", &keys], words].concat())
    };
    let link = sign("/small.txt", &[]);
    assert_eq!(curl(&link, &[]).0, 200);
    assert_eq!(curl(&link, &["-I"]).0, 200, "with GET goes HEAD");
    assert_eq!(curl(&link, &["-X", "DELETE"]).0, 403);
    assert_eq!(curl(&link.replace("small.txt", "large"), &[]).0, 403);
    assert_eq!(curl(&format!("http://{}/small.txt", server.addr), &[]).0, 403);
    let named = sign("/small.txt", &["--name", "Zoë's.txt"]);
    let (status, disposition) = curl(&named, &[]);
    assert!(status == 200 && disposition.starts_with("attachment;"), "{disposition}");
    assert!(disposition.contains("filename*=UTF-8''Zo%C3%AB%27s.txt"), "{disposition}");
    assert_eq!(curl(&named, &["-I"]), (200, disposition), "of HEAD as of GET");
    assert_eq!(curl(&sign("/a b%2bü%25.txt", &[]), &[]).0, 200);
    assert_eq!(curl(&sign("/", &[]), &[]).0, 200, "a folder's names");
    let path = done(&["sign", "/small.txt?download=x", "--expires", "1h", "--link-key-file", &keys]);
    assert!(path.starts_with("/small.txt?download=x&fb-expires="), "it has a query already");
    assert_eq!(curl(&format!("http://{}{path}", server.addr), &[]).0, 200);
    assert_eq!(curl(&sign("/small.txt", &["--expires", "3h"]), &[]).0, 403, "it lives too long");
    assert_eq!(curl(&sign("/small.txt", &["--network", "192.0.2.0/24"]), &[]).0, 403);
    assert_eq!(curl(&sign("/small.txt", &["--network", "127.0.0.0/8"]), &[]).0, 200);
    let put = sign("/in/new", &["--method", "put", "--max-bytes", "1KiB"]);
    let small = root.path().join("small.txt");
    let large = root.path().join("large");
    let upload = |link: &str, file: &Path| curl(link, &["-T", file.to_str().unwrap()]).0;
    assert_eq!(upload(&put, &large), 413);
    assert_eq!(upload(&put, &small), 201);
    assert_eq!(curl(&put, &[]).0, 403, "it is for PUT alone");
    assert_eq!(upload(&sign("/new", &["--method", "PUT"]), &small), 403, "share may not write there");
    let (said, signature) = (server.said(), link.rsplit('=').next().unwrap());
    assert!(said.contains("fb-signature=[redacted]") && !said.contains(signature), "{said}");
}

#[test]
fn links_put_into_a_bucket_and_get_out_of_it_under_another_name() {
    let (bucket, secrets) = (Bucket::new(), Secrets::new());
    let keys = secrets.key_file();
    let place = ["serve", "s3://bucket/kept", "--listen", "127.0.0.1:0", "--admin", "off"];
    let taking = ["--memory", "96MiB", "--upload", "create", "--allow", "/in share read,create"];
    let words = [&place[..], &taking, &["--link-key-file", &keys]].concat();
    let server = Server::start(bucket.command(&words)).unwrap();
    let sign = |words: &[&str]| {
        let url = format!("http://{}/in/scan", server.addr);
        done(&[&["sign", &url, "--link-key-file", &keys], words].concat())
    };
    let file = bucket.write("scan", "a scan");
    let file = file.to_str().unwrap();
    let (put, get) = (sign(&["--method", "PUT"]), sign(&["--name", "Scan of May.pdf"]));
    assert_eq!(curl(&get, &[]).0, 404);
    assert_eq!(curl(&put, &["-T", file, "-H", "Content-Type: application/pdf"]).0, 201);
    assert_eq!(curl(&put, &["-T", file]).0, 409, "share may create, and overwrite nothing");
    let named = (200, "attachment; filename=\"Scan of May.pdf\"".to_owned());
    assert_eq!(curl(&get, &[]), named);
    assert_eq!(curl(&get, &["-I"]), named);
    assert_eq!(curl(&get, &["-r", "2-"]), (206, named.1));
    assert_eq!(bucket.s3.object("bucket", "kept/in/scan").unwrap().content.len(), 6);
}

#[test]
fn the_key_comes_from_a_file_standard_input_or_the_environment() {
    let secrets = Secrets::new();
    let keys = secrets.key_file();
    done(&["link-key", "k2", "share", "--append", &keys]);
    let by_variable = run_with(&["sign", "/a"], &[("FOREBAY_LINK_KEY_FILE", &keys)]);
    assert!(stdout(&by_variable).contains("fb-key=k1&"), "{}", stderr(&by_variable));
    assert!(done(&["sign", "/a", "--key", "k2", "--link-key-file", &keys]).contains("fb-key=k2&"));
    let piped = forebay()
        .args(["sign", "/a", "--link-key-file", "/dev/stdin"])
        .stdin(fs::File::open(&keys).unwrap())
        .output()
        .unwrap();
    assert!(stdout(&piped).contains("fb-key=k1&"), "{}", stderr(&piped));
    refused(&run(&["sign", "/a"]), "--link-key-file");
    refused(&run(&["sign", "/a", "--key", "k3", "--link-key-file", &keys]), "no key \"k3\"");
    let empty = secrets.path("empty");
    fs::write(&empty, "# none\n").unwrap();
    refused(&run(&["sign", "/a", "--link-key-file", &empty]), "forebay link-key");
    refused(&run(&["sign", "/a", "--link-key-file", "/nowhere/keys"]), "/nowhere/keys");
    let broken = secrets.path("broken");
    fs::write(&broken, "k share fbk_c2VjcmV0\n").unwrap();
    let output = run(&["sign", "/a", "--link-key-file", &broken]);
    refused(&output, "line 1: a secret is fbk_");
    assert!(!stderr(&output).contains("c2VjcmV0"));
}

#[test]
fn words_that_make_no_link_or_token_are_answered_in_one_line() {
    let secrets = Secrets::new();
    let keys = secrets.key_file();
    let sign: &[(&[&str], &str)] = &[
        (&["small.txt"], "https://HOST/PATH or /PATH"),
        (&["ftp://host/a"], "https://HOST/PATH or /PATH"),
        (&["https://"], "no URL"),
        (&["http://alice:word@host/a"], "leave out the name and the password"),
        (&["http://host/a#b"], "%23"),
        (&["/a?fb-key=x"], "signed already"),
        (&["/a?%66b-net=x"], "signed already"),
        (&["//a"], "empty segment"),
        (&["/a//b"], "empty segment"),
        (&["/a%2fb"], "%XX"),
        (&["/100%"], "%XX"),
        (&["/a", "--expires", "soon"], "write 90d or 2030"),
        (&["/a", "--expires", "2001-01-01T00:00:00Z"], "has passed"),
        (&["/a", "--expires", "0s"], "has passed"),
        (&["/a", "--expires", "-1h"], "is not a time"),
        (&["/a", "--method", "MOVE"], "--method: \"MOVE\" is none"),
        (&["/a", "--network", "home"], "--network"),
        (&["/a", "--max-bytes", "much"], "--max-bytes"),
    ];
    for (words, expected) in sign {
        refused(&run(&[&["sign", "--link-key-file", &keys], *words].concat()), expected);
    }
    let absent = secrets.path("no/tokens");
    let others: &[(&[&str], &str)] = &[
        (&["token", "a b"], "no spaces"),
        (&["token", "anyone"], "stand for many"),
        (&["token", "a", "--group", "@@b"], "begin with \"@\""),
        (&["token", "a", "--expires", "99999999999999999999y"], "is not a time"),
        (&["token", "a", "--append", &absent], "no/tokens"),
        (&["link-key", "k,1", "a"], "commas"),
        (&["link-key", "k", "*"], "stand for many"),
    ];
    for (words, expected) in others {
        refused(&run(words), expected);
    }
}
