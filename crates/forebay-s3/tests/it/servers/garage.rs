//! Garage: a process, built from its crate.

use std::io::ErrorKind;

use forebay_s3::{Access, AccessKeys, S3, S3Options};
use forebay_testkit::garage;
use forebay_testkit::notice;
use tempfile::TempDir;

use super::{bucket, options};

pub(crate) struct Garage {
    server: garage::Garage,
    _dir: TempDir,
}

pub(crate) async fn server() -> Option<Garage> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().to_owned();
    match tokio::task::spawn_blocking(move || garage::Garage::start(&path)).await.unwrap() {
        Ok(server) => Some(Garage { server, _dir: dir }),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            notice::skipped("garage is not here; cargo install garage");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

impl Garage {
    pub(crate) async fn bucket(&self) -> S3 {
        let (id, secret) = (&*self.server.key_id, &*self.server.secret);
        let keys = AccessKeys { id: id.into(), secret: secret.into(), session_token: None };
        let url = format!("http://{}", self.server.addr());
        let s3 = bucket(S3Options { access: Access::Keys(keys), ..options(&url) }).await;
        s3.make().await.unwrap();
        s3
    }
}
