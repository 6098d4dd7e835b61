//! The forebay program: arguments, configuration, wiring and output. No logic of its own.
//!
//! | file | what it is |
//! |---|---|
//! | [`config`] | typed settings from flags, environment, file and defaults |
//! | `args` | the command line |
//! | `place` | where something is, as people write it |
//! | `wire` | what is built from the settings, in order: the table of contents of a running server |
//! | `reach` | what commands on objects work with |
//! | `moving` | get, put, cp, mv, sync: which objects, and what becomes of each |
//! | `edging` | warm, purge, refresh: which URLs on which edges, and what came of each |
//! | `report` | what is said of objects while they are moved, and the exit code that follows |
//! | `runtime` | threads |
//! | `telemetry` | the log |
//! | `output` | what is printed, and the exit codes |
//! | `planned` | what follows from the settings and the machine |
//! | `listeners`, `signals`, `systemd` | what the process is handed, asked, and tells |
//! | `cmd` | one file for each command |
//!
//! It is a library only so that its configuration can be fuzzed; the interface for users is the binary.

mod args;
mod cmd;
pub mod config;
mod edging;
mod listeners;
mod moving;
mod output;
mod place;
mod planned;
mod reach;
mod report;
mod runtime;
mod signals;
mod systemd;
mod telemetry;
mod wire;

use std::{ffi::OsString, process::ExitCode};

use args::Ask;
use output::Outcome;

/// Runs the program with the arguments and the environment of this process.
pub fn main() -> ExitCode {
    let exit = match args::parse(std::env::args_os()) {
        Ok(ask) => run(ask).unwrap_or_else(|failure| output::report(&failure)),
        Err(answer) => output::usage(&answer),
    };
    exit.into()
}

fn run(ask: Ask) -> Outcome {
    match ask {
        Ask::Serve(sources) => cmd::serve::run(&sources),
        Ask::Plan(sources, form, planning) => cmd::plan::run(&sources, form, planning),
        Ask::Doctor(sources, form, depth) => cmd::doctor::run(&sources, form, depth),
        Ask::Config(sources, view) => cmd::config::run(&sources, view),
        Ask::Completions(shell) => cmd::completions::run(shell),
        Ask::Man(name) => cmd::man::run(name.as_deref()),
        Ask::Move(asked) => moving::run(&asked),
        Ask::List(asked) => cmd::ls::list(&asked),
        Ask::Usage(asked) => cmd::ls::usage(&asked),
        Ask::Cat { base, places, version } => cmd::cat::run(&base, &places, version),
        Ask::Remove(asked) => cmd::rm::run(&asked),
        Ask::Stat { base, places, version } => cmd::stat::run(&base, &places, version.as_deref()),
        Ask::MakeBucket(base, place) => cmd::buckets::make(&base, &place),
        Ask::RemoveBucket(base, place) => cmd::buckets::remove(&base, &place),
        Ask::Presign(asked) => cmd::buckets::presign(&asked),
        Ask::Bench(asked) => cmd::bench::strategies(&asked),
        Ask::Edge(asked) => edging::run(&asked),
        Ask::Agent(sources) => cmd::agent::run(&sources),
        Ask::Jobs(asked) => cmd::jobs::run(&asked),
        Ask::Token(asked) => cmd::token::run(&asked),
        Ask::LinkKey(asked) => cmd::link_key::run(&asked),
        Ask::Sign(asked) => cmd::sign::run(&asked),
        Ask::AbortUploads(asked) => cmd::buckets::abort_uploads(&asked),
    }
}

/// The environment, read here and nowhere else.
fn environment() -> impl Iterator<Item = (OsString, OsString)> {
    std::env::vars_os()
}
