//! What is done to buckets, and to what uploads have left in them.

use std::{fs, process::Command};

use forebay_testkit::fake::{Fault, Verb, When};

use crate::bucket::{Bucket, PATTERN};

#[test]
fn a_bucket_is_made_and_removed_once_it_is_empty() {
    let bucket = Bucket::new();
    bucket.ok(&["mb", "s3://another"]);
    assert!(bucket.ok(&["ls"]).contains("another"));
    fs::write(bucket.path("a"), "x").unwrap();
    bucket.ok(&["put", "a", "s3://another/a"]);
    let (code, said) = bucket.refusal(&["rb", "s3://another"]);
    assert_eq!(code, 1, "{said}");
    assert!(bucket.s3.object("another", "a").is_some());
    bucket.ok(&["rm", "s3://another/a"]);
    bucket.ok(&["rb", "s3://another"]);
    assert!(!bucket.ok(&["ls"]).contains("another"));
}

#[test]
fn a_signed_address_works_for_who_has_no_credentials() {
    let bucket = Bucket::new();
    fs::write(bucket.path("a"), PATTERN.bytes(0, 100_000)).unwrap();
    bucket.ok(&["put", "a", "s3://bucket/dir/a b"]);
    let url = bucket.ok(&["presign", "s3://bucket/dir/a b", "--expires", "10m"]);
    let fetched = Command::new("curl").args(["--silent", "--fail", url.trim_end()]).output().unwrap();
    assert!(fetched.status.success());
    PATTERN.check(0, &fetched.stdout).unwrap();
    bucket.ok(&["get", url.trim_end(), "b"]);
    PATTERN.check(0, &fs::read(bucket.path("b")).unwrap()).unwrap();
}

#[test]
fn uploads_that_nobody_ended_are_given_up_if_they_are_old() {
    let bucket = Bucket::new();
    fs::write(bucket.path("big"), PATTERN.bytes(0, 20 << 20)).unwrap();
    bucket.s3.script().push(When::verb(Verb::Part).after(1).always(), Fault::access_denied());
    assert_eq!(bucket.run(&["put", "big", "s3://bucket/big"]).status.code(), Some(1));
    bucket.s3.script().clear();
    assert_eq!(bucket.s3.uploads("bucket").len(), 1);
    bucket.ok(&["abort-uploads", "s3://bucket"]);
    assert_eq!(bucket.s3.uploads("bucket").len(), 1, "it is younger than a day");
    bucket.ok(&["abort-uploads", "s3://bucket", "--older-than", "0s", "--dry-run"]);
    assert_eq!(bucket.s3.uploads("bucket").len(), 1);
    bucket.ok(&["abort-uploads", "s3://bucket", "--older-than", "0s"]);
    assert!(bucket.s3.uploads("bucket").is_empty());
}
