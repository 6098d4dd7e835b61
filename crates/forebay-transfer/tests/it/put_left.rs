//! What an earlier run has left of an upload, against an S3 in this process.

use bytes::Bytes;
use forebay_net::client::Payload;
use forebay_store::remote::{Bucket, PartAsk, UploadsAsk};
use forebay_testkit::fake::{Cut, Fault, Verb, When};
use forebay_transfer::verify::{Algorithm, Level};
use forebay_transfer::{Left, PutOptions};

use crate::put::{MIB, Place, place, small_parts};
use crate::world::{ledger, one_at_a_time};

/// Five parts.
const LEN: u64 = 22 * MIB;

/// A run that ended: the store has two parts, and the journal knows of one, because the answer to the second was never heard.
async fn half_heard(options: &PutOptions) -> Place {
    let place = Place { engine: one_at_a_time(ledger()), ..place().await };
    let script = place.server.script();
    script.push(When::verb(Verb::Part).after(1), Fault::LoseAnswer(Cut::Reset));
    script.push(When::verb(Verb::Part).after(1).always(), Fault::access_denied());
    let error = place.put(LEN, options).await.unwrap_err();
    assert_eq!(error.left(), Left::Resumable, "{error}");
    assert_eq!(place.server.uploads("bbb")[0].parts.len(), 2);
    script.clear();
    place.server.forget();
    place
}

#[tokio::test]
async fn a_part_that_only_the_store_knows_of_is_not_sent_again() {
    for checksum in [Algorithm::Crc64Nvme, Algorithm::Sha256] {
        let options = PutOptions { checksum, ..small_parts() };
        let place = half_heard(&options).await;
        let put = place.again(&place.dir.path().join("file"), &options).await.unwrap();
        assert_eq!((put.resumed, place.server.count(Verb::Part)), (10 * MIB, 3), "{checksum:?}");
        assert!(put.proof.level >= Level::PerPart);
        place.assert_whole(LEN);
    }
}

#[tokio::test]
async fn a_part_of_other_bytes_is_sent_again() {
    let place = half_heard(&small_parts()).await;
    let upload = place.bucket.uploads(&UploadsAsk::default()).await.unwrap().entries.remove(0).upload;
    let other = Payload::bytes(Bytes::from(vec![7; 5 << 20]));
    place.bucket.put_part(&upload, &PartAsk { number: 2, checksum: None }, other).await.unwrap();
    place.server.forget();
    let put = place.again(&place.dir.path().join("file"), &small_parts()).await.unwrap();
    assert_eq!((put.resumed, place.server.count(Verb::Part)), (5 * MIB, 4));
    place.assert_whole(LEN);
}

#[tokio::test]
async fn an_upload_that_was_begun_with_another_digest_begins_anew() {
    let place = half_heard(&small_parts()).await;
    let options = PutOptions { checksum: Algorithm::Sha256, ..small_parts() };
    let put = place.again(&place.dir.path().join("file"), &options).await.unwrap();
    assert_eq!((put.resumed, put.proof.level), (0, Level::PerPart));
    place.assert_whole(LEN);
}
