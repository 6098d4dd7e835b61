//! A plan that does not fit: which setting to change, and to what.

use thiserror::Error;

use crate::size::ByteSize;

/// Why there is no plan. Every text is one line with the setting and the value that would fit.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PlanError {
    /// The fixed lines and the least number of connections are more than the memory.
    #[error(
        "{memory} of memory is too little for a server of {connections} connections: set --memory to at least {}",
        knob(*needed)
    )]
    Memory {
        /// What there was to plan with.
        memory: ByteSize,
        /// What is needed.
        needed: ByteSize,
        /// For how many connections.
        connections: u32,
    },
    /// More connections were asked for than the memory has room for.
    #[error(
        "{asked} connections do not fit into {memory} of memory: set --connections to at most {fits}, \
         or --memory to at least {}",
        knob(*needed)
    )]
    Connections {
        /// What was asked for.
        asked: u32,
        /// How many fit.
        fits: u32,
        /// What there was to plan with.
        memory: ByteSize,
        /// What as many as asked for would need.
        needed: ByteSize,
    },
    /// So many connections of a transfer are more than the memory.
    #[error(
        "{memory} of memory is too little for a transfer over {connections} connections: set --memory to at least {}",
        knob(*needed)
    )]
    Transfer {
        /// What there was to plan with.
        memory: ByteSize,
        /// For how many connections.
        connections: u32,
        /// What is needed.
        needed: ByteSize,
    },
    /// More connections of a transfer than the limit on open descriptors has room for.
    #[error(
        "{asked} connections need {needed} file descriptors and the limit is {soft}: set --concurrency to at most \
         {fits}, or raise the limit (ulimit -n) to {needed}"
    )]
    TransferDescriptors {
        /// How many connections.
        asked: u32,
        /// How many would fit.
        fits: u32,
        /// The limit of the process.
        soft: u64,
        /// The limit that would do.
        needed: u64,
    },
    /// Work on so many edges is more than the memory.
    #[error(
        "{memory} of memory is too little for work on {edges} edges: set --memory to at least {}, or name fewer",
        knob(*needed)
    )]
    Agent {
        /// What there was to plan with.
        memory: ByteSize,
        /// For how many edges.
        edges: u32,
        /// What is needed.
        needed: ByteSize,
    },
    /// Work on edges needs more descriptors than the process may have.
    #[error("work on edges needs {needed} file descriptors and the limit is {soft}: raise it (ulimit -n)")]
    AgentDescriptors {
        /// The limit of the process.
        soft: u64,
        /// The limit that would do.
        needed: u64,
    },
    /// More memory was asked for than there is.
    #[error("--memory {} is more than the {available} of {source_of_limit}: set it to at most {}",
        knob(*asked), knob_at_most(*available))]
    NotThere {
        /// What was asked for.
        asked: ByteSize,
        /// What there is.
        available: ByteSize,
        /// Who says so: a file of the control group, or the machine.
        source_of_limit: String,
    },
    /// More connections than the limit on open descriptors has room for.
    #[error(
        "{asked} connections need {needed} file descriptors and the limit is {soft}: set --connections to at most \
         {fits}, or raise the limit (ulimit -n, LimitNOFILE=) to {needed}"
    )]
    Descriptors {
        /// How many connections.
        asked: u32,
        /// How many would fit.
        fits: u32,
        /// The limit of the process.
        soft: u64,
        /// The limit that would do.
        needed: u64,
    },
}

/// A size as it is written on a command line: exact, without a blank.
fn knob(size: ByteSize) -> String {
    let units = ["B", "KiB", "MiB", "GiB"];
    let bytes = size.as_u64();
    let power = (bytes.trailing_zeros() / 10).min(3);
    format!("{}{}", bytes >> (10 * power), units[power as usize])
}

/// The same, not more than the size, and round enough to be typed.
fn knob_at_most(size: ByteSize) -> String {
    let mib = ByteSize::mib(size.as_u64() >> 20);
    knob(if mib == ByteSize::ZERO { size } else { mib })
}
