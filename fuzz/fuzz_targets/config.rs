//! A configuration file of foreign bytes is read or refused in one line; it never ends the program.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Err(error) = forebay::config::parse(text) {
        assert!(!error.to_string().trim().is_empty());
    }
});
