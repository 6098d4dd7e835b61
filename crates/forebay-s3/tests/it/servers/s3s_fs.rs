//! s3s-fs, in this process, over a directory.

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use tokio::net::TcpListener;

use super::{KEY_ID, Place, SECRET, bucket, options};

pub(crate) async fn start() -> Option<Place> {
    let dir = tempfile::tempdir().unwrap();
    let service = {
        let mut builder = S3ServiceBuilder::new(FileSystem::new(dir.path()).unwrap());
        builder.set_auth(SimpleAuth::from_single(KEY_ID, SECRET));
        builder.build()
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            let serving = http1::Builder::new().serve_connection(TokioIo::new(tcp), service.clone());
            tokio::spawn(serving);
        }
    });
    let s3 = bucket(options(&url)).await;
    std::fs::create_dir(dir.path().join(s3.name().as_str())).unwrap();
    Some(Place::new(s3, (dir, Ended(server))))
}

/// Ends the server with the test.
struct Ended(tokio::task::JoinHandle<()>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.abort();
    }
}
