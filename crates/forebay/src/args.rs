//! The command line. Flags that are settings are made from the default file: `--min-rate` is the key `min-rate`,
//! with its words and its default. So the names that scripts rely on are the keys of `config.default.toml`:
//! `--listen --admin --memory --tls-cert --tls-key --min-rate --min-rate-grace --stall-timeout --drain-timeout …`,
//! and `--config FILE`.

mod agent;
mod asked;
mod doors;
mod edges;
mod help;
mod objects;
mod read;
mod settings;
mod storing;
#[cfg(test)]
mod tests;

use std::ffi::OsString;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use clap_complete::Shell;

use self::settings::{Role, sources, with_settings};
use crate::output::Form;

pub(crate) use agent::{Asking, JobsAsked};
pub(crate) use asked::{
    Aborting, Ages, Base, Benching, Choice, Compare, Depth, Detail, Existing, Expiry, Globs, Lengths,
    Listing, Moving, OtherSide, Presigning, Proof, Removing, Rule, Run, Stored, Surplus, Verb, When,
};
pub(crate) use doors::{KeyAsked, SignAsked, TokenAsked};
pub(crate) use edges::Edging;
pub(crate) use settings::Sources;

/// What was asked.
#[derive(Debug)]
pub(crate) enum Ask {
    Serve(Sources),
    Plan(Sources, Form, Planning),
    Doctor(Sources, Form, forebay_s3::Depth),
    Config(Sources, View),
    Completions(Shell),
    Man(Option<String>),
    Move(Box<Moving>),
    List(Listing),
    Usage(Listing),
    Cat { base: Base, places: Vec<OsString>, version: Option<String> },
    Remove(Removing),
    Stat { base: Base, places: Vec<OsString>, version: Option<String> },
    MakeBucket(Base, OsString),
    RemoveBucket(Base, OsString),
    Presign(Presigning),
    AbortUploads(Aborting),
    Bench(Benching),
    Edge(Box<Edging>),
    Agent(Sources),
    Jobs(Box<JobsAsked>),
    Token(TokenAsked),
    LinkKey(KeyAsked),
    Sign(SignAsked),
}

/// What `forebay config` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum View {
    Effective,
    Default,
    Reference,
}

/// What `forebay plan` plans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Planning {
    /// A server, and transfers beside it.
    Everything,
    /// Transfers, whether a server has room or not.
    Transfers,
    /// Work on edges, whether a server has room or not.
    Edges,
}

/// Reads the command line.
pub(crate) fn parse(words: impl Iterator<Item = OsString>) -> Result<Ask, clap::Error> {
    let matches = command().try_get_matches_from(words)?;
    let Some((name, given)) = matches.subcommand() else { unreachable!("clap demands a command") };
    Ok(match name {
        "serve" => Ask::Serve(sources(given)),
        "plan" => Ask::Plan(sources(given), form(given), planning(given)),
        "doctor" => Ask::Doctor(sources(given), form(given), depth(given)),
        "config" => Ask::Config(sources(given), view(given)),
        "agent" => Ask::Agent(sources(given)),
        "jobs" => Ask::Jobs(agent::asked(given).into()),
        "token" => Ask::Token(doors::token(given)),
        "link-key" => Ask::LinkKey(doors::link_key(given)),
        "sign" => Ask::Sign(doors::sign(given)),
        "completions" => Ask::Completions(given.get_one::<Shell>("shell").copied().unwrap_or(Shell::Bash)),
        "man" => Ask::Man(given.get_one::<String>("command").cloned()),
        _ => match name.parse() {
            Ok(action) => Ask::Edge(edges::asked(action, given).into()),
            Err(forebay_agent::UnknownAction) => read::on_objects(name, given),
        },
    })
}

/// The whole command line, for parsing, for completions and for the manual.
pub(crate) fn command() -> Command {
    Command::new("forebay")
        .version(env!("CARGO_PKG_VERSION"))
        .about(help::ABOUT)
        .after_help(help::EXIT_CODES)
        .after_long_help(help::EXAMPLES_LONG)
        .max_term_width(100)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .subcommand(with_settings(
            Command::new("serve")
                .about(help::SERVE)
                .long_about(help::SERVE_LONG)
                .after_help(help::SERVE_EXAMPLES),
            Role::Serving,
        ))
        .subcommands(storing::commands())
        .subcommands(objects::commands())
        .subcommands(edges::commands())
        .subcommands(agent::commands())
        .subcommands(doors::commands())
        .subcommand(with_settings(
            Command::new("plan")
                .about(help::PLAN)
                .long_about(help::PLAN_LONG)
                .arg(json())
                .arg(flag("transfers", help::PLAN_TRANSFERS))
                .arg(flag("edges", help::PLAN_EDGES).conflicts_with("transfers")),
            Role::Everything,
        ))
        .subcommand(with_settings(
            Command::new("doctor")
                .about(help::DOCTOR)
                .long_about(help::DOCTOR_LONG)
                .arg(json())
                .arg(flag("write", help::DOCTOR_WRITE)),
            Role::Serving,
        ))
        .subcommand(with_settings(
            Command::new("config")
                .about(help::CONFIG)
                .arg(flag("default", help::CONFIG_DEFAULT))
                .arg(flag("reference", help::CONFIG_REFERENCE).conflicts_with("default")),
            Role::Everything,
        ))
        .subcommand(
            Command::new("completions")
                .about(help::COMPLETIONS)
                .arg(Arg::new("shell").required(true).value_parser(value_parser!(Shell))),
        )
        .subcommand(
            Command::new("man").about(help::MAN).arg(Arg::new("command").help("A command, such as serve")),
        )
}

fn json() -> Arg {
    flag("json", "Print JSON for machines")
}

fn flag(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).help(help).action(ArgAction::SetTrue)
}

fn depth(given: &ArgMatches) -> forebay_s3::Depth {
    if given.get_flag("write") { forebay_s3::Depth::Writing } else { forebay_s3::Depth::Reading }
}

fn form(given: &ArgMatches) -> Form {
    if given.get_flag("json") { Form::Json } else { Form::Text }
}

fn planning(given: &ArgMatches) -> Planning {
    match (given.get_flag("transfers"), given.get_flag("edges")) {
        (true, _) => Planning::Transfers,
        (_, true) => Planning::Edges,
        _ => Planning::Everything,
    }
}

fn view(given: &ArgMatches) -> View {
    match (given.get_flag("default"), given.get_flag("reference")) {
        (true, _) => View::Default,
        (_, true) => View::Reference,
        _ => View::Effective,
    }
}
