//! What the fake servers have in common.
//!
//! They speak HTTP/1.1 to the byte themselves, because a fault is what no HTTP library would send: a reset after the seventh byte, a
//! length that is not kept, an end that looks like a whole answer. Everything about them is bounded: a body of any size is a pattern,
//! made as it is sent; an upload of a pattern is kept as the few numbers it is; of requests the last twenty thousand are remembered.
//!
//! | file | what it is |
//! |---|---|
//! | [`fault`] | what may go wrong with one request |
//! | [`script`] | which fault meets which request |
//! | [`gate`] | where a server waits for its test |
//! | [`seen`] | what was asked, and what was really sent |
//! | [`content`] | the bytes of an object as what they are made of |
//! | `keep` | uploads, kept as patterns where they are |
//! | `conditions`, `ranges` | RFC 9110 as far as a read needs it |
//! | `wire`, `head` | requests from a socket |
//! | `reply`, `marks` | answers to a socket, with their faults |
//! | `server` | the thread, the runtime, the connections |

pub(crate) mod conditions;
pub mod content;
pub mod fault;
pub mod gate;
pub mod head;
pub(crate) mod keep;
pub(crate) mod marks;
pub(crate) mod ranges;
pub(crate) mod reply;
pub mod script;
pub mod seen;
pub(crate) mod server;
pub mod verb;
pub(crate) mod wire;

pub use content::Content;
pub use fault::{ANYWHERE, Action, Cut, Fault, Framing};
pub use gate::Gate;
pub use head::RequestHead;
pub use script::{Lottery, Script, When};
pub use seen::{Seen, Tally};
pub use verb::{Target, Verb};
