//! Moving objects well.
//!
//! | file | what it holds |
//! |---|---|
//! | `engine` | what all transfers of a process share |
//! | `get` | from a place to here: to a file, to memory, in order |
//! | `put` | from here, or from another place, to a bucket |
//! | `deposit` | a bucket as a store that can be written |
//! | `slots`, `adapt` | how many requests at once, and whose turn it is |
//! | [`listing`] | many objects: their names in order, patterns, and two sides compared |
//! | `parts` | into how many pieces, and where |
//! | `journal` | which pieces are where they belong, in a file that survives a kill |
//! | `verify` | digests, and how far the bytes are proven |
//! | `page_cache` | what is left of it for others |
//! | `progress` | counters for whoever watches |
//! | `leaving` | what dropped transfers still have to say |
//! | `error` | what can go wrong, and what is left behind |
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use std::path::Path;
//! use std::sync::Arc;
//!
//! use forebay_budget::{ByteSize, TransferPlan, Work};
//! use forebay_net::client::{Client, ClientOptions};
//! use forebay_s3::{BucketName, S3, S3Options};
//! use forebay_store::remote::ObjectKey;
//! use forebay_transfer::{Destination, Engine, EngineOptions, GetOptions, Progress, PutOptions, Source};
//!
//! // All that may be held, whatever is moved; one client and one engine for the whole program.
//! let plan = TransferPlan::within(ByteSize::mib(64), Work::Placed)?;
//! let ledger = plan.ledger();
//! let client = Client::new(ClientOptions::planned(&plan, &ledger));
//! let engine = Engine::new(EngineOptions::planned(&plan, &ledger));
//! let bucket = Arc::new(S3::connect(BucketName::new("bucket")?, S3Options::default(), client).await);
//!
//! // Down: into a file that is whole, or not there, and goes on where an earlier call ended.
//! let (path, progress) = (Path::new("disk.img"), Progress::new());
//! let source = Source::new(bucket.clone(), ObjectKey::new("disk.img")?);
//! let got = engine.get_file(&source, path, &GetOptions::default(), &progress).await?;
//! println!("{} bytes, {} of them from an earlier call: {}", got.len, got.resumed, got.proof.level);
//!
//! // And up, in parts, which are read from the file when they are sent.
//! let to = Destination { bucket, key: ObjectKey::new("copy.img")? };
//! engine.put_file(path, &to, &PutOptions::default(), &progress).await?;
//! # Ok(())
//! # }
//! ```

pub mod adapt;
mod blocking;
mod deposit;
mod engine;
mod error;
mod get;
pub mod journal;
mod leaving;
pub mod listing;
mod page_cache;
pub mod parts;
mod progress;
mod put;
mod slots;
pub mod verify;
mod watched;

pub use deposit::{BucketStore, DepositOptions};
pub use engine::{Concurrency, Engine, EngineOptions, Source};
pub use error::{Left, TransferError, TransferErrorKind};
pub use get::{
    Durability, Existing, Fetched, GetOptions, Got, MemoryOptions, Modified, Ordered, OrderedOptions,
    Parents, Space,
};
pub use page_cache::PageCache;
pub use progress::{Progress, Seen};
pub use put::{Destination, OnFailure, Put, PutOptions};
