//! What the socket really moved, told by servers that know.

use std::fmt::Debug;
use std::sync::Arc;

/// Body bytes that the socket took and gave for one request. Without it the log counts the frames that
/// passed through the layer, which says what was produced and not what was delivered.
pub trait Moved: Send + Sync + Debug {
    /// Bytes of the response body that the socket has taken; final when the server drops the body.
    fn sent(&self) -> u64;

    /// Bytes of the request body that the socket has given.
    fn received(&self) -> u64;

    /// Whether the client's side took all of the `produced` bytes of the response body. A body that was
    /// produced to its end but not delivered is logged as abandoned.
    fn delivered(&self, produced: u64) -> bool {
        self.sent() >= produced
    }
}

/// The counters of one request, as a request extension.
#[derive(Clone, Debug)]
pub struct MovedHandle(pub Arc<dyn Moved>);
