//! The short version of the trials of `cargo xtask soak`: transfers that are killed, or whose source is replaced, at a random byte.

use std::path::Path;

use forebay_testkit::trials::{Outcome, Trials};

/// As many as the tests have time for; the soak goes on.
const SEEDS: std::ops::Range<u64> = 0..10;

fn trials(run: impl Fn(&Trials, u64) -> anyhow::Result<Outcome>) -> Outcome {
    let _alone = crate::ALONE.blocking_lock();
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let trials = Trials::new(Path::new(env!("CARGO_BIN_EXE_forebay")), &dir.path().join("trial"));
    let mut all = Outcome::default();
    for seed in SEEDS {
        match run(&trials, seed) {
            Ok(outcome) => {
                all.kills += outcome.kills;
                all.saved += outcome.saved;
            }
            Err(why) => panic!("seed {seed}: {why:#}"),
        }
    }
    all
}

#[test]
fn a_download_killed_at_any_byte_ends_right_and_fetches_no_piece_twice() {
    let all = trials(Trials::killed_get);
    assert!(all.kills >= 10 && all.saved > 0, "{all:?}");
}

#[test]
fn an_upload_killed_at_any_byte_ends_right_and_sends_no_part_twice() {
    let all = trials(Trials::killed_put);
    assert!(all.kills >= 10 && all.saved > 0, "{all:?}");
}

#[test]
fn a_source_overwritten_at_any_byte_never_makes_a_mixed_file() {
    trials(Trials::overwritten_get);
}
