//! `forebay serve DIR`: plan, start the threads, serve.

use crate::{args::Sources, output::Outcome, planned, runtime::Runtime, wire};

pub(crate) fn run(sources: &Sources) -> Outcome {
    let planned = planned::plan(sources)?;
    let runtime = Runtime::start(&planned.config.runtime)?;
    runtime.block_on(wire::serve(sources, &planned, runtime.executors()))
}
