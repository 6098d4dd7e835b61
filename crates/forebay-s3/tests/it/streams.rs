//! Payloads that are made while they are sent.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use forebay_net::BoxError;
use forebay_net::client::Payload;
use forebay_store::StoreErrorKind;
use forebay_store::remote::{Bucket as _, PartAsk};
use forebay_testkit::fake_s3::FakeS3;
use forebay_testkit::pattern::Pattern;
use http_body::{Body, Frame, SizeHint};

use crate::contract::{key, plainly};
use crate::servers;

const CHUNK_LEN: usize = 64 << 10;

/// Bytes of a pattern, and perhaps a failure before their end.
struct Made {
    sent: u64,
    len: u64,
    fails_at: Option<u64>,
}

impl Body for Made {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.fails_at.is_some_and(|at| self.sent >= at) {
            return Poll::Ready(Some(Err("the source broke".into())));
        }
        let len = (self.len - self.sent).min(CHUNK_LEN as u64);
        if len == 0 {
            return Poll::Ready(None);
        }
        let bytes = Pattern::new(3).bytes(self.sent, len as usize);
        self.sent += len;
        Poll::Ready(Some(Ok(Frame::data(bytes.into()))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.len - self.sent)
    }
}

fn made(len: u64, fails_at: Option<u64>) -> Payload {
    Payload::body(Made { sent: 0, len, fails_at })
}

#[tokio::test]
async fn a_stream_is_sent_as_it_is_made() {
    let server = FakeS3::start().unwrap();
    let s3 = servers::bucket(servers::options(&server.endpoint())).await;
    server.create_bucket(s3.name().as_str());
    let len = 40 << 20;
    s3.put(&plainly("large"), made(len, None)).await.unwrap();
    let facts = forebay_store::remote::Remote::head(&s3, &key("large"), None).await.unwrap();
    assert_eq!(facts.len, Some(len));
    let upload = s3.begin(&plainly("parts")).await.unwrap();
    let part = s3.put_part(&upload, &PartAsk { number: 1, checksum: None }, made(len, None)).await.unwrap();
    let stored = s3.complete(&upload, &plainly("parts"), &[part]).await.unwrap();
    assert!(stored.validator.is_some());
    for name in ["large", "parts"] {
        let reading = forebay_store::remote::Remote::read(&s3, &key(name), None, None).await.unwrap();
        let (mut body, mut at) = (reading.body, 0);
        while let Some(chunk) = body.chunk().await {
            let chunk = chunk.unwrap();
            Pattern::new(3).check(at, &chunk).unwrap();
            at += chunk.len() as u64;
        }
        assert_eq!(at, len);
    }
}

#[tokio::test]
async fn a_stream_that_breaks_publishes_nothing() {
    let server = FakeS3::start().unwrap();
    let s3 = servers::bucket(servers::options(&server.endpoint())).await;
    server.create_bucket(s3.name().as_str());
    let error = s3.put(&plainly("broken"), made(1 << 20, Some(300_000))).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error}");
    assert!(server.object(s3.name().as_str(), "broken").is_none());
}
