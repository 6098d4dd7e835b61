//! Signed URLs: a link that opens one name, by certain methods, for a time.
//!
//! Whoever has a key signs what a link is good for with HMAC-SHA256, and gives it to somebody who has none. A signature only *narrows*: the
//! request is then one of whom the key belongs to, for this place alone, and the law has still to allow it. So a key that leaks opens what
//! the rules say of its name and nothing else, and taking that rule away ends all of its links.
//!
//! The terms are parameters of the query that begin with `fb-`, in any order, since proxies and programs rearrange them; one twice, or one
//! that we do not know, is refused and not passed over, because it meant something to whoever wrote it. Other parameters are not signed:
//! they can choose the form of an answer, but neither the place nor the method. Nor is the host, so that one link works by every name of a
//! server; servers that should not open each other's links have keys of their own.

mod canonical;
mod key;
mod methods;
mod query;

#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use forebay_tower::client_ip::Network;
use http::Method;
pub use key::{UrlKey, UrlKeyLineError, UrlKeys, UrlSecret};
pub use methods::{Methods, UnknownMethod};
use query::Signed;

use crate::identity::Identity;
use crate::place::Place;

/// What a link is good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// By which methods.
    pub methods: Methods,
    /// Until when, to the second.
    pub expires: SystemTime,
    /// Only for clients of this network.
    pub network: Option<Network>,
    /// At most so many bytes may be sent by it.
    pub bytes_max: Option<u64>,
    /// The name that a download is saved under.
    pub file_name: Option<String>,
}

/// What narrows a request that came by a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Narrowed {
    place: Box<[u8]>,
    /// At most so many bytes may be sent.
    pub bytes_max: Option<u64>,
    /// The name that a download is saved under.
    pub file_name: Option<String>,
}

/// Why a link opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignedError {
    /// Its parameters cannot be understood.
    Malformed,
    /// No key that we have signed this.
    Wrong,
    /// It was good once.
    Expired,
    /// It is genuine, and good for longer than is allowed here, for other methods, or for clients elsewhere.
    Elsewhere,
}

/// The request that a link came with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) method: &'a Method,
    pub(crate) place: Place<'a>,
    pub(crate) client: Option<IpAddr>,
    pub(crate) now: SystemTime,
}

impl Narrowed {
    /// Whether it is this place that the link is for.
    pub(crate) fn is_at(&self, place: Place<'_>) -> bool {
        *self.place == *place.as_bytes()
    }
}

impl UrlKeys {
    /// Whose link a query is, and what for; `None` if it is no link at all.
    pub(crate) fn verify(
        &self,
        query: &str,
        request: &Request<'_>,
    ) -> Option<Result<(Identity, Narrowed), SignedError>> {
        match Signed::parse(query) {
            Ok(None) => None,
            Ok(Some(signed)) => Some(self.judge(signed, request)),
            Err(malformed) => Some(Err(malformed)),
        }
    }

    /// The signature first: of a link that nobody signed nothing is told.
    fn judge(&self, signed: Signed, request: &Request<'_>) -> Result<(Identity, Narrowed), SignedError> {
        let key = self.key(&signed.key).ok_or(SignedError::Wrong)?;
        let terms = signed.terms;
        if !key.signed(request.place, &terms, &signed.signature) {
            return Err(SignedError::Wrong);
        }
        if terms.expires <= request.now {
            return Err(SignedError::Expired);
        }
        let is_in = |network: Network| request.client.is_some_and(|client| network.contains(client));
        let left = terms.expires.duration_since(request.now).unwrap_or_default();
        let is_meant =
            left <= self.life_max() && terms.methods.allow(request.method) && terms.network.is_none_or(is_in);
        if !is_meant {
            return Err(SignedError::Elsewhere);
        }
        let place = request.place.as_bytes().into();
        let narrowed = Narrowed { place, bytes_max: terms.bytes_max, file_name: terms.file_name };
        Ok((key.identity().clone(), narrowed))
    }
}

/// Whole seconds since 1970.
fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs()
}
