//! `forebay completions SHELL`: what the shell needs to complete commands and flags.

use clap_complete::Shell;

use crate::{
    args,
    output::{self, Outcome},
};

pub(crate) fn run(shell: Shell) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut args::command(), "forebay", &mut script);
    output::data(String::from_utf8_lossy(&script).trim_end())
}
