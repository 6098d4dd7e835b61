//! Versions: listed, read, and deleted by name.

use std::fs;

use forebay_testkit::fake_s3::Draft;
use serde_json::Value;

use crate::{
    bucket::{Bucket, PATTERN},
    run::stdout,
};

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Two versions of `a`, of which the newest is a mark, and one of `dir/b`.
fn kept() -> Bucket {
    let bucket = Bucket::new();
    bucket.s3.put("bucket", "before", Draft::bytes("before versions"));
    bucket.s3.keep_versions("bucket");
    for text in ["first", "second!"] {
        bucket.s3.put("bucket", "a", Draft::bytes(text));
    }
    bucket.s3.delete("bucket", "a");
    bucket.s3.put("bucket", "dir/b", Draft::bytes("b"));
    bucket
}

#[test]
fn every_version_and_every_mark_is_listed_newest_first() {
    let bucket = kept();
    let json = lines(&bucket.ok(&["ls", "s3://bucket", "--versions", "-r", "--json"]));
    let told: Vec<_> = json
        .iter()
        .map(|line| {
            let deleted = line["deleted"].as_bool().unwrap();
            (
                line["key"].as_str().unwrap(),
                line["newest"].as_bool().unwrap(),
                deleted,
                line["bytes"].as_u64(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("a", true, true, None),
            ("a", false, false, Some(7)),
            ("a", false, false, Some(5)),
            ("before", true, false, Some(15)),
            ("dir/b", true, false, Some(1)),
        ]
    );
    assert_eq!(json[3]["version"], "null");
    let text = bucket.ok(&["ls", "s3://bucket", "--versions"]);
    let ends: Vec<_> = text.lines().map(|line| line.split_whitespace().last().unwrap()).collect();
    assert_eq!((ends[0], ends[4]), ("(newest)", "dir/"), "{text}");
    assert!(text.lines().next().unwrap().contains("deleted  a  v"), "{text}");
}

#[test]
fn a_version_is_read_and_deleted_by_its_name() {
    let bucket = kept();
    let json = lines(&bucket.ok(&["ls", "s3://bucket/a", "--versions", "--json"]));
    let id = |index: usize| json[index]["version"].as_str().unwrap().to_owned();
    let (mark, second, first) = (id(0), id(1), id(2));
    assert_eq!(bucket.ok(&["cat", "s3://bucket/a", "--version-id", &first]), "first");
    bucket.ok(&["get", "s3://bucket/a", "--version-id", &second]);
    assert_eq!(fs::read(bucket.path("a")).unwrap(), b"second!");
    let stat: Value =
        serde_json::from_str(&bucket.ok(&["stat", "s3://bucket/a", "--version-id", &first, "--json"]))
            .unwrap();
    assert_eq!(stat["bytes"], 5);

    let dry = bucket.run(&["rm", "s3://bucket/a", "--version-id", &mark, "--dry-run"]);
    assert!(stdout(&dry).is_empty() && bucket.s3.object("bucket", "a").is_none());
    bucket.ok(&["rm", "s3://bucket/a", "--version-id", &mark]);
    assert_eq!(bucket.ok(&["cat", "s3://bucket/a"]), "second!", "without its mark it is there again");
    bucket.ok(&["rm", "s3://bucket/a", "--version-id", &second]);
    assert_eq!(bucket.ok(&["cat", "s3://bucket/a"]), "first");
    for words in [["rm", "-r", "s3://bucket/"], ["rm", "s3://bucket/a", "s3://bucket/b"]] {
        let (code, said) = bucket.refusal(&[&words[..], &["--version-id", "x"]].concat());
        assert_eq!((code, said.contains("of one object")), (2, true), "{said}");
    }
    let (code, said) = bucket.refusal(&["cat", "s3://bucket/a", "--version-id", "nowhere"]);
    assert_eq!((code, said.contains("s3://bucket/a")), (1, true), "{said}");
}

#[test]
fn a_listing_of_many_versions_holds_a_page() {
    let bucket = Bucket::new();
    bucket.s3.keep_versions("bucket");
    for index in 0..1100 {
        bucket.s3.put("bucket", "many", Draft::pattern(PATTERN, index));
        bucket.s3.put("bucket", &format!("key{index:04}"), Draft::pattern(PATTERN, 1));
    }
    let json = lines(&bucket.ok(&["ls", "s3://bucket", "--versions", "-r", "--json"]));
    assert_eq!(json.len(), 2200);
    let many: Vec<_> = json
        .iter()
        .filter(|line| line["key"] == "many")
        .map(|line| line["bytes"].as_u64().unwrap())
        .collect();
    assert_eq!(many, (0..1100).rev().collect::<Vec<_>>(), "newest first, each once, over the pages");
    assert_eq!(bucket.s3.count(forebay_testkit::fake::Verb::Versions), 3);
}
