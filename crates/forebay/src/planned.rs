//! The second stage: what follows from the settings and from this machine, before anything is begun.

use anyhow::Context;
use forebay_budget::{
    AgentPlan, ByteSize, Limits, MemoryFacts, NofileLimits, Plan, PlanError, TransferPlan, Work, raise_nofile,
};
use serde::Serialize;

use crate::{
    args::Sources,
    config::{Config, Settings},
    edging::edges::Known,
    output::Failure,
    place::Place,
    reach::{self, Task},
};

/// A configuration that holds, with the machine's limits that it was measured against.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) settings: Settings,
    pub(crate) config: Config,
    pub(crate) memory: MemoryFacts,
    pub(crate) nofile: NofileLimits,
    pub(crate) plan: Plan,
}

/// The plans of commands on objects, with the same settings.
#[derive(Debug, Serialize)]
pub(crate) struct Transfers {
    /// What goes from and to places in files.
    pub(crate) placed: TransferPlan,
    /// What is wanted in order, or cannot be read twice.
    pub(crate) ordered: TransferPlan,
    /// The size of parts, if the settings say one.
    pub(crate) part_size: Option<ByteSize>,
}

/// The plans of work on edges, with the same settings.
#[derive(Debug)]
pub(crate) struct EdgePlans {
    /// From the command line.
    pub(crate) once: AgentPlan,
    /// By an agent, or why that does not fit.
    pub(crate) agent: Result<AgentPlan, Failure>,
}

/// What transfers with these settings have.
pub(crate) fn transfers(sources: &Sources) -> Result<Transfers, Failure> {
    let config = sources.load()?.to_config()?;
    let (memory, nofile) =
        (MemoryFacts::detect(), raise_nofile().context("cannot read the limit on open files")?);
    let of = |work| {
        TransferPlan::compute(&reach::ask(&config, &Task::of(work)), &memory, nofile)
            .map_err(|error| Failure::usage(anyhow::anyhow!("the plan of transfers does not fit: {error}")))
    };
    let part_size = config.transfer.part_size.given();
    Ok(Transfers { placed: of(Work::Placed)?, ordered: of(Work::Ordered)?, part_size })
}

/// What work on edges has with these settings; nothing if they name no edge.
pub(crate) fn edges(sources: &Sources) -> Result<Option<EdgePlans>, Failure> {
    Known::planned(&sources.load()?.to_config()?)
}

/// Reads the settings and makes the plan. Raises the limit on open files to what the process may have.
pub(crate) fn plan(sources: &Sources) -> Result<Planned, Failure> {
    let settings = sources.load()?;
    let config = settings.to_config()?;
    let memory = MemoryFacts::detect();
    let nofile = raise_nofile().context("cannot read the limit on open files")?;
    let plan =
        Plan::compute(&limits(&config), &memory, nofile).map_err(|error| refused(&settings, &error))?;
    Ok(Planned { settings, config, memory, nofile, plan })
}

/// What the plan has to know of the settings.
pub(crate) fn limits(config: &Config) -> Limits {
    Limits {
        memory: config.memory.memory.given(),
        connections: config.memory.connections.given().map(|count| count.0.get()),
        tls: config.is_tls(),
        http2: config.serve.http2,
        compression: config.content.compress,
        upstreams: is_elsewhere(config),
        listings: config.content.listing,
        archives: config.content.archive,
        uploads: config.upload.upload.as_ref().is_some(),
        passwords: config.access.password_cost(),
        remember_clients: config.clients.request_rate.on().is_some()
            || config.clients.client_bandwidth.on().is_some()
            || config.clients.total_bandwidth.on().is_some(),
        capture: if config.log.access_log { config.log.capture } else { ByteSize::ZERO },
    }
}

/// Whether what is served comes over connections of our own.
fn is_elsewhere(config: &Config) -> bool {
    matches!(Place::parse(config.serve.root.as_os_str()), Ok(Place::S3(_) | Place::Web(_)))
}

fn refused(settings: &Settings, error: &PlanError) -> Failure {
    let place = settings.origin("memory");
    Failure::usage(anyhow::anyhow!("the plan does not fit: {error} (memory is from: {place})"))
}
