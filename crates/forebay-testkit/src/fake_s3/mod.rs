//! An S3 in this process: good enough for the SDK and for other people's clients, and as bad as a test wants it to be.
//!
//! It answers path-style requests on a free loopback port from threads of its own, so that async tests, blocking tests and other
//! processes can all use it, and ends when it is dropped. Objects are [`Content`](crate::fake::Content): a gigabyte of a [`Pattern`](crate::pattern::Pattern) costs
//! nothing, neither down nor up, and what was uploaded is compared by [`FakeS3::object`] and [`Content::check`](crate::fake::Content::check). Signatures are not
//! checked (see [`FakeS3::let_in_only`]); digests are, all of them. What it is asked is written down ([`FakeS3::seen`]), what goes
//! wrong is scripted ([`FakeS3::script`]).
//!
//! ```no_run
//! use forebay_testkit::fake::{Fault, When};
//! use forebay_testkit::fake_s3::{Draft, FakeS3};
//! use forebay_testkit::pattern::Pattern;
//!
//! let s3 = FakeS3::start().unwrap();
//! s3.create_bucket("b");
//! s3.put("b", "big", Draft::pattern(Pattern::new(1), 1 << 30));
//! s3.script().push(When::get("big").after(3), Fault::reset_after(1 << 20));
//! println!("{}", s3.endpoint());
//! ```

mod app;
mod aws_chunked;
mod buckets;
mod intake;
mod list;
mod multipart;
mod object;
mod read;
mod refusal;
mod shared;
mod state;
mod sums;
mod versions;
mod write;
mod xml;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

pub use object::{Draft, Object};
pub use state::{Upload, UploadedPart};
pub use sums::{KeptSum, Sum};

use crate::cert::Certificate;
use crate::fake::reply::Reply;
use crate::fake::server::{App as _, Running};
use crate::fake::{Action, Script, Seen, Target, Verb};
use shared::Shared;
use state::{Bucket, Synthetic};

/// A running fake. Dropping it ends it.
#[derive(Debug)]
pub struct FakeS3 {
    shared: Arc<Shared>,
    server: Running,
    scheme: &'static str,
}

impl FakeS3 {
    /// Starts one without buckets on plain HTTP.
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

    /// Starts one on plain HTTP that others reach at this address, which must be one of this network namespace.
    ///
    /// # Errors
    /// Those of the network.
    pub fn start_at(ip: Ipv4Addr) -> io::Result<Self> {
        let shared = Arc::<Shared>::default();
        let server = Running::start_at(ip, Arc::clone(&shared), None)?;
        Ok(Self { shared, server, scheme: "http" })
    }

    /// Where it listens.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.server.addr
    }

    /// What to give as `--endpoint-url`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("{}://{}", self.scheme, self.server.addr)
    }

    /// Makes a bucket. One of this name is kept as it is.
    pub fn create_bucket(&self, name: &str) {
        self.shared.state.lock().buckets.entry(name.to_owned()).or_default();
    }

    /// Makes a bucket with `count` objects of `len` bytes that exist by rule: the one of index `i` is called
    /// [`synthetic_key`]`(i)` and has the bytes of the pattern with the seed `i`.
    pub fn create_synthetic(&self, name: &str, count: u64, len: u64) {
        let bucket = Bucket { synthetic: Some(Synthetic { count, len }), ..Bucket::default() };
        self.shared.state.lock().buckets.insert(name.to_owned(), bucket);
    }

    /// From now on the bucket keeps versions.
    pub fn keep_versions(&self, bucket: &str) {
        self.shared.state.lock().buckets.entry(bucket.to_owned()).or_default().keeps_versions = true;
    }

    /// Writes an object, its bucket too if it is not there, and tells its entity tag.
    pub fn put(&self, bucket: &str, key: &str, draft: Draft) -> String {
        self.create_bucket(bucket);
        let object = self.shared.state.lock().publish(bucket, key, draft.finish());
        object.map(|object| object.etag.clone()).unwrap_or_default()
    }

    /// Writing this object, as something that a script does meanwhile.
    #[must_use]
    pub fn replacing(&self, bucket: &str, key: &str, draft: Draft) -> Action {
        let (shared, bucket, key) = (Arc::clone(&self.shared), bucket.to_owned(), key.to_owned());
        Action::new(move || _ = shared.state.lock().publish(&bucket, &key, draft.clone().finish()))
    }

    /// Deletes an object as a request would.
    pub fn delete(&self, bucket: &str, key: &str) {
        let _ = self.shared.state.lock().delete(bucket, key, None);
    }

    /// The object as it is now.
    #[must_use]
    pub fn object(&self, bucket: &str, key: &str) -> Option<Arc<Object>> {
        self.shared.state.lock().bucket(bucket).ok()?.object(key, None).ok()
    }

    /// Uploads that were begun and not ended.
    #[must_use]
    pub fn uploads(&self, bucket: &str) -> Vec<Upload> {
        let mut state = self.shared.state.lock();
        state.bucket(bucket).map(|b| b.uploads.values().cloned().collect()).unwrap_or_default()
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

    /// How many requests of this verb it remembers.
    #[must_use]
    pub fn count(&self, verb: Verb) -> usize {
        self.seen().iter().filter(|seen| seen.target.verb == verb).count()
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

    /// Lets in only requests with this access key. Signatures are still not checked.
    pub fn let_in_only(&self, access_key: &str) {
        *self.shared.access_key.lock() = Some(access_key.to_owned());
    }

    /// Takes parts below 5 MiB, so that a test of many parts need not be large.
    pub fn allow_small_parts(&self) {
        self.shared.small_parts.store(true, Relaxed);
    }

    /// Believes `Content-MD5` and `x-amz-content-sha256` without computing them, and makes entity tags of something quicker: for those who
    /// measure a client that sends them and one that does not. CRCs and patterns are checked as always.
    pub fn believe_slow_digests(&self) {
        self.shared.believes.store(true, Relaxed);
    }

    /// Refuses to delete this key when it is among others.
    pub fn refuse_to_delete(&self, key: &str) {
        self.shared.refused_deletes.lock().push(key.to_owned());
    }
}

/// The key of this index in a bucket that [`FakeS3::create_synthetic`] made.
#[must_use]
pub fn synthetic_key(index: u64) -> String {
    Synthetic::key(index)
}

/// An error answer of the fake.
fn app_refusal(shared: &Shared, code: &'static str, target: &Target) -> Reply {
    shared.refuse(refusal::Refusal(code).status(), code, target)
}
