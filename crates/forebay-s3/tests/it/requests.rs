//! What goes over the wire.

use std::time::Duration;

use bytes::Bytes;
use forebay_net::client::{Client, ClientOptions, Payload};
use forebay_s3::{Access, CustomerKey, Payer, Presigned, Profile, S3, S3Options, Signed, Sse};
use forebay_store::ByteRange;
use forebay_store::remote::{
    Attributes, Bucket as _, Checksum, ChecksumKind, Coverage, PartAsk, Pin, PutAsk, Remote as _,
};
use forebay_testkit::fake::{Fault, Seen, Verb, When};
use forebay_testkit::fake_s3::FakeS3;

use crate::contract::{drained, key, payload, plainly, put};
use crate::servers::{self, s3s_fs};

async fn fake(change: impl FnOnce(&mut S3Options)) -> (FakeS3, S3) {
    let server = FakeS3::start().unwrap();
    let mut options = servers::options(&server.endpoint());
    change(&mut options);
    let s3 = servers::bucket(options).await;
    server.create_bucket(s3.name().as_str());
    (server, s3)
}

fn field<'a>(seen: &'a Seen, name: &str) -> Option<&'a str> {
    seen.head.field(name)
}

#[tokio::test]
async fn one_call_is_one_request() {
    let (server, s3) = fake(|_| {}).await;
    for fault in [Fault::internal_error(), Fault::slow_down(None), Fault::reset_after(0)] {
        server.forget();
        server.script().push(When::any(), fault);
        s3.head(&key("x"), None).await.unwrap_err();
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn bodies_are_not_signed_and_heads_are() {
    let (server, s3) = fake(|_| {}).await;
    put(&s3, "x", b"bytes").await;
    let seen = server.seen();
    assert_eq!(field(&seen[0], "x-amz-content-sha256"), Some("UNSIGNED-PAYLOAD"));
    assert_eq!(field(&seen[0], "content-length"), Some("5"));
    assert!(field(&seen[0], "authorization").unwrap().contains("SignedHeaders=content-length;"));
    assert_eq!(field(&seen[0], "x-amz-sdk-checksum-algorithm"), None);
}

#[tokio::test]
async fn nobody_signs_nothing() {
    let (server, s3) = fake(|options| options.access = Access::Anonymous).await;
    put(&s3, "x", b"bytes").await;
    assert_eq!(drained(s3.read(&key("x"), ByteRange::new(1, 3), None).await).await, b"yt");
    assert!(server.seen().iter().all(|seen| field(seen, "authorization").is_none()));
}

#[tokio::test]
async fn options_go_along_with_every_request_that_they_are_for() {
    let customer = Sse::Customer(CustomerKey::new([7; 32]));
    let (server, s3) = fake(|options| (options.payer, options.sse) = (Payer::Requester, customer)).await;
    let tags = vec![("a".into(), "b c".into())];
    let attributes = Attributes { tags, storage_class: Some("STANDARD_IA".into()), ..Attributes::default() };
    s3.put(&PutAsk { attributes, ..plainly("x") }, payload(b"bytes")).await.unwrap();
    s3.head(&key("x"), None).await.unwrap();
    let seen = server.seen();
    for request in &seen {
        assert_eq!(field(request, "x-amz-request-payer"), Some("requester"));
        assert_eq!(field(request, "x-amz-server-side-encryption-customer-algorithm"), Some("AES256"));
    }
    assert_eq!(field(&seen[0], "x-amz-tagging"), Some("a=b%20c"));
    assert_eq!(field(&seen[0], "x-amz-storage-class"), Some("STANDARD_IA"));
    assert_eq!(field(&seen[1], "x-amz-checksum-mode"), Some("ENABLED"));
}

#[tokio::test]
async fn a_server_is_known_by_what_it_calls_itself() {
    let (server, s3) = fake(|_| {}).await;
    assert_eq!(s3.account().profile(), Profile::Other);
    server.script().push(When::any(), Fault::Field("server", Some("Ceph Object Gateway".into())));
    put(&s3, "x", b"bytes").await;
    assert_eq!(s3.account().profile(), Profile::Ceph);
    server.forget();
    s3.head(&key("x"), None).await.unwrap();
    assert_eq!(field(&server.seen()[0], "x-amz-checksum-mode"), None);
    assert_eq!(server.count(Verb::Head), 1);
}

#[tokio::test]
async fn objects_are_deleted_one_by_one_where_the_server_knows_no_other_way() {
    let (server, s3) = fake(|options| options.profile = Some(Profile::Gcs)).await;
    for name in ["a", "b"] {
        put(&s3, name, b"x").await;
    }
    assert!(s3.delete(&["a", "b", "c"].map(key)).await.unwrap().is_empty());
    assert_eq!((server.count(Verb::DeleteMany), server.count(Verb::Delete)), (0, 3));
}

/// Sends a signed request as somebody without credentials would.
async fn use_it(signed: &Signed, body: &'static [u8]) -> (u16, Vec<u8>) {
    let mut request = http::Request::builder().method(&*signed.method).uri(&*signed.url);
    for (name, value) in &signed.headers {
        request = request.header(&**name, &**value);
    }
    let request = request.body(Payload::bytes(Bytes::from_static(body))).unwrap();
    let response = Client::new(ClientOptions::default()).send(request).await.unwrap();
    let status = response.status().as_u16();
    let (mut all, mut body) = (Vec::new(), response.into_body());
    while let Some(chunk) = body.chunk().await {
        all.extend(chunk.unwrap());
    }
    (status, all)
}

/// Against a server that checks signatures.
#[tokio::test]
async fn signed_urls_let_their_holder_do_one_thing() {
    let place = s3s_fs::start().await.unwrap();
    let minute = Duration::from_secs(60);
    let ask = plainly("signed \u{1f30a}");
    let signed = place.s3.presign(&ask.key, Presigned::Put(&ask), minute).await.unwrap();
    assert_eq!(use_it(&signed, b"by url").await.0, 200);
    let signed = place.s3.presign(&ask.key, Presigned::Get(&Pin::default()), minute).await.unwrap();
    assert_eq!(use_it(&signed, b"").await, (200, b"by url".to_vec()));
    let other = Signed { url: signed.url.replace("signed", "another").into(), ..signed.clone() };
    assert_eq!(use_it(&other, b"").await.0, 403);
    assert_eq!(format!("{signed:?}"), "Signed { method: \"GET\", .. }");
    for life in [Duration::ZERO, Duration::from_secs(8 * 24 * 3600)] {
        place.s3.presign(&ask.key, Presigned::Get(&Pin::default()), life).await.unwrap_err();
    }
}

#[tokio::test]
async fn buckets_are_made_listed_and_removed() {
    let server = FakeS3::start().unwrap();
    let s3 = servers::bucket(servers::options(&server.endpoint())).await;
    let listed = async || -> Vec<String> {
        let page = s3.account().buckets(None).await.unwrap();
        page.entries.iter().map(|entry| entry.name.to_string()).collect()
    };
    assert!(listed().await.is_empty());
    s3.make().await.unwrap();
    assert_eq!(listed().await, [s3.name().as_str()]);
    put(&s3, "x", b"x").await;
    assert_eq!(s3.remove().await.unwrap_err().kind(), forebay_store::StoreErrorKind::Precondition);
    s3.delete(&[key("x")]).await.unwrap();
    s3.remove().await.unwrap();
    assert!(listed().await.is_empty());
}

#[tokio::test]
async fn parts_of_different_lengths_are_refused_where_the_server_would_refuse_them() {
    let (server, s3) = fake(|options| options.profile = Some(Profile::R2)).await;
    server.allow_small_parts();
    let upload = s3.begin(&plainly("x")).await.unwrap();
    let mut parts = Vec::new();
    for (number, bytes) in [(1, &b"12"[..]), (2, b"34"), (3, b"5"), (4, b"67")] {
        let ask = PartAsk { number, checksum: None };
        parts.push(s3.put_part(&upload, &ask, payload(bytes)).await.unwrap());
    }
    let error = s3.complete(&upload, &plainly("x"), &parts).await.unwrap_err();
    assert!(error.to_string().contains("parts of different lengths"), "{error}");
    assert_eq!(server.count(Verb::Complete), 0);
    s3.complete(&upload, &plainly("x"), &parts[..3]).await.unwrap();
    assert_eq!(drained(s3.read(&key("x"), None, None).await).await, b"12345");
}

#[tokio::test]
async fn a_digest_that_was_sent_is_none_that_was_told() {
    let (server, s3) = fake(|_| {}).await;
    let upload = s3.begin(&plainly("x")).await.unwrap();
    server.script().push(When::verb(Verb::Part), Fault::Field("x-amz-checksum-crc64nvme", None));
    let crc = Checksum {
        kind: ChecksumKind::Crc64Nvme,
        coverage: Coverage::FullObject,
        value: [0xae, 0x8b, 0x14, 0x86, 0x0a, 0x79, 0x98, 0x88].into(),
    };
    let ask = PartAsk { number: 1, checksum: Some(crc.clone()) };
    assert_eq!(s3.put_part(&upload, &ask, payload(b"123456789")).await.unwrap().checksum, None);
    assert_eq!(s3.put_part(&upload, &ask, payload(b"123456789")).await.unwrap().checksum, Some(crc));
}
