//! The layer.

use tower_layer::Layer;

use super::queue::Queue;
use super::{LoadShed, QueueLimits, Slots};

/// Lets requests wait for a slot, for a short time and in a short line. Clones share the line.
#[derive(Clone, Debug)]
pub struct LoadShedLayer {
    queue: Queue,
}

impl LoadShedLayer {
    /// A line before `slots`, which may be shared with metrics.
    #[must_use]
    pub fn new(slots: Slots, queue: QueueLimits) -> Self {
        Self { queue: Queue::new(slots, queue) }
    }

    /// Requests that wait now.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.waiting()
    }
}

impl<S> Layer<S> for LoadShedLayer {
    type Service = LoadShed<S>;

    fn layer(&self, inner: S) -> LoadShed<S> {
        LoadShed { inner, queue: self.queue.clone() }
    }
}
