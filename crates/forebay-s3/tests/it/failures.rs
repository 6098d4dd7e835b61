//! What goes wrong, in which kind, and in which words: one line, with the fix, without a secret.

use std::time::Duration;

use forebay_net::client::{Client, ClientOptions};
use forebay_s3::{Access, AccessKeys, Profile, S3, S3Account, S3Error, S3Options, Trouble};
use forebay_store::remote::{Bucket as _, KeysAsk, PartAsk, Pin, Remote as _};
use forebay_store::{ByteRange, StoreError, StoreErrorKind as Kind};
use forebay_testkit::fake::{Cut, Fault, Gate, Verb, When};
use forebay_testkit::fake_s3::{Draft, FakeS3};

use crate::contract::{drained, key, payload, plainly};
use crate::servers::{self, KEY_ID, SECRET, s3s_fs};

/// The fake with one object, and the bucket that it is in.
async fn fake() -> (FakeS3, S3) {
    let server = FakeS3::start().unwrap();
    let s3 = servers::bucket(servers::options(&server.endpoint())).await;
    server.put(s3.name().as_str(), "object", Draft::bytes(b"0123456789".to_vec()));
    (server, s3)
}

fn check(error: &StoreError, kind: Kind, trouble: Trouble, words: &str) {
    let text = error.to_string();
    assert_eq!((error.kind(), S3Error::within(error).map(S3Error::trouble)), (kind, Some(trouble)), "{text}");
    assert!(text.contains(words), "{words:?} is not in: {text}");
    assert!(!text.contains('\n') && !text.contains(SECRET) && !text.contains(KEY_ID), "{text}");
}

#[tokio::test]
async fn refusals_have_kinds_and_fixes() {
    let rows = [
        ("AccessDenied", 403, Kind::Denied, Trouble::Denied, "--profile"),
        ("InvalidAccessKeyId", 403, Kind::Denied, Trouble::Key, "AWS_ACCESS_KEY_ID"),
        ("SignatureDoesNotMatch", 403, Kind::Denied, Trouble::Key, "AWS_SECRET_ACCESS_KEY"),
        ("ExpiredToken", 400, Kind::Denied, Trouble::Expired, "aws sso login"),
        ("NoSuchBucket", 404, Kind::NotFound, Trouble::Bucket, "no such bucket"),
        ("NoSuchKey", 404, Kind::NotFound, Trouble::Object, "no such object"),
        ("SlowDown", 503, Kind::Throttled, Trouble::Throttled, "fewer requests"),
        ("InternalError", 500, Kind::Unavailable, Trouble::Server, "failed"),
        ("Nonsense", 429, Kind::Throttled, Trouble::Throttled, "Nonsense"),
        ("InvalidObjectState", 403, Kind::Denied, Trouble::Denied, "restore"),
        ("PreconditionFailed", 412, Kind::Changed, Trouble::Condition, "no longer the version"),
        ("Teapot", 418, Kind::Invalid, Trouble::Request, "418, Teapot"),
    ];
    let (server, s3) = fake().await;
    for (code, status, kind, trouble, words) in rows {
        server.script().push(When::verb(Verb::Get), Fault::refuse(status, code));
        let error = s3.read(&key("object"), None, None).await.unwrap_err();
        check(&error, kind, trouble, words);
        // Without a body, the status alone.
        server.script().push(When::verb(Verb::Head), Fault::refuse(status, code));
        let error = s3.head(&key("object"), None).await.unwrap_err();
        assert_eq!(error.to_string().lines().count(), 1, "{error}");
    }
    assert_eq!(server.script().left(), 0);
}

#[tokio::test]
async fn a_conflict_is_tried_again_and_a_condition_is_not() {
    let (server, s3) = fake().await;
    for (code, status, kind) in [
        ("ConditionalRequestConflict", 409, Kind::Unavailable),
        ("PreconditionFailed", 412, Kind::Precondition),
    ] {
        server.script().push(When::verb(Verb::Put), Fault::refuse(status, code));
        check(&s3.put(&plainly("x"), payload(b"x")).await.unwrap_err(), kind, Trouble::Condition, code);
    }
}

#[tokio::test]
async fn how_long_to_wait_reaches_the_caller() {
    let (server, s3) = fake().await;
    server.script().push(When::any(), Fault::slow_down(Some(7)));
    let error = s3.read(&key("object"), None, None).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
}

#[tokio::test]
async fn another_region_is_named() {
    let (server, s3) = fake().await;
    for verb in [Verb::Get, Verb::Head, Verb::Put] {
        server.script().push(When::verb(verb), Fault::other_region("eu-north-7"));
    }
    let errors = [
        s3.read(&key("object"), None, None).await.unwrap_err(),
        s3.head(&key("object"), None).await.unwrap_err(),
        s3.put(&plainly("x"), payload(b"x")).await.unwrap_err(),
    ];
    for error in errors {
        check(&error, Kind::Invalid, Trouble::Region, "use --region eu-north-7");
        assert_eq!(S3Error::within(&error).unwrap().region(), Some("eu-north-7"));
    }
}

#[tokio::test]
async fn a_clock_that_is_off_is_told_by_how_much() {
    let (server, s3) = fake().await;
    server.shift_clock(-3660);
    server.script().push(When::any(), Fault::time_too_skewed());
    let error = s3.read(&key("object"), None, None).await.unwrap_err();
    check(&error, Kind::Denied, Trouble::Clock, "1 h 1 min ahead of the server's");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let s3 = servers::bucket(servers::options(&format!("http://127.0.0.1:{port}"))).await;
    let error = s3.head(&key("x"), None).await.unwrap_err();
    check(&error, Kind::Unavailable, Trouble::Network, "check --endpoint-url");
}

#[tokio::test]
async fn a_lost_answer_is_unavailable() {
    let (server, s3) = fake().await;
    server.script().push(When::verb(Verb::Put), Fault::LoseAnswer(Cut::Reset));
    let error = s3.put(&plainly("x"), payload(b"x")).await.unwrap_err();
    check(&error, Kind::Unavailable, Trouble::Network, "s3://bucket");
}

#[tokio::test]
async fn a_wrong_range_is_found_out() {
    let (server, s3) = fake().await;
    let range = ByteRange::new(2, 5);
    let wrong = |first, last, total| Fault::WrongRange { first, last, total };
    for fault in [wrong(1, 0, 0), wrong(0, 1, 0), wrong(-1, -1, 0), Fault::IgnoreRange] {
        server.script().push(When::verb(Verb::Get), fault);
        let error = s3.read(&key("object"), range, None).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Unavailable, "{error}");
    }
    server.script().push(When::verb(Verb::Get), wrong(0, 0, 1));
    let pin = Pin { len: Some(10), ..Pin::default() };
    let error = s3.read(&key("object"), range, Some(&pin)).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Changed, "{error}");

    server.script().push(When::verb(Verb::Get), Fault::IgnoreRange);
    let whole = s3.read(&key("object"), ByteRange::new(0, 5), None).await.unwrap();
    assert_eq!((whole.range, whole.facts.ranges), (ByteRange::new(0, 10), false));
    assert_eq!(drained(Ok(whole)).await, b"0123456789");
}

#[tokio::test]
async fn a_server_that_ignores_the_pin_is_found_out() {
    let (server, s3) = fake().await;
    server.script().push(When::verb(Verb::Get), Fault::Field("etag", Some("\"another\"".into())));
    let pin = s3.head(&key("object"), None).await.unwrap().pin();
    let error = s3.read(&key("object"), ByteRange::new(2, 5), Some(&pin)).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Changed, "{error}");
}

#[tokio::test]
async fn an_error_inside_a_good_answer_is_an_error() {
    let (server, s3) = fake().await;
    server.allow_small_parts();
    let ask = plainly("completed");
    let upload = s3.begin(&ask).await.unwrap();
    let part = s3.put_part(&upload, &PartAsk { number: 1, checksum: None }, payload(b"x")).await.unwrap();
    server.script().push(When::any(), Fault::ErrorInside("InternalError"));
    let error = s3.complete(&upload, &ask, std::slice::from_ref(&part)).await.unwrap_err();
    check(&error, Kind::Unavailable, Trouble::Server, "InternalError");
    s3.complete(&upload, &ask, &[part]).await.unwrap();
}

#[tokio::test]
async fn one_key_that_is_not_deleted_is_told_with_its_reason() {
    let (server, s3) = fake().await;
    server.refuse_to_delete("object");
    let failed = s3.delete(&["object", "other"].map(key)).await.unwrap();
    assert_eq!(failed.len(), 1);
    assert_eq!((failed[0].0.as_str(), failed[0].1.kind()), ("object", Kind::Denied));
}

#[tokio::test]
async fn a_refused_deletion_without_a_name_is_no_deletion() {
    let url = servers::fixed::start("<DeleteResult><Error><Code>InternalError</Code></Error></DeleteResult>");
    let s3 = servers::bucket(servers::options(&url)).await;
    let error = s3.delete(&["object", "other"].map(key)).await.unwrap_err();
    check(&error, Kind::Unavailable, Trouble::Server, "nobody knows what");
}

#[tokio::test]
async fn a_digest_that_the_store_does_not_tell_is_not_taken_for_told() {
    let (server, s3) = fake().await;
    let upload = s3.begin(&plainly("object")).await.unwrap();
    let told = s3.put_part(&upload, &PartAsk { number: 1, checksum: None }, payload(b"x")).await.unwrap();
    let ask = PartAsk { number: 1, checksum: told.checksum };
    assert!(ask.checksum.is_some());
    server.script().push(When::verb(Verb::Part), Fault::Field("x-amz-checksum-crc64nvme", None));
    assert_eq!(s3.put_part(&upload, &ask, payload(b"x")).await.unwrap().checksum, None);
}

#[tokio::test]
async fn a_header_that_cannot_be_is_refused_before_it_is_sent() {
    let (server, s3) = fake().await;
    let before = server.counts();
    let mut ask = plainly("x");
    ask.attributes.cache_control = Some("a\r\nx-injected: b".into());
    let error = s3.put(&ask, payload(b"x")).await.unwrap_err();
    check(&error, Kind::Invalid, Trouble::Request, "cache-control");
    assert_eq!(server.counts(), before);
}

#[tokio::test]
async fn a_server_that_ignores_conditions_is_not_asked_to_keep_them() {
    let (server, _) = fake().await;
    let options = S3Options { profile: Some(Profile::Garage), ..servers::options(&server.endpoint()) };
    let s3 = servers::bucket(options).await;
    let before = server.counts();
    let mut ask = plainly("x");
    ask.condition = forebay_store::remote::Condition::Absent;
    let error = s3.put(&ask, payload(b"x")).await.unwrap_err();
    check(&error, Kind::Invalid, Trouble::Request, "garage");
    assert_eq!(server.counts(), before);
}

#[tokio::test]
async fn an_answer_that_does_not_end_is_not_collected() {
    for status in ["200 OK", "500 Internal Server Error"] {
        let s3 = servers::bucket(servers::options(&servers::endless::start(status))).await;
        let error = s3.keys(&KeysAsk::default()).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Unavailable, "{error}");
    }
}

#[tokio::test]
async fn two_lists_are_asked_for_at_once_and_no_more() {
    let (server, s3) = fake().await;
    let gate = Gate::new();
    server.script().push(When::verb(Verb::List).always(), Fault::Hang(gate.clone()));
    let ask = KeysAsk::default();
    let lists = futures_util::future::join_all((0..5).map(|_| s3.keys(&ask)));
    let watch = async {
        while gate.arrived() < 2 {
            tokio::task::yield_now().await;
        }
        // Long enough for three more to arrive, if they had been sent.
        for _ in 0..20 {
            s3.head(&key("object"), None).await.unwrap();
        }
        assert_eq!(gate.arrived(), 2);
        gate.open();
    };
    let (pages, ()) = futures_util::future::join(lists, watch).await;
    assert!(pages.iter().all(Result::is_ok));
    assert_eq!(server.count(Verb::List), 5);
}

/// Against a server that checks signatures.
#[tokio::test]
async fn somebody_elses_key_is_told_from_a_wrong_one() {
    let place = s3s_fs::start().await.unwrap();
    let good = servers::options(place.s3.account().endpoint_url().unwrap());
    let with = |id: &str, secret: &str| {
        let keys = AccessKeys { id: id.into(), secret: secret.into(), session_token: None };
        S3Options { access: Access::Keys(keys), ..good.clone() }
    };
    let ask = async |options: S3Options| {
        let s3 = S3Account::connect(options, Client::new(ClientOptions::default())).await;
        s3.bucket(place.s3.name().clone()).read(&key("x"), None, None).await.unwrap_err()
    };
    let unknown = ask(with("AKIDNOBODY", SECRET)).await;
    assert_eq!(unknown.kind(), Kind::Denied, "{unknown}");
    check(&ask(with(KEY_ID, "another")).await, Kind::Denied, Trouble::Key, "AWS_SECRET_ACCESS_KEY");
    check(&ask(good.clone()).await, Kind::NotFound, Trouble::Object, "no such object");
    let elsewhere = servers::bucket(good).await;
    let error = elsewhere.keys(&KeysAsk::default()).await.unwrap_err();
    check(&error, Kind::NotFound, Trouble::Bucket, "no such bucket");
}
