//! A web server in this process, as plain or as odd as servers on the web are: without ranges, without lengths, without tags, with
//! redirects to anywhere, with the faults of [`fake`](crate::fake).
//!
//! The `key` of a [`Target`](crate::fake::Target) is the decoded path with its slash.

mod app;
mod page;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

pub use page::{Page, Ranges};

use crate::cert::Certificate;
use crate::fake::server::Running;
use crate::fake::{Action, Script, Seen};
use app::Shared;

/// A running fake. Dropping it ends it.
#[derive(Debug)]
pub struct FakeOrigin {
    shared: Arc<Shared>,
    server: Running,
    scheme: &'static str,
}

impl FakeOrigin {
    /// Starts one on plain HTTP.
    ///
    /// # Errors
    /// Those of the network.
    pub fn start() -> io::Result<Self> {
        let shared = Arc::<Shared>::default();
        let server = Running::start(Arc::clone(&shared), None)?;
        Ok(Self { shared, server, scheme: "http" })
    }

    /// Starts one with TLS.
    ///
    /// # Errors
    /// Those of the network, or the certificate is unusable.
    pub fn start_tls(certificate: &Certificate) -> io::Result<Self> {
        let shared = Arc::<Shared>::default();
        let server = Running::start(Arc::clone(&shared), Some(certificate.server()?))?;
        Ok(Self { shared, server, scheme: "https" })
    }

    /// Where it listens.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.server.addr
    }

    /// The URL of a path, which begins with a slash.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}://127.0.0.1:{}{path}", self.scheme, self.server.addr.port())
    }

    /// The same by the name `localhost`: another host to anybody who compares names.
    #[must_use]
    pub fn url_by_name(&self, path: &str) -> String {
        format!("{}://localhost:{}{path}", self.scheme, self.server.addr.port())
    }

    /// Puts a page at a path, instead of the one that was there.
    pub fn put(&self, path: &str, page: Page) {
        self.shared.pages.lock().insert(path.to_owned(), Arc::new(page));
    }

    /// Putting this page there, as something that a script does meanwhile.
    #[must_use]
    pub fn replacing(&self, path: &str, page: Page) -> Action {
        let (shared, path, page) = (Arc::clone(&self.shared), path.to_owned(), Arc::new(page));
        Action::new(move || _ = shared.pages.lock().insert(path.clone(), Arc::clone(&page)))
    }

    /// Takes a page away.
    pub fn remove(&self, path: &str) {
        self.shared.pages.lock().remove(path);
    }

    /// The faults to come.
    #[must_use]
    pub fn script(&self) -> &Script {
        &self.shared.script
    }

    /// What it was asked, as it stands; the last twenty thousand requests.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.log.seen()
    }

    /// Requests and connections since the start, remembered or not.
    #[must_use]
    pub fn counts(&self) -> (u64, u64) {
        self.shared.log.counts()
    }

    /// Forgets what it was asked.
    pub fn forget(&self) {
        self.shared.log.forget();
    }

    /// Closes every connection that waits for a request, as servers do to those that wait for long.
    pub fn close_idle(&self) {
        self.server.close_idle();
    }

    /// Its clock is so many seconds ahead, or behind.
    pub fn shift_clock(&self, seconds: i64) {
        self.shared.clock_shift_s.store(seconds, Relaxed);
    }

    /// Lets in only requests with this `Authorization`.
    pub fn let_in_only(&self, authorization: &str) {
        *self.shared.authorization.lock() = Some(authorization.to_owned());
    }
}
