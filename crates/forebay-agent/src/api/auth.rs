//! Who may ask: whoever has one of the tokens (RFC 6750).
//!
//! Digests are kept and compared, all of them and each in the same time, so that neither memory nor the clock tells a token.

use std::fmt;

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::problem::Problem;
use super::routes::Api;

/// The shortest token that is taken.
const LEN_MIN: usize = 16;

/// A token, as its digest.
#[derive(Clone, Copy)]
pub struct Token([u8; 32]);

/// Tokens of which any will do; without one, whoever can connect may ask.
#[derive(Clone, Debug, Default)]
pub struct Tokens(Vec<Token>);

/// A token that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a token has at least 16 printable characters without spaces, for example the output of `openssl rand -hex 32`"
)]
pub struct TokenError;

impl Token {
    /// Takes a token that is hard to guess.
    ///
    /// # Errors
    ///
    /// It is short, or cannot stand in a header.
    pub fn new(text: &str) -> Result<Self, TokenError> {
        let is_fine = text.len() >= LEN_MIN && text.bytes().all(|byte| byte.is_ascii_graphic());
        if is_fine { Ok(Self::digest(text.as_bytes())) } else { Err(TokenError) }
    }

    fn digest(text: &[u8]) -> Self {
        Self(Sha256::digest(text).into())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

impl Tokens {
    /// These.
    pub fn new(tokens: Vec<Token>) -> Self {
        Self(tokens)
    }

    /// Whether there is none, so that anybody may ask.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn admit(&self, headers: &HeaderMap) -> bool {
        if self.is_empty() {
            return true;
        }
        let Some(given) = headers.get(AUTHORIZATION).and_then(bearer) else { return false };
        let given = Token::digest(given);
        let same = |known: &Token| known.0.ct_eq(&given.0);
        self.0.iter().map(same).fold(0.into(), |any: subtle::Choice, one| any | one).into()
    }
}

fn bearer(value: &HeaderValue) -> Option<&[u8]> {
    let (scheme, token) = value.as_bytes().split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii())
}

/// Lets through who may ask.
pub(super) async fn check(State(api): State<Api>, request: Request, next: Next) -> Response {
    if api.tokens().admit(request.headers()) {
        return next.run(request).await;
    }
    let mut answer = Problem::unauthorized().into_response();
    answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_of_the_tokens_will_do_and_nothing_else() {
        let tokens =
            ["the-first-of-two-tokens", "the-second-of-two-tokens"].map(|it| Token::new(it).unwrap());
        let tokens = Tokens::new(tokens.to_vec());
        let admits = |value: &'static str| {
            let header = (AUTHORIZATION, HeaderValue::from_static(value));
            tokens.admit(&HeaderMap::from_iter([header]))
        };
        assert!(admits("Bearer the-first-of-two-tokens") && admits("bearer the-second-of-two-tokens"));
        for wrong in
            ["Bearer the-first-of-two-token", "Basic the-first-of-two-tokens", "Bearer ", "", "Bearer"]
        {
            assert!(!admits(wrong), "{wrong}");
        }
        assert!(!tokens.admit(&HeaderMap::new()));
        assert!(Tokens::default().admit(&HeaderMap::new()));
    }

    #[test]
    fn a_token_that_is_easy_to_guess_or_cannot_be_sent_is_refused_and_none_is_shown() {
        assert!(Token::new("short").is_err() && Token::new("has a space in it, alas").is_err());
        assert!(!format!("{:?}", Token::new("the-first-of-two-tokens").unwrap()).contains("first"));
    }
}
