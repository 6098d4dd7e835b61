//! A folder as one file: `?archive=tar` and `?archive=zip`, written while the tree is walked.
//!
//! What an archive holds at any moment is a walk (bounded by depth), one chunk of one file on its way,
//! and for zip the directory that comes at the end. All of it is leased: the fixed part before the head
//! goes out, room for some thousands of files in zip's directory included, and more of it block by block.
//! A zip of more files than the plan has memory for is cut off, and the log says what to turn: how many
//! they are is known when the last has been sent. A tar has no such limit.
//!
//! An archive promises the length of a file before it sends the first byte of it. If the file has
//! shrunk by then, or a store fails, the body fails and the connection is cut: a client sees a broken
//! download, never a whole archive with wrong content. A file that grows is sent as long as it was.
//! A file that vanished between the walk and its turn is left out, as if it had vanished before.

mod stream;
pub mod tar;
pub mod zip;
mod zip_directory;
mod zip_notes;

use forebay_budget::{Class, Lease};
use forebay_store::{Key, Walk};
use http::header::{ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::request::Parts;
use http::{HeaderValue, Method, Response};

use crate::body::Body;
use crate::disposition::attachment;
use crate::error::Failure;
use crate::gateway::Shared;
use crate::metrics::Kind;
use crate::query::Archive;

/// Bytes of a file that are read at a time.
pub(crate) const CHUNK_BYTES: usize = 64 << 10;

/// What an archive takes beside its walk: a chunk being read, a chunk on its way, the records between, and the first
/// blocks of a zip's directory.
const STREAM_COST: u64 = 2 * CHUNK_BYTES as u64 + (32 << 10) + zip_directory::FIRST_BYTES;

/// What is known of one entry when its record is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member<'a> {
    /// The path in the archive, bytes as the file system has them; directories end in a slash.
    pub path: &'a [u8],
    /// The length that is promised, in bytes; 0 for directories.
    pub len: u64,
    /// Seconds since 1970; what lies before is 0.
    pub modified: u64,
}

impl Member<'_> {
    /// Ends in a slash.
    #[must_use]
    pub fn is_directory(&self) -> bool {
        self.path.ends_with(b"/")
    }
}

/// Answers with an archive of all below `key`.
pub(crate) async fn answer(
    shared: &Shared,
    head: &Parts,
    key: Key,
    form: Archive,
) -> Result<Response<Body>, Failure> {
    // An archive tells every name: where listings are off, it is off too.
    if !(shared.options.archive && shared.options.listing) {
        return Err(Failure::Forbidden);
    }
    let folder = key.segments().last().unwrap_or_default().to_vec();
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(Kind::Archive);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, content_type(form));
    headers.insert(CONTENT_DISPOSITION, attachment(&file_name(&folder, form)));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("none"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if head.method == Method::HEAD {
        return Ok(response);
    }
    let (walk, stream) = leases(shared).await?;
    let walk = Walk::new(shared.store.clone(), key, walk)?;
    *response.body_mut() = stream::body(shared, walk, form, &folder, stream);
    Ok(response)
}

/// One wait for both, so that two archives cannot wait for each other's half.
async fn leases(shared: &Shared) -> Result<(Lease, Lease), Failure> {
    let cost = Walk::COST + STREAM_COST;
    let mut walk = shared.ledger.acquire(Class::Archives, cost, shared.options.patience).await?;
    match walk.split(STREAM_COST) {
        Some(stream) => Ok((walk, stream)),
        None => Err(Failure::BadRequest),
    }
}

fn content_type(form: Archive) -> HeaderValue {
    HeaderValue::from_static(match form {
        Archive::Tar => "application/x-tar",
        Archive::Zip => "application/zip",
    })
}

fn file_name(folder: &[u8], form: Archive) -> Vec<u8> {
    let stem: &[u8] = if folder.is_empty() { b"files" } else { folder };
    [stem, b".", form.name().as_bytes()].concat()
}
