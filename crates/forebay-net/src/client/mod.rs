//! Requests to others: sockets that are counted, bounded and timed like those of our own clients.
//!
//! A [`Client`] owns every socket that it ever opened. A response's body *is* its connection: it is polled by nobody but its
//! reader, so bytes arrive only as they are read, and whatever happens to the body happens to the socket. Dropped early, it is
//! drained up to a bound or closed; read to its end, the connection goes back to the shelf.

mod body;
mod error;
mod options;
mod payload;
mod send;

pub use body::ClientBody;
pub use error::{ClientError, ClientErrorKind};
pub use options::{ClientOptions, ClientStats};
pub use payload::Payload;
pub use send::Client;
