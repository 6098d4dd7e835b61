//! The layer.

use tower_layer::Layer;

use super::{InFlight, Slots};

/// Refuses requests while every one of its [`Slots`] is taken.
#[derive(Clone, Debug)]
pub struct InFlightLayer {
    slots: Slots,
}

impl InFlightLayer {
    /// Counts in `slots`, which may be shared with other layers and with metrics.
    #[must_use]
    pub const fn new(slots: Slots) -> Self {
        Self { slots }
    }
}

impl<S> Layer<S> for InFlightLayer {
    type Service = InFlight<S>;

    fn layer(&self, inner: S) -> InFlight<S> {
        InFlight { inner, slots: self.slots.clone() }
    }
}
