//! The plan: all the memory and all the descriptors of a server as a sum of named lines, made before the first
//! connection is accepted.
//!
//! `--memory` is one number and includes the kernel's socket buffers. What is fixed comes first (`lines`: the
//! one file with every share), connections take the rest at one constant each, and what they leave goes to socket
//! buffers, which know how to use it. A wish that does not fit is refused here, with the knob and the value that
//! would make it fit, and not at three in the morning by the kernel.

mod agent;
mod error;
mod facts;
mod fds;
mod lines;
mod service;
mod sizes;
mod transfers;
mod upstream;

pub use agent::{AgentAsk, AgentPlan, EdgeAsk, LanePlan};
pub use error::PlanError;
pub use facts::MemoryFacts;
pub use fds::FdPlan;
pub use lines::Line;
pub use service::ServicePlan;
pub use sizes::Sizes;
pub use transfers::{TransferAsk, TransferPlan, Work};
pub use upstream::UpstreamSizes;

use serde::{Deserialize, Serialize};

use crate::{class::Class, fds::NofileLimits, size::ByteSize};

/// The least number of connections that a plan is made for.
pub const CONNECTIONS_MIN: u32 = 16;

/// The most memory that is taken unasked.
pub const MEMORY_DEFAULT_MAX: ByteSize = ByteSize::mib(256);

/// What the configuration asks of the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// All memory, user and kernel. Default: the smaller of 256 MiB and half of what there is.
    pub memory: Option<ByteSize>,
    /// How many connections may be open at once. Default: as many as the rest of the plan leaves room for.
    pub connections: Option<u32>,
    /// Whether connections may be encrypted: each then costs more.
    pub tls: bool,
    /// Whether HTTP/2 is spoken.
    pub http2: bool,
    /// Whether answers may be compressed as they are sent.
    pub compression: bool,
    /// Whether what is served comes over connections of our own: from a bucket or an origin.
    pub upstreams: bool,
    /// Whether folders are listed.
    pub listings: bool,
    /// Whether folders are streamed as archives.
    pub archives: bool,
    /// Whether objects are taken in.
    pub uploads: bool,
    /// What verifying one password takes; zero where none is.
    pub passwords: ByteSize,
    /// Whether requests or bytes are limited for each client, so that clients are remembered.
    pub remember_clients: bool,
    /// The most bytes of a body that the access log keeps; zero for none.
    pub capture: ByteSize,
}

/// Every line of memory, and the numbers that follow from them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// The lines, in the order of [`Class::ALL`].
    pub lines: Vec<Line>,
    /// The sum of the lines; at most `limit`.
    pub total: ByteSize,
    /// What may be used: `--memory`, or its default.
    pub limit: ByteSize,
    /// How many connections may be open at once.
    pub connections_max: u32,
    /// The sizes that the cost of a connection is made of.
    pub sizes: Sizes,
    /// The plan for file descriptors.
    pub fds: FdPlan,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: None,
            connections: None,
            tls: false,
            http2: true,
            compression: true,
            upstreams: false,
            listings: true,
            archives: true,
            uploads: false,
            passwords: ByteSize::ZERO,
            remember_clients: false,
            capture: ByteSize::ZERO,
        }
    }
}

impl Plan {
    /// Makes the plan for what is asked and what there is.
    ///
    /// # Errors
    ///
    /// [`PlanError`] if it does not fit; its text names the setting to change and the value to change it to.
    pub fn compute(limits: &Limits, memory: &MemoryFacts, nofile: NofileLimits) -> Result<Self, PlanError> {
        let limit = memory.allow(limits.memory)?;
        let sizes = Sizes::new(limits, limit);
        let mut lines = lines::fixed(limits, limit);
        let fixed: ByteSize = lines.iter().map(|line| line.total).sum();
        let each = sizes.per_connection();
        let rest = limit.saturating_sub(fixed);
        let fit_into = |rest: ByteSize| u32::try_from(rest.as_u64() / each.as_u64()).unwrap_or(u32::MAX);
        let fits = fit_into(rest);
        if fits < CONNECTIONS_MIN {
            return Err(memory_too_small(limits, limit, each));
        }
        let wanted = match limits.connections {
            Some(asked) if asked > fits => {
                let needed = lines::needed(limits, each, asked);
                return Err(PlanError::Connections { asked, fits, memory: limit, needed });
            }
            Some(asked) => asked.max(1),
            None => {
                let modest = fit_into(rest.saturating_sub(lines::growth_wish(limit)));
                modest.min(FdPlan::connections_at_ease(nofile.soft)).max(CONNECTIONS_MIN)
            }
        };
        let connections_max = fds::check(wanted, nofile.soft)?;
        lines.extend(lines::connections(&sizes, connections_max));
        lines::give_rest_to_sockets(&mut lines, limit);
        lines.sort_by_key(|line| line.class);
        let total = lines.iter().map(|line| line.total).sum();
        Ok(Self {
            lines,
            total,
            limit,
            connections_max,
            sizes,
            fds: FdPlan::new(connections_max, nofile.soft),
        })
    }

    /// How many clients the tables of limits have room for.
    pub fn clients_max(&self) -> u64 {
        self.lines.iter().filter(|line| line.class == Class::Clients).map(|line| line.count).sum()
    }

    /// The sizes that connections of our own are set to.
    pub const fn upstream(&self) -> UpstreamSizes {
        upstream::SERVING
    }

    /// What the plan gives to one class.
    pub fn capacity(&self, class: Class) -> ByteSize {
        self.lines.iter().filter(|line| line.class == class).map(|line| line.total).sum()
    }
}

fn memory_too_small(limits: &Limits, memory: ByteSize, each: ByteSize) -> PlanError {
    let needed = lines::needed(limits, each, CONNECTIONS_MIN);
    PlanError::Memory { memory, needed, connections: CONNECTIONS_MIN }
}
