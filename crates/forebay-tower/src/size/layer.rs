//! The layer.

use forebay_budget::ByteSize;
use tower_layer::Layer;

use super::BodyCeiling;

/// Refuses request bodies above a ceiling.
#[derive(Clone, Copy, Debug)]
pub struct BodyCeilingLayer {
    ceiling: ByteSize,
}

impl BodyCeilingLayer {
    /// Bodies of `ceiling` bytes pass, one byte more does not.
    #[must_use]
    pub const fn new(ceiling: ByteSize) -> Self {
        Self { ceiling }
    }
}

impl<S> Layer<S> for BodyCeilingLayer {
    type Service = BodyCeiling<S>;

    fn layer(&self, inner: S) -> BodyCeiling<S> {
        BodyCeiling { inner, ceiling: self.ceiling.as_u64() }
    }
}
