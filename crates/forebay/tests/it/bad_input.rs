//! Whatever is wrong, with each command: one line that names the way out, the right exit code, and nothing lost.

use std::fs;

use forebay_testkit::{
    fake::{Fault, When},
    fake_s3::Draft,
    small_disk::SmallDisk,
};

use crate::{
    bucket::{Bucket, PATTERN},
    run::stderr,
};

/// Every command that asks the store, on a bucket with `key` and `dir/a`, and a file `mine`.
const COMMANDS: &[&[&str]] = &[
    &["get", "s3://bucket/key", "target"],
    &["cat", "s3://bucket/key"],
    &["stat", "s3://bucket/key"],
    &["ls", "s3://bucket"],
    &["ls", "s3://bucket", "--versions"],
    &["du", "s3://bucket"],
    &["rm", "s3://bucket/key"],
    &["put", "mine", "s3://bucket/key"],
    &["cp", "s3://bucket/key", "s3://bucket/copy"],
    &["mv", "s3://bucket/key", "s3://bucket/moved"],
    &["mv", "s3://bucket/key", "target"],
    &["mv", "mine", "s3://bucket/key"],
    &["sync", "dir", "s3://bucket/dir", "--delete"],
    &["sync", "s3://bucket/dir", "dir", "--delete"],
    &["abort-uploads", "s3://bucket"],
];

fn bucket() -> Bucket {
    let bucket = Bucket::new();
    for key in ["key", "dir/a"] {
        bucket.s3.put("bucket", key, Draft::bytes("theirs"));
    }
    for name in ["mine", "target", "dir/surplus"] {
        bucket.write(name, "mine");
    }
    bucket
}

fn nothing_is_lost(bucket: &Bucket, words: &[&str]) {
    for key in ["key", "dir/a"] {
        let length = bucket.s3.object("bucket", key).map(|object| object.content.len());
        assert_eq!(length, Some(6), "{words:?}: {key}");
    }
    for name in ["mine", "target", "dir/surplus"] {
        assert_eq!(fs::read(bucket.path(name)).unwrap(), b"mine", "{words:?}: {name}");
    }
    assert_eq!(bucket.files().len(), 3, "{words:?}: {:?}", bucket.files());
    assert!(bucket.s3.uploads("bucket").is_empty());
}

fn refused(bucket: &Bucket, words: &[&str], ways_out: &[&str]) {
    let output = bucket.run(words);
    let said = stderr(&output);
    let said = said.trim_end_matches("forebay: nothing is deleted, because not everything went well\n");
    assert_eq!((output.status.code(), said.lines().count()), (Some(1), 1), "{words:?}: {said}");
    assert!(ways_out.iter().any(|way| said.contains(way)), "{words:?}: {said}");
    nothing_is_lost(bucket, words);
}

#[test]
fn whatever_a_store_has_against_us_names_the_way_out_and_loses_nothing() {
    let region = || Fault::other_region("eu-west-1");
    // A refusal of a HEAD has no words, so there the way out of every 403 is the same.
    let denied = "check the policy";
    let faults: [(Fault, &[&str]); 5] = [
        (Fault::access_denied(), &[denied]),
        (Fault::expired_token(), &["log in again", "the session token or the encryption key may be wrong"]),
        (Fault::time_too_skewed(), &["set the clock", denied]),
        (Fault::refuse(403, "SignatureDoesNotMatch"), &["check AWS_SECRET_ACCESS_KEY", denied]),
        (region(), &["use --region eu-west-1"]),
    ];
    for (fault, ways_out) in faults {
        let bucket = bucket();
        bucket.s3.script().push(When::any().always(), fault);
        for words in COMMANDS {
            refused(&bucket, words, ways_out);
        }
    }
}

#[test]
fn a_clock_that_is_off_by_an_hour_is_told_by_how_much() {
    let bucket = bucket();
    bucket.s3.shift_clock(3600);
    bucket.s3.script().push(When::any().always(), Fault::time_too_skewed());
    let (code, said) = bucket.refusal(&["get", "s3://bucket/key", "target"]);
    assert_eq!(code, 1);
    assert!(said.contains("behind the server's, which accepts 15 minutes: set the clock"), "{said}");
    assert!(said.contains("59 min") || said.contains("60 min") || said.contains("1 h"), "{said}");
    nothing_is_lost(&bucket, &["get"]);
}

#[test]
fn a_wrong_key_a_wrong_bucket_and_a_wrong_endpoint_name_the_way_out() {
    let bucket = bucket();
    for words in COMMANDS {
        let elsewhere: Vec<String> =
            words.iter().map(|word| word.replace("s3://bucket", "s3://elsewhere")).collect();
        let elsewhere: Vec<&str> = elsewhere.iter().map(String::as_str).collect();
        refused(&bucket, &elsewhere, &["no such bucket", "no such object or bucket"]);
    }
    // One that gives a page, one that takes bytes: whoever is not there is asked again for seconds.
    for words in [COMMANDS[3], COMMANDS[7]] {
        let nobody = [words, &["--endpoint-url", "http://127.0.0.1:1"]].concat();
        refused(&bucket, &nobody, &["127.0.0.1:1"]);
    }
    bucket.s3.let_in_only("SOMEBODYELSE");
    for words in COMMANDS {
        refused(&bucket, words, &["AWS_ACCESS_KEY_ID", "check the policy"]);
    }
}

#[test]
fn keys_of_every_kind_are_stored_fetched_and_deleted_under_their_names() {
    let bucket = Bucket::new();
    let long = "k".repeat(1024);
    let keys = [
        "../up",
        "a//b",
        "/root",
        "./dot",
        "🗻/日本",
        "new\nline",
        "tab\there",
        "\u{7f}",
        "50%25",
        "a b+c",
        &long,
    ];
    bucket.write("file", "content");
    for key in keys {
        let url = format!("s3://bucket/{key}");
        bucket.ok(&["put", "file", &url]);
        assert!(bucket.s3.object("bucket", key).is_some(), "{key:?}");
        bucket.ok(&["get", &url, "fetched"]);
        assert_eq!(fs::read(bucket.path("fetched")).unwrap(), b"content", "{key:?}");
        bucket.ok(&["stat", &url]);
        bucket.ok(&["cp", &url, "s3://bucket/copy"]);
        bucket.ok(&["rm", &url]);
        assert!(bucket.s3.object("bucket", key).is_none(), "{key:?}");
    }
    let (code, said) = bucket.refusal(&["put", "file", &format!("s3://bucket/{}", "k".repeat(1025))]);
    assert_eq!((code, said.contains("1024") || said.contains("1,024")), (1, true), "{said}");
    // No name moves the cursor of a terminal.
    let missing = bucket.run(&["stat", "s3://bucket/\u{1b}[2J"]);
    assert!(!stderr(&missing).contains('\u{1b}'), "{}", stderr(&missing));
}

#[test]
fn names_of_unfinished_files_are_no_targets_below_a_directory() {
    let bucket = Bucket::new();
    bucket.s3.put("bucket", ".forebay-get-0123456789abcdef.part", Draft::bytes("theirs"));
    bucket.s3.put("bucket", "a", Draft::bytes("theirs"));
    let output = bucket.run(&["get", "s3://bucket/", "all", "-r"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(stderr(&output).contains("those of unfinished files"), "{}", stderr(&output));
    assert_eq!(bucket.files(), [bucket.path("all/a")]);
}

#[test]
fn a_target_that_is_a_directory_full_or_read_only_is_named() {
    let bucket = Bucket::new();
    bucket.s3.put("bucket", "key", Draft::pattern(PATTERN, 6 << 20));
    fs::create_dir_all(bucket.path("there/key")).unwrap();
    let (code, said) = bucket.refusal(&["get", "s3://bucket/key", "there"]);
    assert_eq!((code, said.contains("there/key is a directory: name a file in it")), (1, true), "{said}");
    let Some(disk) = SmallDisk::mount(4) else { return };
    let dir = format!("{}/", disk.path().display());
    let (code, said) = bucket.refusal(&["get", "s3://bucket/key", &dir]);
    assert_eq!(
        (code, said.contains("needs 6 MiB on a disk that has 4 MiB left: make room")),
        (1, true),
        "{said}"
    );
    assert_eq!(fs::read_dir(disk.path()).unwrap().count(), 0, "nothing is left on it");
    if disk.make_read_only() {
        let (code, said) = bucket.refusal(&["get", "s3://bucket/key", &dir]);
        assert_eq!((code, said.to_lowercase().contains("read-only")), (1, true), "{said}");
    }
}
