//! Three ends, each told once; and a prefix that never costs more than it may.

use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use forebay_budget::{ByteSize, Class, Ledger};
use parking_lot::Mutex;
use proptest::prelude::*;

use super::*;
use crate::testing::{Fed, Step, data, fails, frame, takes};

#[derive(Clone, Debug, Default)]
struct Ends(Arc<Mutex<Vec<End>>>);

impl Tap for Ends {
    fn end(&mut self, end: End) {
        self.0.lock().push(end);
    }
}

fn told(run: impl FnOnce(&Ends)) -> Vec<End> {
    let ends = Ends::default();
    run(&ends);
    std::mem::take(&mut *ends.0.lock())
}

#[test]
fn a_body_without_a_length_is_complete_at_its_end() {
    let ends = told(|ends| {
        let mut body = EndBody::new(Fed::new([data(1), Step::End]), ends.clone());
        takes(&mut body, 1);
        assert!(matches!(frame(&mut body), Poll::Ready(None)));
        assert!(ends.0.lock().is_empty(), "the end is known, and settled when the server lets go");
    });
    assert_eq!(ends, [End::Complete]);
}

#[test]
fn a_body_with_a_length_is_complete_at_its_last_byte() {
    let ends = told(|ends| takes(&mut EndBody::new(Fed::new([data(9)]).sized(9), ends.clone()), 9));
    assert_eq!(ends, [End::Complete]);
    let ends = told(|ends| takes(&mut EndBody::promising(Fed::new([data(9)]), ends.clone(), 9), 9));
    assert_eq!(ends, [End::Complete]);
}

#[test]
fn a_body_that_nobody_asks_for_is_complete() {
    assert_eq!(told(|ends| drop(EndBody::promising(Fed::default(), ends.clone(), 0))), [End::Complete]);
    assert_eq!(told(|ends| drop(EndBody::new(Fed::default().sized(0), ends.clone()))), [End::Complete]);
}

#[test]
fn a_body_that_is_dropped_early_is_abandoned() {
    let ends = told(|ends| takes(&mut EndBody::new(Fed::new([data(8)]).sized(9), ends.clone()), 8));
    assert_eq!(ends, [End::Abandoned]);
    let ends = told(|ends| takes(&mut EndBody::new(Fed::new([data(8)]), ends.clone()), 8));
    assert_eq!(ends, [End::Abandoned]);
}

#[test]
fn a_body_that_fails_has_failed_even_if_it_goes_on() {
    let ends = told(|ends| {
        let mut body = EndBody::new(Fed::new([Step::Error("disk"), Step::End]), ends.clone());
        assert_eq!(fails(&mut body), "disk");
        assert!(matches!(frame(&mut body), Poll::Ready(None)));
    });
    assert_eq!(ends, [End::Failed]);
}

fn captures(bytes: u64) -> Ledger {
    Ledger::new([(Class::Captures, ByteSize::b(bytes))])
}

#[test]
fn a_prefix_that_finds_no_budget_says_so_and_keeps_nothing() {
    let ledger = captures(100);
    let _all = ledger.try_acquire(Class::Captures, 100).unwrap();
    let mut prefix = Prefix::new(10, None, ledger);
    prefix.take(&Bytes::from_static(b"hello"));
    assert_eq!(
        (prefix.kept(), prefix.skipped(), prefix.is_whole()),
        (&b""[..], Some(Skipped::Budget), false)
    );
}

#[test]
fn a_prefix_pays_for_what_it_can_hold_and_gives_it_back() {
    let ledger = captures(100);
    let mut prefix = Prefix::new(50, Some(5), ledger.clone());
    assert_eq!(ledger.usage(Class::Captures).in_use, 0, "nothing before the first byte");
    prefix.take(&Bytes::from_static(b"hello"));
    assert_eq!(ledger.usage(Class::Captures).in_use, 5);
    assert!(prefix.is_whole());
    drop(prefix);
    assert!(ledger.idle());
}

#[test]
fn bytes_that_no_text_has_end_the_capture() {
    let ledger = captures(100);
    let mut prefix = Prefix::new(50, None, ledger.clone());
    prefix.take(&Bytes::from_static(b"PK"));
    prefix.take(&Bytes::from_static(b"\x03\x04\0"));
    assert_eq!((prefix.kept(), prefix.skipped()), (&b""[..], Some(Skipped::Binary)));
    assert!(ledger.idle());
}

#[test]
fn a_kept_slice_does_not_pin_its_chunk() {
    let mut prefix = Prefix::new(20, None, captures(100));
    let chunk = Bytes::from(vec![b'x'; 65_536]);
    prefix.take(&chunk);
    assert!(chunk.is_unique(), "copied out, not sliced");
}

proptest! {
    /// Whatever the frames are: what is kept is a prefix, at most as long as the limit, within the lease;
    /// and it is called whole only if it is.
    #[test]
    fn a_prefix_is_a_prefix(
        frames in proptest::collection::vec("[a-z]{0,40}", 0..8),
        limit in 1usize..60,
        expected in proptest::option::of(0u64..100),
    ) {
        let ledger = captures(1000);
        let mut prefix = Prefix::new(limit, expected, ledger.clone());
        let whole = frames.concat();
        for frame in frames {
            prefix.take(&Bytes::from(frame));
        }
        prop_assert!(whole.as_bytes().starts_with(prefix.kept()));
        prop_assert!(prefix.kept().len() as u64 <= ledger.usage(Class::Captures).in_use);
        prop_assert!(prefix.kept().len() <= limit);
        prop_assert_eq!(prefix.is_whole(), prefix.kept().len() == whole.len());
    }
}
