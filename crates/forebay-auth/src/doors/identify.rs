//! Who sent a request, by what it shows.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::{HeaderMap, Method};

use super::header::Shown;
use super::pending::Guard;
use super::refusal::Shows;
use super::{Caller, Doors, Pending, Refusal};
use crate::identity::Identity;
use crate::jwt::JwtError;
use crate::place::Place;
use crate::signed::{Request, SignedError};
use crate::token::TokenError;

/// How soon a request may come again that met a fetch of keys.
const FETCH_SOON: Duration = Duration::from_secs(1);

/// What a request shows, and from where.
#[derive(Clone, Copy)]
pub struct Ask<'a> {
    /// Its method.
    pub method: &'a Method,
    /// What its path names.
    pub place: Place<'a>,
    /// Its query, as it came.
    pub query: Option<&'a str>,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// The client, as limits count it.
    pub client: Option<IpAddr>,
    /// Whom the connection's certificate stands for ([`Doors::certificate`]).
    pub certificate: Option<&'a Identity>,
    /// The time.
    pub now: SystemTime,
}

/// What comes of a request's credentials.
#[derive(Debug)]
pub enum Step {
    /// It is clear who it is.
    Caller(Caller),
    /// A password has to be verified: [`Pending::run`].
    Password(Pending),
    /// The issuer's keys have to be fetched and given to [`Jwt::replace_keys`](crate::Jwt::replace_keys)
    /// ([`Jwt::keep_keys`](crate::Jwt::keep_keys) if they cannot be had); then the request is asked about again.
    Keys,
}

impl Doors {
    /// Who sent a request.
    ///
    /// # Errors
    ///
    /// What it shows is wrong, is shown twice, or may not be tried now.
    pub fn identify(&self, ask: &Ask<'_>) -> Result<Step, Refusal> {
        let shown = if self.reads_authorization() { Shown::of(ask.headers)? } else { None };
        let request = Request { method: ask.method, place: ask.place, client: ask.client, now: ask.now };
        let keys = self.proofs.url_keys.as_ref().zip(ask.query);
        match (shown, keys.and_then(|(keys, query)| keys.verify(query, &request))) {
            (Some(_), Some(_)) => Err(Refusal::Malformed("The request has more than one credential.")),
            (Some(shown), None) => self.shown(shown, ask),
            (None, Some(Ok((identity, narrowed)))) => Ok(Step::Caller(Caller::by_link(identity, narrowed))),
            (None, Some(Err(error))) => Err(of_link(error)),
            (None, None) => Ok(Step::Caller(ask.certificate.cloned().map_or(Caller::NOBODY, Caller::known))),
        }
    }

    /// A server that takes no credentials in headers leaves those of others alone.
    fn reads_authorization(&self) -> bool {
        self.proofs.tokens.is_some() || self.proofs.passwords.is_some() || self.proofs.jwt.is_some()
    }

    fn shown(&self, shown: Shown<'_>, ask: &Ask<'_>) -> Result<Step, Refusal> {
        if let Some(retry_after) = self.attempts.client_locked(ask.client, ask.now) {
            return Err(Refusal::Locked { retry_after });
        }
        match (shown, &self.proofs.passwords) {
            (Shown::Bearer(token), _) => self.bearer(token, ask),
            (Shown::Basic { name, password }, Some(passwords)) => {
                let guard = Guard::new(
                    Arc::clone(passwords),
                    Arc::clone(&self.attempts),
                    self.challenge(Shows::WrongOther),
                );
                guard.begin(name, password, ask)
            }
            (Shown::Basic { .. } | Shown::Other, _) => Err(self.wrong(Shows::WrongOther, ask)),
        }
    }

    fn bearer(&self, token: &str, ask: &Ask<'_>) -> Result<Step, Refusal> {
        let unknown = Err(TokenError::Unknown);
        let found =
            self.proofs.tokens.as_ref().map_or(unknown, |tokens| tokens.find(token.as_bytes(), ask.now));
        match (found, &self.proofs.jwt) {
            (Ok(identity), _) => Ok(self.proved(identity, ask)),
            // It is genuine, so nobody has guessed.
            (Err(TokenError::Expired), _) => Err(self.challenge(Shows::WrongToken)),
            (Err(TokenError::Unknown), None) => Err(self.wrong(Shows::WrongToken, ask)),
            (Err(TokenError::Unknown), Some(jwt)) => match jwt.verify(token, ask.now) {
                Ok(identity) => Ok(self.proved(identity, ask)),
                Err(JwtError::Wrong) => Err(self.wrong(Shows::WrongToken, ask)),
                Err(JwtError::Time | JwtError::Claims | JwtError::UnknownKey) => {
                    Err(self.challenge(Shows::WrongToken))
                }
                Err(JwtError::Fetch) => Ok(Step::Keys),
                Err(JwtError::Fetching) => Err(Refusal::Busy { retry_after: FETCH_SOON }),
            },
        }
    }

    fn proved(&self, identity: Identity, ask: &Ask<'_>) -> Step {
        self.attempts.succeeded(ask.client, None);
        Step::Caller(Caller::known(identity))
    }

    fn wrong(&self, shows: Shows, ask: &Ask<'_>) -> Refusal {
        self.attempts.failed(ask.client, None, ask.now);
        self.challenge(shows)
    }
}

/// Without its headers and its query, which have secrets in them.
impl fmt::Debug for Ask<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, place, client, certificate, now, query: _, headers: _ } = self;
        let mut shown = f.debug_struct("Ask");
        shown.field("method", method).field("place", place).field("client", client);
        shown.field("certificate", certificate).field("now", now).finish_non_exhaustive()
    }
}

/// What a link that opens nothing is told. There is no challenge that a client could answer.
fn of_link(error: SignedError) -> Refusal {
    match error {
        SignedError::Malformed => Refusal::Malformed("The link is damaged."),
        SignedError::Expired => Refusal::Forbidden("The link has expired."),
        SignedError::Wrong | SignedError::Elsewhere => Refusal::Forbidden("The link is not good for this."),
    }
}
