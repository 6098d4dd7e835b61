//! Copies within one place, against an S3 in this process.

use forebay_store::remote::{Attributes, Condition, CopyAsk, ObjectKey, Pin, PutAsk, Remote as _};
use forebay_testkit::fake::{Fault, Gate, Verb, When};
use forebay_testkit::fake_s3::Draft;
use forebay_transfer::{Destination, Left, TransferErrorKind};

use crate::put::place;
use crate::world::{KIB, PATTERN};

const LEN: u64 = 500 * KIB;

fn copy_of(source: &ObjectKey, pin: Pin, to: &Destination, attributes: Attributes) -> CopyAsk {
    CopyAsk {
        source_bucket: None,
        source: source.clone(),
        pin,
        target: PutAsk {
            key: to.key.clone(),
            attributes,
            condition: Condition::Always,
            checksum: None,
            checksum_kind: None,
        },
        keep_attributes: true,
    }
}

/// One byte more than a store copies in one request.
const TOO_LARGE: u64 = (5 << 30) + 1;

#[tokio::test]
async fn a_copy_of_more_than_one_request_takes_is_made_of_parts_and_keeps_what_is_beside_the_bytes() {
    let place = place().await;
    place.server.put("bbb", "source", Draft::pattern(PATTERN, TOO_LARGE));
    let source = ObjectKey::new("source").unwrap();
    let facts = place.bucket.head(&source, None).await.unwrap();
    let to = place.to("o");
    let attributes = Attributes { content_type: Some("text/css".into()), ..Attributes::default() };
    let ask = copy_of(&source, facts.pin(), &to, attributes);
    place.engine.copy(&to, &ask, TOO_LARGE, &place.progress).await.unwrap();
    let copied = place.bucket.head(&to.key, None).await.unwrap();
    assert_eq!(copied.len, Some(TOO_LARGE));
    assert_eq!(copied.attributes.content_type.as_deref(), Some("text/css"));
    assert!(place.server.uploads("bbb").is_empty());
}

#[tokio::test]
async fn a_large_copy_that_fails_or_is_dropped_leaves_nothing_at_the_store() {
    let place = place().await;
    place.server.put("bbb", "source", Draft::pattern(PATTERN, TOO_LARGE));
    let source = ObjectKey::new("source").unwrap();
    let facts = place.bucket.head(&source, None).await.unwrap();
    let to = place.to("o");
    let ask = copy_of(&source, facts.pin(), &to, Attributes::default());
    place.server.script().push(When::verb(Verb::CopyPart).after(3).always(), Fault::access_denied());
    let error = place.engine.copy(&to, &ask, TOO_LARGE, &place.progress).await.unwrap_err();
    assert_eq!(error.kind(), TransferErrorKind::Denied, "{error}");
    assert!(place.server.uploads("bbb").is_empty());

    place.server.script().clear();
    let gate = Gate::new();
    place.server.script().push(When::verb(Verb::CopyPart).after(3), Fault::Hang(gate.clone()));
    tokio::select! {
        biased;
        () = gate.wait(1) => {}
        ended = place.engine.copy(&to, &ask, TOO_LARGE, &place.progress) => panic!("{ended:?}"),
    }
    gate.open();
    place.engine.settled().await;
    assert!(place.server.uploads("bbb").is_empty());
}

#[tokio::test]
async fn a_copy_within_a_place_moves_no_bytes_and_is_of_the_version_that_was_meant() {
    let place = place().await;
    place.server.put("bbb", "source", Draft::pattern(PATTERN, LEN));
    let source = ObjectKey::new("source").unwrap();
    let facts = place.bucket.head(&source, None).await.unwrap();
    let to = place.to("o");
    let ask = |pin: Pin| copy_of(&source, pin, &to, Attributes::default());
    place.engine.copy(&to, &ask(facts.pin()), LEN, &place.progress).await.unwrap();
    assert_eq!(place.stored("o").content.len(), LEN);
    place.server.put("bbb", "source", Draft::pattern(PATTERN, LEN + 1));
    let error = place.engine.copy(&to, &ask(facts.pin()), LEN, &place.progress).await.unwrap_err();
    assert_eq!((error.kind(), error.left()), (TransferErrorKind::Changed, Left::Nothing), "{error}");
}
