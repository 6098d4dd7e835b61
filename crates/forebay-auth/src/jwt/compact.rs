//! The three parts of a token (RFC 7515 §3.1), each read strictly.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::key::Algorithm;

/// The longest token in bytes: what fits into a header with room for others.
const LEN_MAX: usize = 8 << 10;

pub(super) struct Token<'a> {
    pub(super) algorithm: Algorithm,
    pub(super) key_id: Option<String>,
    /// What was signed: header and payload as they came.
    pub(super) signed: &'a str,
    pub(super) signature: Vec<u8>,
    pub(super) payload: Value,
}

impl<'a> Token<'a> {
    /// Takes it apart. Nothing of it is true yet.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        if text.len() > LEN_MAX {
            return None;
        }
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        let header = json(header)?;
        let is_plain = header.get("crit").is_none() && header.get("b64").is_none();
        let key_id = match header.get("kid") {
            None => None,
            Some(Value::String(id)) => Some(id.clone()),
            Some(_) => return None,
        };
        let algorithm = Algorithm::parse(header.get("alg")?.as_str()?).filter(|_| is_plain)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        Some(Self { algorithm, key_id, signed, signature, payload: json(payload)? })
    }
}

/// An object of a part.
fn json(part: &str) -> Option<Value> {
    let text = URL_SAFE_NO_PAD.decode(part).ok()?;
    serde_json::from_slice(&text).ok().filter(Value::is_object)
}
