//! The command line. Flags that are settings are made from the default file: `--min-rate` is the key `min-rate`,
//! with its words and its default. So the names that scripts rely on are the keys of `config.default.toml`:
//! `--listen --admin --memory --tls-cert --tls-key --min-rate --min-rate-grace --stall-timeout --drain-timeout …`,
//! and `--config FILE`.

mod help;
#[cfg(test)]
mod tests;

use std::{ffi::OsString, path::PathBuf};

use clap::{Arg, ArgAction, ArgMatches, Command, ValueHint, value_parser};
use clap_complete::Shell;
use toml::Value;

use crate::{
    config::{ConfigError, Key, Schema, Section, Settings},
    output::Form,
};

/// What was asked.
#[derive(Debug)]
pub(crate) enum Ask {
    Serve(Sources),
    Plan(Sources, Form),
    Doctor(Sources, Form),
    Config(Sources, View),
    Completions(Shell),
    Man(Option<String>),
}

/// Where to take settings from.
#[derive(Clone, Debug)]
pub(crate) struct Sources {
    file: Option<PathBuf>,
    flags: Vec<(String, Vec<String>)>,
}

/// What `forebay config` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum View {
    Effective,
    Default,
    Reference,
}

impl Sources {
    /// Reads all layers.
    pub(crate) fn load(&self) -> Result<Settings, ConfigError> {
        let file = self.file.clone().or_else(|| {
            let named =
                crate::environment().find(|(name, value)| name == "FOREBAY_CONFIG" && !value.is_empty());
            named.map(|(_, path)| path.into())
        });
        Settings::load(file.as_deref(), crate::environment(), &self.flags)
    }
}

/// Reads the command line.
pub(crate) fn parse(words: impl Iterator<Item = OsString>) -> Result<Ask, clap::Error> {
    let matches = command().try_get_matches_from(words)?;
    let Some((name, given)) = matches.subcommand() else { unreachable!("clap demands a command") };
    Ok(match name {
        "serve" => Ask::Serve(sources(given)),
        "plan" => Ask::Plan(sources(given), form(given)),
        "doctor" => Ask::Doctor(sources(given), form(given)),
        "config" => Ask::Config(sources(given), view(given)),
        "completions" => Ask::Completions(given.get_one::<Shell>("shell").copied().unwrap_or(Shell::Bash)),
        _ => Ask::Man(given.get_one::<String>("command").cloned()),
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
        ))
        .subcommand(with_settings(
            Command::new("plan").about(help::PLAN).long_about(help::PLAN_LONG).arg(json()),
        ))
        .subcommand(with_settings(
            Command::new("doctor").about(help::DOCTOR).long_about(help::DOCTOR_LONG).arg(json()),
        ))
        .subcommand(with_settings(
            Command::new("config")
                .about(help::CONFIG)
                .arg(flag("default", help::CONFIG_DEFAULT))
                .arg(flag("reference", help::CONFIG_REFERENCE).conflicts_with("default")),
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

fn with_settings(command: Command) -> Command {
    let config = Arg::new("config")
        .long("config")
        .value_name("FILE")
        .value_parser(value_parser!(PathBuf))
        .value_hint(ValueHint::FilePath)
        .help("The configuration file [default: ./forebay.toml, if there is one]");
    let command = command.arg(config);
    Schema::get().sections.iter().fold(command, |command, section| {
        section.keys.iter().fold(command, |command, key| command.arg(setting(key, section)))
    })
}

/// One setting as a flag; the root is the argument.
fn setting(key: &'static Key, section: &'static Section) -> Arg {
    let short = key.doc.split_once(". ").map_or(key.doc.as_str(), |(first, _)| first).trim_end_matches('.');
    let default = match &key.default {
        Value::String(text) if text.is_empty() => String::new(),
        Value::Array(_) => String::new(),
        Value::String(text) => format!(" [default: {text}]"),
        other => format!(" [default: {other}]"),
    };
    let takes = if key.is_obvious() { String::new() } else { format!("\nTakes {}.", key.accepts) };
    let arg = Arg::new(key.name)
        .value_name(key.placeholder())
        .help(format!("{short}{default}"))
        .long_help(format!("{}{takes}{default}", key.doc))
        .value_hint(hint(key.placeholder()))
        .allow_hyphen_values(true);
    if key.name == "root" {
        return arg.allow_hyphen_values(false);
    }
    let arg = arg.long(key.name).help_heading(section.heading());
    match key.default {
        Value::Boolean(_) => {
            let arg = arg.num_args(0..=1).require_equals(true).default_missing_value("true");
            arg.allow_hyphen_values(false).overrides_with(key.name)
        }
        Value::Array(_) => arg.action(ArgAction::Append),
        // The last one wins, so that a script can add its own to those that it was given.
        _ => arg.overrides_with(key.name),
    }
}

/// What a shell completes.
fn hint(placeholder: &str) -> ValueHint {
    match placeholder {
        "DIR" => ValueHint::DirPath,
        "FILE" => ValueHint::FilePath,
        _ => ValueHint::Other,
    }
}

fn json() -> Arg {
    flag("json", "Print JSON for machines")
}

fn flag(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).help(help).action(ArgAction::SetTrue)
}

fn sources(given: &ArgMatches) -> Sources {
    let of = |key: &Key| {
        let values: Vec<String> = given.get_many::<String>(key.name)?.cloned().collect();
        Some((key.name.to_owned(), values))
    };
    Sources {
        file: given.get_one::<PathBuf>("config").cloned(),
        flags: Schema::get().keys().filter_map(of).collect(),
    }
}

fn form(given: &ArgMatches) -> Form {
    if given.get_flag("json") { Form::Json } else { Form::Text }
}

fn view(given: &ArgMatches) -> View {
    match (given.get_flag("default"), given.get_flag("reference")) {
        (true, _) => View::Default,
        (_, true) => View::Reference,
        _ => View::Effective,
    }
}
