//! `forebay agent`: edges, tokens, secrets, plan; then the queue, and serve.

use std::{net::SocketAddr, path::Path};

use anyhow::{Context, anyhow};
use forebay_agent::{
    api::{Token, Tokens},
    hook::{Receivers, Secret, Secrets},
};

use crate::{
    args::Sources,
    config::Config,
    edging::edges::Known,
    output::{Failure, Outcome},
    reach, wire,
};

pub(crate) fn run(sources: &Sources) -> Outcome {
    let settings = sources.load()?;
    let config = settings.to_config()?;
    let known = Known::read(&config, false)?;
    if known.edges.is_empty() {
        let why = "no edge: name one with --edge http://HOST:PORT, or more in forebay.toml";
        return Err(Failure::usage(anyhow!(why)));
    }
    let tokens = tokens(&config)?;
    admit(config.agent.agent_listen, &tokens)?;
    let told = wire::agent::Told { receivers: receivers(&config)?, secrets: secrets(&config)? };
    if !told.receivers.is_empty() && told.secrets.is_empty() {
        let why =
            "whoever is told of jobs could not know that it is this agent: give --agent-webhook-secret-file";
        return Err(Failure::usage(anyhow!(why)));
    }
    let (runtime, bulk) = (reach::runtime()?, reach::runtime()?);
    let serving = wire::agent::serve(&settings, &config, &known, tokens, told, bulk.handle().clone());
    let outcome = runtime.block_on(serving);
    bulk.shutdown_background();
    runtime.shutdown_background();
    outcome
}

/// An agent does what it is told, so strangers are not to tell it.
fn admit(address: SocketAddr, tokens: &Tokens) -> Result<(), Failure> {
    if tokens.is_empty() && !address.ip().is_loopback() {
        let why = format!(
            "anybody who reaches {address} could purge your caches: give tokens with --agent-token-file or FOREBAY_AGENT_TOKEN, or listen on 127.0.0.1"
        );
        return Err(Failure::usage(anyhow!(why)));
    }
    Ok(())
}

fn tokens(config: &Config) -> Result<Tokens, Failure> {
    let mut texts = lines("agent-token-file", &config.agent.agent_token_file)?;
    let variable =
        crate::environment().find(|(name, value)| name == "FOREBAY_AGENT_TOKEN" && !value.is_empty());
    texts.extend(variable.map(|(_, token)| token.to_string_lossy().into_owned()));
    let tokens = texts.iter().map(|text| Token::new(text)).collect::<Result<_, _>>();
    Ok(Tokens::new(tokens.map_err(|error| Failure::usage(error.into()))?))
}

fn receivers(config: &Config) -> Result<Receivers, Failure> {
    let known = Receivers::new(&config.agent.agent_webhook_to);
    known.context("agent-webhook-to").map_err(Failure::usage)
}

fn secrets(config: &Config) -> Result<Secrets, Failure> {
    let lines = lines("agent-webhook-secret-file", &config.agent.agent_webhook_secret_file)?;
    let secrets = lines.iter().map(|line| Secret::parse(line)).collect::<Result<_, _>>();
    let secrets = secrets.context("agent-webhook-secret-file").map_err(Failure::usage)?;
    Ok(Secrets::new(secrets))
}

/// The lines of a file of secrets that say something; none if there is no such file to be read.
fn lines(setting: &str, path: &Path) -> Result<Vec<String>, Failure> {
    if path.as_os_str().is_empty() {
        return Ok(Vec::new());
    }
    let text = std::fs::read_to_string(path).with_context(|| format!("{setting} {}", path.display()));
    let text = text.map_err(Failure::usage)?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let lines: Vec<_> = lines.map(str::to_owned).collect();
    if lines.is_empty() {
        return Err(Failure::usage(anyhow!("{setting} {} has nothing in it", path.display())));
    }
    Ok(lines)
}
