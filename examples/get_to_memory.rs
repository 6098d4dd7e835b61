//! An object of S3 in memory, at the cost of its size:
//! `cargo run -p forebay-examples --example get_to_memory -- [--endpoint-url URL] s3://BUCKET/KEY`.
//!
//! The first answer tells how long the object is. That is paid for before there is a buffer, so an object that does not fit is refused with
//! the numbers instead of growing until the kernel ends the process. Its parts then come over several connections, each
//! into its own slice of the one buffer.

use std::error::Error;
use std::io::Write;
use std::sync::Arc;

use forebay_budget::{ByteSize, TransferPlan, Work};
use forebay_examples::Asked;
use forebay_net::client::{Client, ClientOptions};
use forebay_s3::S3;
use forebay_store::remote::ObjectKey;
use forebay_transfer::{Engine, EngineOptions, MemoryOptions, Progress, Source};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let asked = Asked::from_args()?;

    // All that may be held. `Work::Ordered` leaves half of it to bytes; the other half are sockets, the kernel's buffers included.
    let plan = TransferPlan::within(ByteSize::mib(128), Work::Ordered)?;
    let ledger = plan.ledger();

    // One client and one engine are enough for a whole program: clones share their connections and their turns.
    let client = Client::new(ClientOptions::planned(&plan, &ledger));
    let engine = Engine::new(EngineOptions::planned(&plan, &ledger));

    let bucket = S3::connect(asked.bucket, asked.s3, client).await;
    let source = Source::new(Arc::new(bucket), ObjectKey::new(asked.key)?);
    let fetched = engine.get_memory(&source, &MemoryOptions::default(), &Progress::new()).await?;

    // `bytes` are `bytes::Bytes`: slices and clones cost nothing, and the budget is free again when the last of them is dropped.
    std::io::stdout().write_all(&fetched.bytes)?;
    eprintln!("{} bytes, proven as far as: {}", fetched.bytes.len(), fetched.proof.level);
    Ok(())
}
