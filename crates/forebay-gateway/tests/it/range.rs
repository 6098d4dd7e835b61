//! Every sentence of RFC 9110 §14.1 and §14.2 that a `Range` header can meet, then the guards.

use forebay_gateway::range::{Outlook, PART_OVERHEAD, RANGES_MAX, Selection, Span, outlook, select};
use proptest::prelude::*;

fn span(first: u64, last: u64) -> Span {
    Span { first, last }
}

fn one(first: u64, last: u64) -> Selection {
    Selection::One(span(first, last))
}

#[test]
fn the_examples_of_the_rfc() {
    assert_eq!(select(b"bytes=0-499", 10_000), one(0, 499));
    assert_eq!(select(b"bytes=500-999", 10_000), one(500, 999));
    assert_eq!(select(b"bytes=-500", 10_000), one(9_500, 9_999));
    assert_eq!(select(b"bytes=9500-", 10_000), one(9_500, 9_999));
    assert_eq!(select(b"bytes=0-0,-1", 10_000), Selection::Many(vec![span(0, 0), span(9_999, 9_999)]));
    assert_eq!(select(b"bytes= 0-999, 4500-5499, -1000", 10_000), {
        Selection::Many(vec![span(0, 999), span(4_500, 5_499), span(9_000, 9_999)])
    });
    assert_eq!(select(b"bytes=500-700,601-999", 10_000), one(500, 999), "overlapping: coalesced");
}

#[test]
fn ends_are_clamped_and_suffixes_longer_than_the_object_are_the_object() {
    assert_eq!(select(b"bytes=10-99999", 100), one(10, 99));
    assert_eq!(select(b"bytes=-1000", 100), one(0, 99));
    assert_eq!(select(b"bytes=0-18446744073709551615", 100), one(0, 99));
    assert_eq!(select(b"bytes=0-99999999999999999999999999", 100), one(0, 99), "more than 64 bits");
}

#[test]
fn malformed_headers_and_other_units_are_ignored() {
    for header in [
        "",
        "bytes",
        "bytes=",
        "bytes= ,",
        "bytes=,,",
        "bytes=-",
        "bytes=a-b",
        "bytes=1",
        "bytes=5-2",
        "bytes=--5",
        "bytes=-5-",
        "bytes=1-2-3",
        "bytes=+1-2",
        "bytes=0x1-2",
        "bytes=1 -2",
        "bytes=0-1,x",
        "items=0-1",
        "octets=0-1",
        "bytes:0-1",
        "seconds=1-2",
        "bytes 0-1",
        "none=0-1",
    ] {
        assert_eq!(select(header.as_bytes(), 100), Selection::Whole, "{header:?}");
    }
}

#[test]
fn the_unit_is_case_insensitive_and_list_elements_may_be_empty() {
    assert_eq!(select(b"Bytes=0-1", 100), one(0, 1));
    assert_eq!(select(b"bytes=,0-1 ,\t,", 100), one(0, 1));
}

#[test]
fn what_lies_outside_is_dropped_and_refused_only_when_nothing_is_left() {
    assert_eq!(select(b"bytes=100-", 100), Selection::Unsatisfiable);
    assert_eq!(select(b"bytes=-0", 100), Selection::Unsatisfiable);
    assert_eq!(select(b"bytes=99999999999999999999999-", 100), Selection::Unsatisfiable);
    assert_eq!(select(b"bytes=0-1,100-200", 100), one(0, 1));
}

#[test]
fn an_empty_object_has_no_ranges() {
    for header in ["bytes=0-", "bytes=-1", "bytes=0-0", "bytes=5-"] {
        assert_eq!(select(header.as_bytes(), 0), Selection::Whole, "{header}");
    }
}

#[test]
fn more_ranges_than_the_guard_allows_are_ignored_even_if_unsatisfiable() {
    let spread = |n: u64| (0..n).map(|i| format!("{0}-{0}", i * 1000)).collect::<Vec<_>>().join(",");
    let allowed = RANGES_MAX as u64;
    let Selection::Many(parts) = select(format!("bytes={}", spread(allowed)).as_bytes(), 1 << 20) else {
        panic!("{allowed} ranges are allowed");
    };
    assert_eq!(parts.len(), RANGES_MAX);
    assert_eq!(select(format!("bytes={}", spread(allowed + 1)).as_bytes(), 1 << 20), Selection::Whole);
    let outside = ["9999999-"; RANGES_MAX + 1].join(",");
    assert_eq!(select(format!("bytes={outside}").as_bytes(), 100), Selection::Whole);
}

#[test]
fn the_range_bomb_selects_the_object_once() {
    let bomb = format!("bytes={}", ["0-"; 20].join(","));
    assert_eq!(select(bomb.as_bytes(), 200 << 20), one(0, (200 << 20) - 1));
}

#[test]
fn the_order_asked_for_is_kept_unless_ranges_are_merged() {
    assert_eq!(
        select(b"bytes=900-999,0-99", 1000),
        Selection::Many(vec![span(900, 999), span(0, 99)]),
        "a client may want the tail first"
    );
    assert_eq!(select(b"bytes=900-999,50-99,0-49", 1000), Selection::Many(vec![span(0, 99), span(900, 999)]));
}

#[test]
fn gaps_cheaper_than_a_part_are_sent() {
    let gap = PART_OVERHEAD;
    assert_eq!(select(format!("bytes=0-0,{gap}-{gap}").as_bytes(), 1000), one(0, gap));
    let far = gap + 1;
    assert_eq!(
        select(format!("bytes=0-0,{far}-{far}").as_bytes(), 1000),
        Selection::Many(vec![span(0, 0), span(far, far)])
    );
}

/// Specs near and far, valid and not, as text.
fn spec() -> impl Strategy<Value = String> {
    prop_oneof![
        (0..5_000_u64, 0..5_000_u64).prop_map(|(a, b)| format!("{a}-{b}")),
        (0..5_000_u64, 0..300_u64).prop_map(|(a, n)| format!("{a}-{}", a + n)),
        (0..5_000_u64).prop_map(|a| format!("{a}-")),
        (0..5_000_u64).prop_map(|a| format!("-{a}")),
        any::<u64>().prop_map(|a| format!("{a}-")),
        Just(String::new()),
    ]
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic_and_within_the_object(header in prop::collection::vec(any::<u8>(), 0..200), len in any::<u64>()) {
        match select(&header, len) {
            Selection::One(s) => prop_assert!(s.first <= s.last && s.last < len),
            Selection::Many(all) => prop_assert!(all.iter().all(|s| s.first <= s.last && s.last < len)),
            Selection::Whole | Selection::Unsatisfiable => {}
        }
    }

    #[test]
    fn an_answer_never_exceeds_the_object_by_more_than_one_part_header(
        specs in prop::collection::vec(spec(), 1..80), len in 0..5_000_u64,
    ) {
        let header = format!("bytes={}", specs.join(","));
        if let Selection::Many(parts) = select(header.as_bytes(), len) {
            prop_assert!(parts.len() >= 2 && parts.len() <= RANGES_MAX);
            let sum: u64 = parts.iter().map(Span::len).sum();
            prop_assert!(sum + (parts.len() as u64 - 1) * PART_OVERHEAD <= len);
            let mut sorted = parts;
            sorted.sort_unstable();
            prop_assert!(sorted.windows(2).all(|p| p[0].last < p[1].first), "disjoint");
        }
    }

    #[test]
    fn every_byte_asked_for_is_sent(specs in prop::collection::vec((0..3_000_u64, 0..400_u64), 1..40), len in 1..3_000_u64) {
        let header = specs.iter().map(|(a, n)| format!("{a}-{}", a + n)).collect::<Vec<_>>().join(",");
        let sent = match select(format!("bytes={header}").as_bytes(), len) {
            Selection::One(s) => vec![s],
            Selection::Many(all) => all,
            Selection::Unsatisfiable => vec![],
            Selection::Whole => vec![span(0, len - 1)],
        };
        for (first, n) in specs {
            for at in first..=(first + n) {
                prop_assert_eq!(at < len, at < len && sent.iter().any(|s| s.first <= at && at <= s.last));
            }
        }
    }

    #[test]
    fn what_is_foreseen_is_what_is_selected(
        specs in prop::collection::vec(spec(), 0..3), noise in "[a-z=,0-9 -]{0,3}", len in 0..3_000_u64,
    ) {
        let header = format!("bytes={}{noise}", specs.join(","));
        let selected = select(header.as_bytes(), len);
        match outlook(header.as_bytes()) {
            Outlook::Whole => prop_assert_eq!(selected, Selection::Whole),
            Outlook::Part { .. } if len == 0 => prop_assert_eq!(selected, Selection::Whole),
            Outlook::Part { first, .. } if first >= len => prop_assert_eq!(selected, Selection::Unsatisfiable),
            Outlook::Part { first, last } => {
                prop_assert_eq!(selected, one(first, last.unwrap_or(u64::MAX).min(len - 1)));
            }
            Outlook::Unknown => {}
        }
    }

    #[test]
    fn a_single_range_is_what_it_says(a in 0..1_000_u64, n in 0..1_000_u64, len in 1..1_000_u64) {
        let expected = if a < len { one(a, (a + n).min(len - 1)) } else { Selection::Unsatisfiable };
        prop_assert_eq!(select(format!("bytes={a}-{}", a + n).as_bytes(), len), expected);
    }
}
