//! At most so many requests whose bodies have not ended; the next one is refused at once.
//!
//! Refuse, not wait: who wants a queue puts [`crate::shed`] in its place, which uses the same [`Slots`].

mod error;
mod future;
mod layer;
mod service;
mod slots;

pub use error::TooManyInFlight;
pub use future::ResponseFuture;
pub use layer::InFlightLayer;
pub use service::InFlight;
pub use slots::{Slot, Slots};

/// The response body: it carries the slot to its true end.
pub type ResponseBody<B> = crate::body::Answer<crate::body::EndBody<B, crate::body::Held<Slot>>>;

#[cfg(test)]
mod tests;
