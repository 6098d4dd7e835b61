//! Ours.

use forebay_testkit::fake_s3::FakeS3;

use super::{Place, bucket, options};

pub(crate) async fn start() -> Option<Place> {
    let server = FakeS3::start().unwrap();
    server.allow_small_parts();
    let s3 = bucket(options(&server.endpoint())).await;
    server.create_bucket(s3.name().as_str());
    Some(Place::new(s3, server))
}
