//! What the probes find.

use forebay_s3::{Access, Depth, Finding, KEY_PREFIX, Profile, S3Options, Verdict};
use forebay_testkit::fake::{Fault, Verb, When};
use forebay_testkit::fake_s3::{Draft, FakeS3};

use crate::contract::names;
use crate::servers::{self, KEY_ID, SECRET};

fn verdicts(found: &[Finding]) -> Vec<(&str, Verdict)> {
    found.iter().map(|finding| (finding.what, finding.verdict)).collect()
}

#[tokio::test]
async fn a_good_server_is_found_to_be_good_and_is_left_as_it_was() {
    use Verdict::Good;
    let server = FakeS3::start().unwrap();
    server.allow_small_parts();
    let s3 = servers::bucket(servers::options(&server.endpoint())).await;
    server.put(s3.name().as_str(), "object", Draft::bytes(b"0123456789".to_vec()));
    let found = s3.probe(Depth::Writing).await;
    let expected = [
        "credentials",
        "region",
        "clock",
        "server",
        "list",
        "head",
        "range",
        "conditional read",
        "put",
        "checksums",
        "conditional put",
        "conditional upload",
        "delete",
    ];
    assert_eq!(verdicts(&found), expected.map(|what| (what, Good)), "{found:#?}");
    let text = found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    assert!(!text.contains(SECRET) && !text.contains(KEY_ID), "{text}");
    assert_eq!(names(&s3).await, ["object"], "nothing is left below {KEY_PREFIX}");
    assert!(server.uploads(s3.name().as_str()).is_empty());
}

#[tokio::test]
async fn what_a_server_does_not_do_is_found() {
    let server = FakeS3::start().unwrap();
    let options = S3Options {
        access: Access::Anonymous,
        profile: Some(Profile::Garage),
        ..servers::options(&server.endpoint())
    };
    let s3 = servers::bucket(options).await;
    server.put(s3.name().as_str(), "object", Draft::bytes(b"0123456789".to_vec()));
    server.shift_clock(600);
    server.script().push(When::verb(Verb::Get), Fault::IgnoreRange);
    let found = s3.probe(Depth::Reading).await;
    let verdict =
        |what: &str| found.iter().find(|finding| finding.what == what).map(|finding| finding.verdict);
    assert_eq!(verdict("credentials"), Some(Verdict::Good));
    assert_eq!(verdict("clock"), Some(Verdict::Bad));
    assert_eq!(verdict("range"), Some(Verdict::Lacks));
    assert_eq!(verdict("writes"), Some(Verdict::Skipped));
    assert_eq!(verdict("put"), None);
    assert_eq!(server.count(Verb::Put), 0);
}
