//! A request path of foreign bytes: it is decoded as the standard says and once, whatever becomes a key stays inside the root, and
//! a key goes there and back unchanged.
#![no_main]

use forebay_gateway::path::{decode, encode_segment};
use forebay_store::Key;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|path: &str| {
    let Ok(name) = decode(path) else { return };
    let once: Vec<u8> = percent_encoding::percent_decode_str(&path[1..]).collect();
    assert_eq!(*name, *once, "another reader of the same path sees another name");
    let slashes = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'/').count();
    assert_eq!(slashes(&name), slashes(&path.as_bytes()[1..]), "an escape has become a separator");
    let Ok(key) = Key::parse(&name) else { return };
    assert!(!key.as_bytes().contains(&0));
    for segment in key.segments() {
        assert!(!segment.is_empty() && segment != b"." && segment != b".." && !segment.contains(&b'/'));
    }
    let encoded: Vec<String> = key.segments().map(encode_segment).collect();
    let again = format!("/{}", encoded.join("/"));
    let back = decode(&again).map(std::borrow::Cow::into_owned);
    assert_eq!(back.as_deref(), Ok(key.as_bytes()));
});
