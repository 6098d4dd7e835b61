//! `forebay plan`: memory as a sum of named lines, of a server, of transfers and of work on edges, without doing anything.

use std::fmt::Write;

use forebay_budget::{AgentPlan, ByteSize, Class, Line, Plan, TransferPlan};
use forebay_transfer::parts::Parts;
use serde::Serialize;

use crate::{
    args::{Planning, Sources},
    output::{self, Failure, Form, Outcome},
    planned::{self, EdgePlans, Planned, Transfers},
};

/// For machines: the server's, and beside it those of transfers and of edges.
#[derive(Debug, Serialize)]
struct Plans<'a> {
    #[serde(flatten)]
    server: &'a Plan,
    transfers: &'a Transfers,
    #[serde(flatten)]
    edges: Option<Edges<'a>>,
}

/// Of work on edges, by a command and by an agent, if that fits.
#[derive(Debug, Serialize)]
struct Edges<'a> {
    edges: &'a AgentPlan,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<&'a AgentPlan>,
}

impl<'a> Edges<'a> {
    fn of(plans: &'a EdgePlans) -> Self {
        Self { edges: &plans.once, agent: plans.agent.as_ref().ok() }
    }
}

pub(crate) fn run(sources: &Sources, form: Form, planning: Planning) -> Outcome {
    match planning {
        Planning::Everything => everything(sources, form),
        Planning::Transfers => {
            let transfers = planned::transfers(sources)?;
            match form {
                Form::Json => output::json(&transfers),
                Form::Text => output::data(format_args!("{}", of_transfers(&transfers).trim_end())),
            }
        }
        Planning::Edges => {
            let edges = planned::edges(sources)?.ok_or_else(|| {
                Failure::usage(anyhow::anyhow!(
                    "no edge is named: give --edge, or `edge` in the configuration"
                ))
            })?;
            match form {
                Form::Json => output::json(&Edges::of(&edges)),
                Form::Text => output::data(format_args!("{}", of_edges(&edges))),
            }
        }
    }
}

fn everything(sources: &Sources, form: Form) -> Outcome {
    let server = planned::plan(sources)?;
    let transfers = planned::transfers(sources)?;
    let edges = planned::edges(sources)?;
    match form {
        Form::Json => {
            let edges = edges.as_ref().map(Edges::of);
            output::json(&Plans { server: &server.plan, transfers: &transfers, edges })
        }
        Form::Text => {
            let edges = edges.as_ref().map(|edges| format!("\n\n{}", of_edges(edges))).unwrap_or_default();
            let transfers = of_transfers(&transfers);
            output::data(format_args!("{}\n{}{edges}", describe(&server), transfers.trim_end()))
        }
    }
}

fn describe(planned: &Planned) -> String {
    let (plan, nofile) = (&planned.plan, planned.nofile);
    let mut text = server(plan);
    let room = planned.memory.cgroup.as_ref().map_or_else(
        || match planned.memory.machine {
            Some(machine) => format!("the machine has {machine}; no memory cgroup limits it"),
            None => "no limit of the machine is known".to_owned(),
        },
        |limit| format!("the memory cgroup allows {} ({})", limit.bytes, limit.source.display()),
    );
    writeln!(text, "Memory is set by: {}; {room}.", planned.settings.origin("memory"))
        .expect("a String takes it");
    if nofile.soft != nofile.soft_before {
        writeln!(
            text,
            "The limit on open files was {} and is raised to {}.",
            nofile.soft_before, nofile.soft
        )
        .expect("a String takes it");
    }
    text
}

/// The lines and the sum.
fn table(title: &str, lines: &[Line], total: ByteSize, limit: ByteSize) -> String {
    let mut text = format!(
        "{title:<32} {:<20} {:>7}   {:>9}   {:>10}  {}\n",
        "held by", "count", "each", "total", "when full"
    );
    for line in lines {
        text += &format!(
            "{:<32} {:<20} {:>7} × {:>9} = {:>10}  {}\n",
            line.name,
            line.holder,
            line.count,
            line.each,
            line.total,
            line.class.when_full()
        );
    }
    text + &format!("{:<72} {total:>12}  of {limit}\n", "sum")
}

/// A server's lines, and the two counts that follow.
fn server(plan: &Plan) -> String {
    let mut text = table("memory for", &plan.lines, plan.total, plan.limit);
    text += &format!("\nAt most {} connections at once.\n", plan.connections_max);
    text += &format!(
        "File descriptors: {} of {} ({} connections, {} open files, {} in reserve).\n",
        plan.fds.total, plan.fds.limit, plan.fds.connections, plan.fds.open_files, plan.fds.reserve
    );
    text
}

/// What transfers have, if they are started with the same settings.
fn of_transfers(plans: &Transfers) -> String {
    let Transfers { placed, ordered, part_size } = plans;
    let mut text = "Transfers (get, put, cp, mv, sync) with the same settings:\n\n".to_owned();
    text += &table("from and to files", &placed.lines, placed.total, placed.limit);
    text += &format!("{}\n\n", counts(placed));
    text += &table("in order (-, cat, store to store)", &ordered.lines, ordered.total, ordered.limit);
    text += &format!("{} A window of {}.\n\n", counts(ordered), ordered.capacity(Class::Windows));
    let size = |parts: Parts| ByteSize::b(parts.size().get());
    let [small, large] = [ByteSize::gib(1), ByteSize::gib(1 << 10)].map(|len| {
        let down = size(Parts::for_get(len.as_u64(), *part_size));
        match Parts::for_put(len.as_u64(), *part_size) {
            Ok(parts) => format!("of {len}: {down} down, {} up", size(parts)),
            Err(_) => format!("of {len}: {down} down, too small to go up"),
        }
    });
    text + &format!("Pieces of an object {small}; {large}.\n")
}

/// What work on edges has, if it is started with the same settings.
fn of_edges(plans: &EdgePlans) -> String {
    let once = of_work("Edges (warm, purge, refresh)", &plans.once);
    let agent = match &plans.agent {
        Ok(plan) => of_work("The agent", plan),
        Err(failure) => format!("The agent with the same settings: {:#}", failure.error),
    };
    format!("{once}\n\n{agent}")
}

fn of_work(who: &str, plan: &AgentPlan) -> String {
    let AgentPlan { control, bulk, .. } = plan;
    let mut text = format!("{who} with the same settings:\n\n");
    text += &table("for", &plan.lines, plan.total, plan.limit);
    text + &format!(
        "At most {} short requests and {} objects at once ({} and {} for each edge at most), objects with a socket buffer of {}; {} file descriptors.",
        control.connections,
        bulk.connections,
        control.each_edge,
        bulk.each_edge,
        bulk.sizes.receive,
        plan.fds
    )
}

fn counts(plan: &TransferPlan) -> String {
    let upstream = plan.upstream;
    let tls = if upstream.tls > ByteSize::ZERO { ", encrypted" } else { "" };
    format!(
        "At most {} connections at once{tls}, each with a socket buffer of {}; {} file descriptors.",
        plan.connections, upstream.receive, plan.fds
    )
}

#[cfg(test)]
mod tests {
    use forebay_budget::{
        AgentAsk, AgentPlan, ByteSize, EdgeAsk, Limits, MemoryFacts, NofileLimits, Plan, TransferAsk,
        TransferPlan, Work,
    };
    use insta::assert_snapshot;

    use super::Transfers;

    const NOFILE: NofileLimits = NofileLimits { soft_before: 1024, soft: 65536, hard: 65536 };

    #[test]
    fn the_plan_is_a_table_whose_lines_add_up() {
        let limits = Limits { memory: Some(ByteSize::mib(64)), ..Limits::default() };
        let plan = Plan::compute(&limits, &MemoryFacts::default(), NOFILE).unwrap();
        assert_snapshot!("plan_table", super::server(&plan));
    }

    #[test]
    fn transfers_have_their_plans_beside_it() {
        let of = |work| {
            let ask = TransferAsk { memory: Some(ByteSize::mib(32)), concurrency: None, tls: true, work };
            TransferPlan::compute(&ask, &MemoryFacts::default(), NOFILE).unwrap()
        };
        let plans = Transfers { placed: of(Work::Placed), ordered: of(Work::Ordered), part_size: None };
        assert_snapshot!("plan_of_transfers", super::of_transfers(&plans));
    }

    #[test]
    fn work_on_edges_has_its_plan_beside_it() {
        let plan = |queue| {
            let ask = AgentAsk {
                memory: Some(ByteSize::mib(64)),
                edges: &[EdgeAsk { control: 32, bulk: 16 }; 4],
                tls: false,
                queue,
                fleet: false,
            };
            AgentPlan::compute(&ask, &MemoryFacts::default(), NOFILE).unwrap()
        };
        let plans = super::EdgePlans { once: plan(false), agent: Ok(plan(true)) };
        assert_snapshot!("plan_of_edges", super::of_edges(&plans));
    }
}
