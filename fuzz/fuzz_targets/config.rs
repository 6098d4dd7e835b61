//! A configuration file of foreign bytes is read, or refused in words without control characters that name the file; and a
//! setting made of foreign words is in force exactly as it was written or refused by its name.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, u32, bool)| {
    let (text, count, flag) = input;
    if let Err(error) = forebay::config::parse(text) {
        let said = error.to_string();
        assert!(said.contains("forebay.toml"), "which file? {said:?}");
        assert!(!said.chars().any(|c| c.is_control() && c != '\n'), "{said:?}");
    }
    let made = format!("[content]\nlisting = {flag}\n[limits]\nmin-rate = {count}\n");
    match forebay::config::parse(&made) {
        Ok(config) => {
            assert_eq!((config.content.listing, config.limits.min_rate.as_u64()), (flag, u64::from(count)))
        }
        Err(error) => assert!(error.to_string().contains("min-rate"), "{error}"),
    }
});
