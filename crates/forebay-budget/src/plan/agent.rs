//! The plan of work on edges: connections to all of them, shared out evenly, and what a piece of work takes that waits for one.
//!
//! Objects go to nowhere, so nothing is held of them but what lies in the sockets. An edge never gets more than its share, as long as
//! there are connections enough for all: one that is slow holds up nobody else.

use serde::Serialize;

use super::{Line, MemoryFacts, PlanError, ServicePlan, UpstreamSizes};
use crate::{class::Class, fds::NofileLimits, ledger::Ledger, size::ByteSize};

/// The program itself: code that was written to, threads, certificates, the allocator.
const PROGRAM: ByteSize = ByteSize::mib(10);

/// A queue on disk beside it: its pages in memory, its threads, requests of those who submit and ask, and who is told of its jobs.
const QUEUE: ByteSize = ByteSize::mib(13);

/// A fleet's messages beside it: the pages of what is done, a batch on its way in each direction.
const FLEET: ByteSize = ByteSize::mib(16);

/// Those who wait for messages for one edge.
const FLEET_EDGE: ByteSize = ByteSize::kib(64);

/// One piece of work under way: what it asks, what it has heard, where it is in its steps. Measured at 5 KiB.
const TASK: ByteSize = ByteSize::kib(8);

/// Work for one edge that waits at its door, beside what has a connection.
const WAITING_MAX: u32 = 64;

/// The head of an answer, and a piece of a body that cannot be dropped in the kernel.
const BUFFER: ByteSize = ByteSize::kib(16);

/// A TLS session and a record being read.
const TLS_SESSION: ByteSize = ByteSize::kib(64);

/// Heads need no more.
const CONTROL_RECEIVE: ByteSize = ByteSize::kib(16);

/// Of the list of URLs, what is held for each edge, between these: one piece of it, of all edges together 4 MiB.
const LIST_PIECE_MIN: ByteSize = ByteSize::kib(4);
const LIST_PIECE_MAX: ByteSize = ByteSize::kib(32);
const LIST: ByteSize = ByteSize::mib(4);

/// Between these, what lies in a socket until it is dropped.
const BULK_RECEIVE_MIN: ByteSize = ByteSize::kib(16);
const BULK_RECEIVE_MAX: ByteSize = ByteSize::mib(1);

/// A queue's files, listeners, the runtime.
const FDS_BESIDE: u64 = 96;

/// What work on edges asks of the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgentAsk {
    /// All memory, user and kernel. Default: the smaller of 256 MiB and half of what there is.
    pub memory: Option<ByteSize>,
    /// How many edges.
    pub edges: u32,
    /// Short requests to one edge at once, at most.
    pub control: u32,
    /// Objects from one edge at once, at most.
    pub bulk: u32,
    /// Whether any edge is reached over TLS.
    pub tls: bool,
    /// Whether there is a queue on disk.
    pub queue: bool,
    /// Whether it is shared with a fleet.
    pub fleet: bool,
}

/// Every line of memory of work on edges, and the numbers that follow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AgentPlan {
    /// The lines, in the order of [`Class::ALL`].
    pub lines: Vec<Line>,
    /// The sum of the lines; at most `limit`.
    pub total: ByteSize,
    /// What may be used: `--memory`, or its default.
    pub limit: ByteSize,
    /// Connections for short requests.
    pub control: LanePlan,
    /// Connections for objects.
    pub bulk: LanePlan,
    /// Pieces of work under way for one edge, at most.
    pub tasks_each: u32,
    /// How much of a list of URLs is held for each edge at once.
    pub list_piece: ByteSize,
    /// What an agent with a queue has beside that.
    pub service: Option<ServicePlan>,
    /// The descriptors that the ledger hands out.
    pub fds: u64,
}

/// The connections of one lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct LanePlan {
    /// To all edges together.
    pub connections: u32,
    /// To one edge.
    pub each_edge: u32,
    /// The sizes that each is set to.
    pub sizes: UpstreamSizes,
}

impl AgentPlan {
    /// Makes the plan for what is asked and what there is.
    ///
    /// # Errors
    ///
    /// [`PlanError`] if not even one connection of each kind fits; its text names the setting to change and the value to change it to.
    pub fn compute(ask: &AgentAsk, memory: &MemoryFacts, nofile: NofileLimits) -> Result<Self, PlanError> {
        let limit = memory.allow(ask.memory)?;
        let edges = ask.edges.max(1);
        let sizes = |receive| UpstreamSizes {
            buffer: BUFFER,
            receive,
            tls: if ask.tls { TLS_SESSION } else { ByteSize::ZERO },
        };
        let (control_sizes, least) = (sizes(CONTROL_RECEIVE), sizes(BULK_RECEIVE_MIN));
        let program = [(ask.queue, QUEUE), (ask.fleet, FLEET)]
            .into_iter()
            .filter(|(is_there, _)| *is_there)
            .fold(PROGRAM, |sum, (_, size)| sum + size);
        let service = ask.queue.then(|| ServicePlan::new(limit, edges));
        let (list_piece, mut beside) = beside(service.as_ref(), edges);
        if ask.fleet {
            beside.push(Line::new(
                "messages of the fleet",
                Class::Runtime,
                "agent",
                edges.into(),
                FLEET_EDGE,
            ));
        }
        let fixed = beside.iter().map(|line| line.total).fold(program, |sum, total| sum + total);
        let needed = fixed + TASK.times(u64::from(edges) * 2) + control_sizes.cost() + least.cost();
        if limit < needed {
            return Err(PlanError::Agent { memory: limit, edges, needed: needed.round_up(ByteSize::mib(1)) });
        }
        let rest = limit.saturating_sub(fixed).as_u64();
        // A quarter for work, of which each edge has two pieces at the least; an eighth for short requests.
        let most_tasks = ask.control.max(ask.bulk).saturating_add(WAITING_MAX);
        let affordable = share(rest / 4, TASK) / edges;
        let tasks_each = affordable.clamp(2, most_tasks.max(2));
        let tasks = TASK.times(u64::from(tasks_each) * u64::from(edges));
        let sockets = rest.saturating_sub(tasks.as_u64());
        let fits_fds = u32::try_from(nofile.soft.saturating_sub(FDS_BESIDE)).unwrap_or(u32::MAX);
        if fits_fds < 2 {
            return Err(PlanError::AgentDescriptors { soft: nofile.soft, needed: FDS_BESIDE + 2 });
        }
        let control = share(sockets / 4, control_sizes.cost())
            .min(edges.saturating_mul(ask.control))
            .min(fits_fds / 2)
            .max(1);
        let for_bulk = ByteSize::b(sockets).saturating_sub(control_sizes.cost().times(control.into()));
        let bulk = share(for_bulk.as_u64(), least.cost())
            .min(edges.saturating_mul(ask.bulk))
            .min(fits_fds - control)
            .max(1);
        let room = (for_bulk.as_u64() / u64::from(bulk)).saturating_sub(least.cost().as_u64()) / 2;
        let receive = ByteSize::b((BULK_RECEIVE_MIN.as_u64() + room) & !0xfff).min(BULK_RECEIVE_MAX);
        let lane = |connections: u32, sizes, wanted: u32| LanePlan {
            connections,
            each_edge: wanted.min((connections / edges).max(1)),
            sizes,
        };
        let (control, bulk) =
            (lane(control, control_sizes, ask.control), lane(bulk, sizes(receive), ask.bulk));
        let of = |name, lane: LanePlan| {
            Line::new(name, Class::Upstreams, "net::client", lane.connections.into(), lane.sizes.cost())
        };
        let mut lines = vec![
            of("connections for short requests", control),
            of("connections for objects", bulk),
            Line::new("work under way", Class::Runtime, "agent", tasks.as_u64() / TASK.as_u64(), TASK),
            Line::new("program, threads and allocator", Class::Runtime, "runtime", 1, program),
        ];
        lines.extend(beside);
        lines.sort_by_key(|line| line.class);
        let total = lines.iter().map(|line| line.total).sum();
        let fds = u64::from(control.connections + bulk.connections) + FDS_BESIDE / 2;
        Ok(Self { lines, total, limit, control, bulk, tasks_each, list_piece, service, fds })
    }

    /// The ledger that the plan describes.
    pub fn ledger(&self) -> Ledger {
        let sum = |class| self.lines.iter().filter(|line| line.class == class).map(|line| line.total).sum();
        Ledger::new([Class::Upstreams, Class::Runtime].map(|class| (class, sum(class))))
    }
}

/// What there is beside the work itself: all that an agent needs, or of a list of URLs one piece for each edge.
fn beside(service: Option<&ServicePlan>, edges: u32) -> (ByteSize, Vec<Line>) {
    let piece = ByteSize::b(LIST.as_u64() / u64::from(edges)).clamp(LIST_PIECE_MIN, LIST_PIECE_MAX);
    let list = || Line::new("pieces of the list of URLs", Class::Runtime, "agent", edges.into(), piece);
    (piece, service.map_or_else(|| vec![list()], |service| service.lines(edges).to_vec()))
}

/// How many of this cost fit.
fn share(bytes: u64, each: ByteSize) -> u32 {
    u32::try_from(bytes / each.as_u64().max(1)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plan(memory: u64, edges: u32, bulk: u32, tls: bool, queue: bool) -> Result<AgentPlan, PlanError> {
        let ask = AgentAsk {
            memory: Some(ByteSize::mib(memory)),
            edges,
            control: 32,
            bulk,
            tls,
            queue,
            fleet: queue && !tls,
        };
        let facts = MemoryFacts { machine: Some(ByteSize::gib(8)), cgroup: None };
        AgentPlan::compute(&ask, &facts, NofileLimits { soft_before: 20_000, soft: 20_000, hard: 20_000 })
    }

    #[test]
    fn thirty_two_mebibytes_are_enough_for_a_thousand_objects_at_a_time_in_hundreds() {
        let plan = plan(32, 1, 256, false, false).unwrap();
        assert!(plan.bulk.connections >= 200, "{plan:?}");
        assert_eq!(plan.control.connections, 32);
        assert!(plan.total <= plan.limit);
    }

    #[test]
    fn ten_thousand_edges_have_a_share_each() {
        let plan = plan(1024, 10_000, 16, true, true).unwrap();
        assert!(plan.tasks_each >= 2 && plan.bulk.each_edge >= 1, "{plan:?}");
    }

    #[test]
    fn what_does_not_fit_says_what_would() {
        let error = plan(16, 10_000, 16, false, true).unwrap_err().to_string();
        assert!(error.contains("set --memory to at least"), "{error}");
        let PlanError::Agent { needed, .. } = plan(16, 10_000, 16, false, true).unwrap_err() else {
            panic!("another error")
        };
        plan(needed.as_u64() >> 20, 10_000, 16, false, true).unwrap();
    }

    proptest! {
        #[test]
        fn the_sum_is_never_more_than_the_limit(
            memory in 8_u64..4096, edges in 1_u32..20_000, bulk in 1_u32..2000, tls: bool, queue: bool,
        ) {
            if let Ok(plan) = plan(memory, edges, bulk, tls, queue) {
                prop_assert!(plan.total <= plan.limit, "{:?}", plan);
                prop_assert!(plan.bulk.each_edge >= 1 && plan.control.each_edge >= 1);
            }
        }
    }
}
