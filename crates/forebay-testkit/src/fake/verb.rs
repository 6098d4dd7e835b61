//! What a request is, in one word.

/// The requests that the fakes know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    missing_docs,
    reason = "S3's own names: GetObject, HeadObject, and so on; a web server knows Get and Head, a cache three more"
)]
pub enum Verb {
    Get,
    Head,
    Put,
    Copy,
    Delete,
    DeleteMany,
    Begin,
    Part,
    CopyPart,
    Parts,
    Complete,
    Abort,
    Uploads,
    List,
    CreateBucket,
    DeleteBucket,
    HeadBucket,
    Buckets,
    Location,
    Versioning,
    Tags,
    Versions,
    Purge,
    Refresh,
    /// GET or HEAD of what a cache has (`only-if-cached`).
    Look,
    Other,
}

/// What a request is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// What is asked.
    pub verb: Verb,
    /// The bucket; empty at a web server, the host at a cache.
    pub bucket: String,
    /// The key; at a web server the path, with its slash; at a cache with its query, too, and nothing decoded.
    pub key: String,
}
