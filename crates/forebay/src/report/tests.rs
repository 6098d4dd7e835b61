//! Exit codes and summaries, which scripts and people rely on.

use std::time::Duration;

use forebay_transfer::{
    Left, Seen, TransferError, TransferErrorKind,
    verify::{Level, Proof},
};

use super::{ObjectEvent, Status, Summary, Tally};
use crate::output::Exit;

fn event() -> ObjectEvent {
    ObjectEvent::new("get", Status::Done, "s3://b/k".to_owned(), Some("k".to_owned()))
}

fn done() -> ObjectEvent {
    event().done(3 << 20, 1 << 20, Proof { level: Level::Length, by: None })
}

fn failed(kind: TransferErrorKind) -> ObjectEvent {
    event().failed(&TransferError::new(kind, "s3://b/k: why").leaving(Left::Resumable))
}

fn skipped() -> ObjectEvent {
    event().skipped("exists", "it is there already")
}

fn tally(events: &[ObjectEvent]) -> Tally {
    let mut tally = Tally::default();
    events.iter().for_each(|event| tally.count(event));
    tally
}

#[test]
fn the_exit_code_follows_from_what_became_of_the_objects() {
    use TransferErrorKind::{Changed, Integrity, NoSpace, NotFound};
    for (events, exit) in [
        (vec![], Exit::Done),
        (vec![done()], Exit::Done),
        (vec![skipped()], Exit::Done),
        (vec![failed(NotFound)], Exit::Failed),
        (vec![failed(NotFound), failed(NoSpace)], Exit::Failed),
        (vec![done(), failed(Changed)], Exit::SomeFailed),
        (vec![skipped(), failed(Changed)], Exit::SomeFailed),
        (vec![failed(Integrity)], Exit::Integrity),
        (vec![done(), failed(NotFound), failed(Integrity)], Exit::Integrity),
    ] {
        let tally = tally(&events);
        assert_eq!(tally.exit(false), exit, "{events:?}");
        assert_eq!(tally.exit(true), Exit::Interrupted, "{events:?}");
    }
}

#[test]
fn a_summary_says_how_many_how_much_and_how_far_it_is_proven() {
    let seen = Seen { moved: 8 << 20, ..Seen::default() };
    let said = |events: &[ObjectEvent]| {
        Summary::of(&tally(events), seen, Duration::from_secs(4), Exit::Done).to_string()
    };
    insta::assert_snapshot!(said(&[done(), done(), skipped(), failed(TransferErrorKind::NotFound)]), @"2 done, 1 skipped, 1 failed; 6 MiB in 4.0 s (2 MiB/s), 2 MiB of them by an earlier run; verified: length 2");
    insta::assert_snapshot!(said(&[skipped(), skipped()]), @"2 skipped");
}

#[test]
fn lines_of_json_have_the_documented_fields() {
    let line = |event: &ObjectEvent| serde_json::to_string(&super::Event::Object(event)).unwrap();
    insta::assert_snapshot!(line(&done()), @r#"{"event":"object","verb":"get","status":"done","source":"s3://b/k","target":"k","bytes":3145728,"resumed":1048576,"verified":"length"}"#);
    insta::assert_snapshot!(line(&failed(TransferErrorKind::NoSpace)), @r#"{"event":"object","verb":"get","status":"failed","source":"s3://b/k","target":"k","kind":"no_space","message":"s3://b/k: why (what arrived is kept: run the same command again to go on)","resumable":true}"#);
}
