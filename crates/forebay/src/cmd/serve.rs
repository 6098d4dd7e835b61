//! `forebay serve DIR`.
use crate::{args::Sources, output::Outcome, planned};
pub(crate) fn run(sources: &Sources) -> Outcome {
    let _planned = planned::plan(sources)?;
    Err(anyhow::anyhow!("not wired").into())
}
