//! What stands in `Authorization` (RFC 9110 §11.6.2).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use zeroize::Zeroizing;

use super::Refusal;

/// The longest password that is worth hashing.
const PASSWORD_MAX: usize = 1024;

/// A credential, as it is shown.
pub(super) enum Shown<'a> {
    /// Of RFC 6750.
    Bearer(&'a str),
    /// Of RFC 7617.
    Basic { name: Zeroizing<String>, password: Zeroizing<Vec<u8>> },
    /// Of another scheme, or damaged.
    Other,
}

impl<'a> Shown<'a> {
    /// The only credential among the headers, if there is one.
    pub(super) fn of(headers: &'a HeaderMap) -> Result<Option<Self>, Refusal> {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some(value), None) => Ok(Some(value.to_str().ok().and_then(Self::parse).unwrap_or(Self::Other))),
            (Some(_), Some(_)) => Err(Refusal::Malformed("The request has more than one credential.")),
        }
    }

    fn parse(value: &'a str) -> Option<Self> {
        let (scheme, rest) = value.split_once(' ')?;
        let rest = rest.trim_matches(' ');
        if scheme.eq_ignore_ascii_case("bearer") {
            let is_token =
                !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',');
            is_token.then_some(Self::Bearer(rest))
        } else if scheme.eq_ignore_ascii_case("basic") {
            Self::basic(rest)
        } else {
            None
        }
    }

    fn basic(pair: &str) -> Option<Self> {
        let pair = STANDARD.decode(pair).map(Zeroizing::new).ok()?;
        let colon = pair.iter().position(|byte| *byte == b':')?;
        let (name, password) = (&pair[..colon], &pair[colon + 1..]);
        let is_fine = password.len() <= PASSWORD_MAX && !pair.iter().any(u8::is_ascii_control);
        let name = std::str::from_utf8(name).ok().filter(|_| is_fine)?;
        Some(Self::Basic {
            name: Zeroizing::new(name.to_owned()),
            password: Zeroizing::new(password.to_vec()),
        })
    }
}
