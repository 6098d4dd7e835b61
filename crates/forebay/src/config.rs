//! What the program is asked to do: plain values, each from a flag, the environment, a file or the default file.
//!
//! Three stages, and only the first looks at text: [`Settings`] holds a value per key with its origin, [`Config`]
//! holds typed values, and the plan (in `wire`) holds what follows from them and from the machine.

mod directives;
mod error;
mod layer;
mod reference;
mod schema;
mod taking;
#[cfg(test)]
mod tests;
mod transfer;
mod value;

use std::{
    ffi::OsString,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use forebay_agent::{Window, edge::EdgeKind};
use forebay_budget::{ByteSize, Rate};
use forebay_s3::Profile;
use forebay_tower::client_ip::Network;
use serde::Deserialize;

pub use directives::Directives;
pub use error::ConfigError;
pub use layer::{Origin, Settings};
pub use reference::markdown;
pub use schema::DEFAULT;
pub(crate) use schema::{Key, Schema, Section};
pub use taking::{Access, Upload};
pub use transfer::{Pages, Transfer, Verify};
pub use value::{Auto, Count, Off, Parsed, Time};

/// Everything that can be set. The fields are the keys of `config.default.toml`, which documents them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each field is documented, once, in the default file")]
pub struct Config {
    pub serve: Serve,
    pub memory: Memory,
    pub limits: Limits,
    pub clients: Clients,
    pub content: Content,
    pub upload: Upload,
    pub access: Access,
    pub log: Log,
    pub runtime: Runtime,
    pub remote: Remote,
    pub transfer: Transfer,
    pub edge: Edge,
    pub agent: Agent,
}

/// What is served, and where.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each field is documented, once, in the default file")]
pub struct Serve {
    pub root: PathBuf,
    pub listen: SocketAddr,
    pub admin: Off<SocketAddr>,
    pub tls_cert: PathBuf,
    pub tls_key: PathBuf,
    pub http2: bool,
}

/// How much may be in flight.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each field is documented, once, in the default file")]
pub struct Memory {
    pub memory: Auto<ByteSize>,
    pub connections: Auto<Count>,
    pub queue_timeout: Time,
}

/// Limits on stalls and on speed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each field is documented, once, in the default file")]
pub struct Limits {
    pub head_timeout: Time,
    pub idle_timeout: Time,
    pub stall_timeout: Time,
    pub min_rate: Rate,
    pub min_rate_grace: Time,
    pub handshake_timeout: Time,
    pub drain_timeout: Time,
    pub requests: Off<Count>,
    pub answer_timeout: Off<Time>,
    pub body_max: Off<ByteSize>,
}

/// Fair shares between clients.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each field is documented, once, in the default file")]
pub struct Clients {
    pub request_rate: Off<Count>,
    pub request_burst: Count,
    pub client_bandwidth: Off<Rate>,
    pub total_bandwidth: Off<Rate>,
    pub trusted_proxies: Vec<Parsed<Network>>,
}

/// What clients see of the directory.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each field is documented, once, in the default file")]
#[expect(clippy::struct_excessive_bools, reason = "they are independent switches of a file")]
pub struct Content {
    pub listing: bool,
    pub archive: bool,
    pub index: Off<String>,
    pub root_index: Off<String>,
    pub spa_fallback: Off<String>,
    pub compress: bool,
    pub precompressed: bool,
    pub cache_control: Vec<String>,
    pub hidden: bool,
    pub symlinks: Symlinks,
}

/// Which symbolic links are followed.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Symlinks {
    /// Those whose target is inside the root.
    Inside,
    /// None.
    Never,
}

/// What is written down.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each field is documented, once, in the default file")]
pub struct Log {
    pub log_level: Directives,
    pub log_format: LogFormat,
    pub access_log: bool,
    pub capture: ByteSize,
    pub capture_collapse: bool,
    pub redact: Vec<String>,
}

/// The form of the log.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// One JSON object on a line.
    Json,
    /// Text.
    Text,
    /// Text on a terminal, JSON elsewhere.
    Auto,
}

/// How the program uses the machine.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each field is documented, once, in the default file")]
pub struct Runtime {
    pub workers: Auto<Count>,
    pub blocking_threads: Auto<Count>,
    pub cold_pages: ColdPages,
}

/// What is thought of files whose pages may not be in memory.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum ColdPages {
    /// Ask, or let a blocking thread touch them first.
    Probe,
    /// They are in memory.
    Trust,
}

/// Stores across the network, and how they are reached.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each field is documented, once, in the default file")]
pub struct Remote {
    pub endpoint_url: String,
    pub region: String,
    pub profile: String,
    pub no_sign_request: bool,
    pub path_style: Auto<bool>,
    pub s3_profile: Auto<Parsed<Profile>>,
    pub ca_cert: PathBuf,
    pub requester_pays: bool,
    pub connect_timeout: Time,
    pub read_timeout: Time,
}

/// Caches at the edge.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each field is documented, once, in the default file")]
pub struct Edge {
    pub edge: Vec<String>,
    pub edge_kind: Auto<Parsed<EdgeKind>>,
    pub edge_form: EdgeForm,
    pub edge_host: String,
    pub edge_tls_name: String,
    pub edge_insecure: bool,
    pub edge_header: Vec<String>,
    pub edge_user_agent: String,
    pub purge_method: String,
    pub purge_body: String,
    pub variant: Vec<String>,
    pub proof: EdgeProof,
    pub edge_control: Count,
    pub edge_bulk: Count,
    pub edge_requests: Off<Count>,
    pub edge_bandwidth: Off<Rate>,
    pub edge_in_flight: Off<ByteSize>,
    pub edge_window: Vec<Parsed<Window>>,
    pub edge_timeout: Time,
    pub edge_stall: Time,
    pub edge_tries: Count,
    pub edge_patience: Time,
    pub object_max: ByteSize,
}

/// The durable agent.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each field is documented, once, in the default file")]
pub struct Agent {
    pub agent_listen: SocketAddr,
    pub agent_queue: PathBuf,
    pub agent_token_file: PathBuf,
    pub agent_webhook_to: Vec<String>,
    pub agent_webhook_secret_file: PathBuf,
    pub agent_webhook_patience: Time,
    pub agent_tries: Count,
    pub agent_away: Time,
    pub agent_keep: Time,
    pub agent_body_max: ByteSize,
    pub agent_drain: Time,
    pub agent_nats: Vec<String>,
    pub agent_nats_login: PathBuf,
    pub agent_nats_prefix: String,
    pub agent_nats_store: ByteSize,
    pub agent_nats_patience: Time,
    pub agent_work: bool,
}

/// How an edge is asked.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum EdgeForm {
    /// As the server of the URL's host.
    Reverse,
    /// As a proxy.
    Forward,
}

/// What is asked of an edge again.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum EdgeProof {
    /// Whether it has what was warmed.
    Warm,
    /// The same, and whether what was purged is gone.
    Always,
    /// Nothing.
    Never,
}

/// Reads a configuration file's text over the defaults. A pure function of its argument.
///
/// # Errors
///
/// [`ConfigError`], with the line, as if the file was called `forebay.toml`.
pub fn parse(text: &str) -> Result<Config, ConfigError> {
    let mut settings = Settings::default();
    settings.overlay_file(Path::new("forebay.toml"), text)?;
    settings.to_config()
}

impl Settings {
    /// Reads the layers in order: the file, the environment, the flags.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] of the first thing that is wrong.
    pub fn load(
        file: Option<&Path>,
        variables: impl Iterator<Item = (OsString, OsString)>,
        flags: &[(String, Vec<String>)],
    ) -> Result<Self, ConfigError> {
        let mut settings = Self::default();
        if let Some((path, text)) = layer::read_file(file)? {
            settings.overlay_file(&path, &text)?;
        }
        settings.overlay_env(variables)?;
        for (name, given) in flags {
            settings.overlay_flag(name, &given.iter().map(String::as_str).collect::<Vec<_>>())?;
        }
        Ok(settings)
    }

    /// The typed values.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Value`] for the first value that its setting does not take, [`ConfigError::Conflict`] for
    /// settings that do not go together.
    pub fn to_config(&self) -> Result<Config, ConfigError> {
        let mut sections = toml::Table::new();
        for section in &Schema::get().sections {
            let keys = section.keys.iter().map(|key| (key.name.to_owned(), self.values[key.name].0.clone()));
            sections.insert(section.name.to_owned(), toml::Value::Table(keys.collect()));
        }
        let config: Config =
            serde_path_to_error::deserialize(toml::Value::Table(sections)).map_err(|error| {
                let path = error.path().to_string();
                let name = path.split('.').nth(1).unwrap_or_default();
                self.wrong(name.split('[').next().unwrap_or_default(), &one_line(error.inner().message()))
            })?;
        config.check()?;
        Ok(config)
    }

    /// A value that its setting does not take, shown unless the problem shows it already.
    fn wrong(&self, name: &str, problem: &str) -> ConfigError {
        let Some((value, origin)) = self.values.get(name) else {
            return ConfigError::Conflict(problem.to_owned());
        };
        let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let problem = match problem.contains(&shown) {
            true => problem.to_owned(),
            false => format!("{value}: {problem}"),
        };
        let key = Schema::get().key(name).expect("every value has its key");
        layer::problem(origin, key, problem)
    }
}

impl Config {
    /// Whether clients are to use HTTPS.
    pub fn is_tls(&self) -> bool {
        !self.serve.tls_cert.as_os_str().is_empty()
    }

    fn check(&self) -> Result<(), ConfigError> {
        let conflict = |text: &str| Err(ConfigError::Conflict(text.to_owned()));
        match (self.is_tls(), !self.serve.tls_key.as_os_str().is_empty()) {
            (true, false) => return conflict("tls-cert needs tls-key: the file with its private key"),
            (false, true) => return conflict("tls-key needs tls-cert: the file with its certificate chain"),
            (true, true) | (false, false) => {}
        }
        if self.serve.admin.as_ref().is_some_and(|admin| *admin == self.serve.listen && admin.port() != 0) {
            return conflict("listen and admin are the same address; give admin another port, or \"off\"");
        }
        self.access.check()
    }
}

fn one_line(text: &str) -> String {
    text.trim().replace('\n', " ")
}
