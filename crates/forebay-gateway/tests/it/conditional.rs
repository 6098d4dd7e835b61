//! RFC 9110 §13.2.2, step by step, and the rules of `If-Range`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use forebay_gateway::conditional::{Conditions, Validators, Verdict};
use forebay_gateway::etag::{EntityTag, list_matches};
use forebay_gateway::range::Span;
use forebay_gateway::respond::decide::{Decision, Extent, decide};
use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;

const CHANGED: Duration = Duration::from_secs(1_700_000_000);
const NOW: Duration = Duration::from_secs(1_700_100_000);

fn at(time: Duration) -> SystemTime {
    UNIX_EPOCH + time
}

fn date(time: Duration) -> String {
    httpdate::fmt_http_date(at(time))
}

fn request(fields: &[(&str, &str)]) -> HeaderMap {
    fields
        .iter()
        .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap()))
        .collect()
}

fn object(weak: bool) -> Validators<'static> {
    // A fraction of a second that no HTTP date can express.
    let modified = Some(at(CHANGED + Duration::from_millis(700)));
    Validators { etag: Some(EntityTag { weak, opaque: b"abc" }), modified }
}

fn verdict(fields: &[(&str, &str)]) -> Verdict {
    Conditions::of(&request(fields)).evaluate(&object(false))
}

fn decision(fields: &[(&str, &str)]) -> Decision {
    decide(&Conditions::of(&request(fields)), &object(false), Extent::Known(1000), at(NOW))
}

#[test]
fn without_conditions_the_request_proceeds() {
    assert_eq!(verdict(&[("accept", "*/*")]), Verdict::Proceed);
    assert!(Conditions::of(&request(&[("host", "x")])).is_empty());
}

#[test]
fn step_1_if_match_compares_strongly() {
    assert_eq!(verdict(&[("if-match", r#""abc""#)]), Verdict::Proceed);
    assert_eq!(verdict(&[("if-match", r#""x", "abc""#)]), Verdict::Proceed);
    assert_eq!(verdict(&[("if-match", "*")]), Verdict::Proceed);
    assert_eq!(verdict(&[("if-match", r#""x""#)]), Verdict::Failed);
    assert_eq!(verdict(&[("if-match", r#"W/"abc""#)]), Verdict::Failed, "weak never matches strongly");
    assert_eq!(verdict(&[("if-match", "abc")]), Verdict::Failed, "malformed errs towards refusing");
    let weak = Conditions::of(&request(&[("if-match", r#""abc""#)])).evaluate(&object(true));
    assert_eq!(weak, Verdict::Failed);
}

#[test]
fn step_1_wins_over_step_2() {
    let long_ago = date(Duration::from_secs(0));
    let fields = [("if-match", r#""abc""#), ("if-unmodified-since", long_ago.as_str())];
    assert_eq!(verdict(&fields), Verdict::Proceed, "If-Unmodified-Since is not looked at");
}

#[test]
fn step_2_if_unmodified_since() {
    let (same, before) = (date(CHANGED), date(CHANGED - Duration::from_secs(1)));
    assert_eq!(verdict(&[("if-unmodified-since", &same)]), Verdict::Proceed);
    assert_eq!(verdict(&[("if-unmodified-since", &before)]), Verdict::Failed);
    assert_eq!(verdict(&[("if-unmodified-since", "yesterday")]), Verdict::Proceed, "not a date: ignored");
}

#[test]
fn step_3_if_none_match_compares_weakly() {
    assert_eq!(verdict(&[("if-none-match", r#""abc""#)]), Verdict::NotModified);
    assert_eq!(verdict(&[("if-none-match", r#"W/"abc""#)]), Verdict::NotModified);
    assert_eq!(verdict(&[("if-none-match", r#""x" , W/"abc""#)]), Verdict::NotModified);
    assert_eq!(verdict(&[("if-none-match", "*")]), Verdict::NotModified);
    assert_eq!(verdict(&[("if-none-match", r#""x""#)]), Verdict::Proceed);
    assert_eq!(verdict(&[("if-none-match", r#""x""#), ("if-none-match", r#""abc""#)]), Verdict::NotModified);
}

#[test]
fn step_3_wins_over_step_4() {
    let later = date(NOW);
    let fields = [("if-none-match", r#""x""#), ("if-modified-since", later.as_str())];
    assert_eq!(verdict(&fields), Verdict::Proceed, "If-Modified-Since is not looked at");
}

#[test]
fn step_4_if_modified_since_has_whole_seconds() {
    let (same, before) = (date(CHANGED), date(CHANGED - Duration::from_secs(1)));
    assert_eq!(verdict(&[("if-modified-since", &same)]), Verdict::NotModified);
    assert_eq!(verdict(&[("if-modified-since", &before)]), Verdict::Proceed);
    assert_eq!(verdict(&[("if-modified-since", "0")]), Verdict::Proceed);
    assert_eq!(verdict(&[("if-modified-since", "Sunday, 06-Nov-94 08:49:37 GMT")]), Verdict::Proceed);
}

#[test]
fn a_failed_precondition_comes_before_a_match_and_before_a_range() {
    let fields = [("if-match", r#""x""#), ("if-none-match", r#""abc""#), ("range", "bytes=0-1")];
    assert_eq!(decision(&fields), Decision::PreconditionFailed);
    assert_eq!(decision(&[("if-none-match", r#""abc""#), ("range", "bytes=5000-")]), Decision::NotModified);
}

#[test]
fn step_5_if_range_by_tag_is_strong() {
    let part = Decision::Part(Span { first: 0, last: 9 });
    assert_eq!(decision(&[("range", "bytes=0-9")]), part);
    assert_eq!(decision(&[("range", "bytes=0-9"), ("if-range", r#""abc""#)]), part);
    assert_eq!(decision(&[("range", "bytes=0-9"), ("if-range", r#""x""#)]), Decision::Whole);
    assert_eq!(decision(&[("range", "bytes=0-9"), ("if-range", r#"W/"abc""#)]), Decision::Whole);
    assert_eq!(decision(&[("range", "bytes=0-9"), ("if-range", "*")]), Decision::Whole);
    assert_eq!(
        decision(&[("range", "bytes=0-9"), ("if-range", r#""abc", "abc""#)]),
        Decision::Whole,
        "no lists"
    );
    assert_eq!(decision(&[("range", "bytes=5000-"), ("if-range", r#""x""#)]), Decision::Whole, "no 416");
    assert_eq!(decision(&[("if-range", r#""x""#)]), Decision::Whole, "without Range it means nothing");
}

#[test]
fn step_5_if_range_by_date_is_exact_and_its_second_is_over() {
    let part = Decision::Part(Span { first: 0, last: 9 });
    let ask = |when: Duration| decision(&[("range", "bytes=0-9"), ("if-range", date(when).as_str())]);
    assert_eq!(ask(CHANGED), part);
    assert_eq!(ask(CHANGED + Duration::from_secs(1)), Decision::Whole, "later is not equal");
    assert_eq!(ask(CHANGED - Duration::from_secs(1)), Decision::Whole);
    let headers = request(&[("range", "bytes=0-9"), ("if-range", date(CHANGED).as_str())]);
    let within = at(CHANGED + Duration::from_millis(900));
    let verdict = decide(&Conditions::of(&headers), &object(false), Extent::Known(1000), within);
    assert_eq!(verdict, Decision::Whole, "it may change once more within this second");
}

#[test]
fn a_representation_of_unknown_length_has_no_ranges() {
    let headers = request(&[("range", "bytes=0-9")]);
    let verdict = decide(&Conditions::of(&headers), &object(true), Extent::Unknown, at(NOW));
    assert_eq!(verdict, Decision::Whole);
}

#[test]
fn tags_are_read_as_the_grammar_has_them() {
    assert_eq!(EntityTag::parse(br#""""#), Some(EntityTag { weak: false, opaque: b"" }));
    assert_eq!(EntityTag::parse(br#"W/"a,b""#), Some(EntityTag { weak: true, opaque: b"a,b" }));
    for bad in [r#"w/"a""#, r#""a"#, r#"a""#, r#""a b""#, r#""a"x"#, "", r#"W/a"#, r#"W/ "a""#] {
        assert_eq!(EntityTag::parse(bad.as_bytes()), None, "{bad}");
    }
    assert!(list_matches(br#""a,b", "c""#, |tag| tag.opaque == b"c"), "a comma inside does not split");
    assert!(list_matches(br#", ,"a",,"b","#, |tag| tag.opaque == b"b"));
    assert!(!list_matches(br#""a" "b""#, |tag| tag.opaque == b"b"));
}

proptest! {
    #[test]
    fn any_fields_are_read_without_panic(
        fields in prop::collection::vec((prop::sample::select(vec![
            "if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range", "range",
        ]), prop::collection::vec(prop_oneof![Just(b'"'), Just(b','), Just(b'W'), Just(b'/'), 0x20_u8..=0x7e, 0x80_u8..=0xff], 0..40)), 0..6),
        len in any::<u64>(),
    ) {
        let headers: HeaderMap = fields
            .into_iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_bytes(&value).unwrap()))
            .collect();
        let _ = decide(&Conditions::of(&headers), &object(false), Extent::Known(len), at(NOW));
    }

    #[test]
    fn a_list_matches_exactly_its_members(tags in prop::collection::vec("[a-z,]{0,6}", 1..8), probe in "[a-z,]{0,6}") {
        let field = tags.iter().map(|t| format!("\"{t}\"")).collect::<Vec<_>>().join(", ");
        let found = list_matches(field.as_bytes(), |tag| tag.opaque == probe.as_bytes());
        prop_assert_eq!(found, tags.contains(&probe));
    }
}
