//! What a client likes: `Accept-Encoding` and the query of foreign bytes, against plain readings of the same grammars. A coding that
//! is refused is never sent, the order is that of the weights, and a name in a query is decoded once.
#![no_main]

use forebay_gateway::encoding::{Accepted, Coding};
use forebay_gateway::query::Query;
use libfuzzer_sys::fuzz_target;

/// A weight as RFC 9110 §12.4.2 writes it, in thousandths; what is not one is a refusal.
fn weight(text: &str) -> u16 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let good =
        matches!(whole, "0" | "1") && fraction.len() <= 3 && fraction.bytes().all(|b| b.is_ascii_digit());
    let thousandths: u16 = format!("{whole}{fraction:0<3}").parse().unwrap_or(0);
    if good && thousandths <= 1000 { thousandths } else { 0 }
}

/// What the last element of this name says.
fn said(field: &str, names: &[&str]) -> Option<u16> {
    field.split(',').rev().find_map(|element| {
        let mut parts = element.split(';').map(str::trim_ascii);
        let name = parts.next()?;
        let named = names.iter().any(|wanted| name.eq_ignore_ascii_case(wanted));
        let own = |part: &str| {
            part.get(..2).filter(|key| key.eq_ignore_ascii_case("q=")).map(|_| weight(&part[2..]))
        };
        named.then(|| parts.find_map(own).unwrap_or(1000))
    })
}

fn accepted(field: &str) {
    let others = said(field, &["*"]);
    let liked = |coding: Coding| {
        let names: &[&str] = if coding == Coding::Gzip { &["gzip", "x-gzip"] } else { &[coding.name()] };
        said(field, names).or(others).unwrap_or(0)
    };
    let identity = said(field, &["identity"]).or(others.filter(|weight| *weight == 0)).unwrap_or(1);
    let mut wanted: Vec<Coding> =
        Coding::ALL.into_iter().filter(|c| liked(*c) > 0 && liked(*c) >= identity).collect();
    wanted.sort_by_key(|coding| std::cmp::Reverse(liked(*coding)));
    let found: Vec<Coding> =
        Accepted::read(std::iter::once(field.as_bytes())).preferred(Coding::ALL).collect();
    assert_eq!(found, wanted, "{field:?}");
}

fn query(text: &str) {
    let value = |key: &str| {
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).filter(|(k, _)| *k == key).last()
    };
    let decoded =
        |text: &str| -> Vec<u8> { percent_encoding::percent_decode_str(&text.replace('+', " ")).collect() };
    let found = Query::parse(text);
    assert_eq!(found.download, value("download").map(|(_, name)| decoded(name)));
    assert_eq!(
        found.archive.is_some(),
        value("archive").is_some_and(|(_, form)| form == "tar" || form == "zip")
    );
    assert_ne!(found.limit, Some(0));
}

/// What such fields and queries are made of.
const WORDS: [&str; 24] = [
    "gzip", "br", "zstd", "x-gzip", "*", "identity", ",", ",", ";", "q=", "Q=", "0", "1", ".", "5", " ", "&",
    "=", "download", "archive", "tar", "limit", "%20+", "%",
];

fuzz_target!(|input: (&str, &[u8])| {
    let (foreign, bytes) = input;
    let made: String = bytes.iter().map(|byte| WORDS[usize::from(*byte) % WORDS.len()]).collect();
    for text in [foreign, &made] {
        accepted(text);
        query(text);
    }
});
