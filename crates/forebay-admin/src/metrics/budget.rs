//! The ledgers and the plan: what is in flight, what waits, what was refused.

use std::{fmt, sync::Arc};

use forebay_budget::{Class, FdLedger, Ledger, Plan, Usage};
use prometheus_client::{collector::Collector, encoding::DescriptorEncoder};

use super::family::{Families, Label, Name};

const BUILD: Name = Name::count("forebay_build_info", "Always 1; the version is a label");
const PLANNED: Name = Name::bytes("forebay_plan", "Sum of the lines of the memory plan");
const LIMIT: Name = Name::bytes("forebay_plan_limit", "Memory that the plan may use: --memory");
const CONNECTIONS_MAX: Name =
    Name::count("forebay_plan_connections", "Connections that the plan has room for");
const IN_FLIGHT: Name = Name::bytes("forebay_in_flight", "Memory leased now, all classes");
const IN_USE: Name = Name::bytes("forebay_lease_in_use", "Memory leased now, by class");
const PEAK: Name = Name::bytes("forebay_lease_peak", "Most memory ever leased at once, by class");
const CAPACITY: Name = Name::bytes("forebay_lease_capacity", "Memory that may be leased at once, by class");
const WAITING: Name = Name::count("forebay_lease_waiting", "Requests that wait for memory now, by class");
const WAITED: Name = Name::seconds("forebay_lease_waited", "Time spent waiting for memory, by class");
const GRANTED: Name = Name::count("forebay_lease_granted", "Requests for memory that were granted, by class");
const REFUSED: Name = Name::count("forebay_lease_refused", "Requests for memory that were refused, by class");
const FD_LEASES: Name =
    Name::count("forebay_fd_leases", "Leased file descriptors: in use, peak, capacity, waiting");
const FD_REFUSED: Name =
    Name::count("forebay_fd_lease_refused", "Requests for descriptors that were refused");

/// Figures of the ledgers.
#[derive(Debug)]
pub(super) struct Budget {
    pub(super) version: &'static str,
    pub(super) ledger: Ledger,
    pub(super) fds: FdLedger,
    pub(super) plan: Arc<Plan>,
}

impl Collector for Budget {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut families = Families(encoder);
        families.gauges(BUILD, [(("version", self.version), 1)])?;
        families.gauge(PLANNED, self.plan.total.as_u64() as f64)?;
        families.gauge(LIMIT, self.plan.limit.as_u64() as f64)?;
        families.gauge(CONNECTIONS_MAX, f64::from(self.plan.connections_max))?;
        // One snapshot, so that the sum is the sum of the lines below it.
        let usages = self.ledger.usages();
        families.gauge(IN_FLIGHT, usages.iter().map(|(_, usage)| usage.in_use).sum::<u64>() as f64)?;
        families.gauges(IN_USE, by_class(&usages, |usage| usage.in_use))?;
        families.gauges(PEAK, by_class(&usages, |usage| usage.peak))?;
        families.gauges(CAPACITY, by_class(&usages, |usage| usage.capacity))?;
        families.gauges(WAITING, by_class(&usages, |usage| usage.waiting))?;
        families.counters(WAITED, by_class(&usages, |usage| usage.waited.as_secs_f64()))?;
        families.counters(GRANTED, by_class(&usages, |usage| usage.granted_total as f64))?;
        families.counters(REFUSED, by_class(&usages, |usage| usage.refused_total as f64))?;
        let fds = self.fds.usage();
        families.gauges(
            FD_LEASES,
            [
                (("state", "in_use"), fds.in_use),
                (("state", "peak"), fds.peak),
                (("state", "capacity"), fds.capacity),
                (("state", "waiting"), fds.waiting),
            ],
        )?;
        families.counter(FD_REFUSED, fds.refused_total as f64)
    }
}

fn by_class<T>(
    usages: &[(Class, Usage)],
    figure: fn(&Usage) -> T,
) -> impl Iterator<Item = (Label<'static>, T)> {
    usages.iter().map(move |(class, usage)| (("class", class.name()), figure(usage)))
}
