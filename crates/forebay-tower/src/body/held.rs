//! What a body costs, carried inside it and returned at its end.

use super::Tap;

/// A permit, a lease or any other guard that a body holds until it ends in one of the three ways.
///
/// There is nothing to do at the end but to drop it: [`super::EndBody`] drops the body first and its tap
/// second, so that what was paid for is gone before the payment returns.
#[derive(Debug)]
pub struct Held<T>(T);

impl<T> Held<T> {
    /// Hands `guard` to the body.
    pub const fn new(guard: T) -> Self {
        Self(guard)
    }
}

impl<T> Tap for Held<T> {}
