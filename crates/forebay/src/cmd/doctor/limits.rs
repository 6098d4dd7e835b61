//! What the process may use: memory, descriptors, processors, and what the kernel gives to sockets.

use std::fs;

use forebay_budget::{ByteSize, MemoryFacts, NofileLimits, Plan, raise_nofile};

use super::Finding;
use crate::{config::Config, planned};

/// Descriptors that a few thousand connections need.
const NOFILE_ENOUGH: u64 = 16_384;

pub(super) fn memory(config: &Config) -> Vec<Finding> {
    let facts = MemoryFacts::detect();
    let room = match (&facts.cgroup, facts.machine) {
        (Some(limit), _) => {
            Finding::ok("cgroup", format!("memory limit {} ({})", limit.bytes, limit.source.display()))
        }
        (None, Some(machine)) => Finding::warn(
            "cgroup",
            format!("no memory limit; the machine has {machine}"),
            "run it under one (systemd: MemoryMax=, docker: --memory) so that its neighbours are safe",
        ),
        (None, None) => Finding::ok("cgroup", "no memory limit is known"),
    };
    // The plan is measured against the limit that `serve` will have after raising it.
    let nofile = raise_nofile().unwrap_or(NofileLimits { soft_before: 1024, soft: 1024, hard: 1024 });
    let plan = match Plan::compute(&planned::limits(config), &facts, nofile) {
        Ok(plan) => Finding::ok(
            "memory plan",
            format!("{} planned: at most {} connections at once", plan.limit, plan.connections_max),
        ),
        Err(error) => Finding::fail("memory plan", "it does not fit", error.to_string()),
    };
    vec![room, plan]
}

pub(super) fn descriptors() -> Vec<Finding> {
    vec![match raise_nofile() {
        Err(error) => Finding::fail("files", format!("RLIMIT_NOFILE: {error}"), "check the sandbox"),
        Ok(limits) if limits.soft < NOFILE_ENOUGH => Finding::warn(
            "files",
            format!("at most {} file descriptors, two for each connection", limits.soft),
            "raise the hard limit (systemd: LimitNOFILE=65536, docker: --ulimit nofile=65536)",
        ),
        Ok(limits) if limits.soft > limits.soft_before => Finding::ok(
            "files",
            format!(
                "{} file descriptors (forebay raises the limit from {})",
                limits.soft, limits.soft_before
            ),
        ),
        Ok(limits) => Finding::ok("files", format!("{} file descriptors", limits.soft)),
    }]
}

pub(super) fn processors(config: &Config) -> Vec<Finding> {
    let there = std::thread::available_parallelism().map_or(1, usize::from);
    let asked = config.runtime.workers.given().map_or(there, |count| count.0.get() as usize);
    vec![if asked > there {
        Finding::warn(
            "processors",
            format!("{asked} workers on {there} processors"),
            "leave workers at \"auto\"; more only wait for each other",
        )
    } else {
        Finding::ok("processors", format!("{there} available, {asked} workers"))
    }]
}

pub(super) fn sockets(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(max) = number("/proc/sys/net/core/somaxconn") {
        findings.push(if max < 1024 {
            Finding::warn(
                "backlog",
                format!("the kernel queues at most {max} new connections"),
                "sysctl -w net.core.somaxconn=4096",
            )
        } else {
            Finding::ok("backlog", format!("the kernel queues up to {max} new connections"))
        });
    }
    if let Some(max) = number("/proc/sys/net/core/wmem_max").map(ByteSize::b) {
        findings.push(if max < ByteSize::mib(2) {
            Finding::warn(
                "send buffer",
                format!(
                    "at most {max} can be asked for one socket, which slows single fast readers far away"
                ),
                "sysctl -w net.core.wmem_max=2097152",
            )
        } else {
            Finding::ok("send buffer", format!("up to {max} can be asked for one socket"))
        });
    }
    if let Some(pressure) = tcp_pressure() {
        let planned = config.memory.memory.given().unwrap_or(ByteSize::mib(256));
        findings.push(if pressure < planned {
            Finding::warn(
                "tcp memory",
                format!("the kernel squeezes all sockets when they hold {pressure} together"),
                "raise net.ipv4.tcp_mem or lower --memory",
            )
        } else {
            Finding::ok("tcp memory", format!("sockets are squeezed at {pressure}, above the plan"))
        });
    }
    findings
}

/// Where the kernel begins to squeeze all sockets: the second number of `tcp_mem`, in pages.
fn tcp_pressure() -> Option<ByteSize> {
    let text = fs::read_to_string("/proc/sys/net/ipv4/tcp_mem").ok()?;
    let pages: u64 = text.split_whitespace().nth(1)?.parse().ok()?;
    Some(ByteSize::b(rustix::param::page_size() as u64).times(pages))
}

fn number(path: &str) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}
