//! Objects behind a web server: read only, by `GET` with ranges.
//!
//! A web server may be anything: it may know no ranges, ignore them, send no length, refuse `HEAD`, send elsewhere, or answer
//! conditions wrongly. What is decided about an answer is decided by pure functions over its head (`judge`,
//! `content_range`, `redirect`); what comes out of here is the range and the version that were asked for, or an error.
//!
//! Bytes are taken as they are stored: `Accept-Encoding: identity` is sent, a `Content-Encoding` that comes all the same is an
//! attribute of the object and is never undone. Cookies are neither kept nor sent. What the operator adds to requests, and what the
//! URL itself holds of credentials, goes to the base's own scheme, host and port only, whatever is redirected where.

mod conditions;
mod content_range;
mod exchange;
mod facts;
mod judge;
mod moved;
mod redirect;
mod target;

pub use content_range::{ContentRange, ContentRangeError};
pub(crate) use exchange::IsDirectory;
pub use exchange::OriginOptions;
pub use target::BaseError;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use forebay_net::client::{Client, ClientBody};
use forebay_net::retry::Peer;
use http::{Method, Response, StatusCode};
use url::Url;

use self::conditions::Condition;
use self::exchange::{Answered, Exchange};
use self::judge::Judged;
use self::target::Target;
use crate::remote::{Facts, KeysAsk, KeysPage, ObjectKey, Pin, Reading, Remote};
use crate::{Answer, ByteRange, StoreError, StoreErrorKind};

/// A web server, or a tree on one.
pub struct Origin {
    target: Target,
    peer: Peer,
    exchange: Exchange,
    /// It refused `HEAD` and answered `GET`.
    refuses_head: AtomicBool,
    /// It answered `If-Match` with 412 for the very version that it has.
    mistakes_if_match: AtomicBool,
}

impl Origin {
    /// All that lies below `base`: a key is a path relative to it, and the key `/` is the base itself. A query of the base is sent with
    /// each request. A name that the server answers with a redirect to the same name and a slash is `NotFound`: it is a directory's.
    ///
    /// # Errors
    ///
    /// [`BaseError`] says what is wrong with the URL.
    pub fn new(base: Url, client: Client, options: OriginOptions) -> Result<Self, BaseError> {
        Ok(Self::at(Target::tree(base)?, client, options))
    }

    /// The one object that this URL names, whatever it looks like, and the key for it.
    ///
    /// # Errors
    ///
    /// [`BaseError`] says what is wrong with the URL.
    pub fn of_url(url: Url, client: Client, options: OriginOptions) -> Result<(Self, ObjectKey), BaseError> {
        let (target, key) = Target::exact(url)?;
        Ok((Self::at(target, client, options), key))
    }

    fn at(target: Target, client: Client, options: OriginOptions) -> Self {
        Self {
            peer: Peer::new(options.brakes),
            exchange: Exchange::new(client, options, &target),
            target,
            refuses_head: AtomicBool::new(false),
            mistakes_if_match: AtomicBool::new(false),
        }
    }

    async fn facts_of(&self, key: &ObjectKey, pin: Option<&Pin>) -> Result<Facts, StoreError> {
        let url = self.target.url(key)?;
        if !self.refuses_head.load(Ordering::Relaxed) {
            let answered = self.ask(Method::HEAD, &url, None, pin).await?;
            let status = answered.response.status();
            if !judge::may_answer_get(status) {
                let facts = judge::head(&answered.what, &answered.response, pin)?;
                if facts.len.is_some() {
                    return Ok(facts);
                }
            }
        }
        // The first byte tells as much, and most servers that refuse HEAD or do not know a length there say it here.
        let answered = self.ask(Method::GET, &url, ByteRange::new(0, 1), pin).await?;
        let facts = judge::first_byte(&answered.what, &answered.response, pin)?;
        self.refuses_head.store(true, Ordering::Relaxed);
        Ok(facts)
    }

    async fn reading(
        &self,
        key: &ObjectKey,
        range: Option<ByteRange>,
        pin: Option<&Pin>,
    ) -> Result<Reading, StoreError> {
        if range.is_some_and(|range| range.is_empty()) {
            return Err(StoreError::with_cause(
                StoreErrorKind::Invalid,
                "a range without bytes cannot be asked for",
            ));
        }
        let url = self.target.url(key)?;
        let Answered { what, response } = self.ask(Method::GET, &url, range, pin).await?;
        let Judged { facts, range } = judge::read(&what, &response, range, pin)?;
        Ok(Reading { facts, range, body: response.into_body() })
    }

    /// Asks with the pin as the condition. A 412 is believed when the same request without `If-Match` shows another version too:
    /// some servers and caches answer 412 to any tag.
    async fn ask(
        &self,
        method: Method,
        url: &Url,
        range: Option<ByteRange>,
        pin: Option<&Pin>,
    ) -> Result<Answered, StoreError> {
        let condition = match Condition::of(pin) {
            Condition::Match(tag) if self.mistakes_if_match.load(Ordering::Relaxed) => Condition::Range(tag),
            condition => condition,
        };
        let answered = self.exchange.send(&method, url, range, &condition).await?;
        match (answered.response.status(), condition) {
            (StatusCode::PRECONDITION_FAILED, Condition::Match(tag)) => {
                drop(answered);
                let again = self.exchange.send(&method, url, range, &Condition::Range(tag)).await?;
                if is_pinned(&again.response, tag) {
                    self.mistakes_if_match.store(true, Ordering::Relaxed);
                }
                Ok(again)
            }
            _ => Ok(answered),
        }
    }
}

fn is_pinned(response: &Response<ClientBody>, tag: &crate::Validator) -> bool {
    facts::validator(response.headers()).is_some_and(|found| found.strong_eq(tag))
}

impl Remote for Origin {
    fn place(&self) -> &str {
        self.target.place()
    }

    fn peer(&self) -> &Peer {
        &self.peer
    }

    fn lists(&self) -> bool {
        false
    }

    fn head<'a>(&'a self, key: &'a ObjectKey, pin: Option<&'a Pin>) -> Answer<'a, Facts> {
        Answer::later(self.facts_of(key, pin))
    }

    fn read<'a>(
        &'a self,
        key: &'a ObjectKey,
        range: Option<ByteRange>,
        pin: Option<&'a Pin>,
    ) -> Answer<'a, Reading> {
        Answer::later(self.reading(key, range, pin))
    }

    fn keys<'a>(&'a self, _: &'a KeysAsk) -> Answer<'a, KeysPage> {
        Answer::now(Err(StoreError::with_cause(StoreErrorKind::Invalid, "a web server cannot be listed")))
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Origin").field("place", &self.place()).finish_non_exhaustive()
    }
}
