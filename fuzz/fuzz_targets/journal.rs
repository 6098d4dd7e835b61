//! A journal of foreign bytes: whatever it says, what is believed of it is possible.
#![no_main]

use forebay_transfer::journal::read;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (bool, &[u8])| {
    let (framed, bytes) = input;
    // Lines that were framed right get past the check of their CRC, so that what is inside is tried too.
    let text: Vec<u8> =
        if framed { bytes.split(|byte| *byte == b'\n').flat_map(line).collect() } else { bytes.into() };
    for boot in [None, Some("boot")] {
        let Some(state) = read(&text, boot) else { continue };
        let parts = state.head().parts();
        for done in state.done() {
            assert!(done.bytes <= parts.range(done.piece).len(), "{done:?} of {parts:?}");
            assert!(done.piece_crc().is_none_or(|crc| crc.len == done.bytes));
        }
    }
});

fn line(json: &[u8]) -> Vec<u8> {
    let crc = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32Iscsi, json);
    [format!("{crc:08x} ").as_bytes(), json, b"\n"].concat()
}
