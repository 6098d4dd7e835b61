//! A `Range` field of foreign bytes, against a second reading of the same grammar that is written to be plain instead of quick:
//! every byte asked for is sent, what else is sent is cheaper than saying so, and nothing costs more than the object.
#![no_main]

use forebay_gateway::range::{PART_OVERHEAD, RANGES_MAX, Selection, Span, select};
use libfuzzer_sys::fuzz_target;

/// What the field asks for: `None` if it is to be ignored.
fn asked(field: &[u8], len: u64) -> Option<Vec<(u64, u64)>> {
    let text = std::str::from_utf8(field).ok()?.trim_ascii();
    let (unit, set) = text.split_once('=')?;
    if !unit.eq_ignore_ascii_case("bytes") || len == 0 {
        return None;
    }
    let specs: Vec<&str> = set.split(',').map(str::trim_ascii).filter(|spec| !spec.is_empty()).collect();
    if specs.is_empty() || specs.len() > RANGES_MAX {
        return None;
    }
    let mut runs = Vec::new();
    for spec in specs {
        let (from, to) = spec.split_once('-')?;
        match (from.is_empty(), to.is_empty()) {
            (true, true) => return None,
            (true, false) => {
                let suffix = number(to)?.min(u128::from(len)) as u64;
                runs.extend((suffix > 0).then(|| (len - suffix, len - 1)));
            }
            (false, _) => {
                let first = number(from)?;
                let last = if to.is_empty() { u128::MAX } else { number(to)? };
                if last < first {
                    return None;
                }
                let last = last.min(u128::from(len) - 1) as u64;
                runs.extend((first < u128::from(len)).then(|| (first as u64, last)));
            }
        }
    }
    Some(runs)
}

/// Digits only; more of them than any object has bytes are as good as any.
fn number(digits: &str) -> Option<u128> {
    let all_digits = digits.bytes().all(|b| b.is_ascii_digit());
    let value = digits.parse().unwrap_or(u128::MAX).min(u128::from(u64::MAX));
    all_digits.then_some(value)
}

/// What range sets are made of, so that most of what is made is one.
const WORDS: [&str; 16] = [
    "-",
    "-",
    "-",
    ",",
    ",",
    "0",
    "1",
    "9",
    "10",
    "255",
    "256",
    "257",
    "1000",
    " ",
    "18446744073709551615",
    "x",
];

fuzz_target!(|input: (u64, bool, &[u8])| {
    let (len, foreign, bytes) = input;
    let made = || bytes.iter().map(|byte| WORDS[usize::from(byte % 16)]).collect::<String>();
    if foreign {
        check(bytes, len);
    } else {
        check(format!("bytes={}", made()).as_bytes(), len % 5000);
    }
});

fn check(field: &[u8], len: u64) {
    let asked = asked(field, len);
    let spans: Vec<Span> = match select(field, len) {
        Selection::Whole => return assert_eq!(asked, None),
        Selection::Unsatisfiable => return assert_eq!(asked, Some(Vec::new())),
        Selection::One(span) => vec![span],
        Selection::Many(spans) => spans,
    };
    let Some(asked) = asked else { panic!("a field that is to be ignored selects {spans:?}") };
    assert!(spans.iter().all(|span| span.first <= span.last && span.last < len));
    let bytes: u128 = spans.iter().map(|span| u128::from(span.len())).sum();
    let heads = (spans.len() as u128 - 1) * u128::from(PART_OVERHEAD);
    assert!(bytes + heads <= u128::from(len), "an answer costs more than its object");
    for (first, last) in &asked {
        assert!(
            spans.iter().any(|span| span.first <= *first && *last <= span.last),
            "{first}-{last} is not sent"
        );
    }
    for span in spans {
        // Walks through the span from one run asked for to the next: no gap is worth a part of its own.
        let (mut at, mut begins) = (span.first, false);
        loop {
            let next =
                asked.iter().filter(|(first, last)| *first < at.saturating_add(PART_OVERHEAD) && *last >= at);
            begins |= asked.iter().any(|(first, _)| *first == span.first);
            match next.map(|(_, last)| *last).max() {
                Some(last) if last >= span.last => {
                    break assert_eq!(last, span.last, "more is sent than asked for");
                }
                Some(last) => at = last + 1,
                None => panic!("nobody asked for {at} of {span:?}"),
            }
        }
        assert!(begins, "nobody asked for the start of {span:?}");
    }
}
