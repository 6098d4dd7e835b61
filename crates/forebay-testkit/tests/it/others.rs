//! Other people's clients find nothing wrong with the fake S3: what they put is there, and what is there they get.

use std::path::{Path, PathBuf};
use std::process::Command;

use forebay_testkit::digest;
use forebay_testkit::fake_s3::{Draft, FakeS3};
use forebay_testkit::notice;
use forebay_testkit::pattern::Pattern;

const PATTERN: Pattern = Pattern::new(41);

/// Credentials that mean nothing, and no file of the place where the tests are run.
fn client(program: &str, dir: &Path) -> Option<Command> {
    let mut command = Command::new(program);
    command
        .env("AWS_ACCESS_KEY_ID", "fake")
        .env("AWS_SECRET_ACCESS_KEY", "fake")
        .env("AWS_REGION", "us-east-1");
    command
        .env("AWS_CONFIG_FILE", dir.join("none"))
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("HOME", dir);
    command.env_remove("AWS_CA_BUNDLE").env_remove("AWS_PROFILE").env_remove("AWS_SESSION_TOKEN");
    let known = Command::new(program).arg(if program == "aws" { "--version" } else { "version" }).output();
    if known.is_ok_and(|known| known.status.success()) {
        return Some(command);
    }
    notice::skipped(format_args!("{program} is not installed"));
    None
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    let said =
        String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{command:?}: {said}");
}

/// A server with an object of 20 MiB, and the same bytes in a file.
fn world(dir: &Path) -> (FakeS3, PathBuf) {
    let s3 = FakeS3::start().unwrap();
    s3.put("b", "there/big", Draft::pattern(PATTERN, 20 << 20));
    let file = dir.join("big");
    PATTERN.write_file(&file, 20 << 20).unwrap();
    (s3, file)
}

/// Both ways, with a client that copies from its first argument to its second.
fn both_ways(s3: &FakeS3, file: &Path, copy: impl Fn(&str, &str)) {
    let got = file.with_extension("got");
    copy("s3://b/there/big", &got.display().to_string());
    assert_eq!(digest::of_file(&got).unwrap(), digest::of_file(file).unwrap());
    copy(&file.display().to_string(), "s3://b/up/big");
    let object = s3.object("b", "up/big").unwrap();
    assert_eq!((object.content.len(), object.content.check(PATTERN)), (20 << 20, Ok(())));
    assert!(object.parts.len() > 1, "in one part");
    assert_eq!(s3.uploads("b").len(), 0);
}

#[test]
fn aws_copies_both_ways_and_lists() {
    let dir = tempfile::tempdir().unwrap();
    let (s3, file) = world(dir.path());
    if client("aws", dir.path()).is_none() {
        return;
    }
    let aws = |arguments: &[&str]| {
        let mut command = client("aws", dir.path()).unwrap();
        run(command.args(["--endpoint-url", &s3.endpoint()]).args(arguments));
    };
    both_ways(&s3, &file, |from, to| aws(&["s3", "cp", "--quiet", from, to]));
    aws(&["s3", "ls", "s3://b/", "--recursive"]);
    aws(&["s3", "rm", "--quiet", "--recursive", "s3://b/"]);
    assert!(s3.object("b", "up/big").is_none());
}

#[test]
fn s5cmd_copies_both_ways() {
    let dir = tempfile::tempdir().unwrap();
    let (s3, file) = world(dir.path());
    if client("s5cmd", dir.path()).is_none() {
        return;
    }
    both_ways(&s3, &file, |from, to| {
        let mut command = client("s5cmd", dir.path()).unwrap();
        run(command.args(["--endpoint-url", &s3.endpoint(), "cp", "-p", "5", from, to]));
    });
}

#[test]
fn rclone_copies_both_ways() {
    let dir = tempfile::tempdir().unwrap();
    let (s3, file) = world(dir.path());
    if client("rclone", dir.path()).is_none() {
        return;
    }
    let remote = format!(":s3,provider=Other,env_auth=true,endpoint='{}':", s3.endpoint());
    let place =
        |url: &str| url.strip_prefix("s3://").map_or(url.to_owned(), |path| format!("{remote}{path}"));
    both_ways(&s3, &file, |from, to| {
        let mut command = client("rclone", dir.path()).unwrap();
        command.args(["copyto", "--s3-upload-cutoff", "5M", "--s3-chunk-size", "5M", "--retries", "1"]);
        run(command.args([place(from), place(to)]));
    });
}
