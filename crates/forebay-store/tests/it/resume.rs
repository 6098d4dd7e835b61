//! Bodies that survive their connections.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use forebay_store::remote::{Attributes, Facts, ObjectKey, Pin, ReadAsk, ResumableBody, Tenacity};
use forebay_store::{ByteRange, StoreError, StoreErrorKind, Validator};

use crate::scripted::{Bytes, End, Line, PATTERN, Scripted};

const LEN: u64 = 100_000;

fn facts(tag: &str) -> Facts {
    Facts {
        len: Some(LEN),
        validator: Validator::parse(tag.as_bytes()),
        version: None,
        modified: None,
        date: Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000)),
        age_s: None,
        ranges: true,
        checksum: None,
        attributes: Attributes::default(),
    }
}

fn line(facts: Facts, says: Range<u64>, sends: Range<u64>, end: End) -> Line {
    Line::Bytes(Box::new(Bytes { facts, says: Some(says), sends, end }))
}

/// The rest of version `tag` from `start` on, of which `sends` bytes come.
fn rest(tag: &str, start: u64, sends: u64) -> Line {
    line(facts(tag), start..LEN, start..start + sends, End::Closes)
}

async fn open(
    script: &Arc<Scripted>,
    range: Option<ByteRange>,
    pin: Option<Pin>,
) -> Result<ResumableBody, StoreError> {
    let ask = ReadAsk { key: ObjectKey::new("a").unwrap(), range, pin };
    let tenacity =
        Tenacity { tries_max: 3, wait_min: Duration::from_millis(1), wait_max: Duration::from_secs(1) };
    ResumableBody::open(Arc::<Scripted>::clone(script), ask, tenacity).await
}

/// Reads to the end, checking each byte where it stands.
async fn read(body: &mut ResumableBody) -> Result<u64, StoreError> {
    let mut delivered = 0;
    loop {
        let at = body.position();
        match body.chunk().await {
            None => return Ok(delivered),
            Some(Err(error)) => {
                assert!(body.chunk().await.is_none(), "nothing follows an error");
                return Err(error);
            }
            Some(Ok(bytes)) => {
                PATTERN.check(at, &bytes).unwrap();
                delivered += bytes.len() as u64;
            }
        }
    }
}

fn range(range: Range<u64>) -> Option<ByteRange> {
    ByteRange::new(range.start, range.end)
}

#[tokio::test]
async fn a_broken_body_goes_on_at_its_byte_with_the_pin() {
    let stalled = line(facts("\"1\""), 30_000..LEN, 30_000..60_000, End::Stalls);
    let script = Arc::new(Scripted::new([
        rest("\"1\"", 0, 30_000),
        stalled,
        Line::Fails(StoreErrorKind::Throttled),
        rest("\"1\"", 60_000, 40_000),
    ]));
    let mut body = open(&script, None, None).await.unwrap();
    assert_eq!(read(&mut body).await.unwrap(), LEN);
    assert_eq!(body.continued(), 3);
    let tag = Validator::parse(b"\"1\"");
    let asked = [
        (None, None),
        (range(30_000..LEN), tag.clone()),
        (range(60_000..LEN), tag.clone()),
        (range(60_000..LEN), tag),
    ];
    assert_eq!(script.asked(), asked);
}

#[tokio::test]
async fn a_part_goes_on_within_its_range() {
    let script = Arc::new(Scripted::new([
        line(facts("\"1\""), 10..50_000, 10..20, End::Closes),
        line(facts("\"1\""), 20..50_000, 20..50_000, End::Closes),
    ]));
    let mut body = open(&script, range(10..50_000), None).await.unwrap();
    assert_eq!(body.remaining(), Some(49_990));
    assert_eq!(read(&mut body).await.unwrap(), 49_990);
    assert_eq!(script.asked()[1].0, range(20..50_000));
}

#[tokio::test]
async fn an_object_that_changed_is_never_mixed() {
    let another_length = Facts { len: Some(LEN + 1), ..facts("\"1\"") };
    let rows = [
        rest("\"2\"", 30_000, 70_000),
        line(another_length, 30_000..LEN, 30_000..LEN, End::Closes),
        Line::Fails(StoreErrorKind::Changed),
        Line::Fails(StoreErrorKind::NotFound),
    ];
    for second in rows {
        let what = format!("{second:?}");
        let script = Arc::new(Scripted::new([rest("\"1\"", 0, 30_000), second]));
        let mut body = open(&script, None, None).await.unwrap();
        assert_eq!(read(&mut body).await.unwrap_err().kind(), StoreErrorKind::Changed, "{what}");
        assert_eq!(body.position(), 30_000, "{what}");
    }
}

#[tokio::test]
async fn an_answer_that_begins_elsewhere_is_not_taken() {
    let wrong = [
        line(facts("\"1\""), 29_999..LEN, 29_999..LEN, End::Closes),
        line(facts("\"1\""), 0..LEN, 0..LEN, End::Closes),
        Line::Bytes(Box::new(Bytes { facts: facts("\"1\""), says: None, sends: 0..LEN, end: End::Closes })),
    ];
    for wrong in wrong {
        let what = format!("{wrong:?}");
        let script =
            Arc::new(Scripted::new([rest("\"1\"", 0, 30_000), wrong, rest("\"1\"", 30_000, 70_000)]));
        let mut body = open(&script, None, None).await.unwrap();
        assert_eq!(read(&mut body).await.unwrap(), LEN, "{what}");
    }
}

#[tokio::test]
async fn without_ranges_or_a_strong_pin_a_body_is_not_continued() {
    let weak = facts("W/\"1\"");
    let fresh_date = Facts { modified: weak.date, ..facts("") };
    let no_ranges = Facts { ranges: false, ..facts("\"1\"") };
    for facts in [weak, fresh_date, no_ranges] {
        let what = format!("{facts:?}");
        let script = Arc::new(Scripted::new([line(facts, 0..LEN, 0..30_000, End::Closes)]));
        let mut body = open(&script, None, None).await.unwrap();
        let error = read(&mut body).await.unwrap_err();
        assert_eq!((error.kind(), script.asked().len()), (StoreErrorKind::Unavailable, 1), "{what}: {error}");
    }
}

#[tokio::test]
async fn a_settled_date_is_enough_to_continue() {
    let dated = || Facts { modified: Some(SystemTime::UNIX_EPOCH), ..facts("W/\"1\"") };
    let script = Arc::new(Scripted::new([
        line(dated(), 0..LEN, 0..30_000, End::Closes),
        line(dated(), 30_000..LEN, 30_000..LEN, End::Closes),
    ]));
    let mut body = open(&script, None, None).await.unwrap();
    assert_eq!(read(&mut body).await.unwrap(), LEN);
}

#[tokio::test]
async fn what_delivered_nothing_yet_begins_again_even_without_a_pin() {
    let plain = || Facts { ranges: false, validator: None, ..facts("") };
    let script = Arc::new(Scripted::new([
        line(plain(), 0..LEN, 0..0, End::Closes),
        line(plain(), 0..LEN, 0..LEN, End::Closes),
    ]));
    let mut body = open(&script, None, None).await.unwrap();
    assert_eq!(read(&mut body).await.unwrap(), LEN);
    assert_eq!(script.asked()[1].0, None);
}

#[tokio::test]
async fn tries_in_a_row_are_bounded_and_progress_forgives() {
    let drops = (0..6).map(|at| rest("\"1\"", at * 10, 10));
    let empty = (0..3).map(|_| rest("\"1\"", 60, 0));
    let script = Arc::new(Scripted::new(drops.chain(empty)));
    let mut body = open(&script, None, None).await.unwrap();
    assert_eq!(read(&mut body).await.unwrap_err().kind(), StoreErrorKind::Unavailable);
    // The last ten bytes were progress: their break is the first failure of three.
    assert_eq!((body.position(), script.asked().len()), (60, 8));
}

#[tokio::test]
async fn a_place_that_is_busy_is_asked_again_before_the_first_byte() {
    let script = Arc::new(Scripted::new([Line::Fails(StoreErrorKind::Throttled), rest("\"1\"", 0, LEN)]));
    assert_eq!(read(&mut open(&script, None, None).await.unwrap()).await.unwrap(), LEN);

    let script = Arc::new(Scripted::new([Line::Fails(StoreErrorKind::Denied), rest("\"1\"", 0, LEN)]));
    assert_eq!(open(&script, None, None).await.unwrap_err().kind(), StoreErrorKind::Denied);
    assert_eq!(script.asked().len(), 1, "what is refused is not asked for twice");
}

#[tokio::test]
async fn a_server_that_ignores_ranges_is_cut_to_the_start_and_found_out_beyond_it() {
    let all = || line(Facts { ranges: false, ..facts("\"1\"") }, 0..LEN, 0..LEN, End::Closes);
    let script = Arc::new(Scripted::new([all()]));
    let mut body = open(&script, range(0..10), None).await.unwrap();
    assert!(!body.facts().ranges);
    assert_eq!(read(&mut body).await.unwrap(), 10);

    let script = Arc::new(Scripted::new([all()]));
    assert_eq!(open(&script, range(5..10), None).await.unwrap_err().kind(), StoreErrorKind::Unavailable);
}

#[tokio::test]
async fn a_pin_that_was_known_before_holds_for_the_first_answer_too() {
    let script = Arc::new(Scripted::new([rest("\"2\"", 0, LEN)]));
    let pin = facts("\"1\"").pin();
    assert_eq!(open(&script, None, Some(pin)).await.unwrap_err().kind(), StoreErrorKind::Changed);
}

#[tokio::test]
async fn without_a_length_the_true_end_is_the_end() {
    let plain = Facts { len: None, ..facts("\"1\"") };
    let reply = Line::Bytes(Box::new(Bytes { facts: plain, says: None, sends: 0..LEN, end: End::Closes }));
    let script = Arc::new(Scripted::new([reply]));
    let mut body = open(&script, None, None).await.unwrap();
    assert_eq!((body.remaining(), read(&mut body).await.unwrap()), (None, LEN));
}

#[tokio::test]
async fn a_range_that_the_server_cuts_short_is_asked_for_to_its_end() {
    let script = Arc::new(Scripted::new([
        line(facts("\"1\""), 10..20, 10..20, End::Closes),
        line(facts("\"1\""), 20..50, 20..50, End::Closes),
    ]));
    let mut body = open(&script, range(10..50), None).await.unwrap();
    assert_eq!(read(&mut body).await.unwrap(), 40);
    assert_eq!(script.asked()[1].0, range(20..50));
}
