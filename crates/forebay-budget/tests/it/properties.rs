//! Random histories against a model: a list of what is held.

use std::{future::Future, pin::Pin, task::Waker, time::Duration};

use forebay_budget::{ByteSize, Class, Lease, Ledger, Refused};
use proptest::prelude::*;

const CAPACITY: u64 = 1000;
const PATIENCE: Duration = Duration::from_secs(3600);

#[derive(Clone, Debug)]
enum Step {
    Try(u64),
    Wait(u64),
    Poll(usize),
    Leave(usize),
    Drop(usize),
    Split(usize, u64),
    Merge(usize, usize),
    Grow(usize, u64),
    Shrink(usize, u64),
}

fn step() -> impl Strategy<Value = Step> {
    let (amount, place) = (0..CAPACITY + 200, 0_usize..16);
    prop_oneof![
        amount.clone().prop_map(Step::Try),
        amount.clone().prop_map(Step::Wait),
        place.clone().prop_map(Step::Poll),
        place.clone().prop_map(Step::Leave),
        place.clone().prop_map(Step::Drop),
        (place.clone(), amount.clone()).prop_map(|(place, amount)| Step::Split(place, amount)),
        (place.clone(), place.clone()).prop_map(|(to, from)| Step::Merge(to, from)),
        (place.clone(), amount.clone()).prop_map(|(place, amount)| Step::Grow(place, amount)),
        (place, amount).prop_map(|(place, amount)| Step::Shrink(place, amount)),
    ]
}

type Waiting = (u64, Pin<Box<dyn Future<Output = Result<Lease, Refused>>>>);

struct World {
    ledger: Ledger,
    leases: Vec<Lease>,
    /// In the order of arrival, as the queue should be.
    waiting: Vec<Waiting>,
}

impl World {
    fn new() -> Self {
        let ledger = Ledger::with_queue([(Class::Reads, ByteSize::b(CAPACITY))], 4);
        Self { ledger, leases: Vec::new(), waiting: Vec::new() }
    }

    fn held(&self) -> u64 {
        self.leases.iter().map(Lease::bytes).sum()
    }

    /// Polls every waiter; those that are served must be the first ones, and must have fitted.
    fn poll(&mut self, place: usize) {
        let mut cx = std::task::Context::from_waker(Waker::noop());
        if place < self.waiting.len()
            && let std::task::Poll::Ready(result) = self.waiting[place].1.as_mut().poll(&mut cx)
        {
            drop(self.waiting.remove(place));
            self.leases.extend(result.ok());
        }
    }

    fn wait(&mut self, amount: u64) {
        let future = Box::pin(self.ledger.acquire(Class::Reads, amount, PATIENCE));
        self.waiting.push((amount, future));
        self.poll(self.waiting.len() - 1);
    }

    fn run(&mut self, step: &Step) {
        let here = |place: usize, len: usize| place % len.max(1);
        let some = !self.leases.is_empty();
        match *step {
            Step::Try(amount) => self.leases.extend(self.ledger.try_acquire(Class::Reads, amount).ok()),
            Step::Wait(amount) => self.wait(amount),
            Step::Poll(place) => self.poll(here(place, self.waiting.len())),
            Step::Leave(place) if place < self.waiting.len() => drop(self.waiting.remove(place)),
            Step::Drop(place) if place < self.leases.len() => drop(self.leases.swap_remove(place)),
            Step::Split(place, amount) if some => {
                let place = here(place, self.leases.len());
                let part = self.leases[place].split(amount);
                self.leases.extend(part);
            }
            Step::Merge(to, from) if some => {
                let from = self.leases.swap_remove(here(from, self.leases.len()));
                let to = here(to, self.leases.len());
                match self.leases.get_mut(to) {
                    Some(to) => to.merge(from).unwrap(),
                    None => self.leases.push(from),
                }
            }
            Step::Grow(place, amount) if some => {
                let place = here(place, self.leases.len());
                self.leases[place].try_grow(amount).unwrap_or(());
            }
            Step::Shrink(place, amount) if some => {
                let place = here(place, self.leases.len());
                self.leases[place].shrink_to(amount);
            }
            _ => {}
        }
    }

    /// What must be true after every step.
    fn check(&self) {
        let usage = self.ledger.usage(Class::Reads);
        assert!(usage.in_use <= CAPACITY && usage.peak <= CAPACITY && usage.peak >= usage.in_use);
        assert!(usage.waiting <= 4);
        // Granted and not yet collected: the first of those who came, in their order.
        let uncollected = self.waiting.len() - usize::try_from(usage.waiting).unwrap();
        let on_the_way: u64 = self.waiting[..uncollected].iter().map(|(amount, _)| amount).sum();
        assert_eq!(usage.in_use, self.held() + on_the_way);
        // Nobody waits for what is free.
        if let Some((first, _)) = self.waiting.get(uncollected) {
            assert!(*first > usage.free());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_history_adds_up_and_ends_at_zero(steps in prop::collection::vec(step(), 1..200)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let _inside = runtime.enter();
        let mut world = World::new();
        for step in &steps {
            world.run(step);
            world.check();
        }
        world.waiting.clear();
        world.leases.clear();
        prop_assert!(world.ledger.idle());
    }
}
