//! `forebay agent`: edges, tokens, plan; then the queue, and serve.

use std::net::SocketAddr;

use anyhow::{Context, anyhow};
use forebay_agent::api::{Token, Tokens};

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
    let runtime = reach::runtime()?;
    let outcome = runtime.block_on(wire::agent::serve(&settings, &config, &known, tokens));
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
    let path = &config.agent.agent_token_file;
    let mut texts = Vec::new();
    if !path.as_os_str().is_empty() {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("agent-token-file {}", path.display()));
        let text = text.map_err(Failure::usage)?;
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        texts.extend(lines.map(str::to_owned));
        if texts.is_empty() {
            return Err(Failure::usage(anyhow!("agent-token-file {} has no token", path.display())));
        }
    }
    let variable =
        crate::environment().find(|(name, value)| name == "FOREBAY_AGENT_TOKEN" && !value.is_empty());
    texts.extend(variable.map(|(_, token)| token.to_string_lossy().into_owned()));
    let tokens = texts.iter().map(|text| Token::new(text)).collect::<Result<_, _>>();
    Ok(Tokens::new(tokens.map_err(|error| Failure::usage(error.into()))?))
}
