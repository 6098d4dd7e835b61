//! The doors: rules and the files of those who may prove who they are.

use std::{net::SocketAddr, path::Path, sync::Arc};

use anyhow::{Context, anyhow};
use forebay_auth::{AttemptOptions, Attempts, Doors, Passwords, Policy, Proofs, Tokens, UrlKeys};

use crate::{config::Config, output::Failure};

/// The doors of the settings; none if there is no rule.
pub(super) fn of(config: &Config) -> Result<Option<Arc<Doors>>, Failure> {
    let access = &config.access;
    if access.allow.is_empty() {
        return Ok(None);
    }
    let passwords = read(&access.password_file, Passwords::parse)?;
    if let Some(passwords) = &passwords {
        let (needed, most) = (passwords.bytes_max(), access.password_memory.as_u64());
        if needed > most {
            let needed = forebay_budget::ByteSize::b(needed).round_up(forebay_budget::ByteSize::kib(64));
            return Err(Failure::usage(anyhow!(
                "{}: verifying a password takes {needed}: set password-memory to that, or make the hashes cheaper",
                access.password_file.display()
            )));
        }
    }
    let proofs = Proofs {
        tokens: read(&access.token_file, Tokens::parse)?,
        passwords: passwords.map(Arc::new),
        url_keys: read(&access.link_key_file, |text| UrlKeys::parse(text, access.link_life_max.0))?,
        ..Proofs::default()
    };
    let policy = Policy::new(access.allow.iter().map(|rule| rule.0.clone()));
    let attempts = Attempts::new(AttemptOptions::default());
    Ok(Some(Arc::new(Doors::new(policy, proofs, Arc::new(attempts)))))
}

/// Uploads that other machines can reach need a rule that says who may.
pub(super) fn check(config: &Config, reached_at: SocketAddr) -> Result<(), Failure> {
    let is_open = config.upload.upload.as_ref().is_some() && config.access.allow.is_empty();
    if is_open && !reached_at.ip().is_loopback() {
        return Err(Failure::usage(anyhow!(
            "uploads are on and other machines can reach {reached_at}: say who may with --allow, such as --allow \"/ anyone read,list\" --allow \"/in/ alice write\", or listen on 127.0.0.1"
        )));
    }
    Ok(())
}

fn read<T, E>(path: &Path, parse: impl FnOnce(&str) -> Result<T, E>) -> Result<Option<T>, Failure>
where
    E: std::error::Error + Send + Sync + 'static,
{
    if path.as_os_str().is_empty() {
        return Ok(None);
    }
    let name = || path.display().to_string();
    let text = std::fs::read_to_string(path).with_context(name).map_err(Failure::usage)?;
    parse(&text).with_context(name).map(Some).map_err(Failure::usage)
}
