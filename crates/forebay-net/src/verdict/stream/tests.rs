//! Streams judged tick by tick, at pure instants.

use std::time::Duration;

use forebay_budget::Rate;
use proptest::prelude::*;

use super::*;

const FRAME: u64 = 16 << 10;

fn limits() -> ConnLimits {
    ConnLimits {
        stall: Duration::from_secs(30),
        min_rate: Rate::b(1000),
        grace: Duration::from_secs(20),
        ..ConnLimits::default()
    }
}

/// A connection whose streams always have this many bytes waiting, seen once a second.
struct Link {
    now: Instant,
    around: Around,
    streams: Vec<(StreamMemory, StreamSample)>,
    limits: ConnLimits,
}

impl Link {
    fn new(streams: u32, waiting: u64, limits: ConnLimits) -> Self {
        let now = Instant::now();
        let around = Around { sent: 0, waiting: waiting * u64::from(streams), streams };
        let sample = StreamSample { phase: Phase::Sending, sent: 0, received: 0 };
        let stream = (StreamMemory::new(now, sample, around, &limits), sample);
        Self { now, around, streams: vec![stream; streams as usize], limits }
    }

    fn send(&mut self, stream: usize, bytes: u64) {
        self.streams[stream].1.sent += bytes;
        self.around.sent += bytes;
    }

    /// A second has passed: which streams have had their time.
    fn look(&mut self) -> Vec<(usize, Reason)> {
        self.now += Duration::from_secs(1);
        let (now, around, limits) = (self.now, self.around, &self.limits);
        let judge = |(at, (memory, seen)): (usize, &mut (StreamMemory, StreamSample))| {
            Some((at, stream_verdict(memory, now, *seen, around, limits)?))
        };
        self.streams.iter_mut().enumerate().filter_map(judge).collect()
    }

    /// What ends first while the first stream stands still and each other one takes `bytes` a second.
    fn first_end_beside(&mut self, bytes: u64) -> (u64, Vec<(usize, Reason)>) {
        (1..100_000)
            .find_map(|second| {
                (1..self.streams.len()).for_each(|stream| self.send(stream, bytes));
                Some((second, self.look())).filter(|(_, ended)| !ended.is_empty())
            })
            .expect("the stalled stream lives for ever")
    }
}

#[test]
fn a_stalled_stream_ends_beside_a_moving_one_and_alone() {
    let mut patient = limits();
    patient.grace = Duration::from_secs(3600);
    assert_eq!(Link::new(2, 128 << 10, patient).first_end_beside(1 << 20), (30, vec![(0, Reason::Stall)]));
    assert_eq!(Link::new(2, 128 << 10, limits()).first_end_beside(1 << 20), (21, vec![(0, Reason::MinRate)]));
}

#[test]
fn without_a_minimum_rate_a_stalled_stream_ends_when_others_have_passed_it() {
    let limits = ConnLimits { min_rate: Rate::b(0), ..limits() };
    let (second, ended) = Link::new(2, 128 << 10, limits).first_end_beside(1 << 10);
    assert_eq!(ended, [(0, Reason::Stall)]);
    assert_eq!(second, 256, "after as many bytes as were waiting");
}

#[test]
fn a_stream_whose_service_thinks_is_not_judged() {
    let mut link = Link::new(2, 1000, limits());
    link.streams[0].1.phase = Phase::Serving;
    assert!((0..10_000).all(|_| {
        link.send(1, 1 << 20);
        link.look().is_empty()
    }));
}

#[test]
fn an_upload_that_gives_nothing_ends_whatever_else_is_sent() {
    let mut link = Link::new(2, 128 << 10, limits());
    link.streams[0].1.phase = Phase::Receiving;
    assert_eq!(link.first_end_beside(1 << 20), (21, vec![(0, Reason::MinRate)]));
}

proptest! {
    /// Streams take turns, a frame each. However slow the link (the connection's minimum rate and
    /// above) and however many they are, no stream is blamed for having waited for its turn.
    #[test]
    fn on_a_slow_link_nobody_is_blamed_for_the_others(
        streams in 1u32..40, frames in 1u64..8, rate in 1000u64..200_000,
    ) {
        let mut link = Link::new(streams, frames * FRAME, limits());
        let (mut turn, mut left) = (0, FRAME);
        for second in 0..4000 {
            let mut bytes = rate;
            while bytes > 0 {
                let taken = bytes.min(left);
                link.send(turn, taken);
                (bytes, left) = (bytes - taken, left - taken);
                if left == 0 {
                    (turn, left) = ((turn + 1) % streams as usize, FRAME);
                }
            }
            prop_assert_eq!(link.look(), [], "in second {}", second);
        }
    }
}
