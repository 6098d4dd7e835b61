//! Requests to others: sockets that are counted, bounded and timed like those of our own clients.
//!
//! A [`Client`] owns every socket that it ever opened. A response's body *is* its connection: it is polled by nobody but its
//! reader, so bytes arrive only as they are read, and whatever happens to the body happens to the socket. Dropped early, it is
//! drained up to a bound or closed; read to its end, the connection goes back to the shelf.

mod body;
mod counted;
mod destination;
mod dial;
mod disk;
mod drain;
mod endpoint;
mod error;
mod exchange;
mod framed;
mod link;
mod low_water;
mod options;
mod outgoing;
mod payload;
mod pool;
mod progress;
mod proxy;
mod replay;
mod resolve;
mod reuse;
mod scratch;
mod send;
mod shelf;
mod stall;
mod stats;
mod target;
mod tender;
mod trust;
mod tunnel;
mod wire;
mod writing;

pub use body::ClientBody;
pub use endpoint::Endpoint;
pub use error::{ClientError, ClientErrorKind};
pub use options::ClientOptions;
pub use payload::Payload;
pub(crate) use pool::Pool;
pub use proxy::{Proxies, Proxy, ProxyError};
pub use send::Client;
pub use stats::ClientStats;
pub use target::TargetForm;
pub use trust::{ClientTls, TrustError};
pub use writing::{Moved, Way, WriteCause, WriteError};
