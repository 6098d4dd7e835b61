//! What cannot be moved is refused in one line that names the fix, with the right exit code and without a secret.

use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt};

use forebay_testkit::{
    fake::{Fault, Verb, When},
    fake_s3::Draft,
};
use insta::assert_snapshot;

use crate::bucket::{Bucket, PATTERN, SECRET};

/// Each refusal with its exit code, a line each.
fn refusals(bucket: &Bucket, asked: &[&[&str]]) -> String {
    let line = |words: &&[&str]| {
        let (code, said) = bucket.refusal(words);
        format!("$ forebay {}\n{code} {said}", words.join(" "))
    };
    asked.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_nobody_can_mean_is_refused_before_anything_is_begun() {
    let bucket = Bucket::new();
    bucket.write("file", "content");
    bucket.write("dir/file", "content");
    bucket.write("short.key", "too short");
    bucket.write("bad.pem", "no certificate");
    let refused = refusals(
        &bucket,
        &[
            &["get", "gs://bucket/key"],
            &["get", "s3:///key"],
            &["get", "s3://b ucket/key"],
            &["get", "s3://bucket"],
            &["get", "s3://bucket/dir/"],
            &["get", "file"],
            &["get", "s3://bucket/key", "s3://bucket/other"],
            &["get", "s3://bucket/", "-", "-r"],
            &["get", "s3://bucket/", "file", "-r"],
            &["get", "s3://bucket/[x"],
            &["get", "s3://bucket/key", "--include", "[x"],
            &["get", "s3://bucket/key", "--digest", "sha256:12"],
            &["get", "s3://bucket/key", "--verify", "perhaps"],
            &["get", "s3://bucket/key", "--bwlimit", "fast"],
            &["get", "s3://bucket/key", "--memory", "1MiB"],
            &["get", "s3://bucket/key", "--concurrency", "0"],
            &["get", "s3://bucket/key", "--endpoint-url", "ftp://host"],
            &["get", "s3://bucket/key", "--endpoint-url", "http://user:password@host"],
            &["get", "s3://bucket/key", "--ca-cert", "missing.pem"],
            &["get", "s3://bucket/key", "--sse-c-key", "short.key"],
            &["get", "--files-from", "missing", "dir/"],
            &["get", "https://"],
            &["ls", "dir"],
            &["rm", "s3://bucket/dir/"],
            &["rm", "file"],
            &["mb", "s3://bucket/key"],
            &["presign", "s3://bucket/key", "--expires", "8d"],
            &["abort-uploads", "s3://bucket", "--older-than", "old"],
        ],
    );
    assert_snapshot!("refused_at_once", refused);
    assert_eq!(bucket.s3.counts().0, 0, "nothing was asked");
    assert!(
        refused.lines().filter(|line| !line.starts_with('$')).all(|line| line.starts_with("2 ")),
        "{refused}"
    );
}

#[test]
fn what_the_store_refuses_is_said_in_words_that_help() {
    let bucket = Bucket::new();
    bucket.s3.put("bucket", "key", Draft::pattern(PATTERN, 10));
    let mut said = vec![refusals(
        &bucket,
        &[
            &["get", "s3://bucket/missing"],
            &["get", "s3://missing-bucket/key"],
            &["cat", "s3://bucket/missing"],
            &["stat", "s3://bucket/missing"],
            &["ls", "s3://missing-bucket"],
        ],
    )];
    for (what, fault) in [
        ("denied", Fault::access_denied()),
        ("expired credentials", Fault::expired_token()),
        ("clock", Fault::time_too_skewed()),
        ("another region", Fault::other_region("eu-west-1")),
    ] {
        bucket.s3.script().push(When::verb(Verb::Get).always(), fault);
        said.push(format!("# {what}\n{}", refusals(&bucket, &[&["get", "s3://bucket/key"]])));
        bucket.s3.script().clear();
    }
    bucket.s3.let_in_only("SOMEBODYELSE");
    said.push(format!("# wrong key\n{}", refusals(&bucket, &[&["get", "s3://bucket/key"]])));
    assert_snapshot!("refused_by_the_store", said.join("\n"));
    assert!(bucket.files().is_empty(), "{:?}", bucket.files());
}

#[test]
fn a_store_that_is_not_there_is_named() {
    let bucket = Bucket::new();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let endpoint = format!("http://{free}");
    let (code, said) = bucket.refusal(&["get", "s3://bucket/key", "--endpoint-url", &endpoint]);
    assert_eq!(code, 1);
    assert!(said.contains(&free.to_string()), "{said}");
}

#[test]
fn nobody_to_sign_as_is_met_with_the_ways_to_say_who() {
    let bucket = Bucket::new();
    let mut command = bucket.command(&["get", "s3://bucket/key"]);
    command
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY")
        .env("HOME", bucket.path("nowhere"));
    let output = command.output().unwrap();
    let said = crate::run::stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("--no-sign-request"), "{said}");
}

#[test]
fn a_target_that_cannot_be_written_is_named_with_the_way_out() {
    let bucket = Bucket::new();
    bucket.s3.put("bucket", "key", Draft::pattern(PATTERN, 10));
    bucket.s3.put("bucket", "a/../b", Draft::pattern(PATTERN, 10));
    fs::create_dir(bucket.path("key")).unwrap();
    let read_only = bucket.write("read-only", "mine");
    fs::set_permissions(&read_only, fs::Permissions::from_mode(0o444)).unwrap();
    let refused = refusals(
        &bucket,
        &[
            &["get", "s3://bucket/key", "read-only"],
            &["get", "s3://bucket/key", "no/such/dir"],
            &["get", "s3://bucket/key", "read-only/file"],
            &["get", "s3://bucket/a/..", "there/"],
        ],
    );
    assert_snapshot!("refused_targets", refused.replace(&bucket.path("").display().to_string(), "DIR/"));
    assert_eq!(fs::read(read_only).unwrap(), b"mine");
    // A directory is a place to put it into; below a prefix, what is no path fails by itself.
    bucket.ok(&["get", "s3://bucket/key", "key"]);
    assert!(bucket.path("key/key").exists());
    let many = bucket.run(&["get", "s3://bucket/", "all", "-r"]);
    assert_eq!(many.status.code(), Some(3), "{}", crate::run::stderr(&many));
    assert!(!bucket.path("b").exists());
}

#[test]
fn keys_that_look_odd_are_fetched_to_names_of_ones_own() {
    let bucket = Bucket::new();
    let long = "k".repeat(1024);
    for key in ["../up", "a//b", "🗻/日本", "new\nline", "dir/", &long] {
        bucket.s3.put("bucket", key, Draft::pattern(PATTERN, 10));
        if key != "dir/" {
            bucket.ok(&["get", &format!("s3://bucket/{key}"), "mine"]);
            assert_eq!(fs::read(bucket.path("mine")).unwrap(), PATTERN.bytes(0, 10), "{key}");
        }
    }
}

#[test]
fn a_signed_address_is_used_and_never_shown() {
    let bucket = Bucket::new();
    bucket.s3.put("bucket", "key", Draft::pattern(PATTERN, 10));
    let url = format!("{}/bucket/key?X-Amz-Signature={SECRET}", bucket.s3.endpoint());
    bucket.ok(&["get", &url, "--json"]);
    assert!(bucket.s3.seen().iter().any(|seen| format!("{:?}", seen.head).contains(SECRET)), "it was used");
    let missing = format!("{}/bucket/missing?X-Amz-Signature={SECRET}", bucket.s3.endpoint());
    let (code, said) = bucket.refusal(&["get", &missing]);
    assert_eq!((code, said.contains("/bucket/missing")), (1, true), "{said}");
}
