//! How long a response *head* may take: 503 with `Retry-After` after that.
//!
//! The body is not under this limit: a download may take an hour. Nor is an upload, although its answer
//! comes after the last byte: the clock starts again with every frame of the request body, so that it
//! measures how long the *service* takes once it has what it needs. Clients that send nothing are
//! [`crate::stall`]'s.

mod error;
mod future;
mod layer;
mod progress;
mod service;

pub use error::HeadLate;
pub use future::ResponseFuture;
pub use layer::DeadlineLayer;
pub use progress::Progress;
pub use service::Deadline;

/// The request body that the inner service sees.
pub type RequestBody<B> = crate::body::EndBody<B, Option<Progress>>;
/// The response body.
pub type ResponseBody<B> = crate::body::Answer<B>;

#[cfg(test)]
mod tests;
