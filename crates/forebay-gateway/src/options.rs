//! What an operator can choose. A plain struct: whoever has a configuration fills it in.

use std::sync::Arc;
use std::time::Duration;

use forebay_auth::Doors;
use forebay_budget::ByteSize;

use crate::upload::Uploads;

/// How objects are presented.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent switches of a configuration")]
pub struct GatewayOptions {
    /// List directories; otherwise they answer 404 unless they have an index.
    pub listing: bool,
    /// Offer a directory as one file (`?archive=tar|zip`).
    pub archive: bool,
    /// The name of the file that answers for its directory, such as `index.html`.
    pub index: Option<String>,
    /// The path, below the root, of the file that answers for the root alone. It wins over `index`.
    pub root_index: Option<String>,
    /// The path, below the root, of the file that answers 200 for every page that does not exist.
    pub spa_fallback: Option<String>,
    /// Compress text while it is sent.
    pub compress: bool,
    /// Send `file.br`, `file.zst` or `file.gz` for `file`.
    pub precompressed: bool,
    /// `PATTERN: VALUE`, the first match wins.
    pub cache_control: Vec<String>,
    /// Bodies shorter than this are not compressed on the way.
    pub compress_min: ByteSize,
    /// Where what is sent to it is stored; without it nothing is taken in.
    pub uploads: Option<Uploads>,
    /// Who may do what where; without them everybody may do what is switched on.
    pub doors: Option<Arc<Doors>>,
    /// What is read of a file at a time where it cannot go by name, and the size of the buffers that are kept for that.
    pub read_chunk: ByteSize,
    /// How long a request waits for memory before it is answered 503.
    pub patience: Duration,
    /// The `Retry-After` of that answer.
    pub retry_after: Duration,
}

impl Default for GatewayOptions {
    fn default() -> Self {
        Self {
            listing: true,
            archive: true,
            index: None,
            root_index: None,
            spa_fallback: None,
            compress: true,
            precompressed: true,
            cache_control: Vec::new(),
            compress_min: ByteSize::kib(1),
            uploads: None,
            doors: None,
            read_chunk: ByteSize::kib(64),
            patience: Duration::from_secs(2),
            retry_after: Duration::from_secs(2),
        }
    }
}
