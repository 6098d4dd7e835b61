//! `forebay man [COMMAND]`: the manual page, from the same words as `--help`.

use anyhow::{Context, anyhow};

use crate::{
    args,
    output::{self, Failure, Outcome},
};

pub(crate) fn run(name: Option<&str>) -> Outcome {
    let mut program = args::command();
    program.build();
    let page = match name {
        None => program,
        Some(name) => program
            .find_subcommand(name)
            .cloned()
            .ok_or_else(|| Failure::usage(anyhow!("there is no command `{name}`; see forebay --help")))?,
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(page).render(&mut text).context("cannot make the manual page")?;
    output::data(String::from_utf8_lossy(&text).trim_end())
}
