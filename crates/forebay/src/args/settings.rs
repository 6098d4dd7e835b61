//! Flags that are settings: made from the default file, with its words and its defaults.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, ValueHint, value_parser};
use toml::Value;

use crate::config::{ConfigError, Key, Schema, Section, Settings};

/// Where to take settings from.
#[derive(Clone, Debug)]
pub(crate) struct Sources {
    file: Option<PathBuf>,
    flags: Vec<(String, Vec<String>)>,
}

/// Which settings a command has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Everything but moving objects.
    Serving,
    /// All there are.
    Everything,
    /// Moving objects: memory, stores, transfers.
    Moving,
    /// Asking stores: the stores alone.
    Asking,
    /// Work on edges: memory, edges, and the stores from which their URLs may be listed.
    Edging,
    /// The durable agent: the same without stores to list, what it listens on, and its log.
    Agent,
}

impl Role {
    fn has(self, key: &Key) -> bool {
        match (self, key.section) {
            (Self::Everything, _)
            | (Self::Moving | Self::Asking | Self::Edging, "remote")
            | (Self::Moving, "transfer")
            | (Self::Edging | Self::Agent, "edge")
            | (Self::Agent, "agent" | "log") => true,
            (Self::Agent, _) => {
                matches!(key.name, "memory" | "admin" | "connect-timeout" | "ca-cert")
            }
            (Self::Moving | Self::Edging, _) => key.name == "memory",
            (Self::Serving, section) => !matches!(section, "transfer" | "edge" | "agent"),
            (Self::Asking, _) => false,
        }
    }
}

impl Sources {
    /// As flags again, for a process of our own. Values stand behind a `=`, which all flags of settings take.
    pub(crate) fn words(&self) -> Vec<String> {
        let flags = self
            .flags
            .iter()
            .flat_map(|(name, values)| values.iter().map(move |value| format!("--{name}={value}")));
        let config = self.file.iter().map(|file| format!("--config={}", file.display()));
        config.chain(flags).collect()
    }

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

pub(super) fn with_settings(command: Command, role: Role) -> Command {
    let config = Arg::new("config")
        .long("config")
        .value_name("FILE")
        .value_parser(value_parser!(PathBuf))
        .value_hint(ValueHint::FilePath)
        .help("The configuration file [default: ./forebay.toml, if there is one]");
    let command = command.arg(config);
    Schema::get().sections.iter().fold(command, |command, section| {
        let keys = section.keys.iter().filter(|key| role.has(key));
        keys.fold(command, |command, key| command.arg(setting(key, section)))
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
    let takes = match key.default {
        Value::Array(_) if key.accepts.starts_with('[') => "\nMay be given more than once.".to_owned(),
        _ if key.is_obvious() => String::new(),
        _ => format!("\nTakes {}.", key.accepts),
    };
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
        _ if key.placeholder() == "BOOL" => {
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

pub(super) fn sources(given: &ArgMatches) -> Sources {
    let of = |key: &Key| {
        let values: Vec<String> = given.try_get_many::<String>(key.name).ok()??.cloned().collect();
        Some((key.name.to_owned(), values))
    };
    Sources {
        file: given.get_one::<PathBuf>("config").cloned(),
        flags: Schema::get().keys().filter_map(of).collect(),
    }
}
