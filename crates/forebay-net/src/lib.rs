//! Sockets that know their cost.
//!
//! A connection is leased (memory and descriptor) before it is accepted, starts with small buffers in
//! user space and in the kernel, grows only on a lease, and is watched by one sweeper. File bodies go
//! from the page cache to the socket by name, under an unmodified hyper. Any tower or axum service:
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use std::future::pending;
//! use std::time::Duration;
//!
//! use axum::{Router, routing::get};
//! use forebay_budget::ByteSize;
//! use forebay_net::{FileBody, FileSpan, ListenOptions, Listener, ReadWindow, ServeOptions, serve};
//!
//! let options = ServeOptions::default();
//! let ledger = options.ledger.clone();
//! let router = Router::new().route("/big", get(move || async move {
//!     let window = ReadWindow::on_demand(ledger, ByteSize::kib(128), Duration::from_secs(1));
//!     FileSpan::open("big.iso").await.map(|span| FileBody::of(span, window).respond()).map_err(|e| e.to_string())
//! }));
//! let listener = Listener::bind("127.0.0.1:8080".parse()?, &ListenOptions::default())?;
//! serve(listener, router, options, pending()).await;
//! # Ok(()) }
//! ```
//!
//! - `listen`, `accept`, [`serve`], `conn`, `opening`, `preface`, `tls`, `h2`: from the port to hyper;
//! - `service`, `refusal`, `incoming`, `outgoing`: between hyper and the user's service;
//! - `stream`: HTTP/2 streams, each seen and ended by itself;
//! - `zerocopy`: file bodies by name, and bodies that go from socket to socket;
//! - [`client`]: requests to others; [`retry`]: asking them again, and when not to; `pace`: how fast;
//! - `sockopt`, `grow`: what the kernel holds for a connection;
//! - `state`, `heads`, `transfer`, `watch`, `sweep`, `verdict`, `stats`: what is seen, and what follows.
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

mod accept;
pub mod client;
mod conn;
mod grow;
mod h2;
mod heads;
mod incoming;
mod info;
mod listen;
mod opening;
mod options;
mod outgoing;
mod pace;
mod pipe;
mod preface;
mod refusal;
pub mod retry;
mod serve;
mod service;
mod sockopt;
mod state;
mod stats;
mod stream;
mod sweep;
mod tls;
mod transfer;
mod verdict;
mod watch;
mod zerocopy;

pub use h2::Http2Sizes;
pub use incoming::RequestBody;
pub use info::{ConnInfo, Protocol, TlsInfo};
pub use listen::{ListenError, ListenOptions, Listener};
pub use options::ServeOptions;
pub use pace::Pace;
pub use serve::{Served, serve};
pub use sockopt::SocketSizes;
pub use stats::NetStats;
pub use tls::{TlsConfig, TlsError};
pub use transfer::{Party, Transfer};
pub use verdict::{ConnLimits, Reason};
pub use watch::{TransferView, Watch};
pub use zerocopy::body::FileBody;
pub use zerocopy::cold::ColdPages;
pub use zerocopy::offer::FileOffer;
pub use zerocopy::reader::ReadWindow;
pub use zerocopy::relay::{HeldPipe, RelayBody, RelaySource, Spliced};
pub use zerocopy::span::{FileSpan, LeasedFile, Segment};

/// Any error, as bodies report it.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
