//! What travels beside a request through the SDK.
//!
//! The SDK signs, writes and parses; it has no words for a connection. So each request carries an [`Exchange`] in its extensions.
//! The connector finds it there. Bytes to be sent are in it, so that they stay the [`Payload`] that the caller made. Left in it is
//! what the SDK would lose: the head as it came (`Date`, a raw `Expires`, tags with their quotes), and, where bytes of an object
//! are asked for, the body itself, with its connection. The SDK then gets an empty body, which it never reads.

use std::sync::Arc;

use forebay_net::client::{ClientBody, Payload};
use http::{HeaderMap, StatusCode};
use parking_lot::Mutex;

/// What one request brings back past the SDK. Clones are the same exchange.
#[derive(Clone)]
pub(crate) struct Exchange(Arc<Inner>);

struct Inner {
    keeps: Keeps,
    payload: Mutex<Option<Payload>>,
    head: Mutex<Head>,
    body: Mutex<Option<ClientBody>>,
}

/// Who reads the body of a good answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keeps {
    /// The SDK parses it.
    Head,
    /// The SDK parses it, and it may be long.
    List,
    /// It is bytes of an object, for our caller.
    Body,
}

/// The head of an answer; empty while there is none.
#[derive(Debug, Clone, Default)]
pub(crate) struct Head {
    /// The status, if an answer came.
    pub(crate) status: Option<StatusCode>,
    /// The headers as they came.
    pub(crate) headers: HeaderMap,
}

impl Exchange {
    /// For a request whose answer the SDK parses.
    pub(crate) fn of_words() -> Self {
        Self::new(Keeps::Head, None)
    }

    /// For a request whose answer is a list. Take a [turn](crate::S3Account::list_turn) first.
    pub(crate) fn of_list() -> Self {
        Self::new(Keeps::List, None)
    }

    /// For a request whose answer is bytes of an object.
    pub(crate) fn of_bytes() -> Self {
        Self::new(Keeps::Body, None)
    }

    /// For a request that carries bytes of an object.
    pub(crate) fn sending(payload: Payload) -> Self {
        Self::new(Keeps::Head, Some(payload))
    }

    fn new(keeps: Keeps, payload: Option<Payload>) -> Self {
        let payload = Mutex::new(payload);
        Self(Arc::new(Inner { keeps, payload, head: Mutex::default(), body: Mutex::default() }))
    }

    /// What is to be sent, once.
    pub(crate) fn payload(&self) -> Option<Payload> {
        self.0.payload.lock().take()
    }

    /// Notes the head. Gives the body back if the SDK shall read it.
    pub(crate) fn arrived(&self, head: &http::response::Parts, body: ClientBody) -> Option<ClientBody> {
        *self.0.head.lock() = Head { status: Some(head.status), headers: head.headers.clone() };
        if self.0.keeps != Keeps::Body || !head.status.is_success() {
            return Some(body);
        }
        *self.0.body.lock() = Some(body);
        None
    }

    /// Whether the answer may be long.
    pub(crate) fn is_list(&self) -> bool {
        self.0.keeps == Keeps::List
    }

    /// The head that came.
    pub(crate) fn head(&self) -> Head {
        std::mem::take(&mut self.0.head.lock())
    }

    /// Looks at the head that came, and leaves it.
    pub(crate) fn peek<T>(&self, look: impl FnOnce(&Head) -> T) -> T {
        look(&self.0.head.lock())
    }

    /// The body that came.
    pub(crate) fn body(&self) -> Option<ClientBody> {
        self.0.body.lock().take()
    }
}

impl Head {
    /// A header, if it is there once and is text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl std::fmt::Debug for Exchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exchange").field("keeps", &self.0.keeps).finish_non_exhaustive()
    }
}
