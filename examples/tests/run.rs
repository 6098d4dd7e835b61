//! The examples are what people copy, so they are run and not only compiled.

use std::path::PathBuf;
use std::process::Command;

use forebay_testkit::pattern::Pattern;
use forebay_testkit::process::Server;

/// Cargo builds examples beside the directory of the tests.
fn example(name: &str) -> Option<PathBuf> {
    let tests = std::env::current_exe().ok()?;
    Some(tests.parent()?.parent()?.join("examples").join(name))
}

#[test]
fn axum_files_sends_files_whole_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let pattern = Pattern::new(7);
    pattern.write_file(&dir.path().join("f.bin"), 3 << 20).unwrap();
    let mut command = Command::new(example("axum_files").unwrap());
    command.arg(dir.path()).arg("127.0.0.1:0");
    let server = Server::start(command).unwrap();
    let answer = forebay_testkit::raw::get(server.addr, "/f.bin").unwrap();
    assert_eq!((answer.head.status, answer.body.len()), (200, 3 << 20));
    pattern.check(0, &answer.body).unwrap();
    for hidden in ["/none", "/.secret", "/..%2Ff.bin"] {
        assert_eq!(forebay_testkit::raw::get(server.addr, hidden).unwrap().head.status, 404, "{hidden}");
    }
}

#[test]
fn axum_upload_log_logs_the_start_of_the_body_and_no_secret() {
    let output = Command::new(example("axum_upload_log").unwrap()).args(["8MiB", "256"]).output().unwrap();
    let (log, told) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{told}");
    let record: serde_json::Value = serde_json::from_str(log.trim()).unwrap();
    assert!(told.contains("8388608 bytes"), "{told}");
    assert!(log.contains("bob"), "the start of the body is there: {record}");
    for secret in ["hunter2", "hush"] {
        assert!(!log.contains(secret), "{record}");
    }
}
