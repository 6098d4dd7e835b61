//! Negotiation: RFC 9110 §12.4.2, §12.5.1 and §12.5.3.

use forebay_gateway::accept::negotiate_fields;
use forebay_gateway::encoding::{Accepted, Coding};
use proptest::prelude::*;

fn codings(field: &str) -> Vec<&'static str> {
    Accepted::read(std::iter::once(field.as_bytes())).preferred(Coding::ALL).map(Coding::name).collect()
}

fn form(field: &str) -> Option<&'static str> {
    negotiate_fields(&[field.as_bytes()], &["text/html", "application/json"])
}

#[test]
fn codings_come_in_the_order_of_their_weight_then_ours() {
    assert_eq!(codings("gzip, deflate, br, zstd"), ["br", "zstd", "gzip"]);
    assert_eq!(codings("gzip;q=1.0, br;q=0.5"), ["gzip", "br"]);
    assert_eq!(codings("GZIP"), ["gzip"]);
    assert_eq!(codings("x-gzip"), ["gzip"]);
    assert_eq!(codings("*"), ["br", "zstd", "gzip"]);
    assert_eq!(codings("*, br;q=0"), ["zstd", "gzip"]);
}

#[test]
fn what_is_forbidden_or_less_welcome_than_the_identity_is_not_sent() {
    assert_eq!(codings("gzip;q=0"), [""; 0]);
    assert_eq!(codings(""), [""; 0]);
    assert_eq!(codings("identity"), [""; 0]);
    assert_eq!(codings("identity;q=1, gzip;q=0.5"), [""; 0]);
    assert_eq!(codings("identity;q=0.5, gzip"), ["gzip"]);
    assert_eq!(codings("identity;q=0"), [""; 0], "nothing else is named: the identity is sent");
    assert_eq!(codings("*;q=0"), [""; 0]);
    assert_eq!(codings("gzip;q=2"), [""; 0], "not a weight: not wanted");
    assert_eq!(codings("gzip;q=0.0001"), [""; 0]);
}

#[test]
fn the_most_specific_media_range_decides() {
    assert_eq!(form("*/*"), Some("text/html"));
    assert_eq!(form(""), Some("text/html"));
    assert_eq!(form("application/json"), Some("application/json"));
    assert_eq!(form("application/*"), Some("application/json"));
    assert_eq!(form("text/html;q=0.5, */*"), Some("application/json"));
    assert_eq!(form("text/html, application/xhtml+xml, */*;q=0.8"), Some("text/html"));
    assert_eq!(form("application/json;charset=utf-8"), Some("application/json"));
    assert_eq!(form("image/png"), None);
    assert_eq!(form("*/*;q=0"), None);
}

proptest! {
    #[test]
    fn any_field_is_read_without_panic(field in prop::collection::vec(prop_oneof![
        Just(b','), Just(b';'), Just(b'q'), Just(b'='), Just(b'.'), Just(b'1'), Just(b'*'), Just(b'/'), any::<u8>(),
    ], 0..80)) {
        let _ = Accepted::read(std::iter::once(&field[..])).preferred(Coding::ALL).count();
        let _ = negotiate_fields(&[&field], &["text/html", "application/json"]);
    }

    #[test]
    fn a_refused_coding_is_never_chosen(weights in prop::collection::vec((prop::sample::select(vec!["br", "zstd", "gzip"]), 0..=1000_u32), 1..6)) {
        let field = weights.iter().map(|(name, q)| format!("{name};q={}.{:03}", q / 1000, q % 1000)).collect::<Vec<_>>().join(",");
        let chosen = codings(&field);
        for name in ["br", "zstd", "gzip"] {
            let last = weights.iter().rev().find(|(n, _)| *n == name).map(|(_, q)| *q);
            prop_assert_eq!(chosen.contains(&name), last.is_some_and(|q| q > 0), "{}", field);
        }
    }
}
