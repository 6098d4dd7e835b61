//! Locks come, grow, end and are cleared; a flood of addresses stays within its places.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{AttemptOptions, Attempts, Lockout};

const SECOND: Duration = Duration::from_secs(1);

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_800_000_000 + seconds)
}

fn options() -> AttemptOptions {
    let client = Lockout { free: 2, first: 4 * SECOND, longest: 60 * SECOND, forgotten_after: 600 * SECOND };
    AttemptOptions { client, name: Lockout { free: 5, ..client }, entries_max: 64 }
}

fn address(n: u32) -> Option<IpAddr> {
    Some(Ipv4Addr::from(n).into())
}

#[test]
fn each_failure_beyond_the_free_ones_locks_twice_as_long() {
    let attempts = Attempts::new(options());
    let eve = address(1);
    let locks = [0, 0, 4, 8, 16, 32, 60, 60].map(Duration::from_secs);
    let mut now = 0;
    for (failures, lock) in locks.into_iter().enumerate() {
        attempts.failed(eve, None, at(now));
        let locked = attempts.client_locked(eve, at(now));
        assert_eq!(locked.unwrap_or_default(), lock, "after {} failures", failures + 1);
        now += lock.as_secs();
        assert_eq!(attempts.client_locked(eve, at(now)), None, "it ends");
    }
    assert_eq!(attempts.client_locked(address(2), at(0)), None, "and is nobody else's");
    let lockout = options().client;
    assert_eq!(lockout.lasts(u32::MAX), lockout.longest);
}

#[test]
fn success_clears_and_time_forgets() {
    let attempts = Attempts::new(options());
    let client = address(1);
    let fail = |times: u32, now| (0..times).for_each(|_| attempts.failed(client, Some("alice"), at(now)));
    fail(6, 0);
    assert!(
        attempts.client_locked(client, at(1)).is_some() && attempts.name_locked("alice", at(1)).is_some()
    );
    assert_eq!(attempts.name_locked("bob", at(1)), None);
    attempts.succeeded(client, Some("alice"));
    assert!(
        attempts.client_locked(client, at(1)).is_none() && attempts.name_locked("alice", at(1)).is_none()
    );
    fail(3, 10);
    assert!(attempts.client_locked(client, at(10)).is_some());
    fail(1, 610);
    assert_eq!(attempts.client_locked(client, at(610)), None, "the first after a long time is free again");
}

#[test]
fn a_name_is_locked_from_everywhere_and_later_than_a_client() {
    let attempts = Attempts::new(options());
    for n in 0..5 {
        attempts.failed(address(n), Some("alice"), at(0));
    }
    assert_eq!(attempts.name_locked("alice", at(0)), None);
    attempts.failed(address(9), Some("alice"), at(0));
    assert_eq!(attempts.name_locked("alice", at(1)), Some(3 * SECOND));
}

#[test]
fn hosts_of_one_network_of_version_6_are_one_client() {
    let attempts = Attempts::new(options());
    let host = |host| Some(IpAddr::V6(Ipv6Addr::from(0x2001_0db8_u128 << 96 | host)));
    (0..3).for_each(|n| attempts.failed(host(n), None, at(0)));
    assert!(attempts.client_locked(host(77), at(0)).is_some());
    assert!(attempts.client_locked(host(1 << 64), at(0)).is_none());
}

#[test]
fn a_clock_that_was_set_back_locks_nobody_for_as_long_as_that_was() {
    let attempts = Attempts::new(options());
    (0..9).for_each(|_| attempts.failed(address(1), None, at(100_000)));
    assert_eq!(attempts.client_locked(address(1), at(0)), None);
    attempts.failed(address(1), None, at(0));
    assert_eq!(attempts.clients.len(), 1);
}

#[test]
fn a_flood_of_addresses_stays_within_its_places_and_frees_nobody_who_is_locked() {
    let attempts = Attempts::new(options());
    let eve = address(u32::MAX);
    (0..5).for_each(|_| attempts.failed(eve, Some("alice"), at(0)));
    for n in 0..100_000 {
        attempts.failed(address(n), Some(&n.to_string()), at(0));
    }
    assert_eq!(attempts.clients.len(), 64, "every place is taken, and there is none more");
    assert!(attempts.names.len() <= 64);
    assert!(attempts.client_locked(eve, at(1)).is_some());
    assert_eq!(Attempts::bytes(64), 2 * 8 * (8 * 24 + 8));
}

#[test]
fn without_places_nothing_is_counted_and_nobody_locked() {
    let attempts = Attempts::new(AttemptOptions { entries_max: 0, ..options() });
    (0..99).for_each(|_| attempts.failed(address(1), Some("alice"), at(0)));
    assert_eq!(attempts.client_locked(address(1), at(0)), None);
    attempts.succeeded(address(1), Some("alice"));
}
