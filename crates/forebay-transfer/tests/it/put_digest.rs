//! Which digest is stored, and what the bytes must be.

use forebay_testkit::digest;
use forebay_testkit::fake_s3::Sum;
use forebay_transfer::verify::{Algorithm, Expected, Level};
use forebay_transfer::{Left, PutOptions, TransferErrorKind};

use crate::put::{MIB, place, small_parts};
use crate::world::PATTERN;

#[tokio::test]
async fn the_digest_that_is_stored_is_the_one_that_was_asked_for() {
    for (checksum, sum, of_parts) in [
        (Algorithm::Crc64Nvme, Sum::Crc64Nvme, Level::FullObject),
        (Algorithm::Crc32c, Sum::Crc32c, Level::FullObject),
        (Algorithm::Crc32, Sum::Crc32, Level::FullObject),
        (Algorithm::Sha256, Sum::Sha256, Level::PerPart),
    ] {
        for (len, level) in [(1000, Level::FullObject), (11 * MIB, of_parts)] {
            let place = place().await;
            let options = PutOptions { checksum, ..small_parts() };
            let put = place.put(len, &options).await.unwrap();
            assert_eq!(put.proof.level, level, "{checksum:?} {len}");
            let stored = place.stored("o").sum.clone().unwrap();
            assert_eq!((stored.kind, stored.full), (sum, level == Level::FullObject));
            place.assert_whole(len);
        }
    }
}

#[tokio::test]
async fn bytes_that_are_not_what_was_promised_are_not_stored() {
    for len in [0, 1000, 20 * MIB] {
        let place = place().await;
        let path = place.file(len);
        let right: Expected = format!("sha256:{}", digest::of_file(&path).unwrap()).parse().unwrap();
        let wrong: Expected = format!("sha256:{}", "5e".repeat(32)).parse().unwrap();
        let asked = |digest: &Expected| PutOptions { digest: Some(digest.clone()), ..small_parts() };

        let error = place.again(&path, &asked(&wrong)).await.unwrap_err();
        assert_eq!((error.kind(), error.left()), (TransferErrorKind::Integrity, Left::Nothing), "{error}");
        assert_eq!(place.server.counts().0, 0, "nothing is sent");
        let (to, bytes) = (place.to("o"), PATTERN.bytes(0, len as usize));
        let piped = place.engine.put_pipe(&bytes[..], &to, &asked(&wrong), &place.progress).await;
        assert_eq!(piped.unwrap_err().kind(), TransferErrorKind::Integrity);
        assert!(place.server.object("bbb", "o").is_none() && place.server.uploads("bbb").is_empty());

        place.again(&path, &asked(&right)).await.unwrap();
        place.assert_whole(len);
        place.engine.put_pipe(&bytes[..], &to, &asked(&right), &place.progress).await.unwrap();
        place.assert_whole(len);
    }
}
