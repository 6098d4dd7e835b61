//! What `mv` deletes and what nobody copies onto itself.

use std::{
    fs,
    time::{Duration, SystemTime},
};

use forebay_testkit::{
    fake::{Action, Fault, Verb, When},
    fake_s3::Draft,
    fault_proxy::FaultProxy,
};

use crate::{
    bucket::{Bucket, PATTERN},
    run::stderr,
};

/// Servers that decide on a deletion themselves, and servers that are looked at before.
const KINDS: [&[&str]; 2] = [&[], &["--s3-profile", "aws", "--path-style"]];

#[test]
fn a_source_that_is_another_by_now_is_not_deleted() {
    for kind in KINDS {
        for target in ["s3://bucket/b", "here"] {
            let bucket = Bucket::new();
            bucket.s3.put("bucket", "a", Draft::bytes("first"));
            let replaced = bucket.s3.replacing("bucket", "a", Draft::bytes("second"));
            let verb = if target == "here" { Verb::Get } else { Verb::Copy };
            bucket.s3.script().push(When::verb(verb), Fault::Meanwhile { after: 0, action: replaced });
            let (code, said) = bucket.refusal(&[&["mv", "s3://bucket/a", target], kind].concat());
            assert_eq!(code, 1, "{said}");
            assert!(said.contains("is copied, and not deleted: it is another by now"), "{said}");
            let left = bucket.s3.object("bucket", "a").unwrap();
            assert_eq!(left.content.len(), 6, "{kind:?} {target}");
            bucket.ok(&[&["mv", "s3://bucket/a", target], kind].concat());
            assert!(bucket.s3.object("bucket", "a").is_none());
        }
    }
}

#[test]
fn a_file_that_was_written_meanwhile_is_not_deleted() {
    let bucket = Bucket::new();
    let path = bucket.write("a", "first");
    let late = path.clone();
    // While the bytes come, and so before the answer.
    let writes = Action::new(move || fs::write(&late, "2").unwrap());
    bucket.s3.script().push(When::verb(Verb::Put), Fault::MeanwhileUpload { after: 1, action: writes });
    let output = bucket.run(&["mv", "a", "s3://bucket/a"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert_eq!(fs::read(&path).unwrap(), b"2");
}

#[test]
fn in_a_bucket_of_versions_the_newest_is_marked_and_none_is_lost() {
    for kind in KINDS {
        let bucket = Bucket::new();
        bucket.s3.keep_versions("bucket");
        bucket.s3.put("bucket", "a", Draft::bytes("first"));
        bucket.ok(&[&["mv", "s3://bucket/a", "s3://bucket/b"], kind].concat());
        assert!(bucket.s3.object("bucket", "a").is_none());
        let listed = bucket.ok(&["ls", "s3://bucket/a", "--versions", "--json"]);
        assert_eq!(listed.lines().count(), 2, "{listed}");
    }
}

#[test]
fn what_would_be_copied_onto_itself_is_refused_before_anything_is_begun() {
    let bucket = Bucket::new();
    for key in ["a", "dir/a", "dir/deep/b"] {
        bucket.s3.put("bucket", key, Draft::pattern(PATTERN, 10));
    }
    bucket.write("file", "mine");
    fs::hard_link(bucket.path("file"), bucket.path("hard")).unwrap();
    std::os::unix::fs::symlink("file", bucket.path("soft")).unwrap();
    let endpoint = bucket.s3.endpoint();
    let other = endpoint.replace("127.0.0.1", "LocalHost") + "/";
    let web = format!("{endpoint}/bucket/a");
    let full = bucket.path("file").display().to_string();
    let refused: &[&[&str]] = &[
        &["cp", "s3://bucket/a", "s3://bucket/a"],
        &["mv", "s3://bucket/a", "s3://bucket/a"],
        &["mv", "s3://bucket/a", "s3://bucket/"],
        &["mv", "s3://bucket/a", "s3://bucket/a", "--cache-control", "no-cache"],
        &["mv", "s3://bucket/a", "s3://bucket/a", "--source-endpoint-url", &other],
        &["cp", "s3://bucket/a", "s3://bucket/a", "--source-endpoint-url", &other],
        &["cp", &web, "s3://bucket/a"],
        &["mv", "s3://bucket/dir/", "s3://bucket/dir", "-r"],
        &["mv", "s3://bucket/dir/*", "s3://bucket/dir/"],
        &["mv", "s3://bucket/dir/", "s3://bucket/dir/deeper/", "-r"],
        &["cp", "s3://bucket/**a", "s3://bucket/copy/"],
        &["sync", "s3://bucket/dir", "s3://bucket/dir/"],
        &["sync", "s3://bucket/", "s3://bucket/backup/"],
        &["sync", "s3://bucket/dir/deep", "s3://bucket/dir", "--delete"],
        &["cp", "file", "./file"],
        &["cp", "file", &full],
        &["mv", "file", "hard"],
        &["mv", "file", "soft"],
        &["sync", ".", "."],
        &["get", "file", "file"],
        &["put", "file", "soft"],
    ];
    for words in refused {
        let (code, said) = bucket.refusal(words);
        assert_eq!(code, 2, "{words:?}: {said}");
    }
    assert_eq!(bucket.s3.counts().0, 0, "nothing was asked");
    assert_eq!(fs::read(bucket.path("file")).unwrap(), b"mine");
    // A copy that changes what is stored beside it is meant, and so is a move up.
    bucket.ok(&["cp", "s3://bucket/a", "s3://bucket/a", "--cache-control", "no-cache"]);
    assert_eq!(bucket.s3.object("bucket", "a").unwrap().field("cache-control"), Some("no-cache"));
    bucket.ok(&["mv", "s3://bucket/dir/deep/", "s3://bucket/dir/", "-r"]);
    assert!(bucket.s3.object("bucket", "dir/b").is_some());
}

#[test]
fn what_was_copied_onto_itself_under_another_name_of_its_server_is_not_deleted() {
    for kind in KINDS {
        let bucket = Bucket::new();
        let earlier = SystemTime::now() - Duration::from_secs(60);
        bucket.s3.put("bucket", "a", Draft::bytes("the only one").modified(earlier));
        let name = FaultProxy::start(bucket.s3.addr()).unwrap();
        let other = format!("http://{}", name.addr);
        let words = ["mv", "s3://bucket/a", "s3://bucket/a", "--source-endpoint-url", &other];
        let (code, said) = bucket.refusal(&[&words[..], kind].concat());
        assert_eq!(code, 1, "{kind:?}: {said}");
        assert!(said.contains("is copied, and not deleted: it is another by now"), "{kind:?}: {said}");
        let left = bucket.s3.object("bucket", "a").expect("it is still there");
        assert!(left.modified > earlier, "it was copied");
        assert_eq!(left.content.len(), 12);
    }
}

#[test]
fn one_of_a_list_that_would_be_moved_onto_itself_stays() {
    let bucket = Bucket::new();
    bucket.s3.put("bucket", "dir/a", Draft::pattern(PATTERN, 10));
    bucket.s3.put("bucket", "b", Draft::pattern(PATTERN, 10));
    bucket.write("list", "s3://bucket/dir/a\ns3://bucket/b\n");
    let output =
        bucket.run(&["mv", "--files-from", "list", "s3://bucket/dir/", "--cache-control", "no-cache"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(stderr(&output).contains("source and target at once"), "{}", stderr(&output));
    assert!(bucket.s3.object("bucket", "dir/a").is_some() && bucket.s3.object("bucket", "dir/b").is_some());
}
