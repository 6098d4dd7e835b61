//! A cache in this process, in front of nothing: what it serves are patterns, and what it says of itself is chosen.
//!
//! It stands in where a real cache would be too well behaved, too large or too slow to set up: an edge that keeps nothing and says
//! otherwise, a purge that is answered and not done, a body without end, 200,000 URLs. What goes wrong with one answer is a
//! [`Fault`](crate::fake::Fault) of the script; what is wrong with the cache is a [`Habit`].
//!
//! The `bucket` of a [`Target`](crate::fake::Target) is the host, its `key` the path with its query as it was sent. Hosts share their
//! objects. A purge costs it 13 µs of processor time, of which most is the kernel's; so nothing in it is cut short for the sake of load.

mod app;
mod flavour;
mod shelf;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

pub use flavour::Flavour;
pub use shelf::{Asked, Habit};

use crate::cert::Certificate;
use crate::fake::server::Running;
use crate::fake::{Script, Seen, Tally};
use app::Shared;

/// A running fake. Dropping it ends it.
#[derive(Debug)]
pub struct FakeEdge {
    shared: Arc<Shared>,
    server: Running,
}

impl FakeEdge {
    /// Starts one on plain HTTP, for every host, with nothing to serve.
    ///
    /// # Errors
    /// Those of the network.
    pub fn start(flavour: Flavour) -> io::Result<Self> {
        let shared = Arc::new(Shared::new(flavour));
        let server = Running::start(Arc::clone(&shared), None)?;
        Ok(Self { shared, server })
    }

    /// Starts one with TLS.
    ///
    /// # Errors
    /// Those of the network, or the certificate is unusable.
    pub fn start_tls(flavour: Flavour, certificate: &Certificate) -> io::Result<Self> {
        let shared = Arc::new(Shared::new(flavour));
        let server = Running::start(Arc::clone(&shared), Some(certificate.server()?))?;
        Ok(Self { shared, server })
    }

    /// Where it listens.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.server.addr
    }

    /// From now on any other host is unknown to it.
    pub fn serve_only(&self, hosts: &[&str]) {
        *self.shared.hosts.lock() = hosts.iter().map(|host| (*host).to_owned()).collect();
    }

    /// At this path, which begins with a slash and has its query, there are so many bytes of [`BODY`](Self::BODY).
    pub fn put(&self, path: &str, bytes: u64) {
        self.shared.shelf.put(path, bytes);
    }

    /// At every other path there are so many.
    pub fn put_everywhere(&self, bytes: u64) {
        self.shared.shelf.put_everywhere(bytes);
    }

    /// It behaves like this.
    pub fn behave(&self, habit: Habit) {
        self.shared.shelf.behave(habit);
    }

    /// It behaves like this with one path.
    pub fn behave_with(&self, path: &str, habit: Habit) {
        self.shared.shelf.behave_with(path, habit);
    }

    /// It has this path in its cache, as if somebody had asked for it so long ago.
    pub fn fill(&self, path: &str, age: Duration) {
        self.shared.shelf.fill(path, age);
    }

    /// Its cache is empty.
    pub fn clear(&self) {
        self.shared.shelf.clear();
    }

    /// Whether it has this path in its cache.
    #[must_use]
    pub fn has(&self, path: &str) -> bool {
        self.shared.shelf.has(path)
    }

    /// How often it was asked for this path; without limit of number, unlike [`seen`](Self::seen).
    #[must_use]
    pub fn asked(&self, path: &str) -> Asked {
        self.shared.shelf.asked(path)
    }

    /// The faults to come.
    #[must_use]
    pub fn script(&self) -> &Script {
        &self.shared.script
    }

    /// What it was asked, in order; the last twenty thousand requests.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.log.seen()
    }

    /// What it was asked since the start, as numbers.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.shared.log.tally()
    }

    /// Closes every connection that waits for a request.
    pub fn close_idle(&self) {
        self.server.close_idle();
    }
}
