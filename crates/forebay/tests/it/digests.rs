//! Digests that are demanded, stored and compared, as users of the commands meet them.

use std::{fs, io::Write, process::Stdio};

use forebay_testkit::{
    digest,
    fake::Verb,
    fake_s3::{Draft, Sum},
};

use crate::{
    bucket::{Bucket, PATTERN},
    run::{stderr, stdout},
};

const BIG: u64 = 20 << 20;

fn file(bucket: &Bucket, name: &str, len: u64) -> String {
    let path = bucket.write(name, "");
    PATTERN.write_file(&path, len).unwrap();
    format!("sha256:{}", digest::of_file(&path).unwrap())
}

#[test]
fn what_is_not_what_was_promised_is_not_stored_and_is_exit_code_4() {
    let bucket = Bucket::new();
    let wrong = format!("sha256:{}", "5e".repeat(32));
    for len in [10, BIG] {
        let right = file(&bucket, "a", len);
        let (code, said) = bucket.refusal(&["put", "a", "s3://bucket/a", "--digest", &wrong]);
        assert_eq!(code, 4, "{said}");
        assert!(
            said.contains(&right) && said.contains(&wrong) && said.contains("nothing is stored"),
            "{said}"
        );
        let mut piped = bucket.command(&["put", "-", "s3://bucket/a", "--digest", &wrong]);
        let mut child = piped.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(&PATTERN.bytes(0, len as usize)).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(4), "{}", stderr(&output));
        assert!(bucket.s3.object("bucket", "a").is_none() && bucket.s3.uploads("bucket").is_empty());
        assert_eq!(bucket.files(), [bucket.path("a")], "nothing is left beside it");
        bucket.ok(&["put", "a", "s3://bucket/a", "--digest", &right]);
        assert_eq!(bucket.s3.object("bucket", "a").unwrap().content.len(), len);
        bucket.s3.delete("bucket", "a");
    }
}

#[test]
fn the_digest_that_is_stored_is_chosen() {
    let bucket = Bucket::new();
    file(&bucket, "a", 1000);
    let kept = |key: &str| bucket.s3.object("bucket", key).unwrap().sum.as_ref().map(|sum| sum.kind);
    bucket.ok(&["put", "a", "s3://bucket/usual"]);
    bucket.ok(&["put", "a", "s3://bucket/sha", "--checksum", "sha256"]);
    bucket.ok(&["put", "a", "s3://bucket/crc", "--checksum", "CRC32C"]);
    assert_eq!(
        (kept("usual"), kept("sha"), kept("crc")),
        (Some(Sum::Crc64Nvme), Some(Sum::Sha256), Some(Sum::Crc32c))
    );
    bucket.ok(&["cp", "s3://bucket/usual", "s3://bucket/copy", "--checksum", "sha256"]);
    assert_eq!(kept("copy"), Some(Sum::Sha256));
    let (code, said) = bucket.refusal(&["put", "a", "s3://bucket/a", "--checksum", "md5"]);
    assert_eq!((code, said.contains("crc64nvme, crc32c, crc32 and sha256")), (2, true), "{said}");
}

#[test]
fn a_digest_of_the_digests_of_parts_is_no_proof_of_what_is_fetched() {
    let bucket = Bucket::new();
    file(&bucket, "a", BIG);
    let put =
        bucket.ok(&["put", "a", "s3://bucket/a", "--checksum", "sha256", "--part-size", "5MiB", "--json"]);
    assert!(put.contains("\"verified\":\"per-part\""), "{put}");
    let got = bucket.ok(&["get", "s3://bucket/a", "b", "--json"]);
    assert!(got.contains("\"verified\":\"length\""), "{got}");
    let (code, said) = bucket.refusal(&["get", "s3://bucket/a", "c", "--verify", "full"]);
    assert_eq!((code, said.contains("no stored digest of all its bytes")), (4, true), "{said}");
    assert!(!bucket.path("c").exists());
}

#[test]
fn what_is_said_of_one_object_is_not_said_of_many() {
    let bucket = Bucket::new();
    file(&bucket, "dir/a", 10);
    for flag in ["--digest=crc32:00000000", "--version-id=1"] {
        let (code, said) = bucket.refusal(&["get", "s3://bucket/", "there", "-r", flag]);
        assert_eq!((code, said.contains("is of one object")), (2, true), "{said}");
    }
    let (code, said) = bucket.refusal(&["put", "dir", "s3://bucket/", "-r", "--digest", "crc32:00000000"]);
    assert_eq!((code, said.contains("is of one object")), (2, true), "{said}");
    assert_eq!(bucket.s3.counts().0, 0);
}

/// A directory and a prefix with the same names and lengths, and what `sync --checksum` copies.
fn copied(bucket: &Bucket, words: &[&str]) -> Vec<String> {
    let output = bucket.run(&[&["sync", "--checksum", "--json"], words].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let lines = stdout(&output);
    let events = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let objects = events.filter(|event| event["event"] == "object");
    let name = |event: serde_json::Value| {
        let source = event["source"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        match event["kind"].as_str() {
            Some(kind) => format!("{source} {kind}"),
            None => source,
        }
    };
    let mut names: Vec<String> = objects.map(name).collect();
    names.sort();
    names
}

#[test]
fn sides_are_compared_by_their_bytes_if_that_is_asked_for() {
    let bucket = Bucket::new();
    for name in ["same", "other", "bare", "longer"] {
        bucket.write(&format!("dir/{name}"), "content");
    }
    bucket.s3.put("bucket", "dir/same", Draft::bytes("content").sum(Sum::Crc32c));
    bucket.s3.put("bucket", "dir/other", Draft::bytes("CONTENT").sum(Sum::Sha256));
    bucket.s3.put("bucket", "dir/bare", Draft::bytes("content").without_sum());
    bucket.s3.put("bucket", "dir/longer", Draft::bytes("contents"));
    // By time the objects, which were written later, are as they should be.
    assert!(
        bucket.ok(&["sync", "dir", "s3://bucket/dir", "--json", "--exclude", "longer"]).lines().count() == 1
    );
    let words = ["dir", "s3://bucket/dir"];
    assert_eq!(copied(&bucket, &words), ["bare no_digest", "longer", "other"]);
    assert!(copied(&bucket, &words).is_empty(), "what we stored has a digest");

    fs::write(bucket.path("dir/other"), "C0NTENT").unwrap();
    assert_eq!(copied(&bucket, &["s3://bucket/dir", "dir"]), ["other"]);
    assert_eq!(fs::read(bucket.path("dir/other")).unwrap(), b"content");

    bucket.ok(&["cp", "s3://bucket/dir/", "s3://bucket/copy", "-r"]);
    bucket.s3.put("bucket", "copy/same", Draft::bytes("CONTENT"));
    bucket.s3.forget();
    // Digests of different kinds prove nothing.
    assert_eq!(copied(&bucket, &["s3://bucket/dir", "s3://bucket/copy"]), ["same no_digest"]);
    assert_eq!(bucket.s3.count(Verb::Copy), 1);
}

#[test]
fn an_entity_tag_that_is_an_md5_is_a_digest_too() {
    let bucket = Bucket::new();
    bucket.write("dir/same", "content");
    bucket.write("dir/other", "content");
    bucket.s3.put("bucket", "dir/same", Draft::bytes("content").without_sum());
    bucket.s3.put("bucket", "dir/other", Draft::bytes("CONTENT").without_sum());
    let aws = ["--s3-profile", "aws", "--path-style", "--dry-run", "dir", "s3://bucket/dir"];
    assert_eq!(copied(&bucket, &aws), ["other"]);
    let said = bucket.run(&["sync", "--checksum", "--dry-run", "dir", "s3://bucket/dir"]);
    assert!(stderr(&said).contains("2 of them because no digest could be compared"), "{}", stderr(&said));
}
