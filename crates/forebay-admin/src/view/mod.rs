//! Pages, tables, and which of them a client wants.
//!
//! `curl` without words gets text for eyes, `Accept: application/json` gets JSON for programs, a browser gets HTML;
//! `?format=` overrules all three. Pages need no script, and follow the reader's choice of light or dark.

mod form;
mod page;
mod table;

pub(crate) use form::Form;
pub(crate) use page::page;
pub(crate) use table::{Column, Table};

/// Plain text.
pub(crate) const TEXT: &str = "text/plain; charset=utf-8";
/// JSON.
pub(crate) const JSON: &str = "application/json";
/// HTML.
pub(crate) const HTML: &str = "text/html; charset=utf-8";

/// A size in bytes for eyes: three digits and a binary unit.
pub(crate) fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut size = bytes as f64;
    let mut unit = 0;
    while size >= 1024.0 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    match unit {
        0 => format!("{bytes} B"),
        _ if size < 10.0 => format!("{size:.2} {}", UNITS[unit]),
        _ if size < 100.0 => format!("{size:.1} {}", UNITS[unit]),
        _ => format!("{size:.0} {}", UNITS[unit]),
    }
}

/// An age for eyes: its two largest units.
pub(crate) fn age(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3600..86400 => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
        _ => format!("{} d {} h", seconds / 86400, seconds / 3600 % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::{age, bytes};

    #[test]
    fn sizes_and_ages_are_short() {
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(bytes(1024), "1.00 KiB");
        assert_eq!(bytes(64 << 20), "64.0 MiB");
        assert_eq!(bytes(u64::MAX), "16777216 TiB");
        assert_eq!(age(61), "1 min 1 s");
        assert_eq!(age(90_000), "1 d 1 h");
    }
}
