//! Settings of what is taken in, and of who may do what.

use std::path::PathBuf;

use forebay_auth::Rule;
use forebay_budget::ByteSize;
use forebay_gateway::upload::Verbs;
use serde::Deserialize;

use super::{ConfigError, Off, Parsed, Time};

/// What may be changed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each field is documented, once, in the default file")]
pub struct Upload {
    pub upload: Off<Parsed<Verbs>>,
    pub upload_durable: bool,
    pub disk_reserve: ByteSize,
}

/// Who may do what where.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each field is documented, once, in the default file")]
pub struct Access {
    pub allow: Vec<Parsed<Rule>>,
    pub token_file: PathBuf,
    pub password_file: PathBuf,
    pub password_memory: ByteSize,
    pub link_key_file: PathBuf,
    pub link_life_max: Time,
}

impl Access {
    /// Whether there is any way to prove who one is.
    pub(crate) fn has_proofs(&self) -> bool {
        [&self.token_file, &self.password_file, &self.link_key_file]
            .iter()
            .any(|file| !file.as_os_str().is_empty())
    }

    /// What verifying a password may take, where there are any.
    pub(crate) fn password_cost(&self) -> ByteSize {
        if self.password_file.as_os_str().is_empty() { ByteSize::ZERO } else { self.password_memory }
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if self.allow.is_empty() && self.has_proofs() {
            let text = "token-file, password-file and link-key-file say who somebody is; say what they may with allow, such as `/ * read,list`";
            return Err(ConfigError::Conflict(text.to_owned()));
        }
        Ok(())
    }
}
