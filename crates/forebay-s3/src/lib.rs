//! Objects in S3, and in what speaks like it.
//!
//! [`S3`] is a [`Bucket`](forebay_store::remote::Bucket) over `aws-sdk-s3`. The SDK knows every source of credentials, signs, writes
//! and parses; everything else is taken from it. Its sockets are those of [`forebay_net::client::Client`], its retries, timeouts and
//! stall limits are off, and the bytes of objects never pass through it.
//!
//! A crate of its own, so that nothing but the binary compiles the SDK.
//!
//! | file | what it holds |
//! |---|---|
//! | `options`, `sse`, `bucket_name` | how to reach a server, with whose name, and how objects lie there |
//! | `account` | a server and a name: the credential chain, the SDK's client |
//! | `connector`, `exchange`, `answer` | the SDK's requests over our sockets; what travels beside them; a bound on what it parses |
//! | `s3` | a bucket; how a request is dressed and its outcome settled |
//! | `read`, `judge`, `facts` | heads and bytes, and whether an answer is the one that was asked for |
//! | `list`, `versions`, `escape` | pages of keys, and of their versions, whatever characters are in them |
//! | `write`, `upload`, `delete`, `headers`, `metadata`, `checksum` | what changes a bucket |
//! | `buckets`, `presign` | buckets themselves; URLs that carry their own signature |
//! | `probe` | what a server does, found out by asking it |
//! | `quirks` | the one table of what servers do not do as AWS does |
//! | `error`, `xml` | one line for each failure, with its fix |
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use std::sync::Arc;
//!
//! use forebay_net::client::{Client, ClientOptions};
//! use forebay_s3::{BucketName, S3, S3Options};
//! use forebay_store::remote::{ObjectKey, ReadAsk, Remote, ResumableBody, Tenacity};
//!
//! // Credentials and region come from where AWS's own tools find them.
//! let options = S3Options { endpoint_url: Some("http://127.0.0.1:9000".into()), ..S3Options::default() };
//! let client = Client::new(ClientOptions::default());
//! let bucket = S3::connect(BucketName::new("bucket")?, options, client).await;
//!
//! let key = ObjectKey::new("some/key")?;
//! let facts = bucket.head(&key, None).await?;
//! println!("{:?} bytes, changed at {:?}", facts.len, facts.modified);
//!
//! // The bytes in order, of this version only, whatever happens to the connections that bring them.
//! let ask = ReadAsk { key, range: None, pin: Some(facts.pin()) };
//! let mut body = ResumableBody::open(Arc::new(bucket), ask, Tenacity::default()).await?;
//! while let Some(bytes) = body.chunk().await {
//!     println!("{} bytes more", bytes?.len());
//! }
//! # Ok(())
//! # }
//! ```

mod account;
mod answer;
mod bucket_name;
mod buckets;
mod checksum;
mod connector;
mod delete;
mod error;
mod escape;
mod exchange;
mod facts;
mod headers;
mod judge;
mod list;
mod metadata;
mod options;
mod presign;
mod probe;
mod quirks;
mod read;
mod s3;
mod sse;
mod upload;
mod versions;
mod write;
mod xml;

pub use account::S3Account;
pub use bucket_name::{BucketName, BucketNameError};
pub use buckets::{BucketEntry, BucketsPage};
pub use error::{S3Error, Trouble};
pub use options::{Access, AccessKeys, PathStyle, Payer, S3Options};
pub use presign::{Presigned, Signed};
pub use probe::{Depth, Finding, KEY_PREFIX, Verdict};
pub use quirks::{Checksums, NameIn, Parts, Profile, Quirks, Support, UnknownProfile};
pub use s3::S3;
pub use sse::{CustomerKey, CustomerKeyError, Sse};
