//! A `Content-Range` of foreign bytes: what is accepted is written back to the same text, but for the case of its unit and zeros in
//! front, and lies within the object. From this field follows where in a file bytes are written.
#![no_main]

use forebay_store::origin::ContentRange;
use libfuzzer_sys::fuzz_target;

/// What the field is made of, so that most of what is made is nearly one.
const WORDS: [&str; 12] =
    ["-", "-", "/", "/", "*", "0", "1", "9", "10", "18446744073709551614", "18446744073709551615", " "];

fuzz_target!(|input: (bool, &[u8])| {
    let (foreign, bytes) = input;
    if foreign {
        check(bytes);
    } else {
        let made: String = bytes.iter().map(|byte| WORDS[usize::from(byte % 12)]).collect();
        check(format!("bytes {made}").as_bytes());
    }
});

fn check(field: &[u8]) {
    let Ok(read) = ContentRange::parse(field) else { return };
    let written = match read {
        ContentRange::Bytes { range, len } => {
            assert!(!range.is_empty() && len.is_none_or(|len| range.end() <= len), "{range} of {len:?}");
            let len = len.map_or("*".to_owned(), |len| len.to_string());
            format!("bytes {}-{}/{len}", range.start(), range.end() - 1)
        }
        ContentRange::Unsatisfied { len } => format!("bytes */{len}"),
    };
    let numbers = |text: &str| -> Vec<String> {
        let plain = |part: &str| part.trim_start_matches('0').to_owned();
        text.to_ascii_lowercase().split(['-', '/', ' ']).map(plain).collect()
    };
    let text = std::str::from_utf8(field).expect("only text is accepted");
    assert_eq!(numbers(text), numbers(&written));
}
