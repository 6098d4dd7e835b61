//! Bearer tokens (RFC 6750): a file that knows their digests only.
//!
//! A line is `NAME SHA256-OF-THE-TOKEN [@group…] [expires=2027-01-31T00:00:00Z]`. Whoever reads the file learns no token, and a token that
//! is long and drawn by chance needs no slow hash. One that we make begins with `fby_`, by which searches for leaked secrets find it.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use zeroize::Zeroizing;

use crate::identity::{Identity, Proof};
use crate::lines::{self, AtLine};
use crate::name::{Group, Name, NameError};
use crate::secret::{self, Digest, ProcessKey};

/// What a token of ours begins with.
pub const TOKEN_PREFIX: &str = "fby_";

/// A token that was just made. It is shown once, by [`Token::expose`], and never printed by accident.
pub struct Token(Zeroizing<String>);

/// The tokens of a file.
pub struct Tokens {
    key: ProcessKey,
    holders: HashMap<Digest, Holder>,
}

struct Holder {
    identity: Identity,
    expires: Option<SystemTime>,
}

/// Why a line of a token file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenLineError {
    /// It has no two fields, or two ends.
    #[error("a line is NAME SHA256 [@group…] [expires=2027-01-31T00:00:00Z]")]
    Form,
    /// The name, or one of the groups.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The second field is not 64 hexadecimal digits.
    #[error("the second field is the SHA-256 of the token in hexadecimal: printf %s \"$TOKEN\" | sha256sum")]
    Digest,
    /// The time of its end.
    #[error("expires= is a time such as 2027-01-31T00:00:00Z")]
    Expires,
}

/// Why a token opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenError {
    Unknown,
    Expired,
}

impl Token {
    /// Draws one of 256 bits.
    #[must_use]
    pub fn draw() -> Self {
        let bytes = Zeroizing::new(secret::random::<32>());
        let mut text = Zeroizing::new(String::with_capacity(TOKEN_PREFIX.len() + 43));
        text.push_str(TOKEN_PREFIX);
        URL_SAFE_NO_PAD.encode_string(*bytes, &mut text);
        Self(text)
    }

    /// The token itself, for the one who will carry it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The line of the token file that lets it in.
    #[must_use]
    pub fn line(&self, name: &Name, groups: &[Group], expires: Option<SystemTime>) -> String {
        let mut line = format!("{name} {}", HEXLOWER.encode(&secret::sha256(self.0.as_bytes())));
        groups.iter().for_each(|group| line.push_str(&format!(" {group}")));
        if let Some(expires) = expires {
            line.push_str(&format!(" expires={}", humantime::format_rfc3339_seconds(expires)));
        }
        line
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("holders", &self.holders.len()).finish_non_exhaustive()
    }
}

impl Tokens {
    /// Reads a token file.
    ///
    /// # Errors
    ///
    /// The first line that cannot be used.
    pub fn parse(text: &str) -> Result<Self, AtLine<TokenLineError>> {
        let key = ProcessKey::draw();
        let lines = lines::read(text, str::parse::<Line>)?;
        let holders = lines.into_iter().map(|line| (key.digest(&[&line.digest]), line.holder)).collect();
        Ok(Self { key, holders })
    }

    /// Who carries this token.
    pub(crate) fn find(&self, token: &[u8], now: SystemTime) -> Result<Identity, TokenError> {
        let digest = self.key.digest(&[&secret::sha256(token)]);
        let holder = self.holders.get(&digest).ok_or(TokenError::Unknown)?;
        if holder.expires.is_some_and(|expires| expires <= now) {
            return Err(TokenError::Expired);
        }
        Ok(holder.identity.clone())
    }
}

struct Line {
    digest: Digest,
    holder: Holder,
}

impl FromStr for Line {
    type Err = TokenLineError;

    fn from_str(line: &str) -> Result<Self, TokenLineError> {
        let mut fields = line.split_whitespace();
        let (Some(name), Some(digest)) = (fields.next(), fields.next()) else {
            return Err(TokenLineError::Form);
        };
        let digest = HEXLOWER_PERMISSIVE.decode(digest.as_bytes()).map_err(|_| TokenLineError::Digest)?;
        let digest = digest.try_into().map_err(|_| TokenLineError::Digest)?;
        let mut groups = Vec::new();
        let mut expires = None;
        for field in fields {
            match field.strip_prefix("expires=") {
                Some(time) if expires.is_none() => {
                    expires = Some(humantime::parse_rfc3339(time).map_err(|_| TokenLineError::Expires)?);
                }
                Some(_) => return Err(TokenLineError::Form),
                None => groups.push(field),
            }
        }
        let identity = Identity::new(Name::new(name)?, Group::parse_all(groups)?, Proof::Bearer);
        Ok(Self { digest, holder: Holder { identity, expires } })
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use proptest::prelude::*;

    use super::*;

    const NOON: Duration = Duration::from_secs(1_800_000_000);

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + NOON + Duration::from_secs(seconds)
    }

    #[test]
    fn a_token_opens_for_its_holder_until_it_expires() {
        let (alice, bob) = (Token::draw(), Token::draw());
        let name = |name| Name::new(name).unwrap();
        let text = format!(
            "# who\n{}\n\n  {}\n",
            alice.line(&name("alice"), &[Group::new("ci").unwrap()], Some(at(60))),
            bob.line(&name("bob"), &[], None).to_uppercase().replace("BOB", "bob"),
        );
        let tokens = Tokens::parse(&text).unwrap();
        let find = |token: &Token, now| tokens.find(token.expose().as_bytes(), now);
        let found = find(&alice, at(59)).unwrap();
        assert_eq!((found.name().as_str(), found.proof()), ("alice", Proof::Bearer));
        assert!(found.is_in(&Group::new("ci").unwrap()));
        assert_eq!(find(&alice, at(60)), Err(TokenError::Expired));
        assert_eq!(find(&bob, at(u64::from(u32::MAX))).unwrap().name().as_str(), "bob");
        assert_eq!(find(&Token::draw(), at(0)), Err(TokenError::Unknown));
        let mut longer = alice.expose().to_owned();
        longer.push('A');
        assert_eq!(tokens.find(longer.as_bytes(), at(0)), Err(TokenError::Unknown));
    }

    #[test]
    fn the_digest_is_what_sha256sum_says() {
        // printf %s abc | sha256sum
        let line = "alice ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let tokens = Tokens::parse(line).unwrap();
        assert!(tokens.find(b"abc", at(0)).is_ok());
        assert!(tokens.find(b"abc\n", at(0)).is_err());
    }

    #[test]
    fn what_is_wrong_with_a_line_is_said_without_the_line() {
        let digest = "0".repeat(64);
        let error = |line: String| Tokens::parse(&format!("\n{line}")).unwrap_err().to_string();
        assert_eq!(
            error("alice fby_secret".into()),
            "line 2: the second field is the SHA-256 of the token in hexadecimal: printf %s \"$TOKEN\" | sha256sum"
        );
        for wrong in [
            "alice".into(),
            format!("alice {digest} ci"),
            format!("alice {digest}0"),
            format!("@alice {digest}"),
            format!("alice {digest} expires=tomorrow"),
            format!("alice {digest} expires=2027-01-01T00:00:00Z expires=2028-01-01T00:00:00Z"),
            format!("alice {digest} @"),
        ] {
            assert!(!error(wrong.clone()).contains("000000"), "{wrong}");
        }
    }

    #[test]
    fn a_token_is_long_recognisable_and_not_shown() {
        let token = Token::draw();
        assert!(token.expose().starts_with("fby_") && token.expose().len() == 47);
        assert_ne!(token.expose(), Token::draw().expose());
        let line = token.line(&Name::new("a").unwrap(), &[], None);
        let shown = format!("{token:?}{:?}{line}", Tokens::parse(&line).unwrap());
        assert!(!shown.contains(&token.expose()[4..20]));
    }

    proptest! {
        #[test]
        fn no_file_makes_the_reader_fall_over(text: String) {
            let _ = Tokens::parse(&text);
        }
    }
}
