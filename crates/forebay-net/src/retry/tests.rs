//! The brakes, each by itself and together, by a clock that is moved by hand.

use proptest::prelude::*;
use tokio::time::{advance, sleep};

use super::*;

const MS: fn(u64) -> Duration = Duration::from_millis;

fn policy() -> RetryPolicy {
    RetryPolicy::default()
}

#[test]
fn waits_double_up_to_a_bound_and_throttling_waits_longer() {
    let bounds =
        |trouble| [1, 2, 3, 4, 5].map(|failed| policy().wait(failed, trouble, 1.0).unwrap().as_millis());
    assert_eq!(bounds(Trouble::TRANSIENT), [100, 200, 400, 800, 1600]);
    assert_eq!(bounds(Trouble::THROTTLED), [1000, 2000, 4000, 5000, 5000]);
    assert_eq!(policy().wait(6, Trouble::TRANSIENT, 0.5), None, "the sixth failure is the last");
}

#[test]
fn a_server_that_names_a_time_is_left_alone_for_it_unless_it_is_too_long() {
    let asks = |secs| Trouble { retry_after: Some(Duration::from_secs(secs)), ..Trouble::THROTTLED };
    assert_eq!(policy().wait(1, asks(7), 0.0), Some(Duration::from_secs(7)));
    assert_eq!(policy().wait(1, asks(7), 1.0), Some(Duration::from_secs(8)), "not all at the same moment");
    assert_eq!(policy().wait(1, asks(31), 0.0), None);
}

#[tokio::test(start_paused = true)]
async fn callers_who_fail_together_come_back_a_few_at_a_time() {
    let peer = Peer::new(PeerOptions { burst: 5, per_second: 10, ..PeerOptions::default() });
    let mut waits: Vec<_> = (0..100).filter_map(|_| peer.start(policy()).again(Trouble::TRANSIENT)).collect();
    waits.sort();
    // 5 at once, 10 in each second that a caller would wait, the jitter of 100 ms included.
    assert!((55..=56).contains(&waits.len()), "{}", waits.len());
    let stats = peer.stats();
    assert_eq!((stats.retries_total, stats.given_up_total), (waits.len() as u64, 100 - waits.len() as u64));
    for (at, wait) in waits.iter().enumerate() {
        assert!(
            *wait
                >= MS(100)
                    .saturating_mul(u32::try_from(at.saturating_sub(5)).unwrap())
                    .saturating_sub(MS(100))
        );
    }
    advance(Duration::from_secs(60)).await;
    assert!(peer.start(policy()).again(Trouble::TRANSIENT).unwrap() <= MS(100), "tokens come back with time");
}

/// Failures until the peer is left alone.
async fn bring_down(peer: &Peer) {
    while peer.start(policy()).admit().is_ok() {
        let _wait = peer.start(policy()).again(Trouble::TRANSIENT);
        sleep(MS(500)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_answers_nobody_is_left_alone_and_probed_by_one() {
    let peer = Peer::default();
    let began = Instant::now();
    bring_down(&peer).await;
    assert!(began.elapsed() >= Duration::from_secs(5) && peer.stats().rests_total == 1);
    advance(Duration::from_secs(2)).await;
    let (mut probe, mut other) = (peer.start(policy()), peer.start(policy()));
    assert_eq!(probe.admit(), Ok(()));
    assert!(other.admit().is_err(), "one probe at a time");
    let _wait = probe.again(Trouble::TRANSIENT);
    advance(MS(3900)).await;
    assert!(other.admit().unwrap_err().wait <= MS(100), "the second rest is twice as long");
    advance(MS(100)).await;
    assert_eq!(other.admit(), Ok(()));
    other.succeeded();
    assert_eq!((probe.admit(), other.admit()), (Ok(()), Ok(())));
}

#[tokio::test(start_paused = true)]
async fn requests_that_break_together_and_throttling_bring_nobody_down() {
    let peer = Peer::default();
    for _ in 0..1000 {
        let _wait = peer.start(policy()).again(Trouble::TRANSIENT);
    }
    assert_eq!(peer.start(policy()).admit(), Ok(()), "a thousand at once are one event");
    for _ in 0..100 {
        advance(Duration::from_secs(1)).await;
        let _wait = peer.start(policy()).again(Trouble::THROTTLED);
        let _wait = peer.start(policy()).again(Trouble::OURS);
    }
    assert_eq!(peer.start(policy()).admit(), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_was_never_sent_has_shown_nothing() {
    let peer = Peer::default();
    bring_down(&peer).await;
    advance(Duration::from_secs(2)).await;
    let mut probe = peer.start(policy());
    probe.admit().unwrap();
    let _wait = probe.again(Trouble::OURS);
    assert_eq!((peer.start(policy()).admit(), peer.stats().rests_total), (Ok(()), 1));
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_is_given_up_leaves_its_place_to_the_next() {
    let peer = Peer::default();
    bring_down(&peer).await;
    advance(Duration::from_secs(2)).await;
    let mut probe = peer.start(policy());
    probe.admit().unwrap();
    drop(probe);
    assert_eq!(peer.start(policy()).admit(), Ok(()));
}

proptest! {
    #[test]
    fn any_wait_is_within_its_bounds(failed in 0_u32..200, roll in 0.0..1.0_f64, asked in 0_u64..60_000, throttled: bool) {
        let kind = if throttled { TroubleKind::Throttled } else { TroubleKind::Transient };
        let retry_after = (asked > 0).then_some(MS(asked));
        match policy().wait(failed, Trouble { kind, retry_after }, roll) {
            Some(wait) => {
                prop_assert!(wait >= MS(asked) && wait <= MS(asked) + policy().wait_max);
                prop_assert!(failed < policy().failures_max && MS(asked) <= policy().retry_after_max);
            }
            None => prop_assert!(failed >= policy().failures_max || MS(asked) > policy().retry_after_max),
        }
    }

    #[test]
    fn no_history_gets_more_tokens_than_came(steps in prop::collection::vec((0_u64..3_000, 0_u64..2_000), 1..300)) {
        let began = Instant::now();
        let (mut bucket, mut now) = (Bucket::new(20, 10, began), began);
        let mut due: Vec<Duration> = Vec::new();
        for (pause, wait) in steps {
            now += MS(pause);
            due.extend(bucket.take(now, MS(wait), Duration::from_secs(5)).map(|wait| now + wait - began));
        }
        due.sort();
        // No more than the burst and what came in between, in any stretch from the start.
        for (count, at) in due.iter().enumerate() {
            prop_assert!(count as u128 <= 20 + at.as_millis() / 100, "{count} by {at:?}");
        }
    }

    #[test]
    fn whatever_happens_there_is_one_probe_at_most_and_a_success_ends_the_rest(
        steps in prop::collection::vec((0_u8..4, 0_u64..4_000), 1..200)
    ) {
        let mut breaker = Breaker::new(PeerOptions { failures_min: 3, ..PeerOptions::default() });
        let (mut now, mut probing) = (Instant::now(), false);
        for (step, pause) in steps {
            now += MS(pause);
            match step {
                0 => {
                    breaker.succeeded();
                    prop_assert_eq!(breaker.admit(now), Admission::Free);
                    probing = false;
                }
                1 => {
                    breaker.failed(now);
                    probing = false;
                }
                _ => match breaker.admit(now) {
                    Admission::Probe => prop_assert!(!std::mem::replace(&mut probing, true)),
                    Admission::Rest(wait, _) => prop_assert!(wait <= PeerOptions::default().rest_max),
                    Admission::Free => prop_assert!(!probing),
                },
            }
        }
    }
}
