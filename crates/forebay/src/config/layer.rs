//! Layers of settings: each place gives some values, the strongest place wins, and every value remembers where
//! it came from, so that an error can name a file and a line, a variable or a flag.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use toml::{
    Spanned, Value,
    de::{DeTable, DeValue},
};

use super::{
    error::{ConfigError, nearest},
    schema::{Key, Schema, Section},
};

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The documented default file.
    Default,
    /// A line of a file, counted from one.
    File(Arc<Path>, usize),
    /// An environment variable.
    Env(String),
    /// A flag of the command line.
    Flag(String),
}

/// A value for each setting, from the strongest place that has one.
#[derive(Clone, Debug)]
pub struct Settings {
    pub(super) values: BTreeMap<&'static str, (Value, Origin)>,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path, line) => write!(f, "{}:{line}", path.display()),
            Self::Env(name) => f.write_str(name),
            Self::Flag(name) => write!(f, "--{name}"),
        }
    }
}

impl Default for Settings {
    /// What the default file says.
    fn default() -> Self {
        let values =
            Schema::get().keys().map(|key| (key.name, (key.default.clone(), Origin::Default))).collect();
        Self { values }
    }
}

impl Settings {
    /// Takes what a configuration file says.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Syntax`], and [`ConfigError::Unknown`] for the first section or key that does not exist.
    pub fn overlay_file(&mut self, name: &Path, text: &str) -> Result<(), ConfigError> {
        let name: Arc<Path> = name.into();
        let at = |span: std::ops::Range<usize>| Origin::File(Arc::clone(&name), line_of(text, span.start));
        let table = DeTable::parse(text).map_err(|error| ConfigError::Syntax {
            origin: at(error.span().unwrap_or(0..0)),
            problem: error.message().to_owned(),
        })?;
        for (section, body) in table.get_ref() {
            let origin = at(section.span());
            let Some(body) = body.get_ref().as_table() else {
                return Err(unknown(origin, section.get_ref(), ""));
            };
            if !Schema::get().sections.iter().any(|known| known.name == section.get_ref()) {
                return Err(unknown_section(origin, section.get_ref()));
            }
            for (key, value) in body {
                let origin = at(key.span());
                let known = Schema::get()
                    .key(key.get_ref())
                    .filter(|known| known.section == section.get_ref())
                    .ok_or_else(|| unknown(origin.clone(), key.get_ref(), section.get_ref()))?;
                let value = owned(value, known, &origin)?;
                self.values.insert(known.name, (value, origin));
            }
        }
        Ok(())
    }

    /// Takes what the environment says. An empty variable says nothing. A variable that begins with `FOREBAY_`
    /// and is nearly the name of a setting is taken for a slip; others are left alone.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Unknown`] and [`ConfigError::Value`].
    pub fn overlay_env(
        &mut self,
        variables: impl Iterator<Item = (OsString, OsString)>,
    ) -> Result<(), ConfigError> {
        let names: Vec<_> = Schema::get().keys().map(|key| (key.env(), key)).collect();
        for (name, value) in variables {
            let Some(name) = name.to_str().filter(|name| name.starts_with("FOREBAY_")) else { continue };
            if value.is_empty()
                || matches!(name, "FOREBAY_CONFIG" | "FOREBAY_AGENT_TOKEN" | "FOREBAY_AGENT_URL")
                || is_of_kubernetes(name)
            {
                continue;
            }
            let origin = Origin::Env(name.to_owned());
            if let Some((_, key)) = names.iter().find(|(known, _)| known == name) {
                let text =
                    value.to_str().ok_or_else(|| problem(&origin, key, "it is not UTF-8".to_owned()))?;
                let items = text.split([';', '\n']).map(str::trim).filter(|item| !item.is_empty());
                let value = from_text(key, text, items, &origin)?;
                self.values.insert(key.name, (value, origin));
            } else if let Some(near) = nearest(name, names.iter().map(|(known, _)| known.as_str())) {
                let hint = format!("; did you mean {near}?");
                return Err(ConfigError::Unknown { origin, name: name.to_owned(), hint });
            }
        }
        Ok(())
    }

    /// Takes one flag with its values (more than one only for lists).
    ///
    /// # Errors
    ///
    /// [`ConfigError::Value`] if the setting is not a text and its value cannot be read.
    pub fn overlay_flag(&mut self, name: &str, given: &[&str]) -> Result<(), ConfigError> {
        let origin = Origin::Flag(name.to_owned());
        let Some(key) = Schema::get().key(name) else { return Err(unknown(origin, name, "")) };
        let last = given.last().copied().unwrap_or_default();
        let value = from_text(key, last, given.iter().copied(), &origin)?;
        self.values.insert(key.name, (value, origin));
        Ok(())
    }

    /// Where the value of a setting came from.
    pub fn origin(&self, name: &str) -> Origin {
        self.values.get(name).map_or(Origin::Default, |(_, origin)| origin.clone())
    }

    /// The settings whose values are others in `fresh`.
    pub(crate) fn changed<'a>(&'a self, fresh: &'a Self) -> impl Iterator<Item = &'static str> + 'a {
        self.values.iter().filter(|(name, (value, _))| fresh.values[*name].0 != *value).map(|(name, _)| *name)
    }

    /// What is in force, as a tree.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        let section = |section: &Section| {
            let key = |key: &Key| {
                let value = serde_json::to_value(&self.values[key.name].0).unwrap_or_default();
                (key.name.to_owned(), value)
            };
            (section.name.to_owned(), section.keys.iter().map(key).collect())
        };
        serde_json::Value::Object(Schema::get().sections.iter().map(section).collect())
    }

    /// What is in force, as a configuration file whose comments say where each value came from.
    pub fn to_toml(&self) -> String {
        let mut text = String::new();
        for section in &Schema::get().sections {
            text += &format!("[{}]\n", section.name);
            for key in &section.keys {
                let (value, origin) = &self.values[key.name];
                text += &format!("{:<44} # {origin}\n", format!("{} = {value}", key.name));
            }
            text.push('\n');
        }
        text.truncate(text.trim_end().len() + 1);
        text
    }
}

/// Reads a file of configuration, where there is one: the one that was named, or `forebay.toml` if it exists.
///
/// # Errors
///
/// [`ConfigError::Unreadable`].
pub(super) fn read_file(named: Option<&Path>) -> Result<Option<(PathBuf, String)>, ConfigError> {
    let path = named.unwrap_or_else(|| Path::new("forebay.toml"));
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some((path.to_owned(), text))),
        Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(ConfigError::Unreadable { path: path.to_owned(), source }),
    }
}

/// A value as text gives it, in the type of the setting's default.
fn from_text<'a>(
    key: &Key,
    text: &str,
    items: impl Iterator<Item = &'a str>,
    origin: &Origin,
) -> Result<Value, ConfigError> {
    match key.default {
        Value::Boolean(_) => match text.to_ascii_lowercase().as_str() {
            "true" | "on" | "yes" | "1" => Ok(Value::Boolean(true)),
            "false" | "off" | "no" | "0" => Ok(Value::Boolean(false)),
            _ => Err(problem(origin, key, format!("\"{text}\" is neither true nor false"))),
        },
        Value::Array(_) => Ok(Value::Array(items.map(|item| Value::String(item.to_owned())).collect())),
        _ => Ok(Value::String(text.to_owned())),
    }
}

/// A value of a file without its spans. Tables and dates are no setting's value.
/// What Kubernetes tells every container about a service that is called `forebay`, or `forebay-` and more.
fn is_of_kubernetes(name: &str) -> bool {
    ["_SERVICE_HOST", "_SERVICE_PORT", "_PORT"].iter().any(|end| name.ends_with(end))
        || ["_SERVICE_PORT_", "_PORT_"].iter().any(|part| name.contains(part))
}

fn owned(value: &Spanned<DeValue<'_>>, key: &Key, origin: &Origin) -> Result<Value, ConfigError> {
    let odd = |what: String| problem(origin, key, what);
    match value.get_ref() {
        DeValue::String(text) => Ok(Value::String(text.clone().into_owned())),
        DeValue::Boolean(yes) => Ok(Value::Boolean(*yes)),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map(Value::Integer)
            .map_err(|_| odd(format!("{number} is too large"))),
        DeValue::Array(items) => {
            items.iter().map(|item| owned(item, key, origin)).collect::<Result<_, _>>().map(Value::Array)
        }
        DeValue::Float(_) => Err(odd("a fraction has to be in quotes and have a unit".to_owned())),
        DeValue::Datetime(_) => Err(odd("it is not a date".to_owned())),
        DeValue::Table(_) => Err(odd("it is not a table".to_owned())),
    }
}

pub(super) fn problem(origin: &Origin, key: &Key, problem: String) -> ConfigError {
    ConfigError::Value { origin: origin.clone(), key: key.name.to_owned(), problem, accepts: key.accepts }
}

fn unknown(origin: Origin, name: &str, section: &str) -> ConfigError {
    let schema = Schema::get();
    let hint = match schema
        .key(name)
        .or_else(|| nearest(name, schema.keys().map(|key| key.name)).and_then(|near| schema.key(near)))
    {
        Some(key) if key.name == name => format!(" here; it belongs under [{}]", key.section),
        Some(key) if key.section == section => format!("; did you mean `{}`?", key.name),
        Some(key) => format!("; did you mean `{}` under [{}]?", key.name, key.section),
        None => "; `forebay config --default` lists all there are".to_owned(),
    };
    ConfigError::Unknown { origin, name: name.to_owned(), hint }
}

fn unknown_section(origin: Origin, name: &str) -> ConfigError {
    let names: Vec<_> = Schema::get().sections.iter().map(|section| section.name).collect();
    let hint = match nearest(name, names.iter().copied()) {
        Some(near) => format!("; did you mean `[{near}]`?"),
        None => format!("; the sections are [{}]", names.join("], [")),
    };
    ConfigError::Unknown { origin, name: format!("[{name}]"), hint }
}

/// The line that a byte is on, counted from one.
fn line_of(text: &str, byte: usize) -> usize {
    1 + text.as_bytes()[..byte.min(text.len())].iter().filter(|byte| **byte == b'\n').count()
}
