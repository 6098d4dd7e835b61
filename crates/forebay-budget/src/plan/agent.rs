//! The plan of work on edges: connections to all of them, and what a piece of work takes that waits for one.
//!
//! Objects go to nowhere, so nothing is held of them but what lies in the sockets. An edge that asks for little gets it, and the others share
//! the rest evenly; nobody gets more than his share, so one that is slow holds up nobody else.

use serde::Serialize;

use super::{Line, MemoryFacts, PlanError, ServicePlan, UpstreamSizes};
use crate::{class::Class, fds::NofileLimits, ledger::Ledger, size::ByteSize};

/// The program itself: code that was written to, threads, certificates, the allocator.
const PROGRAM: ByteSize = ByteSize::mib(8);

/// A fleet's messages beside it: the pages of what is done, a batch on its way in each direction.
const FLEET: ByteSize = ByteSize::mib(16);

/// Those who wait for messages for one edge.
const FLEET_EDGE: ByteSize = ByteSize::kib(64);

/// One piece of work under way: what it asks, what it has heard, where it is in its steps. Measured at 5 KiB.
const TASK: ByteSize = ByteSize::kib(6);

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
pub struct AgentAsk<'a> {
    /// All memory, user and kernel. Default: the smaller of 256 MiB and half of what there is.
    pub memory: Option<ByteSize>,
    /// What each edge may be asked for at once.
    pub edges: &'a [EdgeAsk],
    /// Whether any edge is reached over TLS.
    pub tls: bool,
    /// Whether there is a queue on disk.
    pub queue: bool,
    /// Whether it is shared with a fleet.
    pub fleet: bool,
}

/// What may be asked of one edge at once, at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EdgeAsk {
    /// Short requests.
    pub control: u32,
    /// Objects.
    pub bulk: u32,
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
    /// To one edge, at most.
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
    pub fn compute(
        ask: &AgentAsk<'_>,
        memory: &MemoryFacts,
        nofile: NofileLimits,
    ) -> Result<Self, PlanError> {
        let limit = memory.allow(ask.memory)?;
        let edges = u32::try_from(ask.edges.len()).unwrap_or(u32::MAX).max(1);
        let wanted = |of: fn(&EdgeAsk) -> u32| ask.edges.iter().map(of).collect::<Vec<_>>();
        let sizes = |receive| UpstreamSizes {
            buffer: BUFFER,
            receive,
            tls: if ask.tls { TLS_SESSION } else { ByteSize::ZERO },
        };
        let (control_sizes, least) = (sizes(CONTROL_RECEIVE), sizes(BULK_RECEIVE_MIN));
        let floor = TASK.times(u64::from(edges) * 2) + control_sizes.cost() + least.cost();
        let beside = Beside::within(ask, limit, edges, floor)?;
        let rest = limit.saturating_sub(beside.sum()).as_u64();
        // A quarter for work, of which each edge has two pieces at the least; an eighth for short requests.
        let tasks = Shares::of(
            &wanted(|edge| edge.control.max(edge.bulk).saturating_add(WAITING_MAX)),
            share(rest / 4, TASK).max(edges.saturating_mul(2)),
        );
        let sockets = rest.saturating_sub(TASK.times(tasks.all.into()).as_u64());
        let fits_fds = u32::try_from(nofile.soft.saturating_sub(FDS_BESIDE)).unwrap_or(u32::MAX);
        if fits_fds < 2 {
            return Err(PlanError::AgentDescriptors { soft: nofile.soft, needed: FDS_BESIDE + 2 });
        }
        let fits = share(sockets / 4, control_sizes.cost()).min(fits_fds / 2);
        let control = Shares::of(&wanted(|edge| edge.control), fits);
        let for_bulk = ByteSize::b(sockets).saturating_sub(control_sizes.cost().times(control.all.into()));
        let fits = share(for_bulk.as_u64(), least.cost()).min(fits_fds - control.all);
        let bulk = Shares::of(&wanted(|edge| edge.bulk), fits);
        let room = (for_bulk.as_u64() / u64::from(bulk.all)).saturating_sub(least.cost().as_u64()) / 2;
        let receive = ByteSize::b((BULK_RECEIVE_MIN.as_u64() + room) & !0xfff).min(BULK_RECEIVE_MAX);
        let lane =
            |shares: Shares, sizes| LanePlan { connections: shares.all, each_edge: shares.each, sizes };
        let (control, bulk) = (lane(control, control_sizes), lane(bulk, sizes(receive)));
        let of = |name, lane: LanePlan| {
            Line::new(name, Class::Upstreams, "net::client", lane.connections.into(), lane.sizes.cost())
        };
        let mut lines = vec![
            of("connections for short requests", control),
            of("connections for objects", bulk),
            Line::new("work under way", Class::Runtime, "agent", tasks.all.into(), TASK),
        ];
        lines.extend(beside.lines);
        lines.sort_by_key(|line| line.class);
        let total = lines.iter().map(|line| line.total).sum();
        let fds = u64::from(control.connections + bulk.connections) + FDS_BESIDE / 2;
        Ok(Self {
            lines,
            total,
            limit,
            control,
            bulk,
            tasks_each: tasks.each,
            list_piece: beside.list_piece,
            service: beside.service,
            fds,
        })
    }

    /// The ledger that the plan describes.
    pub fn ledger(&self) -> Ledger {
        let sum = |class| self.lines.iter().filter(|line| line.class == class).map(|line| line.total).sum();
        Ledger::new([Class::Upstreams, Class::Runtime].map(|class| (class, sum(class))))
    }
}

/// What there is beside work and connections, in so much memory.
struct Beside {
    service: Option<ServicePlan>,
    list_piece: ByteSize,
    lines: Vec<Line>,
}

impl Beside {
    /// What there is if so much is left for work. What is needed grows with what there is, so the least that fits is looked for.
    fn within(ask: &AgentAsk<'_>, limit: ByteSize, edges: u32, floor: ByteSize) -> Result<Self, PlanError> {
        let needs = |limit| Self::new(ask, limit, edges).sum() + floor;
        let mut needed = limit;
        while needed < needs(needed) {
            needed = needs(needed).round_up(ByteSize::mib(1));
        }
        if limit < needed {
            return Err(PlanError::Agent { memory: limit, edges, needed });
        }
        Ok(Self::new(ask, limit, edges))
    }

    fn new(ask: &AgentAsk<'_>, limit: ByteSize, edges: u32) -> Self {
        let service = ask.queue.then(|| ServicePlan::new(limit, edges));
        let list_piece = ByteSize::b(LIST.as_u64() / u64::from(edges)).clamp(LIST_PIECE_MIN, LIST_PIECE_MAX);
        let line =
            |name, holder, count: u32, each| Line::new(name, Class::Runtime, holder, count.into(), each);
        let mut lines = vec![line("program, threads and allocator", "runtime", 1, PROGRAM)];
        match service {
            Some(service) => lines.extend(service.lines(edges)),
            None => lines.push(line("pieces of the list of URLs", "agent", edges, list_piece)),
        }
        if ask.fleet {
            lines.push(line("messages of the fleet", "agent", 1, FLEET));
            lines.push(line("messages for an edge of the fleet", "agent", edges, FLEET_EDGE));
        }
        Self { service, list_piece, lines }
    }

    fn sum(&self) -> ByteSize {
        self.lines.iter().map(|line| line.total).sum()
    }
}

/// What all edges have together, and the most that one of them has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shares {
    all: u32,
    each: u32,
}

impl Shares {
    /// Shares out what there is: who wants little gets it, and the others get the same. If there is not one for everybody, they take turns.
    fn of(wanted: &[u32], there_is: u32) -> Self {
        let mut wanted: Vec<u32> = wanted.iter().map(|wanted| (*wanted).max(1)).collect();
        wanted.sort_unstable();
        let (mut left, mut all) = (there_is, 0_u32);
        for (at, most) in wanted.iter().enumerate() {
            let others = u32::try_from(wanted.len() - at).unwrap_or(u32::MAX);
            let each = (left / others).max(1);
            if *most > each {
                let all = all.saturating_add(each.saturating_mul(others)).min(there_is).max(1);
                return Self { all, each };
            }
            left = left.saturating_sub(*most);
            all = all.saturating_add(*most);
        }
        Self { all: all.min(there_is).max(1), each: wanted.last().copied().unwrap_or(1) }
    }
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
        let edges = vec![EdgeAsk { control: 32, bulk }; edges as usize];
        let memory = Some(ByteSize::mib(memory));
        computed(&AgentAsk { memory, edges: &edges, tls, queue, fleet: queue && !tls })
    }

    fn computed(ask: &AgentAsk<'_>) -> Result<AgentPlan, PlanError> {
        let facts = MemoryFacts { machine: Some(ByteSize::gib(8)), cgroup: None };
        AgentPlan::compute(ask, &facts, NofileLimits { soft_before: 20_000, soft: 20_000, hard: 20_000 })
    }

    #[test]
    fn thirty_two_mebibytes_are_enough_for_a_thousand_objects_at_a_time_in_hundreds() {
        let plan = plan(32, 1, 256, false, false).unwrap();
        assert_eq!(plan.bulk.connections, 256);
        assert_eq!(plan.control.connections, 32);
        assert!(plan.total <= plan.limit);
    }

    #[test]
    fn an_edge_that_asks_for_little_leaves_the_rest_to_the_others() {
        let edges = [EdgeAsk { control: 32, bulk: 256 }, EdgeAsk { control: 32, bulk: 8 }];
        let ask = AgentAsk {
            memory: Some(ByteSize::mib(32)),
            edges: &edges,
            tls: false,
            queue: true,
            fleet: false,
        };
        let plan = computed(&ask).unwrap();
        assert!(plan.bulk.each_edge >= 100, "{plan:#?}");
        assert_eq!(plan.bulk.connections, plan.bulk.each_edge + 8);
        assert!(plan.tasks_each >= plan.bulk.each_edge, "{plan:#?}");
        assert!(plan.total <= plan.limit);
    }

    #[test]
    fn who_asks_for_little_gets_it_and_the_others_share_the_rest() {
        let of = |wanted: &[u32], there_is| {
            let Shares { all, each } = Shares::of(wanted, there_is);
            (all, each)
        };
        assert_eq!(of(&[8, 256, 256], 108), (108, 50));
        assert_eq!(of(&[8, 16], 100), (24, 16));
        assert_eq!(of(&[5, 5, 5], 2), (2, 1));
        assert_eq!(of(&[], 10), (1, 1));
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
