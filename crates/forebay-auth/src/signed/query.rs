//! A link's parameters, written and read.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::canonical::escape;
use super::{Methods, SignedError, Terms, seconds};
use crate::name::Name;
use crate::place;

/// What our parameters begin with.
const PREFIX: &str = "fb-";

/// A link, taken apart. Nothing of it is true yet.
pub(super) struct Signed {
    pub(super) key: String,
    pub(super) terms: Terms,
    pub(super) signature: Vec<u8>,
}

#[derive(Default)]
struct Parameters {
    methods: Option<String>,
    expires: Option<String>,
    net: Option<String>,
    max_bytes: Option<String>,
    name: Option<String>,
    key: Option<String>,
    signature: Option<String>,
}

impl Parameters {
    fn slot(&mut self, name: &str) -> Option<&mut Option<String>> {
        match name {
            "methods" => Some(&mut self.methods),
            "expires" => Some(&mut self.expires),
            "net" => Some(&mut self.net),
            "max-bytes" => Some(&mut self.max_bytes),
            "name" => Some(&mut self.name),
            "key" => Some(&mut self.key),
            "signature" => Some(&mut self.signature),
            _ => None,
        }
    }
}

impl Signed {
    /// Reads a query; `None` if nothing in it is ours.
    pub(super) fn parse(query: &str) -> Result<Option<Self>, SignedError> {
        let mut found = Parameters::default();
        let mut is_ours = false;
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if !begins_ours(name) {
                continue;
            }
            is_ours = true;
            let slot = name.strip_prefix(PREFIX).and_then(|name| found.slot(name));
            let slot = slot.filter(|slot| slot.is_none()).ok_or(SignedError::Malformed)?;
            *slot = Some(decode(value).ok_or(SignedError::Malformed)?);
        }
        if is_ours { Self::of(found).map(Some).ok_or(SignedError::Malformed) } else { Ok(None) }
    }

    fn of(found: Parameters) -> Option<Self> {
        let terms = Terms {
            methods: found.methods.map_or(Some(Methods::GET), |methods| methods.parse().ok())?,
            expires: time(&found.expires?)?,
            network: found.net.map(|net| net.parse()).transpose().ok()?,
            bytes_max: found.max_bytes.map(|bytes| number(&bytes).ok_or(())).transpose().ok()?,
            file_name: found.name,
        };
        Some(Self { key: found.key?, terms, signature: URL_SAFE_NO_PAD.decode(found.signature?).ok()? })
    }
}

/// The query of a link.
pub(super) fn write(key: &Name, terms: &Terms, signature: &[u8]) -> String {
    let mut query = String::new();
    let mut add = |name: &str, value: &str| {
        let and = if query.is_empty() { "" } else { "&" };
        query.push_str(&format!("{and}{PREFIX}{name}={}", escape(value.as_bytes())));
    };
    if terms.methods != Methods::GET {
        add("methods", &terms.methods.to_string());
    }
    add("expires", &seconds(terms.expires).to_string());
    if let Some(network) = terms.network {
        add("net", &network.to_string());
    }
    if let Some(bytes) = terms.bytes_max {
        add("max-bytes", &bytes.to_string());
    }
    if let Some(name) = &terms.file_name {
        add("name", name);
    }
    add("key", key.as_str());
    add("signature", &URL_SAFE_NO_PAD.encode(signature));
    query
}

/// Whether a name would be ours to somebody who undoes escapes or does not look at case.
fn begins_ours(name: &str) -> bool {
    let name: Vec<u8> = percent_encoding::percent_decode_str(name).take(PREFIX.len()).collect();
    name.eq_ignore_ascii_case(PREFIX.as_bytes())
}

/// Undoes the escapes of a form; `None` for what is no text.
fn decode(value: &str) -> Option<String> {
    let spaced = value.replace('+', " ");
    String::from_utf8(place::decode(&spaced)?.into_owned()).ok()
}

fn number(text: &str) -> Option<u64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

fn time(text: &str) -> Option<SystemTime> {
    UNIX_EPOCH.checked_add(Duration::from_secs(number(text)?))
}
