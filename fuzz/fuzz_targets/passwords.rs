//! Files of secrets, of foreign text: they are read or refused by a line that exists, and what is wrong is never shown.
#![no_main]

use std::time::Duration;

use forebay_auth::{Certificates, Passwords, Tokens, UrlKeys};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let lines = text.lines().count();
    let refused = [
        Passwords::parse(text).map_err(|error| (error.line, error.to_string())).err(),
        Tokens::parse(text).map_err(|error| (error.line, error.to_string())).err(),
        UrlKeys::parse(text, Duration::MAX).map_err(|error| (error.line, error.to_string())).err(),
        Certificates::parse(text).map_err(|error| (error.line, error.to_string())).err(),
    ];
    for (line, said) in refused.into_iter().flatten() {
        assert!((1..=lines).contains(&line));
        let shown = text.lines().nth(line - 1).unwrap_or_default().trim();
        assert!(shown.len() < 16 || !said.contains(shown), "{said}");
    }
});
