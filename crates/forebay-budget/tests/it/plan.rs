//! The plan adds up, fits, and says what to change when it does not.

use forebay_budget::{
    ByteSize, Class, Ledger, Limits, MemoryFacts, MemoryLimit, NofileLimits, Plan, PlanError,
};
use proptest::prelude::*;

fn nofile(soft: u64) -> NofileLimits {
    NofileLimits { soft_before: soft, soft, hard: soft }
}

fn machine(available: ByteSize) -> MemoryFacts {
    MemoryFacts { cgroup: None, machine: Some(available) }
}

fn with_memory(memory: ByteSize) -> Limits {
    Limits { memory: Some(memory), ..Limits::default() }
}

fn plan(limits: &Limits) -> Result<Plan, PlanError> {
    Plan::compute(limits, &machine(ByteSize::gib(64)), nofile(1 << 20))
}

#[test]
fn the_plan_is_the_sum_of_its_lines_and_fits_at_every_size() {
    let everything =
        Limits { tls: true, capture: ByteSize::kib(1), remember_clients: true, ..Limits::default() };
    for mib in [40, 48, 64, 96, 128, 256, 300, 1000, 2048, 16384] {
        for limits in [Limits::default(), everything.clone()] {
            let plan = plan(&Limits { memory: Some(ByteSize::mib(mib)), ..limits }).unwrap();
            assert_eq!(plan.lines.iter().map(|line| line.total).sum::<ByteSize>(), plan.total);
            assert!(plan.lines.iter().all(|line| line.total == line.each.times(line.count)));
            assert!(plan.total <= ByteSize::mib(mib));
            assert!(ByteSize::mib(mib).saturating_sub(plan.total) < ByteSize::kib(64));
            assert_eq!(
                plan.capacity(Class::Connections),
                plan.sizes.connection.times(plan.connections_max.into())
            );
        }
    }
}

#[test]
fn sixty_four_mebibytes_hold_five_hundred_stalled_readers_and_more() {
    let plan = plan(&with_memory(ByteSize::mib(64))).unwrap();
    assert!(plan.connections_max >= 570, "{}", plan.connections_max);
    assert!(plan.sizes.connection <= ByteSize::kib(60));
    assert!(plan.capacity(Class::Reads) >= ByteSize::mib(4));
}

#[test]
fn what_is_switched_off_costs_nothing() {
    let with = plan(&Limits { remember_clients: true, ..with_memory(ByteSize::mib(64)) }).unwrap();
    assert_eq!((with.clients_max(), with.capacity(Class::Clients)), (7168, ByteSize::kib(840)));
    let without = plan(&with_memory(ByteSize::mib(64))).unwrap();
    assert_eq!((without.clients_max(), without.capacity(Class::Clients)), (0, ByteSize::ZERO));
    assert!(without.connections_max > with.connections_max);
}

#[test]
fn ten_thousand_readers_fit_into_768_mib() {
    let limits = Limits { connections: Some(10_000), ..with_memory(ByteSize::mib(768)) };
    assert!(plan(&limits).unwrap().capacity(Class::SocketBuffers) >= ByteSize::mib(4));
}

#[test]
fn the_default_is_half_of_what_there_is_and_at_most_256_mib() {
    let limit_of =
        |facts: &MemoryFacts| Plan::compute(&Limits::default(), facts, nofile(4096)).unwrap().limit;
    assert_eq!(limit_of(&machine(ByteSize::gib(8))), ByteSize::mib(256));
    let cgroup = Some(MemoryLimit { bytes: ByteSize::mib(300), source: "memory.max".into() });
    assert_eq!(limit_of(&MemoryFacts { cgroup, machine: Some(ByteSize::gib(8)) }), ByteSize::mib(150));
    assert_eq!(limit_of(&MemoryFacts::default()), ByteSize::mib(256));
}

#[test]
fn too_little_memory_says_how_much_is_enough() {
    let error = plan(&with_memory(ByteSize::mib(16))).unwrap_err();
    let PlanError::Memory { needed, .. } = error else { panic!("{error}") };
    assert_eq!(
        error.to_string(),
        "16 MiB of memory is too little for a server of 16 connections: set --memory to at least 34MiB"
    );
    assert!(plan(&with_memory(needed)).is_ok());
    assert!(plan(&with_memory(needed.saturating_sub(ByteSize::mib(1)))).is_err());
}

#[test]
fn too_many_connections_name_both_knobs_and_either_helps() {
    let asked = Limits { connections: Some(5000), ..with_memory(ByteSize::mib(64)) };
    let error = plan(&asked).unwrap_err();
    let PlanError::Connections { fits, needed, .. } = error else { panic!("{error}") };
    assert_eq!(
        error.to_string(),
        format!(
            "5000 connections do not fit into 64 MiB of memory: set --connections to at most {fits}, \
             or --memory to at least {}MiB",
            needed.as_u64() >> 20
        )
    );
    assert!(plan(&Limits { connections: Some(fits), ..asked.clone() }).is_ok());
    assert!(plan(&Limits { memory: Some(needed), ..asked }).is_ok());
}

#[test]
fn more_memory_than_there_is_names_who_says_so() {
    let cgroup = Some(MemoryLimit { bytes: ByteSize::mib(96), source: "/sys/fs/cgroup/memory.max".into() });
    let facts = MemoryFacts { cgroup, machine: Some(ByteSize::gib(8)) };
    let error = Plan::compute(&with_memory(ByteSize::mib(128)), &facts, nofile(4096)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "--memory 128MiB is more than the 96 MiB of /sys/fs/cgroup/memory.max: set it to at most 96MiB"
    );
}

#[test]
fn few_descriptors_mean_fewer_connections_unless_they_were_asked_for() {
    let facts = machine(ByteSize::gib(8));
    let limits = with_memory(ByteSize::mib(256));
    let plan = Plan::compute(&limits, &facts, nofile(1024)).unwrap();
    assert_eq!(plan.connections_max, 416);
    assert!(plan.fds.total <= 1024);
    assert_eq!(plan.fds.leased() + plan.fds.reserve, plan.fds.total);
    let asked = Limits { connections: Some(1000), ..limits };
    let error = Plan::compute(&asked, &facts, nofile(1024)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "1000 connections need 1442 file descriptors and the limit is 1024: set --connections to at most 665, \
         or raise the limit (ulimit -n, LimitNOFILE=) to 1442"
    );
    assert!(Plan::compute(&asked, &facts, nofile(1442)).is_ok());
    let fits = Limits { connections: Some(665), ..asked };
    let tight = Plan::compute(&fits, &facts, nofile(1024)).unwrap();
    assert!(tight.fds.total <= 1024 && tight.fds.open_files < tight.fds.connections);
    let error = Plan::compute(&with_memory(ByteSize::mib(256)), &facts, nofile(200)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "16 connections need 212 file descriptors and the limit is 200: set --connections to at most 6, \
         or raise the limit (ulimit -n, LimitNOFILE=) to 212"
    );
}

#[test]
fn what_connections_leave_makes_sockets_faster() {
    let few = plan(&Limits { connections: Some(100), ..with_memory(ByteSize::mib(64)) }).unwrap();
    let many = plan(&with_memory(ByteSize::mib(64))).unwrap();
    assert!(few.capacity(Class::SocketBuffers) > many.capacity(Class::SocketBuffers));
}

#[test]
fn the_ledger_has_what_the_plan_says() {
    let plan = plan(&with_memory(ByteSize::mib(64))).unwrap();
    let ledger = Ledger::from_plan(&plan);
    let sum: u64 = ledger.usages().iter().map(|(_, usage)| usage.capacity).sum();
    assert_eq!(sum, plan.total.as_u64());
    for class in Class::ALL {
        assert_eq!(ledger.usage(class).capacity, plan.capacity(class).as_u64());
    }
}

fn any_limits() -> impl Strategy<Value = Limits> {
    let numbers =
        (0_u64..4 << 30, prop::option::of(0_u32..200_000), 0_u64..1 << 16, prop::option::of(0_u64..1 << 26));
    (numbers, any::<[bool; 8]>()).prop_map(|((memory, connections, capture, passwords), on)| Limits {
        memory: Some(ByteSize::b(memory)),
        connections,
        tls: on[0],
        http2: on[1],
        compression: on[2],
        listings: on[3],
        archives: on[4],
        remember_clients: on[5],
        upstreams: on[6],
        uploads: on[7],
        passwords: ByteSize::b(passwords.unwrap_or(0)),
        capture: ByteSize::b(capture),
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_fits_or_says_what_would(limits in any_limits(), soft in 0_u64..1 << 20) {
        let facts = machine(ByteSize::gib(64));
        // Each advice taken solves its own problem; there are at most two.
        let (mut limits, mut soft) = (limits, soft);
        for advice in 0.. {
            match Plan::compute(&limits, &facts, nofile(soft)) {
                Ok(plan) => {
                    prop_assert!(plan.total <= plan.limit && plan.fds.total <= soft);
                    prop_assert!(plan.connections_max > 0);
                    prop_assert_eq!(limits.connections.unwrap_or(plan.connections_max).max(1), plan.connections_max);
                    break;
                }
                Err(PlanError::Memory { needed, .. }) => limits.memory = Some(needed),
                Err(PlanError::Connections { needed, fits, .. }) => {
                    let fewer = Limits { connections: Some(fits), ..limits.clone() };
                    prop_assert!(Plan::compute(&fewer, &facts, nofile(u64::MAX)).is_ok());
                    limits.memory = Some(needed);
                }
                Err(PlanError::Descriptors { needed, fits, .. }) => {
                    let fewer = Limits { connections: Some(fits), ..limits.clone() };
                    prop_assert!(fits == 0 || Plan::compute(&fewer, &facts, nofile(soft)).is_ok());
                    soft = needed;
                }
                Err(error) => return Err(TestCaseError::fail(error.to_string())),
            }
            prop_assert!(advice < 3, "advice goes in circles");
        }
    }
}

/// The table of docs/memory.md: every line of the plan at three sizes.
fn table() -> String {
    let plans = [ByteSize::mib(64), ByteSize::mib(256), ByteSize::gib(2)].map(|memory| {
        let limits = Limits { capture: ByteSize::kib(1), remember_clients: true, ..with_memory(memory) };
        Plan::compute(&limits, &machine(ByteSize::gib(64)), nofile(1 << 20)).unwrap()
    });
    let mut table = String::from(
        "| class | for | held by | each | 64 MiB | 256 MiB | 2 GiB | when full |\n|---|---|---|---|---|---|---|---|\n",
    );
    for line in &plans[0].lines {
        let totals = plans.iter().map(|plan| plan.capacity(line.class).to_string()).collect::<Vec<_>>();
        table.push_str(&format!(
            "| `{}` | {} | `{}` | {} | {} | {} |\n",
            line.class,
            line.name,
            line.holder,
            line.each,
            totals.join(" | "),
            line.when_full
        ));
    }
    let counts = plans.each_ref().map(|plan| plan.connections_max.to_string());
    table.push_str(&format!("| | connections at once | | | {} | |\n", counts.join(" | ")));
    table
}

#[test]
fn the_table_in_the_documentation_is_the_plan() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/memory.md");
    let page = std::fs::read_to_string(page).unwrap();
    let asked = Limits {
        connections: Some(5000),
        capture: ByteSize::kib(1),
        remember_clients: true,
        ..with_memory(ByteSize::mib(64))
    };
    for text in [table(), plan(&asked).unwrap_err().to_string()] {
        assert!(page.contains(&text), "docs/memory.md should contain:\n{text}");
    }
}
