//! The keys that an issuer publishes, of foreign bytes: they are read or refused, and never so many that it matters.
#![no_main]

use forebay_auth::KeySet;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|document: &[u8]| {
    let first = KeySet::parse(document);
    assert_eq!(first.is_ok(), KeySet::parse(document).is_ok());
    assert!(first.is_err() || (2..=256 << 10).contains(&document.len()));
});
