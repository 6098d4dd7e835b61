//! A cache whose entries are objects of S3, made by one caller however many ask:
//! `cargo run -p forebay-examples --example expiring_cache -- [--endpoint-url URL] s3://BUCKET/KEY`.
//!
//! An entry carries the standard `Expires` header, so whatever else reads the bucket sees the same expiry. A look-up is one request. What
//! has expired is made anew: the first caller of this process runs the producer, the others wait for what it makes. They
//! wait in a queue with a length and a time, and a failure is not remembered.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use forebay_budget::{ByteSize, TransferPlan, Work};
use forebay_examples::Asked;
use forebay_net::client::{Client, ClientOptions};
use forebay_s3::S3;
use forebay_store::expiring::{ExpiringOptions, ExpiringStore, Served};
use forebay_store::remote::ObjectKey;

/// How long an entry lives.
const LIFE: Duration = Duration::from_secs(600);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let asked = Asked::from_args()?;
    let plan = TransferPlan::within(ByteSize::mib(32), Work::Placed)?;
    let client = Client::new(ClientOptions::planned(&plan, &plan.ledger()));
    let bucket = S3::connect(asked.bucket, asked.s3, client).await;
    let cache = ExpiringStore::new(Arc::new(bucket), ExpiringOptions::default());
    let key = ObjectKey::new(asked.key)?;

    // Two callers at once. If nothing fresh is there, one of them makes it and both get it.
    let (one, other) = tokio::join!(report(&cache, &key), report(&cache, &key));
    println!("{}\n{}", one?, other?);
    Ok(())
}

/// The report, which is made at most once in ten minutes.
async fn report(cache: &ExpiringStore, key: &ObjectKey) -> Result<String, Box<dyn Error>> {
    let served = cache.get_or_refresh(key, LIFE, make).await?;
    let bytes = match served {
        Served::Made(bytes) => bytes.to_vec(),
        // What was found is not in memory: it comes as it is read, and if the connection breaks it goes on over another one.
        Served::Found(mut fresh) => {
            let mut all = Vec::new();
            while let Some(bytes) = fresh.body.chunk().await {
                all.extend_from_slice(&bytes?);
            }
            all
        }
    };
    Ok(String::from_utf8(bytes)?)
}

/// Stands for something expensive.
async fn make() -> Result<Bytes, std::time::SystemTimeError> {
    eprintln!("making the report");
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    Ok(format!("report of second {}", now.as_secs()).into())
}
