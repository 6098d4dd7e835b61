//! The layer.

use tower_layer::Layer;

use super::{Pace, Stall};

/// Ends bodies that stand still or are too slow.
#[derive(Clone, Copy, Debug, Default)]
pub struct StallLayer {
    request: Pace,
    response: Pace,
}

impl StallLayer {
    /// The same pace in both directions.
    #[must_use]
    pub const fn new(pace: Pace) -> Self {
        Self { request: pace, response: pace }
    }

    /// Another pace for response bodies.
    #[must_use]
    pub const fn response(mut self, pace: Pace) -> Self {
        self.response = pace;
        self
    }
}

impl<S> Layer<S> for StallLayer {
    type Service = Stall<S>;

    fn layer(&self, inner: S) -> Stall<S> {
        Stall { inner, request: self.request, response: self.response }
    }
}
