//! `get`, `cat`, `ls`, `du`, `stat` and `rm`, as their users meet them.

use std::fs;

use forebay_testkit::{
    cert::Certificate,
    fake::{Fault, Verb, When},
    fake_s3::{Draft, FakeS3, Sum},
    fault_proxy::FaultProxy,
};
use serde_json::Value;

use crate::{
    bucket::{Bucket, PATTERN},
    run::{stderr, stdout},
};

const BIG: u64 = 40 << 20;

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn is_pattern(bucket: &Bucket, name: &str, len: u64) {
    let bytes = fs::read(bucket.path(name)).unwrap();
    assert_eq!(bytes.len() as u64, len, "{name}");
    assert_eq!(PATTERN.check(0, &bytes), Ok(()), "{name}");
}

#[test]
fn an_object_goes_to_a_file_whole_and_says_how_far_that_is_proven() {
    let bucket = Bucket::new();
    bucket.s3.put("bucket", "dir/big", Draft::pattern(PATTERN, BIG));
    let output = bucket.run(&["get", "s3://bucket/dir/big"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).is_empty());
    assert!(stderr(&output).contains("1 done; 40 MiB in "), "{}", stderr(&output));
    assert!(stderr(&output).contains("verified: "), "{}", stderr(&output));
    is_pattern(&bucket, "big", BIG);

    bucket.ok(&["get", "s3://bucket/dir/big", "elsewhere/"]);
    bucket.ok(&["get", "s3://bucket/dir/big", "renamed", "--part-size", "5MiB", "--concurrency", "3"]);
    is_pattern(&bucket, "elsewhere/big", BIG);
    is_pattern(&bucket, "renamed", BIG);
    assert_eq!(bucket.files().len(), 3, "{:?}", bucket.files());
}

#[test]
fn a_full_proof_reads_the_file_back_and_a_wrong_bit_is_exit_code_4() {
    let bucket = Bucket::new();
    bucket.s3.put("bucket", "big", Draft::pattern(PATTERN, BIG).sum(Sum::Crc64Nvme));
    let output = bucket.run(&["get", "s3://bucket/big", "--verify", "full"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stderr(&output).contains("verified: full-object 1"), "{}", stderr(&output));
    is_pattern(&bucket, "big", BIG);

    bucket.s3.script().push(When::get("big").after(1), Fault::Flip { at: 1000 });
    let (code, said) = bucket.refusal(&["get", "s3://bucket/big", "broken", "--verify", "full"]);
    assert_eq!(code, 4, "{said}");
    assert!(!bucket.path("broken").exists());

    bucket.s3.put("bucket", "bare", Draft::pattern(PATTERN, BIG).without_sum());
    let (code, said) = bucket.refusal(&["get", "s3://bucket/bare", "--verify", "full"]);
    assert!(code == 4 && said.contains("--digest"), "{said}");
}

#[test]
fn machines_get_a_line_of_json_for_each_thing_that_happens() {
    let bucket = Bucket::new();
    bucket.s3.put("bucket", "a", Draft::pattern(PATTERN, 100));
    let output = bucket.run(&["get", "s3://bucket/a", "--json"]);
    assert!(stderr(&output).is_empty(), "{}", stderr(&output));
    let events = lines(&stdout(&output));
    let (object, summary) = (&events[0], events.last().unwrap());
    assert_eq!(
        (&object["event"], &object["status"], &object["bytes"]),
        (&"object".into(), &"done".into(), &100.into())
    );
    assert_eq!((&object["source"], &object["target"]), (&"s3://bucket/a".into(), &"./a".into()));
    assert_eq!(
        (&summary["event"], &summary["done"], &summary["exit"]),
        (&"summary".into(), &1.into(), &0.into())
    );
}

#[test]
fn all_below_a_prefix_a_pattern_and_a_list_name_many() {
    let bucket = Bucket::new();
    for key in ["logs/a.gz", "logs/b.txt", "logs/2026/c.gz", "logs/2026/d.txt", "other/e.gz"] {
        bucket.s3.put("bucket", key, Draft::pattern(PATTERN, 10));
    }
    let below = |dir: &str| -> Vec<String> {
        let root = bucket.path(dir);
        let names = bucket
            .files()
            .into_iter()
            .filter_map(|path| Some(path.strip_prefix(&root).ok()?.display().to_string()));
        names.collect()
    };
    bucket.ok(&["get", "s3://bucket/logs", "all", "-r"]);
    assert_eq!(below("all"), ["2026/c.gz", "2026/d.txt", "a.gz", "b.txt"]);
    bucket.ok(&["get", "s3://bucket/logs/", "some", "-r", "--include", "*.gz", "--exclude", "2026/"]);
    assert_eq!(below("some"), ["a.gz"]);
    bucket.ok(&["get", "s3://bucket/logs/*.gz", "glob"]);
    assert_eq!(below("glob"), ["a.gz"]);
    bucket.ok(&["get", "s3://bucket/**.gz", "deep"]);
    assert_eq!(below("deep"), ["logs/2026/c.gz", "logs/a.gz", "other/e.gz"]);
    bucket.write("list", "s3://bucket/logs/a.gz\n\ns3://bucket/other/e.gz\n");
    bucket.ok(&["get", "--files-from", "list", "listed/"]);
    assert_eq!(below("listed"), ["a.gz", "e.gz"]);
    bucket.write("names", "a.gz\n2026/c.gz\n");
    bucket.ok(&["get", "s3://bucket/logs", "named", "--files-from", "names"]);
    assert_eq!(below("named"), ["2026/c.gz", "a.gz"]);
}

#[test]
fn what_is_there_is_left_alone_if_that_is_wanted() {
    let bucket = Bucket::new();
    bucket.s3.put("bucket", "a", Draft::pattern(PATTERN, 10));
    bucket.write("a", "mine");
    let said = bucket.run(&["get", "s3://bucket/a", "--no-clobber"]);
    assert_eq!(
        (said.status.code(), stderr(&said).contains("there already")),
        (Some(0), true),
        "{}",
        stderr(&said)
    );
    // The file was written after the object.
    bucket.ok(&["get", "s3://bucket/a", "--if-newer"]);
    assert_eq!(fs::read(bucket.path("a")).unwrap(), b"mine");
    let dry = bucket.run(&["get", "s3://bucket/a", "--dry-run"]);
    assert!(stderr(&dry).contains("would get s3://bucket/a → ./a"), "{}", stderr(&dry));
    assert_eq!(fs::read(bucket.path("a")).unwrap(), b"mine");
    bucket.ok(&["get", "s3://bucket/a"]);
    is_pattern(&bucket, "a", 10);
}

#[test]
fn some_of_many_that_fail_are_told_and_have_their_exit_code() {
    let bucket = Bucket::new();
    for key in ["a", "b", "c"] {
        bucket.s3.put("bucket", key, Draft::pattern(PATTERN, 10));
    }
    bucket.s3.script().push(When::get("b").always(), Fault::refuse(403, "AccessDenied"));
    let output = bucket.run(&["get", "s3://bucket/", "all", "-r"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(stderr(&output).contains("2 done, 1 failed"), "{}", stderr(&output));
    assert!(bucket.path("all/a").exists() && !bucket.path("all/b").exists());
}

#[test]
fn a_listing_is_in_order_and_has_the_forms_that_people_and_machines_read() {
    let bucket = Bucket::new();
    for (key, len) in [("a.txt", 1), ("dir/b", 2048), ("dir/c\nd", 3)] {
        bucket.s3.put("bucket", key, Draft::pattern(PATTERN, len));
    }
    let listed = bucket.ok(&["ls", "s3://bucket"]);
    let names: Vec<_> = listed.lines().map(|line| line.split_whitespace().last().unwrap()).collect();
    assert_eq!(names, ["a.txt", "dir/"]);
    let all = bucket.ok(&["ls", "s3://bucket", "-r", "-H"]);
    assert!(all.contains("2 KiB  dir/b") && all.contains("dir/c\\nd"), "{all}");
    let json = lines(&bucket.ok(&["ls", "s3://bucket", "-r", "--json"]));
    let keys: Vec<_> = json.iter().map(|line| line["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["a.txt", "dir/b", "dir/c\nd"]);
    let sum: Value = serde_json::from_str(&bucket.ok(&["du", "s3://bucket/dir/", "--json"])).unwrap();
    assert_eq!((&sum["objects"], &sum["bytes"]), (&2.into(), &2051.into()));
}

#[test]
fn an_object_is_described_without_its_bytes() {
    let bucket = Bucket::new();
    let draft =
        Draft::pattern(PATTERN, 5000).field("cache-control", "no-cache").field("x-amz-meta-owner", "me");
    bucket.s3.put("bucket", "a", draft);
    let text = bucket.ok(&["stat", "s3://bucket/a"]);
    for part in
        ["s3://bucket/a\n", "5000 (4.88 KiB)", "cache-control        no-cache", "metadata owner       me"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let json: Value = serde_json::from_str(&bucket.ok(&["stat", "s3://bucket/a", "--json"])).unwrap();
    assert_eq!((&json["bytes"], &json["metadata"]["owner"]), (&5000.into(), &"me".into()));
    assert_eq!(json["etag"], bucket.s3.object("bucket", "a").unwrap().etag);
    assert_eq!(bucket.s3.count(Verb::Get), 0);
}

#[test]
fn objects_are_deleted_by_name_by_pattern_and_below_a_prefix() {
    let bucket = Bucket::new();
    for key in ["a", "b", "tmp/1", "tmp/2", "logs/x.gz", "logs/y.txt"] {
        bucket.s3.put("bucket", key, Draft::pattern(PATTERN, 1));
    }
    let dry = bucket.run(&["rm", "-r", "s3://bucket/tmp", "--dry-run"]);
    assert!(stderr(&dry).contains("would delete s3://bucket/tmp/1"), "{}", stderr(&dry));
    bucket.ok(&["rm", "s3://bucket/a"]);
    bucket.ok(&["rm", "-r", "s3://bucket/tmp"]);
    bucket.ok(&["rm", "s3://bucket/logs/*.gz"]);
    let left = lines(&bucket.ok(&["ls", "s3://bucket", "-r", "--json"]));
    let keys: Vec<_> = left.iter().map(|line| line["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["b", "logs/y.txt"]);

    bucket.s3.refuse_to_delete("b");
    let output = bucket.run(&["rm", "s3://bucket/b", "s3://bucket/logs/y.txt"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
}

#[test]
fn a_store_with_a_certificate_of_its_own_is_trusted_if_that_is_said() {
    let mut bucket = Bucket::new();
    let certificate = Certificate::create(&bucket.path(""), "own").unwrap();
    bucket.s3 = FakeS3::start_tls(&certificate).unwrap();
    bucket.s3.put("bucket", "a", Draft::pattern(PATTERN, 10));
    let (code, said) = bucket.refusal(&["get", "s3://bucket/a"]);
    assert_eq!(code, 1);
    assert!(said.contains("certificate"), "{said}");
    bucket.ok(&["get", "s3://bucket/a", "--ca-cert", certificate.cert_path.to_str().unwrap()]);
    is_pattern(&bucket, "a", 10);
}

#[test]
fn what_has_expired_is_not_there_if_that_is_asked_for() {
    let bucket = Bucket::new();
    let with = |expires: &str| Draft::pattern(PATTERN, 10).field("expires", expires);
    bucket.s3.put("bucket", "old", with("Thu, 01 Jan 1970 00:00:00 GMT"));
    bucket.s3.put("bucket", "odd", with("tomorrow"));
    bucket.s3.put("bucket", "new", with("Fri, 31 Dec 9999 00:00:00 GMT"));
    for (key, strict, said) in
        [("old", false, "expired on Thu, 01 Jan 1970"), ("odd", false, "no date"), ("odd", true, "no date")]
    {
        let flag = if strict { "--strict" } else { "--respect-expires" };
        let (code, line) = bucket.refusal(&["get", &format!("s3://bucket/{key}"), flag]);
        assert_eq!(code, 1, "{line}");
        assert!(line.contains(said), "{line}");
    }
    bucket.s3.forget();
    bucket.ok(&["get", "s3://bucket/new", "--respect-expires"]);
    assert_eq!(bucket.s3.seen().len(), 1, "one request for each read");
    bucket.ok(&["get", "s3://bucket/old"]);
    assert!(!bucket.path("odd").exists());
}

#[test]
fn objects_go_to_standard_output_one_after_the_other() {
    let bucket = Bucket::new();
    bucket.s3.put("bucket", "a", Draft::bytes("first "));
    bucket.s3.put("bucket", "b*", Draft::bytes("second"));
    bucket.s3.put("bucket", "big", Draft::pattern(PATTERN, BIG));
    let both = bucket.run(&["cat", "s3://bucket/a", "s3://bucket/b*"]);
    assert_eq!((both.status.code(), stdout(&both).as_str()), (Some(0), "first second"), "{}", stderr(&both));
    let some = bucket.run(&["cat", "s3://bucket/a", "s3://bucket/missing", "s3://bucket/b*"]);
    assert_eq!((some.status.code(), stdout(&some).as_str()), (Some(3), "first "), "{}", stderr(&some));
    bucket.s3.script().push(When::get("big"), Fault::reset_after(5 << 20));
    let big = bucket.run(&["get", "s3://bucket/big", "-", "--json"]);
    assert_eq!((big.stdout.len() as u64, PATTERN.check(0, &big.stdout)), (BIG, Ok(())));
    assert_eq!(lines(&stderr(&big)).last().unwrap()["done"], 1, "lines of JSON go where the object does not");
}

#[test]
fn what_is_asked_of_an_object_without_its_bytes_is_asked_again_if_the_store_stumbles() {
    const STUMBLES: Fault = Fault::internal_error();
    let bucket = Bucket::new();
    let name = FaultProxy::start(bucket.s3.addr()).unwrap();
    let other = format!("http://{}", name.addr);
    for key in ["a", "b"] {
        bucket.s3.put("bucket", key, Draft::pattern(PATTERN, 10).sum(Sum::Crc64Nvme));
    }
    bucket.s3.put("bucket", "empty", Draft::bytes(""));
    bucket.write("dir/a", PATTERN.bytes(0, 10));
    let asked: &[(&[&str], &[Fault])] = &[
        (&["get", "s3://bucket/a", "--verify", "full"], &[Fault::slow_down(None)]),
        (&["get", "s3://bucket/empty"], &[STUMBLES]),
        (&["stat", "s3://bucket/a"], &[STUMBLES]),
        (&["cp", "s3://bucket/a", "s3://bucket/c"], &[STUMBLES]),
        // The version that is copied, what is beside its bytes, and their length.
        (&["cp", "s3://bucket/a", "s3://bucket/d", "--source-endpoint-url", &other], &[STUMBLES; 3]),
        (&["cp", "s3://bucket/a", "s3://bucket/b", "--if-newer"], &[STUMBLES; 2]),
        (&["sync", "dir", "s3://bucket/", "--checksum"], &[STUMBLES]),
        // The version that is copied, and whether it is still the one that is there.
        (&["mv", "s3://bucket/b", "s3://bucket/e"], &[STUMBLES; 2]),
    ];
    for (words, faults) in asked {
        for (nth, fault) in (0..).zip(*faults) {
            bucket.s3.script().push(When::verb(Verb::Head).after(nth), fault.clone());
        }
        bucket.ok(words);
        assert_eq!(bucket.s3.script().left(), 0, "{words:?}");
    }
}
