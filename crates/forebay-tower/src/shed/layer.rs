//! The layer.

use tower_layer::Layer;

use super::queue::Queue;
use super::{LoadShed, QueueFigures, QueueLimits, Slots};

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

    /// The slots and the line now, for metrics and for whoever decides where requests go.
    #[must_use]
    pub fn figures(&self) -> QueueFigures {
        self.queue.figures()
    }
}

impl<S> Layer<S> for LoadShedLayer {
    type Service = LoadShed<S>;

    fn layer(&self, inner: S) -> LoadShed<S> {
        LoadShed { inner, queue: self.queue.clone() }
    }
}
