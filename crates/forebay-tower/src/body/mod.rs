//! Body wrappers: each does one thing, keeps `size_hint`, `is_end_stream` and trailers, and changes no byte.
//!
//! [`EndBody`] is the primitive of the crate: it tells a [`Tap`] about every frame and, exactly once, how
//! the body ended. Permits and leases ride in it as a [`Held`].

mod answer;
mod capture;
mod count;
mod end;
mod fault;
mod held;

pub use answer::Answer;
pub use capture::{Prefix, Skipped};
pub use count::CountedBody;
pub use end::{End, EndBody, Tap};
pub(crate) use fault::Fault;
pub use held::Held;

/// The error of a body: what the layers add to it, or what the body itself failed with.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

#[cfg(test)]
mod tests;
