//! Files of secrets, of foreign text: they are read, or refused by a line that says something.
#![no_main]

use std::time::Duration;

use forebay_auth::{Certificates, Passwords, Tokens, UrlKeys};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let refused = [
        Passwords::parse(text).map_err(|error| error.line).err(),
        Tokens::parse(text).map_err(|error| error.line).err(),
        UrlKeys::parse(text, Duration::MAX).map_err(|error| error.line).err(),
        Certificates::parse(text).map_err(|error| error.line).err(),
    ];
    for number in refused.into_iter().flatten() {
        let line = text.lines().nth(number - 1).map(str::trim);
        assert!(line.is_some_and(|line| !line.is_empty() && !line.starts_with('#')));
    }
});
