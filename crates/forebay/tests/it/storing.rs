//! `put`, `cp`, `mv` and `sync`, as their users meet them.

use std::{fs, io::Write, process::Stdio};

use forebay_testkit::{
    fake::{Fault, Verb, When},
    fake_s3::{Draft, FakeS3},
};

use crate::{
    bucket::{Bucket, PATTERN},
    run::stderr,
};

const BIG: u64 = 40 << 20;

fn file(bucket: &Bucket, name: &str, len: u64) {
    let path = bucket.write(name, "");
    PATTERN.write_file(&path, len).unwrap();
}

fn is_pattern(s3: &FakeS3, key: &str, len: u64) {
    let object = s3.object("bucket", key).unwrap_or_else(|| panic!("{key} is not there"));
    assert_eq!((object.content.len(), object.content.check(PATTERN)), (len, Ok(())), "{key}");
}

fn field(bucket: &Bucket, key: &str, name: &str) -> Option<String> {
    bucket.s3.object("bucket", key).unwrap().field(name).map(str::to_owned)
}

#[test]
fn a_file_becomes_an_object_with_what_is_stored_beside_it() {
    let bucket = Bucket::new();
    file(&bucket, "big.html", BIG);
    let said = bucket.run(&[
        "put",
        "big.html",
        "s3://bucket/",
        "--cache-control",
        "no-cache",
        "--metadata",
        "Owner=me",
        "--expires",
        "2031-01-01",
    ]);
    assert_eq!(said.status.code(), Some(0), "{}", stderr(&said));
    assert!(stderr(&said).contains("1 done; 40 MiB in "), "{}", stderr(&said));
    is_pattern(&bucket.s3, "big.html", BIG);
    assert_eq!(field(&bucket, "big.html", "content-type").as_deref(), Some("text/html"));
    assert_eq!(field(&bucket, "big.html", "cache-control").as_deref(), Some("no-cache"));
    assert_eq!(field(&bucket, "big.html", "x-amz-meta-owner").as_deref(), Some("me"));
    assert_eq!(field(&bucket, "big.html", "expires").as_deref(), Some("Wed, 01 Jan 2031 00:00:00 GMT"));
    assert!(bucket.s3.uploads("bucket").is_empty());
    assert_eq!(bucket.files().len(), 1, "{:?}", bucket.files());
}

#[test]
fn standard_input_of_any_length_becomes_an_object() {
    let bucket = Bucket::new();
    for (key, len) in [("empty", 0), ("small", 1000), ("large", BIG)] {
        let mut command = bucket.command(&["put", "-", &format!("s3://bucket/{key}")]);
        let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        let mut at = 0;
        while at < len {
            let piece = (len - at).min(1 << 20);
            input.write_all(&PATTERN.bytes(at, piece as usize)).unwrap();
            at += piece;
        }
        drop(input);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        is_pattern(&bucket.s3, key, len);
    }
}

#[test]
fn a_directory_is_stored_below_a_prefix_by_its_rules() {
    let bucket = Bucket::new();
    for name in ["site/a.html", "site/b.map", "site/deep/c.html", "site/a.txt"] {
        file(&bucket, name, 10);
    }
    bucket.ok(&["put", "site", "s3://bucket/www", "-r", "--exclude", "*.map"]);
    for key in ["www/a.html", "www/deep/c.html", "www/a.txt"] {
        is_pattern(&bucket.s3, key, 10);
    }
    assert!(bucket.s3.object("bucket", "www/b.map").is_none());
    let (code, said) = bucket.refusal(&["put", "site", "s3://bucket/www"]);
    assert_eq!((code, said.contains("add -r")), (2, true), "{said}");
}

#[test]
fn an_object_that_is_there_is_not_replaced_if_that_is_wanted() {
    let bucket = Bucket::new();
    bucket.s3.put("bucket", "a", Draft::bytes("theirs"));
    file(&bucket, "a", 10);
    let said = bucket.run(&["put", "a", "s3://bucket/a", "--no-clobber"]);
    assert_eq!(
        (said.status.code(), stderr(&said).contains("there already")),
        (Some(0), true),
        "{}",
        stderr(&said)
    );
    assert_eq!(bucket.s3.object("bucket", "a").unwrap().content.len(), 6);
}

#[test]
fn within_one_store_the_store_copies() {
    let bucket = Bucket::new();
    let draft = Draft::pattern(PATTERN, 1000).field("cache-control", "no-cache").field("content-type", "x/y");
    bucket.s3.put("bucket", "dir/a", draft);
    bucket.ok(&["cp", "s3://bucket/dir/a", "s3://bucket/b"]);
    is_pattern(&bucket.s3, "b", 1000);
    assert_eq!(field(&bucket, "b", "cache-control").as_deref(), Some("no-cache"));
    bucket.ok(&["cp", "s3://bucket/dir/a", "s3://bucket/c", "--cache-control", "max-age=1"]);
    assert_eq!(field(&bucket, "c", "cache-control").as_deref(), Some("max-age=1"));
    bucket.ok(&["cp", "s3://bucket/dir/", "s3://bucket/copy", "-r"]);
    is_pattern(&bucket.s3, "copy/a", 1000);
    assert_eq!((bucket.s3.count(Verb::Get), bucket.s3.count(Verb::Put)), (0, 0), "no byte passes through us");
    let (code, said) = bucket.refusal(&["cp", "s3://bucket/b", "s3://bucket/b"]);
    assert_eq!((code, said.contains("source and target at once")), (2, true), "{said}");
}

#[test]
fn from_one_store_to_another_the_bytes_stream_through() {
    let (here, there) = (Bucket::new(), Bucket::new());
    fs::write(there.path("a"), PATTERN.bytes(0, BIG as usize)).unwrap();
    there.ok(&["put", "a", "s3://bucket/a", "--cache-control", "no-cache", "--tag", "for=test & proof"]);
    here.ok(&["cp", "s3://bucket/a", "s3://bucket/a", "--source-endpoint-url", &there.s3.endpoint()]);
    is_pattern(&here.s3, "a", BIG);
    assert_eq!(field(&here, "a", "cache-control").as_deref(), Some("no-cache"));
    assert_eq!(here.s3.object("bucket", "a").unwrap().tags, "for=test%20%26%20proof");
    let web = format!("{}/bucket/a", there.s3.endpoint());
    here.ok(&["cp", &web, "s3://bucket/from-the-web"]);
    is_pattern(&here.s3, "from-the-web", BIG);
}

#[test]
fn what_is_moved_is_deleted_when_it_is_there_and_not_before() {
    let bucket = Bucket::new();
    bucket.s3.put("bucket", "a", Draft::pattern(PATTERN, 10));
    bucket.ok(&["mv", "s3://bucket/a", "s3://bucket/b"]);
    assert!(bucket.s3.object("bucket", "a").is_none());
    is_pattern(&bucket.s3, "b", 10);
    bucket.ok(&["mv", "s3://bucket/b", "here"]);
    assert!(bucket.s3.object("bucket", "b").is_none() && bucket.path("here").exists());
    bucket.ok(&["mv", "here", "s3://bucket/c"]);
    assert!(!bucket.path("here").exists());
    is_pattern(&bucket.s3, "c", 10);
    bucket.s3.script().push(When::get("c").always(), Fault::access_denied());
    assert_eq!(bucket.run(&["mv", "s3://bucket/c", "there"]).status.code(), Some(1));
    is_pattern(&bucket.s3, "c", 10);
}

#[test]
fn a_directory_and_a_prefix_are_made_alike_both_ways() {
    let bucket = Bucket::new();
    for name in ["dir/a", "dir/a.txt", "dir/b/c", "dir/same"] {
        file(&bucket, name, 10);
    }
    bucket.ok(&["sync", "dir", "s3://bucket/dir"]);
    bucket.s3.forget();
    bucket.ok(&["sync", "dir", "s3://bucket/dir"]);
    assert_eq!(bucket.s3.count(Verb::Put), 0, "nothing had changed");
    file(&bucket, "dir/a", 11);
    fs::remove_file(bucket.path("dir/b/c")).unwrap();
    bucket.ok(&["sync", "dir", "s3://bucket/dir"]);
    assert_eq!(bucket.s3.count(Verb::Put), 1);
    is_pattern(&bucket.s3, "dir/b/c", 10);
    bucket.run(&["sync", "dir", "s3://bucket/dir", "--delete", "--dry-run"]);
    is_pattern(&bucket.s3, "dir/b/c", 10);
    bucket.ok(&["sync", "dir", "s3://bucket/dir", "--delete"]);
    assert!(bucket.s3.object("bucket", "dir/b/c").is_none());

    bucket.write("copy/surplus", "");
    bucket.ok(&["sync", "s3://bucket/dir", "copy"]);
    assert_eq!(fs::read(bucket.path("copy/a")).unwrap(), PATTERN.bytes(0, 11));
    let again = bucket.ok(&["sync", "s3://bucket/dir", "copy", "--json"]);
    assert_eq!(again.lines().count(), 1, "nothing had changed: {again}");
    bucket.ok(&["sync", "s3://bucket/dir", "copy", "--delete"]);
    assert!(!bucket.path("copy/surplus").exists() && bucket.path("copy/a").exists());
}

#[test]
fn nothing_is_deleted_after_a_listing_or_a_copy_that_failed() {
    let bucket = Bucket::new();
    for key in ["src/a", "dst/surplus"] {
        bucket.s3.put("bucket", key, Draft::pattern(PATTERN, 10));
    }
    let sync = ["sync", "s3://bucket/src", "s3://bucket/dst", "--delete"];
    bucket.s3.script().push(When::verb(Verb::Copy).always(), Fault::access_denied());
    assert_eq!(bucket.run(&sync).status.code(), Some(1));
    is_pattern(&bucket.s3, "dst/surplus", 10);
    bucket.s3.script().clear();
    bucket.s3.script().push(When::verb(Verb::List).always(), Fault::access_denied());
    assert_eq!(bucket.run(&sync).status.code(), Some(1));
    bucket.s3.script().clear();
    is_pattern(&bucket.s3, "dst/surplus", 10);
    bucket.ok(&sync);
    assert!(bucket.s3.object("bucket", "dst/surplus").is_none());
    is_pattern(&bucket.s3, "dst/a", 10);
}
