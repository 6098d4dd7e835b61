//! `forebay plan`: the memory of a server as a sum of named lines, without serving anything.

use std::fmt::Write;

use forebay_budget::Plan;

use crate::{
    args::Sources,
    output::{self, Form, Outcome},
    planned::{self, Planned},
};

pub(crate) fn run(sources: &Sources, form: Form) -> Outcome {
    let planned = planned::plan(sources)?;
    match form {
        Form::Json => output::json(&planned.plan),
        Form::Text => output::data(describe(&planned).trim_end()),
    }
}

fn describe(planned: &Planned) -> String {
    let (plan, nofile) = (&planned.plan, planned.nofile);
    let mut text = table(plan);
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

/// The lines, the sum, and the two counts that follow.
fn table(plan: &Plan) -> String {
    let mut text = format!(
        "{:<32} {:<20} {:>7}   {:>9}   {:>10}  {}\n",
        "memory for", "held by", "count", "each", "total", "when full"
    );
    for line in &plan.lines {
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
    text += &format!("{:<72} {:>12}  of {}\n\n", "sum", plan.total, plan.limit);
    text += &format!("At most {} connections at once.\n", plan.connections_max);
    text += &format!(
        "File descriptors: {} of {} ({} connections, {} open files, {} in reserve).\n",
        plan.fds.total, plan.fds.limit, plan.fds.connections, plan.fds.open_files, plan.fds.reserve
    );
    text
}

#[cfg(test)]
mod tests {
    use forebay_budget::{ByteSize, Limits, MemoryFacts, NofileLimits, Plan};
    use insta::assert_snapshot;

    #[test]
    fn the_plan_is_a_table_whose_lines_add_up() {
        let limits = Limits { memory: Some(ByteSize::mib(64)), ..Limits::default() };
        let nofile = NofileLimits { soft_before: 1024, soft: 65536, hard: 65536 };
        let plan = Plan::compute(&limits, &MemoryFacts::default(), nofile).unwrap();
        assert_snapshot!("plan_table", super::table(&plan));
    }
}
