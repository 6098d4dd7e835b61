//! An object of S3 in a file, whatever happens meanwhile:
//! `cargo run -p forebay-examples --example get_to_file -- [--endpoint-url URL] s3://BUCKET/KEY PATH`.
//!
//! Each part goes from its socket to its offset in the file, in whatever order they come; none is held in memory. The file is written beside
//! its target and renamed when it is whole and on the disk, so `PATH` is the old file or the new one at every moment. After
//! Ctrl-C, a lost network or a power cut, the same call goes on where this one ended, and never mixes two versions of the object.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use forebay_budget::{ByteSize, TransferPlan, Work};
use forebay_examples::Asked;
use forebay_net::client::{Client, ClientOptions};
use forebay_s3::S3;
use forebay_store::remote::ObjectKey;
use forebay_transfer::{Engine, EngineOptions, GetOptions, Progress, Source};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut asked = Asked::from_args()?;
    let path = asked.more.pop_front().ok_or("name a file behind the object")?;

    // All that may be held, for an object of any size: the program and its connections.
    let plan = TransferPlan::within(ByteSize::mib(32), Work::Placed)?;
    let ledger = plan.ledger();
    let client = Client::new(ClientOptions::planned(&plan, &ledger));
    let engine = Engine::new(EngineOptions::planned(&plan, &ledger));

    let bucket = S3::connect(asked.bucket, asked.s3, client).await;
    let source = Source::new(Arc::new(bucket), ObjectKey::new(asked.key)?);

    let progress = Progress::new();
    let options = GetOptions::default();
    let got = tokio::select! {
        got = engine.get_file(&source, Path::new(&path), &options, &progress) => got?,
        // A transfer that is dropped keeps what it has.
        _ = tokio::signal::ctrl_c() => return Err("interrupted: call it again to go on".into()),
        never = tell(&progress) => match never {},
    };
    println!(
        "{} bytes, {} of them from an earlier run, proven as far as: {}",
        got.len, got.resumed, got.proof.level
    );
    Ok(())
}

/// Says every second how far it is.
async fn tell(progress: &Progress) -> std::convert::Infallible {
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let seen = progress.seen();
        eprintln!("{} of {}", ByteSize::b(seen.done), ByteSize::b(seen.total));
    }
}
