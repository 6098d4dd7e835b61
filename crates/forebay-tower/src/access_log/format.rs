//! JSON by hand: strings with a bound on their escaped length, numbers, times; into a reused buffer.

use std::cell::RefCell;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::WhiteSpace;

/// A thread's buffer is given back when a record made it larger than this.
const SCRATCH_KEPT: usize = 32 * 1024;

thread_local! {
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Lends the thread's buffer, empty.
pub(super) fn with_scratch<R>(work: impl FnOnce(&mut Vec<u8>) -> R) -> R {
    // Taken out for the time of the work: a classifier that logs through another layer gets a new one.
    let mut scratch = SCRATCH.take();
    scratch.clear();
    let result = work(&mut scratch);
    if scratch.capacity() <= SCRATCH_KEPT {
        SCRATCH.set(scratch);
    }
    result
}

/// The character, if UTF-8 begins with one of U+0080 to U+009F: two bytes, of which the second is its number.
fn upper_control(text: &[u8]) -> Option<u8> {
    match text {
        [0xc2, control @ 0x80..=0x9f, ..] => Some(*control),
        _ => None,
    }
}

/// Writes text as the inside of a JSON string, until its *escaped* length reaches a bound. White space may
/// be collapsed, after the cut: what it saves does not make room for more. Control characters are escaped, those of
/// the upper half too (U+0080 to U+009F): some terminals obey them.
pub(super) struct Escaper<'a> {
    out: &'a mut Vec<u8>,
    left: usize,
    white_space: WhiteSpace,
    after_space: bool,
    cut: bool,
}

impl<'a> Escaper<'a> {
    pub(super) const fn new(out: &'a mut Vec<u8>, max: usize, white_space: WhiteSpace) -> Self {
        Self { out, left: max, white_space, after_space: false, cut: false }
    }

    pub(super) fn push(&mut self, text: &str) {
        let mut rest = text;
        while !rest.is_empty() && !self.cut {
            let collapse = self.white_space == WhiteSpace::Collapse;
            let special = |at: &usize| {
                let byte = rest.as_bytes()[*at];
                byte < 0x20
                    || matches!(byte, b'"' | b'\\' | 0x7f)
                    || collapse && byte == b' '
                    || upper_control(&rest.as_bytes()[*at..]).is_some()
            };
            match (0..rest.len()).find(special).unwrap_or(rest.len()) {
                0 => match upper_control(rest.as_bytes()) {
                    Some(control) => {
                        self.special(control);
                        rest = &rest[2..];
                    }
                    None => {
                        self.special(rest.as_bytes()[0]);
                        rest = &rest[1..];
                    }
                },
                plain => {
                    self.plain(&rest[..plain]);
                    rest = &rest[plain..];
                }
            }
        }
    }

    /// Whether something did not fit.
    pub(super) const fn is_cut(&self) -> bool {
        self.cut
    }

    fn plain(&mut self, text: &str) {
        let fits = text.floor_char_boundary(self.left);
        self.out.extend_from_slice(&text.as_bytes()[..fits]);
        self.left -= fits;
        self.cut = fits < text.len();
        self.after_space = false;
    }

    fn special(&mut self, byte: u8) {
        let hex = |nibble: u8| b"0123456789abcdef"[usize::from(nibble & 15)];
        let unicode = [b'\\', b'u', b'0', b'0', hex(byte >> 4), hex(byte)];
        let escaped: &[u8] = match byte {
            b' ' => b" ",
            b'"' => b"\\\"",
            b'\\' => b"\\\\",
            b'\n' => b"\\n",
            b'\r' => b"\\r",
            b'\t' => b"\\t",
            _ => &unicode,
        };
        if escaped.len() > self.left {
            self.cut = true;
            return;
        }
        self.left -= escaped.len();
        let space = self.white_space == WhiteSpace::Collapse && byte.is_ascii_whitespace();
        if !space {
            self.out.extend_from_slice(escaped);
        } else if !self.after_space {
            self.out.push(b' ');
        }
        self.after_space = space;
    }
}

pub(super) fn number(out: &mut Vec<u8>, mut n: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (n % 10) as u8;
        n /= 10;
        if n == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Milliseconds with three decimals.
pub(super) fn millis(out: &mut Vec<u8>, time: Duration) {
    let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    number(out, micros / 1000);
    out.push(b'.');
    padded(out, micros % 1000, 100);
}

/// RFC 3339 in UTC with milliseconds: `2026-11-21T02:27:09.123Z`.
pub(super) fn timestamp(out: &mut Vec<u8>, at: SystemTime) {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, second) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let (year, month, day) = civil(days);
    padded(out, year, 1000);
    for (separator, n) in
        [(b'-', month), (b'-', day), (b'T', second / 3600), (b':', second / 60 % 60), (b':', second % 60)]
    {
        out.push(separator);
        padded(out, n, 10);
    }
    out.push(b'.');
    padded(out, u64::from(since.subsec_millis()), 100);
    out.push(b'Z');
}

/// `n` with leading zeros; `unit` is the power of ten of its first digit.
fn padded(out: &mut Vec<u8>, n: u64, mut unit: u64) {
    while unit > 0 {
        out.push(b'0' + (n / unit % 10) as u8);
        unit /= 10;
    }
}

/// Year, month and day of a day since 1970, in the proleptic Gregorian calendar. Years are counted from
/// March, so that the leap day is the last of a year, in eras of 400 years (146,097 days).
const fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (era * 400 + year_of_era + (month <= 2) as u64, month, day)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn escaped(text: &str, max: usize, white_space: WhiteSpace) -> (String, bool) {
        let mut out = Vec::new();
        let mut escaper = Escaper::new(&mut out, max, white_space);
        escaper.push(text);
        let cut = escaper.is_cut();
        (String::from_utf8(out).unwrap(), cut)
    }

    fn written(at: Duration) -> String {
        let mut out = Vec::new();
        timestamp(&mut out, UNIX_EPOCH + at);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn times_are_rfc_3339() {
        assert_eq!(written(Duration::ZERO), "1970-01-01T00:00:00.000Z");
        assert_eq!(written(Duration::from_millis(951_782_400_007)), "2000-02-29T00:00:00.007Z");
        assert_eq!(written(Duration::from_secs(4_102_444_799)), "2099-12-31T23:59:59.000Z");
        assert_eq!(written(Duration::from_secs(1_795_228_029)), "2026-11-21T02:27:09.000Z");
    }

    #[test]
    fn numbers_and_latencies() {
        let mut out = Vec::new();
        number(&mut out, 0);
        number(&mut out, u64::MAX);
        out.push(b' ');
        millis(&mut out, Duration::from_micros(12_034));
        assert_eq!(out, b"018446744073709551615 12.034");
    }

    #[test]
    fn the_bound_counts_escaped_bytes() {
        assert_eq!(escaped("a\"b", 3, WhiteSpace::Keep), ("a\\\"".to_owned(), true));
        assert_eq!(escaped("a\"b", 4, WhiteSpace::Keep), ("a\\\"b".to_owned(), false));
        assert_eq!(escaped("\u{1}", 5, WhiteSpace::Keep), (String::new(), true));
        assert_eq!(escaped("é", 1, WhiteSpace::Keep), (String::new(), true));
    }

    #[test]
    fn white_space_is_collapsed_after_the_cut() {
        let text = "{\n  \"a\":  1\n}";
        assert_eq!(escaped(text, 100, WhiteSpace::Collapse).0, "{ \\\"a\\\": 1 }");
        // Ten escaped bytes are `{\n  \"a\"`, which collapse to eight; what is saved buys nothing.
        assert_eq!(escaped(text, 10, WhiteSpace::Collapse), ("{ \\\"a\\\"".to_owned(), true));
    }

    proptest! {
        /// What is written is at most `max` long, is the inside of a JSON string, and reads back as a
        /// prefix of the text; all of it unless it was cut.
        #[test]
        fn escaping_keeps_its_bound_and_reads_back(text in "(?s).{0,200}", max in 0usize..300) {
            let (out, cut) = escaped(&text, max, WhiteSpace::Keep);
            prop_assert!(out.len() <= max);
            let back: String = serde_json::from_str(&format!("\"{out}\"")).unwrap();
            prop_assert!(text.starts_with(&back));
            prop_assert_eq!(cut, back.len() < text.len());
        }

        /// Collapsing never writes more, and reads back as the same words.
        #[test]
        fn collapsing_keeps_the_words(text in "[a-c \\n\\t\"]{0,200}", max in 0usize..300) {
            let (kept, _) = escaped(&text, max, WhiteSpace::Keep);
            let (collapsed, _) = escaped(&text, max, WhiteSpace::Collapse);
            prop_assert!(collapsed.len() <= kept.len());
            let words = |json: &str| -> Vec<String> {
                let text: String = serde_json::from_str(&format!("\"{json}\"")).unwrap();
                text.split_whitespace().map(str::to_owned).collect()
            };
            prop_assert_eq!(words(&collapsed), words(&kept));
        }

        #[test]
        fn every_day_has_its_date(day in 0u64..80_000) {
            let (year, month, date) = civil(day);
            let (next_year, next_month, next_date) = civil(day + 1);
            prop_assert!((1..=12).contains(&month) && (1..=31).contains(&date));
            prop_assert!((next_year, next_month, next_date) > (year, month, date));
            prop_assert!(next_date == date + 1 || next_date == 1);
        }
    }
}
