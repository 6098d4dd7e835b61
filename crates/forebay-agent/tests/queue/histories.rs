//! Random histories of the queue, beside the model: after each step both say the same of every row.

use std::time::Duration;

use forebay_agent::queue::{GivenBack, JobId, LeaseId, Leased, Place, Queue as _, RowState, Settled, Tally};
use forebay_agent::{Action, FailureClass, Lane};
use proptest::prelude::*;

use crate::model::{Model, ModelJob, ModelLease};
use crate::world::{SPAN, World, failure, last_part, name, order, success};

const EDGES: [&str; 3] = ["a", "b", "c"];

#[derive(Clone, Debug)]
enum Step {
    Submit {
        action: usize,
        priority: u8,
        options: u8,
        delay: u64,
        urls: Vec<u8>,
        edges: Vec<(usize, u8)>,
    },
    /// A submission that is given up.
    Leave {
        urls: Vec<u8>,
    },
    Lease {
        edge: usize,
        lane: usize,
        most: usize,
    },
    Settle {
        lease: usize,
        is_success: bool,
    },
    GiveBack {
        lease: usize,
        delay: u64,
        was_tried: bool,
    },
    Extend {
        lease: usize,
    },
    Pass {
        seconds: u64,
    },
    Cancel {
        job: usize,
    },
    Retry {
        job: usize,
    },
    CatchUp {
        edge: usize,
    },
    Reopen,
}

fn urls() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(0..3_u8, 1..3)
}

fn edges() -> impl Strategy<Value = Vec<(usize, u8)>> {
    let tiers =
        prop_oneof![3 => Just([0; 3]), 1 => Just([0, 1, 1]), 1 => Just([2, 1, 0]), 2 => Just([0, 0, 1])];
    (prop_oneof![1 => proptest::sample::subsequence(vec![0, 1, 2], 1..=2), 1 => Just(vec![0, 1, 2])], tiers)
        .prop_map(|(edges, tiers)| edges.into_iter().map(|edge| (edge, tiers[edge])).collect())
}

fn step() -> impl Strategy<Value = Step> {
    let delay = || prop_oneof![3 => Just(0), 1 => 1..90_u64];
    prop_oneof![
        8 => (0..3_usize, 4..7_u8, 0..2_u8, delay(), urls(), edges()).prop_map(
            |(action, priority, options, delay, urls, edges)| Step::Submit {
                action, priority, options, delay, urls, edges
            }
        ),
        1 => urls().prop_map(|urls| Step::Leave { urls }),
        12 => (0..3_usize, 0..2_usize, prop_oneof![Just(1), Just(100)])
            .prop_map(|(edge, lane, most)| Step::Lease { edge, lane, most }),
        10 => (any::<usize>(), proptest::bool::weighted(0.7))
            .prop_map(|(lease, is_success)| Step::Settle { lease, is_success }),
        4 => (any::<usize>(), delay(), any::<bool>())
            .prop_map(|(lease, delay, was_tried)| Step::GiveBack { lease, delay, was_tried }),
        2 => any::<usize>().prop_map(|lease| Step::Extend { lease }),
        4 => (1..50_u64).prop_map(|seconds| Step::Pass { seconds }),
        1 => any::<usize>().prop_map(|job| Step::Cancel { job }),
        2 => any::<usize>().prop_map(|job| Step::Retry { job }),
        2 => (0..3_usize).prop_map(|edge| Step::CatchUp { edge }),
        1 => Just(Step::Reopen),
    ]
}

struct Both {
    world: World,
    model: Model,
    jobs: Vec<JobId>,
    leases: Vec<(LeaseId, ModelLease)>,
}

impl Both {
    async fn take(mut self, step: Step) -> Self {
        let now = self.world.now();
        match step {
            Step::Reopen => {
                self.world = self.world.reopened().await;
                self.model.end_leases(now, true);
            }
            Step::Submit { action, priority, options, delay, urls, edges } => {
                let action = Action::ALL[action];
                let at = (delay > 0).then(|| now.after(Duration::from_secs(delay)));
                let job = ModelJob { action, priority, options, at, is_cancelled: false };
                self.submit(job, &urls, &edges).await;
            }
            Step::Leave { urls } => {
                let mut left = self.world.book.submit(order(Action::Purge, &EDGES)).await.unwrap();
                for url in urls {
                    left.add(&crate::world::target(&url.to_string())).await.unwrap();
                }
                drop(left);
            }
            Step::Lease { edge, lane, most } => self.lease(edge, Lane::ALL[lane], most).await,
            Step::Settle { lease, is_success } => {
                if let Some((lease, model)) = pick(&self.leases, lease) {
                    let outcome = if is_success { success() } else { failure() };
                    self.world.book.settle(vec![Settled { lease, outcome }]).await.unwrap();
                    self.model.settle(model, is_success);
                }
            }
            Step::GiveBack { lease, delay, was_tried } => {
                if let Some((lease, model)) = pick(&self.leases, lease) {
                    let due = now.after(Duration::from_secs(delay));
                    let because = was_tried.then_some(FailureClass::Reset);
                    self.world.book.give_back(vec![GivenBack { lease, due, because }]).await.unwrap();
                    self.model.give_back(model, due, was_tried);
                }
            }
            Step::Extend { lease } => {
                if let Some((lease, model)) = pick(&self.leases, lease) {
                    let lost = self.world.book.extend(vec![lease], SPAN).await.unwrap();
                    assert_eq!(lost.is_empty(), self.model.extend(model, now.after(SPAN)));
                }
            }
            Step::Pass { seconds } => {
                self.world.clock.pass(Duration::from_secs(seconds));
                self.model.end_leases(self.world.now(), false);
            }
            Step::Cancel { job } => {
                if let Some(at) = job.checked_rem(self.jobs.len()) {
                    self.world.book.cancel(self.jobs[at]).await.unwrap();
                    self.model.cancel(at);
                }
            }
            Step::Retry { job } => {
                if let Some(at) = job.checked_rem(self.jobs.len())
                    && self.world.book.retry(self.jobs[at]).await.is_ok()
                {
                    self.model.retry(at, now);
                }
            }
            Step::CatchUp { edge } => {
                self.world.book.catch_up(&name(EDGES[edge])).await.unwrap();
                self.model.catch_up(edge, now);
            }
        }
        self.world.book.carry_through().await.unwrap();
        self
    }

    async fn submit(&mut self, job: ModelJob, urls: &[u8], edges: &[(usize, u8)]) {
        let names: Vec<String> = urls.iter().map(ToString::to_string).collect();
        let mut order = order(job.action, &[]);
        order.edges =
            edges.iter().map(|(edge, tier)| Place { edge: name(EDGES[*edge]), tier: *tier }).collect();
        order.terms.priority = job.priority;
        order.terms.options = job.options.to_string().into();
        order.terms.at = job.at;
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        self.jobs.push(self.world.submit(order, &names).await);
        let mut once = Vec::new();
        for url in urls {
            if !once.contains(url) {
                once.push(*url);
            }
        }
        self.model.submit(job, &once, edges, self.world.now());
    }

    async fn lease(&mut self, edge: usize, lane: Lane, most: usize) {
        let now = self.world.now();
        let got = self.world.lease_some(EDGES[edge], lane, most).await;
        let expected = self.model.lease(edge, lane, most, now, now.after(SPAN));
        let seen = |leased: &Leased| {
            (last_part(leased), leased.action, leased.options.to_string(), leased.attempts, leased.rows)
        };
        let told = |lease: &ModelLease| {
            let row = &self.model.rows[lease.row];
            let job = &self.model.jobs[row.job];
            (row.url.to_string(), job.action, job.options.to_string(), row.attempts, lease.rows)
        };
        let (seen, told): (Vec<_>, Vec<_>) =
            (got.iter().map(seen).collect(), expected.iter().map(told).collect());
        assert_eq!(seen, told);
        self.leases.extend(got.iter().map(|leased| leased.lease).zip(expected));
    }

    /// Every row, and every number.
    async fn compare(&self) {
        for (at, id) in self.jobs.iter().enumerate() {
            let mut seen: Vec<_> = self
                .world
                .rows(*id)
                .await
                .iter()
                .map(|row| {
                    let edge = EDGES.iter().position(|edge| *edge == row.edge.as_str()).unwrap();
                    (row.url.rsplit('/').next().unwrap().to_owned(), edge, row.state, row.attempts)
                })
                .collect();
            let mut told: Vec<_> = self
                .model
                .rows
                .iter()
                .filter(|row| row.job == at)
                .map(|row| (row.url.to_string(), row.edge, row.state, row.attempts))
                .collect();
            let place = |row: &(String, usize, RowState, u32)| (row.0.clone(), row.1);
            seen.sort_by_key(place);
            told.sort_by_key(place);
            assert_eq!(seen, told, "job {at}");
            let job = self.world.book.job(*id).await.unwrap();
            assert_eq!(job.rows, tally(told.iter().map(|row| row.2)), "job {at}");
            assert_eq!(job.ended.is_some(), job.rows.live() == 0, "job {at}");
        }
        for load in self.world.book.edges() {
            for (number, lane) in Lane::ALL.into_iter().enumerate() {
                let rows = self.model.rows.iter().filter(|row| {
                    EDGES[row.edge] == load.edge.as_str() && self.model.jobs[row.job].action.lane() == lane
                });
                let told = tally(rows.map(|row| row.state));
                assert_eq!((load.waiting[number], load.processing[number]), (told.waiting, told.processing));
            }
        }
    }
}

fn pick<T: Copy>(from: &[T], at: usize) -> Option<T> {
    // The latest are the likeliest to be held.
    from.len().checked_sub(1).map(|last| from[last - at % from.len().min(6)])
}

fn tally(states: impl Iterator<Item = RowState>) -> Tally {
    let mut tally = Tally::default();
    for state in states {
        *match state {
            RowState::Waiting => &mut tally.waiting,
            RowState::Processing => &mut tally.processing,
            RowState::Succeeded => &mut tally.succeeded,
            RowState::Failed => &mut tally.failed,
            RowState::Cancelled => &mut tally.cancelled,
        } += 1;
    }
    tally
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 160, max_shrink_iters: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Nothing is lost, nothing is settled twice, no newer row is swallowed, no URL is in two hands on one edge, and who comes first comes first.
    #[test]
    fn whatever_happens_the_queue_is_what_the_model_says(steps in proptest::collection::vec(step(), 1..80)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let world = World::in_memory().await;
            let mut both = Both { world, model: Model::new(), jobs: Vec::new(), leases: Vec::new() };
            for step in steps {
                both = both.take(step).await;
                both.compare().await;
            }
        });
    }
}
