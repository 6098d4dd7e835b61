//! What is believed of a journal, and that no bytes of others upset its reader.

use std::num::NonZeroU64;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use forebay_store::Validator;
use forebay_store::remote::{ObjectKey, Pin};
use proptest::prelude::*;

use super::line::line;
use super::state::Entry;
use super::{Done, Head, Identity, Journal, State, read};
use crate::parts::Parts;
use crate::verify::{CrcKind, PieceCrc};

fn pin() -> Pin {
    Pin {
        validator: Validator::parse(b"\"v\xff1\""),
        version: Some("3/L4".into()),
        modified: Some(UNIX_EPOCH + Duration::from_nanos(1_700_000_000_123_456_789)),
        len: Some(100),
    }
}

fn head(boot: &str) -> Head {
    let key = ObjectKey::new("a/b?X-Amz-Signature=secret").unwrap();
    let source = Identity::of_object("https://host", &key);
    let parts = Parts::of(100, NonZeroU64::new(10).unwrap());
    let mut head = Head::new(source, Identity::of_file(Path::new("x")), &pin(), parts, 7);
    head.boot = Some(boot.into());
    head
}

fn done(piece: u64) -> Entry {
    Entry::Done(Done::new(piece, 10, Some(PieceCrc { kind: CrcKind::Crc32c, value: 5, len: 10 })))
}

fn text(entries: &[Entry]) -> Vec<u8> {
    let lines = entries.iter().flat_map(line);
    line(&head("this boot")).into_iter().chain(lines).collect()
}

fn pieces(state: &State) -> Vec<u64> {
    state.done().map(|done| done.piece).collect()
}

#[test]
fn within_a_boot_every_line_is_believed_and_after_another_those_that_were_synced() {
    let text = text(&[done(3), done(0), done(9), Entry::Synced(2)]);
    let of = |boot| pieces(&read(&text, boot).unwrap());
    assert_eq!(of(Some("this boot")), [0, 3, 9]);
    assert_eq!(of(Some("another boot")), [0, 3]);
    assert_eq!(of(None), [0, 3]);
}

#[test]
fn nothing_behind_a_torn_line_is_believed() {
    let mut bytes = text(&[done(1)]);
    let whole = bytes.len();
    bytes.extend(line(&done(2)));
    for cut in whole..bytes.len() {
        let torn: Vec<u8> = bytes[..cut].iter().copied().chain(line(&done(4))).collect();
        let found = pieces(&read(&torn, Some("this boot")).unwrap());
        assert_eq!(found, if cut == whole { vec![1, 4] } else { vec![1] }, "cut at {cut}");
    }
    for at in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[at] ^= 0x10;
        let found = read(&flipped, Some("this boot")).map(|state| pieces(&state)).unwrap_or_default();
        assert!([vec![], vec![1]].contains(&found), "flipped at {at}: {found:?}");
    }
}

#[test]
fn a_piece_that_cannot_be_ends_what_is_believed() {
    let too_far = Entry::Done(Done::new(10, 1, None));
    let too_long = Entry::Done(Done::new(1, 11, None));
    for wrong in [too_far, too_long] {
        let text = text(&[done(0), wrong, done(2)]);
        assert_eq!(pieces(&read(&text, Some("this boot")).unwrap()), [0]);
    }
}

#[test]
fn no_query_and_no_other_secret_is_written() {
    let text = String::from_utf8(text(&[])).unwrap();
    assert!(text.contains("https://host/a/b"), "{text}");
    assert!(!text.contains("secret") && !text.contains("Signature"), "{text}");
}

#[test]
fn another_signature_of_the_same_url_is_the_same_source_and_a_key_with_a_question_mark_another() {
    let of = |place, key: &str| Identity::of_object(place, &ObjectKey::new(key).unwrap());
    assert_eq!(of("https://h", "a?sig=1"), of("https://h", "a?sig=2"));
    assert_ne!(of("s3://b", "a?1"), of("s3://b", "a?2"));
    assert_ne!(of("s3://b/a", "c").hash, of("s3://b", "a/c").hash);
}

#[test]
fn a_pin_reads_back_as_it_was_and_an_empty_one_is_of_nothing() {
    let head = head("b");
    assert_eq!(head.pin.pin(), pin());
    assert!(head.pin.is_of(&pin()));
    assert!(!head.pin.is_of(&Pin { version: Some("4".into()), ..pin() }));
    assert!(!Head { pin: Default::default(), ..head }.pin.is_of(&Pin::default()));
}

#[test]
fn what_was_noted_is_there_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(".forebay-get-1.journal");
    let mut journal = Journal::begin(&path, head("overwritten"), []).unwrap();
    let Entry::Done(first) = done(1) else { unreachable!() };
    journal.done(first.clone());
    journal.synced(journal.noted());
    let state = Journal::load(&path).unwrap();
    assert_eq!(state.piece(1), Some(&first));
    assert_eq!(first.piece_crc().unwrap().kind, CrcKind::Crc32c);
    let journal = Journal::begin(&path, state.head().clone(), state.done().cloned()).unwrap();
    assert_eq!(pieces(&Journal::load(&path).unwrap()), [1]);
    journal.end();
    assert!(Journal::load(&path).is_none());
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

proptest! {
    #[test]
    fn foreign_bytes_are_read_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..2000), honest in any::<bool>()) {
        let text = if honest { line(&serde_json::Value::String(String::from_utf8_lossy(&bytes).into())) } else { bytes };
        prop_assert!(read(&text, None).is_none());
        let mut after = self::text(&[done(5), Entry::Synced(1)]);
        after.extend(text);
        prop_assert_eq!(pieces(&read(&after, None).unwrap()), vec![5]);
    }

    #[test]
    fn any_history_reads_back(noted in proptest::collection::vec((0u64..10, 0u64..=10), 0..40)) {
        let entries: Vec<Entry> = noted.iter().map(|(piece, bytes)| Entry::Done(Done::new(*piece, *bytes, None))).collect();
        let state = read(&text(&entries), Some("this boot")).unwrap();
        for piece in 0..10 {
            let last = noted.iter().rev().find(|(noted, _)| *noted == piece).map(|(_, bytes)| *bytes);
            prop_assert_eq!(state.piece(piece).map(|done| done.bytes), last);
        }
    }
}
