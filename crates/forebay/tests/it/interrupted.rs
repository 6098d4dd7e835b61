//! Ctrl-C, and worse: what is left can be gone on with, and the last line says so.

use std::{
    fs,
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use forebay_testkit::{
    fake::{Fault, Gate, Verb, When},
    fake_s3::Draft,
};
use rustix::process::{Pid, Signal, kill_process};

use crate::bucket::{Bucket, PATTERN, SECRET, no_secret};

const BIG: u64 = 64 << 20;
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs the program until the store holds `held` answers back, and sends it a signal then.
pub(crate) fn cut(mut command: Command, gate: &Gate, held: usize, with: Signal) -> Output {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    signal_when(child, gate, held, with)
}

/// The same, with a program that runs already.
pub(crate) fn signal_when(child: Child, gate: &Gate, held: usize, with: Signal) -> Output {
    assert!(gate.wait_blocking(held, PATIENCE), "no answer was held back");
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, with).unwrap();
    let output = child.wait_with_output().unwrap();
    gate.open();
    no_secret(&output);
    output
}

/// A download of many pieces, one of which never comes.
fn half_done(bucket: &Bucket, with: Signal) -> Output {
    bucket.s3.put("bucket", "big", Draft::pattern(PATTERN, BIG));
    let gate = Gate::new();
    bucket.s3.script().push(When::get("big").after(6), Fault::stall_after(1 << 20, &gate));
    let command = bucket.command(&["get", "s3://bucket/big", "--part-size", "5MiB", "--concurrency", "2"]);
    let output = cut(command, &gate, 1, with);
    bucket.s3.script().clear();
    output
}

fn goes_on(bucket: &Bucket) {
    let left = bucket.files();
    assert!(!left.is_empty(), "something is kept");
    for path in &left {
        assert!(path.file_name().unwrap().to_string_lossy().starts_with(".forebay-"), "{left:?}");
        let bytes = fs::read(path).unwrap();
        assert!(!bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()), "{}", path.display());
    }
    bucket.s3.forget();
    let json = bucket.ok(&["get", "s3://bucket/big", "--part-size", "5MiB", "--json"]);
    let object: serde_json::Value = serde_json::from_str(json.lines().next().unwrap()).unwrap();
    assert!(object["resumed"].as_u64().unwrap() >= 5 << 20, "{object}");
    let sent: u64 =
        bucket.s3.seen().iter().filter(|seen| seen.target.verb == Verb::Get).map(|seen| seen.sent).sum();
    assert!(sent < BIG, "finished pieces are not fetched again: {sent}");
    assert_eq!(PATTERN.check(0, &fs::read(bucket.path("big")).unwrap()), Ok(()));
    assert_eq!(bucket.files().len(), 1, "{:?}", bucket.files());
}

#[test]
fn an_interrupted_download_says_how_to_go_on_and_goes_on() {
    let bucket = Bucket::new();
    let output = half_done(&bucket, Signal::INT);
    let said = crate::run::stderr(&output);
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert_eq!(
        said.lines().last(),
        Some("forebay: interrupted: what arrived is kept; run the same command again to go on")
    );
    goes_on(&bucket);
}

#[test]
fn a_killed_download_goes_on() {
    let bucket = Bucket::new();
    half_done(&bucket, Signal::KILL);
    goes_on(&bucket);
}

#[test]
fn an_interrupted_listing_leaves_nothing() {
    let bucket = Bucket::new();
    bucket.s3.put("bucket", "a", Draft::pattern(PATTERN, 1));
    let gate = Gate::new();
    bucket.s3.script().push(When::verb(Verb::List), Fault::stall_after(10, &gate));
    let output = cut(bucket.command(&["ls", "s3://bucket"]), &gate, 1, Signal::INT);
    assert_eq!(output.status.code(), Some(130));
    assert_eq!(crate::run::stderr(&output), "forebay: interrupted: nothing is left behind\n");
}

#[test]
fn what_cannot_go_on_is_said_to_be_given_up_and_is() {
    let bucket = Bucket::new();
    bucket.s3.put("bucket", "small", Draft::pattern(PATTERN, 1 << 20));
    let gate = Gate::new();
    bucket.s3.script().push(When::get("small"), Fault::stall_after(1000, &gate));
    let output = cut(bucket.command(&["get", "s3://bucket/small"]), &gate, 1, Signal::INT);
    given_up(&bucket, &output);

    bucket.s3.script().clear();
    let gate = Gate::new();
    bucket.s3.script().push(When::verb(Verb::Part).after(1), Fault::Hang(gate.clone()));
    let mut pipe = bucket.command(&["put", "-", "s3://bucket/pipe"]);
    pipe.stdin(fs::File::open("/dev/zero").unwrap());
    let output = cut(pipe, &gate, 1, Signal::INT);
    given_up(&bucket, &output);
}

fn given_up(bucket: &Bucket, output: &std::process::Output) {
    let said = crate::run::stderr(output);
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert_eq!(
        said.lines().last(),
        Some("forebay: interrupted: what was under way is given up; nothing of it is left behind")
    );
    assert!(bucket.files().is_empty(), "{:?}", bucket.files());
    assert!(bucket.s3.uploads("bucket").is_empty());
}
