//! `forebay sign URL`: a link that opens one name for a while.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, anyhow};
use forebay_auth::{Methods, Place, Terms, UrlKeys, parse_path};
use forebay_budget::ByteSize;
use forebay_tower::client_ip::Network;
use url::{Position, Url};

use super::keyring;
use crate::{
    args::SignAsked,
    output::{self, Failure, Outcome},
};

const LIFE_USUAL: &str = "1h";
/// What a path without a host is read behind; it is printed nowhere.
const ANY_HOST: &str = "http://localhost";

pub(crate) fn run(asked: &SignAsked) -> Outcome {
    let terms = terms(asked)?;
    let mut address = Address::parse(&asked.address)?;
    let path = key_file(asked)?;
    let file = || path.display().to_string();
    let text = std::fs::read_to_string(&path).with_context(file).map_err(Failure::usage)?;
    let keys = UrlKeys::parse(&text, Duration::ZERO).with_context(file).map_err(Failure::usage)?;
    let key = match &asked.key {
        Some(id) => keys.key(id).ok_or_else(|| anyhow!("{}: it has no key {id:?}", file())),
        None => {
            keys.first().ok_or_else(|| anyhow!("{}: it has no key; `forebay link-key` makes one", file()))
        }
    };
    let name = parse_path(address.url.path())
        .map_err(|problem| Failure::usage(anyhow!("{}: {problem}", address.url.path())))?;
    let place = Place::new(&name).map_err(|problem| Failure::usage(problem.into()))?;
    address.add(&key.map_err(Failure::usage)?.sign(place, &terms));
    output::data(address.text())
}

fn terms(asked: &SignAsked) -> Result<Terms, Failure> {
    let methods = asked.methods.as_ref().map(|methods| methods.to_ascii_uppercase().parse::<Methods>());
    let methods = methods.transpose().map_err(|problem| wrong("method", &problem))?;
    let network = asked.network.as_ref().map(|network| network.parse::<Network>());
    let bytes_max = asked.bytes_max.as_ref().map(|bytes| bytes.parse::<ByteSize>());
    Ok(Terms {
        methods: methods.unwrap_or(Methods::GET),
        expires: keyring::expires(asked.expires.as_deref().unwrap_or(LIFE_USUAL))?,
        network: network.transpose().map_err(|problem| wrong("network", &problem))?,
        bytes_max: bytes_max
            .transpose()
            .map_err(|problem| wrong("max-bytes", &problem))?
            .map(ByteSize::as_u64),
        file_name: asked.file_name.clone(),
    })
}

fn wrong(flag: &str, problem: &dyn std::fmt::Display) -> Failure {
    Failure::usage(anyhow!("--{flag}: {problem}"))
}

fn key_file(asked: &SignAsked) -> Result<PathBuf, Failure> {
    let set =
        || crate::environment().find(|(name, value)| name == "FOREBAY_LINK_KEY_FILE" && !value.is_empty());
    asked.key_file.clone().or_else(|| set().map(|(_, value)| value.into())).ok_or_else(|| {
        Failure::usage(anyhow!(
            "no key: give --link-key-file FILE; `forebay link-key ID NAME --append FILE` makes one"
        ))
    })
}

/// What a link is made of. Its text may hold secrets of others, so no message repeats more than its path.
struct Address {
    url: Url,
    has_host: bool,
}

impl Address {
    fn parse(text: &str) -> Result<Self, Failure> {
        let has_host = text.starts_with("http://") || text.starts_with("https://");
        if !has_host && !text.starts_with('/') {
            return Err(Failure::usage(anyhow!("an address is https://HOST/PATH or /PATH")));
        }
        let url = if has_host { Url::parse(text) } else { Url::parse(&format!("{ANY_HOST}{text}")) };
        let url = url.map_err(|problem| Failure::usage(anyhow!("the address is no URL: {problem}")))?;
        let is_ours = |name: &str| name.to_ascii_lowercase().starts_with("fb-");
        let problem = if !url.username().is_empty() || url.password().is_some() {
            "a link is for whoever has it: leave out the name and the password"
        } else if url.fragment().is_some() {
            "what follows a # is never sent: leave it out, or write %23"
        } else if url.query_pairs().any(|(name, _)| is_ours(&name)) {
            "the address is signed already: leave out its parameters fb-…"
        } else {
            return Ok(Self { url, has_host });
        };
        Err(Failure::usage(anyhow!(problem)))
    }

    /// Puts the signed terms behind what its query has already.
    fn add(&mut self, terms: &str) {
        let query = match self.url.query().filter(|query| !query.is_empty()) {
            Some(query) => format!("{query}&{terms}"),
            None => terms.to_owned(),
        };
        self.url.set_query(Some(&query));
    }

    fn text(&self) -> &str {
        if self.has_host { self.url.as_str() } else { &self.url[Position::BeforePath..] }
    }
}
