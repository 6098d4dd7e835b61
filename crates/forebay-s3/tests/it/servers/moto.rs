//! moto's server: a process, from the Python package index.

use std::io::ErrorKind;
use std::process::Command;

use forebay_s3::S3;
use forebay_testkit::notice;
use forebay_testkit::process::Server;

use super::{bucket, options};

pub(crate) struct Moto(Server);

pub(crate) async fn server() -> Option<Moto> {
    let mut command = Command::new("moto_server");
    command.args(["-H", "127.0.0.1", "-p", "0"]);
    match tokio::task::spawn_blocking(|| Server::start(command)).await.unwrap() {
        Ok(server) => Some(Moto(server)),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            notice::skipped("moto's server is not here; cargo xtask test installs it");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

impl Moto {
    pub(crate) async fn bucket(&self) -> S3 {
        let s3 = bucket(options(&format!("http://{}", self.0.addr))).await;
        s3.make().await.unwrap();
        s3
    }
}
