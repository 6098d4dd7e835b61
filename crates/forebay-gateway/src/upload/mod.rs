//! What changes a store: uploads, and removing, renaming and making directories.
//!
//! Off unless somebody gives the gateway a store that can be written. Nothing is read of a body before it is settled that its object may come:
//! where it may go, whether its condition holds, whether there is room. Until then a client that asked first (`Expect: 100-continue`) has sent
//! nothing. A body is whole when it has the length that was declared, or the end that its coding has, and the digests that came with it; anything
//! else is a failure, and what was written of it is gone.
//!
//! | file | what it holds |
//! |---|---|
//! | `verbs` | what an operator has switched on |
//! | `condition` | preconditions of a write (RFC 9110 §13) |
//! | `digest` | `Content-Digest`, `Repr-Digest` (RFC 9530), `Content-MD5` |
//! | `attributes` | what is stored beside the bytes |
//! | `receive` | a body into the store |
//! | `put` | PUT |
//! | `change` | DELETE, MKCOL, MOVE |

mod attributes;
mod change;
mod condition;
mod digest;
mod put;
mod receive;
mod verbs;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use forebay_budget::ByteSize;
use forebay_net::BoxError;
use forebay_store::{Meta, StoreErrorKind, Writable};
use http::request::Parts;
use http::{HeaderValue, Method, Response};
use http_body::Body as _;
use http_body_util::combinators::UnsyncBoxBody;

use crate::body::Body;
use crate::error::Failure;
use crate::target::Target;
use crate::visitor::Visitor;

pub use verbs::{Verb, Verbs, VerbsError};

/// A request's body, of whatever type the layers have made it.
pub(crate) type Inbound = UnsyncBoxBody<Bytes, BoxError>;

/// Where uploads go, and what is allowed.
#[derive(Clone)]
pub struct Uploads {
    /// The same store that is served.
    pub store: Arc<dyn Writable>,
    /// What may be done at all.
    pub verbs: Verbs,
    /// The longest object in bytes, counted as it arrives. Without it the store's own limit holds.
    pub object_max: Option<ByteSize>,
}

impl Uploads {
    /// The methods that are answered besides those that read.
    pub(crate) fn methods(&self) -> Vec<&'static str> {
        let of = [
            ("PUT", self.verbs.has(Verb::Create) || self.verbs.has(Verb::Overwrite)),
            ("DELETE", self.verbs.has(Verb::Delete)),
            ("MKCOL", self.verbs.has(Verb::Folders)),
            ("MOVE", self.verbs.has(Verb::Move)),
        ];
        of.into_iter().filter(|(_, is_on)| *is_on).map(|(method, _)| method).collect()
    }

    /// The value of `Allow`.
    pub(crate) fn allowed(&self) -> HeaderValue {
        let methods = [&["GET", "HEAD", "OPTIONS"], &*self.methods()].concat().join(", ");
        HeaderValue::try_from(methods).unwrap_or(crate::error::ALLOWED)
    }

    fn require(&self, verb: Verb) -> Result<(), Failure> {
        if self.verbs.has(verb) { Ok(()) } else { Err(Failure::MethodNotAllowed) }
    }
}

impl fmt::Debug for Uploads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Uploads").field("verbs", &self.verbs).finish_non_exhaustive()
    }
}

/// Answers a request that may change the store.
pub(crate) async fn answer(
    uploads: &Uploads,
    visitor: &Visitor,
    head: &Parts,
    target: Target,
    body: Inbound,
) -> Result<Response<Body>, Failure> {
    match head.method {
        Method::PUT => put::answer(uploads, visitor, head, target, body).await,
        Method::DELETE => change::remove(uploads, visitor, head, target).await,
        _ => match head.method.as_str() {
            // A body would say what to put into it (RFC 4918 §9.3).
            "MKCOL" if !body.is_end_stream() => Err(Failure::Unsupported),
            "MKCOL" => change::make_directory(uploads, visitor, target).await,
            "MOVE" => change::rename(uploads, visitor, head, target).await,
            _ => Err(Failure::MethodNotAllowed),
        },
    }
}

/// What has a name now.
async fn look(uploads: &Uploads, target: &Target) -> Result<Option<Meta>, Failure> {
    match uploads.store.open(&target.key).await {
        Ok(object) => Ok(Some(object.meta().clone())),
        Err(error) if error.kind() == StoreErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}
