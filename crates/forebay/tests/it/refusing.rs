//! What cannot be served is refused before anything is bound, in one line that says what to do.

use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt, path::Path, process::Output};

use forebay_testkit::cert::Certificate;

use crate::run::{Root, run, stderr, stdout};

fn serve(root: &Path, words: &[&str]) -> Output {
    let base = ["serve", root.to_str().unwrap(), "--listen", "127.0.0.1:0", "--admin", "off"];
    run(&[&base, words].concat())
}

/// The exit code and the one line on standard error; nothing on standard output.
fn refusal(output: &Output) -> (Option<i32>, String) {
    assert!(stdout(output).is_empty(), "{}", stdout(output));
    let said = stderr(output);
    assert_eq!(said.lines().count(), 1, "{said}");
    (output.status.code(), said)
}

#[test]
fn a_root_that_is_missing_a_file_or_unnamed() {
    let root = Root::new();
    let (code, said) = refusal(&serve(&root.path().join("nowhere"), &[]));
    assert_eq!(code, Some(2));
    assert!(said.contains("nowhere` does not exist"), "{said}");

    let (code, said) = refusal(&serve(&root.path().join("small.txt"), &[]));
    assert_eq!(code, Some(2));
    assert!(said.contains("is not a directory: name the directory"), "{said}");

    let (code, said) = refusal(&run(&["serve"]));
    assert_eq!(code, Some(2));
    assert!(said.contains("forebay serve DIR"), "{said}");
}

#[test]
fn a_root_that_may_not_be_read() {
    if rustix::process::geteuid().is_root() && !can_drop_privileges() {
        forebay_testkit::notice::skipped("running as root without setpriv; unreadable roots are not tested");
        return;
    }
    let root = Root::new();
    let closed = root.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    // Root may read everything, so the program runs as somebody else: from a place where that user may run it.
    let program = root.path().join("forebay");
    fs::copy(env!("CARGO_BIN_EXE_forebay"), &program).unwrap();
    let output = std::process::Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(program)
        .args(["serve", closed.to_str().unwrap(), "--listen", "127.0.0.1:0", "--admin", "off"])
        .current_dir("/")
        .output()
        .unwrap();
    let (code, said) = refusal(&output);
    assert_eq!(code, Some(2));
    assert!(said.contains("cannot be read"), "{said}");
}

fn can_drop_privileges() -> bool {
    let tried =
        std::process::Command::new("setpriv").args(["--reuid=65534", "--clear-groups", "true"]).status();
    tried.is_ok_and(|status| status.success())
}

#[test]
fn a_port_in_use_is_named_with_who_to_ask_and_another_to_take() {
    let root = Root::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let port = taken.local_addr().unwrap().port();
    let (code, said) =
        refusal(&run(&["serve", root.path().to_str().unwrap(), "--listen", &address, "--admin", "off"]));
    assert_eq!(code, Some(1));
    assert!(said.contains(&format!("cannot listen on {address}")), "{said}");
    assert!(said.contains(&format!("ss -ltnp 'sport = :{port}'")), "{said}");
    assert!(said.contains("--listen 127.0.0.1:0 takes any free one"), "{said}");

    let (_, said) = refusal(&serve(root.path(), &["--admin", &address]));
    assert!(said.contains("--admin 127.0.0.1:0 takes any free one"), "{said}");
}

#[test]
fn a_certificate_and_a_key_that_do_not_belong_together() {
    let root = Root::new();
    let keys = tempfile::tempdir().unwrap();
    let one = Certificate::create(keys.path(), "one").unwrap();
    let other = Certificate::create(keys.path(), "other").unwrap();
    let (cert, key) = (one.cert_path.to_str().unwrap(), other.key_path.to_str().unwrap());
    let (code, said) = refusal(&serve(root.path(), &["--tls-cert", cert, "--tls-key", key]));
    assert_eq!(code, Some(2));
    assert!(said.contains("do not belong together"), "{said}");

    let (code, said) = refusal(&serve(root.path(), &["--tls-cert", cert]));
    assert_eq!(code, Some(2));
    assert!(said.contains("tls-cert needs tls-key"), "{said}");
}

#[test]
fn a_plan_that_does_not_fit_and_a_rule_that_is_none() {
    let root = Root::new();
    let (code, said) = refusal(&serve(root.path(), &["--memory", "4MiB"]));
    assert_eq!(code, Some(2));
    assert!(said.contains("set --memory to at least"), "{said}");

    let (code, said) = refusal(&serve(root.path(), &["--cache-control", "no colon"]));
    assert_eq!(code, Some(2));
    assert!(said.contains("no colon"), "{said}");

    let (code, said) = refusal(&serve(root.path(), &["--log-level", "inof"]));
    assert_eq!(code, Some(2));
    assert!(said.contains("--log-level: \"inof\" is no log level"), "{said}");
}
