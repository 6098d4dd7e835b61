//! Ctrl-C while something goes up or is copied: what is left can be gone on with, or is gone, and the last line says which.

use std::{
    fs,
    io::Write,
    process::{Output, Stdio},
};

use forebay_testkit::{
    fake::{Fault, Gate, Verb, When},
    fake_s3::Draft,
};
use rustix::process::Signal;

use crate::{
    bucket::{Bucket, PATTERN, SECRET},
    interrupted::{cut, signal_when},
    run::stderr,
};

const BIG: u64 = 40 << 20;
const TOKEN: &str = "TokenOfTheTestThatNobodyMayEverSeeEither";
const KEY: &str = "ThirtyTwoBytesOfACustomersOwnKey";

/// The last line, and the exit code of whoever was interrupted.
fn last_line(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(130), "{}", stderr(output));
    stderr(output).lines().last().unwrap_or_default().to_owned()
}

fn big(bucket: &Bucket) {
    PATTERN.write_file(&bucket.write("big", ""), BIG).unwrap();
}

/// An upload in parts of which one never arrives.
fn half_sent(bucket: &Bucket, with: Signal) -> Output {
    big(bucket);
    let gate = Gate::new();
    bucket
        .s3
        .script()
        .push(When::verb(Verb::Part).after(4), Fault::StallUpload { after: 1 << 20, gate: gate.clone() });
    let words =
        ["put", "big", "s3://bucket/big", "--part-size", "5MiB", "--concurrency", "2", "--sse-c-key", "key"];
    bucket.write("key", KEY);
    let mut command = bucket.command(&words);
    command.env("AWS_SESSION_TOKEN", TOKEN).env("FOREBAY_LOG_LEVEL", "trace").env("RUST_LOG", "trace");
    let output = cut(command, &gate, 1, with);
    bucket.s3.script().clear();
    output
}

/// In no form that it could be used in.
fn tells_a_secret(bytes: &[u8]) -> bool {
    let hex: String = KEY.bytes().map(|byte| format!("{byte:02x}")).collect();
    let base64 = "VGhpcnR5VHdvQnl0ZXNPZkFDdXN0b21lcnNPd25LZXk=";
    let text = String::from_utf8_lossy(bytes);
    [SECRET, TOKEN, KEY, base64, &hex].iter().any(|secret| text.contains(*secret))
}

fn goes_on(bucket: &Bucket) {
    assert_eq!(bucket.s3.uploads("bucket").len(), 1);
    let names: Vec<_> = bucket.files();
    let journal = names.iter().find(|path| path.extension().is_some_and(|end| end == "journal")).unwrap();
    assert!(!tells_a_secret(&fs::read(journal).unwrap()));
    assert_eq!(names.len(), 3, "{names:?}");
    bucket.s3.forget();
    let words = ["put", "big", "s3://bucket/big", "--part-size", "5MiB", "--json", "--sse-c-key", "key"];
    let json = bucket.ok(&words);
    let object: serde_json::Value = serde_json::from_str(json.lines().next().unwrap()).unwrap();
    assert!(object["resumed"].as_u64().unwrap() >= 15 << 20, "{object}");
    assert!(bucket.s3.count(Verb::Part) <= 5, "parts that arrived are not sent again");
    let stored = bucket.s3.object("bucket", "big").unwrap();
    assert_eq!((stored.content.len(), stored.content.check(PATTERN)), (BIG, Ok(())));
    assert!(bucket.s3.uploads("bucket").is_empty());
    assert_eq!(bucket.files().len(), 2, "{:?}", bucket.files());
}

#[test]
fn an_interrupted_upload_says_how_to_go_on_and_goes_on() {
    let bucket = Bucket::new();
    let output = half_sent(&bucket, Signal::INT);
    let said = last_line(&output);
    assert_eq!(said, "forebay: interrupted: what arrived is kept; run the same command again to go on");
    assert!(!tells_a_secret(&output.stderr) && !tells_a_secret(&output.stdout), "{}", stderr(&output));
    goes_on(&bucket);
}

#[test]
fn a_killed_upload_goes_on() {
    let bucket = Bucket::new();
    let output = half_sent(&bucket, Signal::KILL);
    assert!(!tells_a_secret(&output.stderr));
    goes_on(&bucket);
}

#[test]
fn an_interrupted_upload_from_a_pipe_leaves_nothing_at_the_store() {
    for (refused, line) in [
        (false, "what was under way is given up; nothing of it is left behind"),
        (true, "the store did not say that it gave up what was sent: `forebay abort-uploads` finds it"),
    ] {
        let bucket = Bucket::new();
        let gate = Gate::new();
        let script = bucket.s3.script();
        script
            .push(When::verb(Verb::Part).after(1), Fault::StallUpload { after: 1 << 20, gate: gate.clone() });
        if refused {
            script.push(When::verb(Verb::Abort).always(), Fault::access_denied());
        }
        let mut command = bucket.command(&["put", "-", "s3://bucket/piped"]);
        let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        // More than the program holds: it is still open when the program ends.
        let writer = std::thread::spawn(move || {
            let piece = PATTERN.bytes(0, 1 << 20);
            while input.write_all(&piece).is_ok() {}
        });
        let output = signal_when(child, &gate, 1, Signal::INT);
        writer.join().unwrap();
        assert_eq!(last_line(&output), format!("forebay: interrupted: {line}"));
        assert_eq!(bucket.s3.uploads("bucket").len(), usize::from(refused));
        assert!(bucket.s3.object("bucket", "piped").is_none());
    }
}

#[test]
fn an_interrupted_copy_leaves_nothing_that_is_not_whole() {
    let line = "forebay: interrupted: what was under way is given up; nothing of it is left behind";
    let (here, there) = (Bucket::new(), Bucket::new());
    there.s3.put("bucket", "a", Draft::pattern(PATTERN, BIG));
    let gate = Gate::new();
    let stalls = Fault::StallUpload { after: 1 << 20, gate: gate.clone() };
    here.s3.script().push(When::verb(Verb::Part).after(1), stalls);
    let endpoint = there.s3.endpoint();
    let through = here.command(&["cp", "s3://bucket/a", "s3://bucket/a", "--source-endpoint-url", &endpoint]);
    assert_eq!(last_line(&cut(through, &gate, 1, Signal::INT)), line);
    assert!(here.s3.object("bucket", "a").is_none() && here.s3.uploads("bucket").is_empty());

    for verb in ["cp", "mv"] {
        let gate = Gate::new();
        there.s3.script().clear();
        there.s3.script().push(When::verb(Verb::Copy), Fault::Hang(gate.clone()));
        let within = there.command(&[verb, "s3://bucket/a", "s3://bucket/b"]);
        assert_eq!(last_line(&cut(within, &gate, 1, Signal::TERM)), line);
        assert!(there.s3.object("bucket", "a").is_some(), "{verb}");
    }
}
