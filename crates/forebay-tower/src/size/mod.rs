//! The largest request body that is taken: 413 at once where the length is declared, and in the middle
//! where it is not (chunked, or HTTP/2 without a length).

mod error;
mod future;
mod layer;
mod service;

pub use error::BodyTooLarge;
pub use future::ResponseFuture;
pub use layer::BodyCeilingLayer;
pub use service::BodyCeiling;

/// The request body that the inner service sees.
pub type RequestBody<B> = crate::body::CountedBody<B>;
/// The response body.
pub type ResponseBody<B> = crate::body::Answer<B>;

#[cfg(test)]
mod tests;
