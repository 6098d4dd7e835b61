//! How the examples beside this file are called: `[--endpoint-url URL] s3://BUCKET/KEY [MORE…]`.

use std::collections::VecDeque;
use std::error::Error;

use forebay_s3::{BucketName, S3Options};

/// What an example was called with.
#[derive(Debug)]
pub struct Asked {
    /// Where to find S3. Region and credentials come from where AWS's own tools have them: environment, profile, role.
    pub s3: S3Options,
    /// Which bucket.
    pub bucket: BucketName,
    /// What stands behind it.
    pub key: String,
    /// The words that follow.
    pub more: VecDeque<String>,
}

impl Asked {
    /// Reads the words of this process.
    ///
    /// # Errors
    ///
    /// How to call it, if it was called in another way.
    pub fn from_args() -> Result<Self, Box<dyn Error>> {
        Self::parse(std::env::args().skip(1).collect()).ok_or_else(|| {
            "call it with: [--endpoint-url http://127.0.0.1:9000] s3://BUCKET/KEY [MORE…]".into()
        })
    }

    fn parse(mut words: VecDeque<String>) -> Option<Self> {
        let mut s3 = S3Options::default();
        if words.front()? == "--endpoint-url" {
            s3.endpoint_url = words.drain(..2.min(words.len())).nth(1).map(Into::into);
        }
        let place = words.pop_front()?;
        let (bucket, key) = place.strip_prefix("s3://")?.split_once('/')?;
        Some(Self { s3, bucket: BucketName::new(bucket).ok()?, key: key.to_owned(), more: words })
    }
}
