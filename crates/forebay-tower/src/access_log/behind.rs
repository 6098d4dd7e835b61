//! What an answer took of those behind this server, told by handlers that ask others.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

/// What was asked of others for one answer. Read when the response body is dropped.
pub trait Behind: Send + Sync + Debug {
    /// Who was asked: a name for people, never with credentials, a path or a query.
    fn place(&self) -> &str;

    /// Requests that were sent to him, those that failed included.
    fn requests(&self) -> u32;

    /// Until the head of the first answer that was of use.
    fn first_answer(&self) -> Option<Duration>;

    /// Times that a body went on over another connection.
    fn continued(&self) -> u32;
}

/// As an extension of the response: its record says what [`Behind`] tells.
#[derive(Clone, Debug)]
pub struct BehindHandle(pub Arc<dyn Behind>);
