//! A `Range` field of foreign bytes: what is selected lies within the object, is disjoint, and never costs more than the object.
#![no_main]

use forebay_gateway::range::{PART_OVERHEAD, Selection, select};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u64, &[u8])| {
    let (len, field) = input;
    match select(field, len) {
        Selection::Whole | Selection::Unsatisfiable => {}
        Selection::One(span) => assert!(span.first <= span.last && span.last < len),
        Selection::Many(spans) => {
            assert!(spans.len() >= 2);
            assert!(spans.iter().all(|span| span.first <= span.last && span.last < len));
            let bytes: u128 = spans.iter().map(|span| u128::from(span.len())).sum();
            let heads = (spans.len() as u128 - 1) * u128::from(PART_OVERHEAD);
            assert!(bytes + heads <= u128::from(len), "an answer costs more than its object");
        }
    }
});
