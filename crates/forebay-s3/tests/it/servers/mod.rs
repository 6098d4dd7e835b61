//! The servers.
//!
//! | server | who wrote it | where |
//! |---|---|---|
//! | fake | we | in this process: `forebay_testkit::fake_s3` |
//! | s3s-fs | the s3s project | in this process, over a directory |
//! | Garage | the Deuxfleurs association | a process, where somebody has built it |
//! | moto | the moto project | a process, from the Python package index |

pub(crate) mod endless;
pub(crate) mod fake;
pub(crate) mod fixed;
pub(crate) mod garage;
pub(crate) mod moto;
pub(crate) mod role;
pub(crate) mod s3s_fs;

use std::sync::atomic::{AtomicU64, Ordering};

use forebay_net::client::{Client, ClientOptions};
use forebay_s3::{Access, AccessKeys, BucketName, S3, S3Options};

/// The key that the servers know.
pub(crate) const KEY_ID: &str = "AKIDEXAMPLE";
pub(crate) const SECRET: &str = "a-secret-of-tests-aJbXcd";

/// A fresh bucket on a running server.
pub(crate) struct Place {
    pub(crate) s3: S3,
    /// Keeps the server.
    _server: Box<dyn std::any::Any + Send>,
}

impl Place {
    pub(crate) fn new(s3: S3, server: impl std::any::Any + Send) -> Self {
        Self { s3, _server: Box::new(server) }
    }
}

/// How to reach the server at this URL.
pub(crate) fn options(endpoint_url: &str) -> S3Options {
    S3Options {
        region: Some("us-east-1".into()),
        endpoint_url: Some(endpoint_url.into()),
        access: Access::Keys(AccessKeys { id: KEY_ID.into(), secret: SECRET.into(), session_token: None }),
        ..S3Options::default()
    }
}

/// A bucket there, under a name of its own.
pub(crate) async fn bucket(options: S3Options) -> S3 {
    static SERIAL: AtomicU64 = AtomicU64::new(0);
    let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
    let name = BucketName::new(format!("bucket-{}-{serial}", std::process::id())).unwrap();
    S3::connect(name, options, Client::new(ClientOptions::default())).await
}
