//! What the socket really moved, told by servers that know.

use std::fmt::Debug;
use std::sync::Arc;

/// Body bytes that the socket took and gave for one request. Without it the log counts the frames that
/// passed through the layer, which says what was produced and not what was delivered.
pub trait Moved: Send + Sync + Debug {
    /// Bytes of the response that the socket has taken.
    fn sent(&self) -> u64;

    /// Bytes of the request that the socket has given.
    fn received(&self) -> u64;

    /// Whether the socket took all of the response; `None` if that is not known. A response whose body was
    /// produced to its end but not delivered is logged as abandoned.
    fn delivered(&self) -> Option<bool> {
        None
    }
}

/// The counters of one request, as a request extension.
#[derive(Clone, Debug)]
pub struct MovedHandle(pub Arc<dyn Moved>);
