//! Lost wake-ups, starvation, leaks: each as a small scenario under many schedules.
//!
//! A lost wake-up shows as a deadlock, which shuttle reports; a leak as a gate that is not at zero at the end.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use shuttle::{future, thread};

use super::gate::{Gate, Hold};

/// Random schedules per scenario; a few seconds in all.
const SCHEDULES: usize = 3_000;

fn check(scenario: impl Fn() + Send + Sync + 'static) {
    let scenario = Arc::new(scenario);
    let again = Arc::clone(&scenario);
    shuttle::check_random(move || again(), SCHEDULES);
    shuttle::check_pct(move || scenario(), SCHEDULES, 3);
}

fn at_zero(gate: &Gate) {
    let counts = gate.counts();
    assert_eq!((counts.in_use, counts.waiting), (0, 0));
    assert!(counts.peak <= counts.capacity);
}

fn hold(gate: &Arc<Gate>, amount: u64) -> Hold {
    match gate.try_hold(amount) {
        Ok(hold) => hold,
        Err(_) => future::block_on(gate.queue_up(amount).unwrap()),
    }
}

#[test]
fn no_wake_up_is_lost() {
    check(|| {
        let gate = Arc::new(Gate::new(2, 8));
        let workers: Vec<_> = [1, 2, 1, 2]
            .into_iter()
            .map(|amount| {
                let gate = Arc::clone(&gate);
                thread::spawn(move || drop(hold(&gate, amount)))
            })
            .collect();
        for worker in workers {
            worker.join().unwrap();
        }
        at_zero(&gate);
        assert_eq!(gate.counts().granted, 4);
    });
}

#[test]
fn the_capacity_is_never_passed() {
    check(|| {
        let gate = Arc::new(Gate::new(3, 8));
        let held = Arc::new(AtomicU64::new(0));
        let workers: Vec<_> = [1, 2, 3]
            .into_iter()
            .map(|amount| {
                let (gate, held) = (Arc::clone(&gate), Arc::clone(&held));
                thread::spawn(move || {
                    let lease = hold(&gate, amount);
                    assert!(held.fetch_add(amount, Ordering::SeqCst) + amount <= 3);
                    thread::yield_now();
                    held.fetch_sub(amount, Ordering::SeqCst);
                    drop(lease);
                })
            })
            .collect();
        for worker in workers {
            worker.join().unwrap();
        }
        at_zero(&gate);
    });
}

#[test]
fn a_waiter_that_leaves_takes_nothing_with_it_and_blocks_nobody() {
    check(|| {
        let gate = Arc::new(Gate::new(2, 8));
        let held = gate.try_hold(1).unwrap();
        let leaver = {
            let gate = Arc::clone(&gate);
            thread::spawn(move || {
                let wait = gate.queue_up(2).unwrap();
                thread::yield_now();
                // Granted by now or not, depending on the schedule.
                drop(wait);
            })
        };
        let stayer = {
            let gate = Arc::clone(&gate);
            thread::spawn(move || drop(hold(&gate, 1)))
        };
        drop(held);
        leaver.join().unwrap();
        stayer.join().unwrap();
        at_zero(&gate);
    });
}

#[test]
fn those_behind_a_waiter_that_leaves_are_looked_at_again() {
    check(|| {
        let gate = Arc::new(Gate::new(2, 8));
        let held = gate.try_hold(1).unwrap();
        let leaver = {
            let gate = Arc::clone(&gate);
            thread::spawn(move || drop(gate.queue_up(2).unwrap()))
        };
        let stayer = {
            let gate = Arc::clone(&gate);
            thread::spawn(move || drop(hold(&gate, 1)))
        };
        leaver.join().unwrap();
        stayer.join().unwrap();
        // Kept until now: only the leaver's departure can have let the other one in.
        drop(held);
        at_zero(&gate);
    });
}

#[test]
fn a_large_waiter_is_not_starved_by_small_ones() {
    check(|| {
        let gate = Arc::new(Gate::new(2, 8));
        let first = gate.try_hold(1).unwrap();
        let large = gate.queue_up(2).unwrap();
        let small = {
            let gate = Arc::clone(&gate);
            thread::spawn(move || {
                // The large one was there before: neither way leads past it.
                for mine in 1..=3 {
                    let hold = hold(&gate, 1);
                    assert!(gate.counts().granted >= 2 + mine, "overtook the first in the queue");
                    drop(hold);
                }
            })
        };
        drop(first);
        drop(future::block_on(large));
        small.join().unwrap();
        at_zero(&gate);
    });
}

#[test]
fn pieces_given_back_by_different_threads_add_up() {
    check(|| {
        let gate = Arc::new(Gate::new(4, 8));
        let mut whole = gate.try_hold(4).unwrap();
        let part = whole.split(2).unwrap();
        let other = thread::spawn(move || {
            let mut part = part;
            part.shrink_to(1);
            part.try_grow(1).unwrap_or(());
            drop(part);
        });
        let waiter = {
            let gate = Arc::clone(&gate);
            thread::spawn(move || drop(hold(&gate, 4)))
        };
        let rest = whole.split(1).unwrap();
        whole.merge(rest).unwrap();
        drop(whole);
        other.join().unwrap();
        waiter.join().unwrap();
        at_zero(&gate);
    });
}

#[test]
fn a_moved_waiter_is_woken_where_it_was_last_polled() {
    check(|| {
        let gate = Arc::new(Gate::new(1, 8));
        let held = gate.try_hold(1).unwrap();
        let mut wait = gate.queue_up(1).unwrap();
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        let early = std::future::Future::poll(std::pin::Pin::new(&mut wait), &mut cx);
        assert!(early.is_pending());
        let elsewhere = thread::spawn(move || drop(future::block_on(wait)));
        drop(held);
        elsewhere.join().unwrap();
        at_zero(&gate);
    });
}
