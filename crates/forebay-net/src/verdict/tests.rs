//! A connection judged tick by tick, at pure instants.

use proptest::prelude::*;

use super::*;

struct Seen {
    memory: Memory,
    now: Instant,
    sample: Sample,
    limits: ConnLimits,
}

impl Seen {
    fn new(phase: Phase) -> Self {
        let limits = ConnLimits {
            head: Duration::from_secs(10),
            idle: Duration::from_secs(60),
            stall: Duration::from_secs(30),
            min_rate: Rate::b(1000),
            grace: Duration::from_secs(20),
            handshake: Duration::from_secs(5),
            drain: Duration::from_secs(1),
        };
        let now = Instant::now();
        let sample = Sample { phase, sent: 0, received: 0, requests: 0, pressure: false, sharing: 1 };
        let mut memory = Memory::new(now, &limits);
        assert_eq!(verdict(&mut memory, now, sample, &limits), None);
        Self { memory, now, sample, limits }
    }

    /// One second passes in which `sent` and `received` bytes move.
    fn second(&mut self, sent: u64, received: u64) -> Option<Reason> {
        self.now += Duration::from_secs(1);
        self.sample.sent += sent;
        self.sample.received += received;
        verdict(&mut self.memory, self.now, self.sample, &self.limits)
    }

    fn seconds_until_the_end(&mut self, sent: u64, received: u64) -> (u64, Reason) {
        (1..10_000)
            .find_map(|second| Some((second, self.second(sent, received)?)))
            .expect("the connection lives for ever")
    }
}

#[test]
fn each_phase_has_its_own_limit() {
    assert_eq!(Seen::new(Phase::Handshake).seconds_until_the_end(0, 0), (5, Reason::Handshake));
    assert_eq!(Seen::new(Phase::Head).seconds_until_the_end(0, 1), (10, Reason::Head));
    assert_eq!(Seen::new(Phase::Idle).seconds_until_the_end(0, 0), (60, Reason::Idle));
}

#[test]
fn an_idle_client_that_does_not_go_when_asked_is_cut() {
    let mut deaf = Seen::new(Phase::Idle);
    let verdicts: Vec<_> = (0..90).map(|_| deaf.second(0, 0)).collect();
    assert_eq!(verdicts[60], Some(Reason::Idle));
    assert_eq!(deaf.second(0, 0), Some(Reason::Stall));
}

#[test]
fn a_client_that_moves_nothing_runs_out_of_credit_or_stalls_in_both_directions() {
    for phase in [Phase::Sending, Phase::Receiving] {
        assert_eq!(Seen::new(phase).seconds_until_the_end(0, 0), (21, Reason::MinRate));
        let mut patient = Seen::new(phase);
        patient.limits.grace = Duration::from_secs(3600);
        patient.memory = Memory::new(patient.now, &patient.limits);
        assert_eq!(verdict(&mut patient.memory, patient.now, patient.sample, &patient.limits), None);
        assert_eq!(patient.seconds_until_the_end(0, 0), (30, Reason::Stall));
    }
}

#[test]
fn a_slow_upstream_is_not_held_against_the_client() {
    let mut serving = Seen::new(Phase::Serving);
    assert!((0..100_000).all(|_| serving.second(0, 0).is_none()));
}

#[test]
fn a_client_at_the_minimum_rate_lives_and_one_below_it_dies() {
    let mut decent = Seen::new(Phase::Sending);
    assert!((0..10_000).all(|_| decent.second(1000, 0).is_none()));
    assert_eq!(Seen::new(Phase::Sending).seconds_until_the_end(500, 0), (41, Reason::MinRate));
    assert_eq!(Seen::new(Phase::Receiving).seconds_until_the_end(0, 500), (41, Reason::MinRate));
}

#[test]
fn a_fast_first_gigabyte_does_not_pay_for_a_trickle() {
    let mut client = Seen::new(Phase::Sending);
    assert_eq!(client.second(1 << 30, 0), None);
    assert_eq!(client.seconds_until_the_end(1, 0), (21, Reason::MinRate));
}

#[test]
fn a_new_request_restarts_the_clock() {
    let mut client = Seen::new(Phase::Idle);
    for _ in 0..100 {
        client.sample.requests += 1;
        assert!((0..59).all(|_| client.second(10, 10).is_none()));
    }
}

#[test]
fn under_pressure_an_idle_connection_gives_up_its_place() {
    let mut client = Seen::new(Phase::Idle);
    client.sample.pressure = true;
    assert_eq!(client.second(0, 0), Some(Reason::Pressure));
    let mut busy = Seen::new(Phase::Sending);
    busy.sample.pressure = true;
    assert_eq!(busy.second(5000, 0), None);
}

proptest! {
    /// However the bytes are spread: at the minimum rate or above it in every second, nobody is cut;
    /// and whatever came before, `grace` plus the credit's second of nothing always ends it.
    #[test]
    fn the_rate_limit_is_exact(bursts in prop::collection::vec(1000u64..1_000_000, 1..100)) {
        let mut client = Seen::new(Phase::Sending);
        for burst in bursts {
            prop_assert_eq!(client.second(burst, 0), None);
        }
        prop_assert_eq!(client.seconds_until_the_end(0, 0), (21, Reason::MinRate));
    }
}
