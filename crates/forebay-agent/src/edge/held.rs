//! Whether an answer came out of the cache, read from the fields in which caches say so.
//!
//! `Cache-Status` (RFC 9211) is believed first: it is a standard, and its last member is the cache nearest to us. Then what each vendor
//! has: the codes of Traffic Server's `Via`, two transactions in `X-Varnish`, the word in `X-Cache-Status` or `X-Cache`. A field that is
//! missing means that nobody knows, never that there was nothing.

use http::HeaderName;
use http::header::{AGE, VIA};

use super::answer::Answer;
use super::kind::EdgeKind;
use crate::outcome::Held;

const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");
/// Fields with a word such as `HIT`, the more telling first.
const WORDS: [&str; 4] = ["x-cache-status", "x-proxy-cache", "x-cache", "cf-cache-status"];

/// What an answer to `GET` or `HEAD` says of the cache that gave it.
pub(crate) fn held(kind: EdgeKind, answer: &Answer<'_>) -> Held {
    let said = [by_cache_status, by_via, by_word];
    let first = said.into_iter().map(|read| read(answer)).find(|held| *held != Held::Unknown);
    first.unwrap_or_else(|| match kind {
        EdgeKind::Varnish | EdgeKind::VarnishForebay => by_x_varnish(answer),
        _ => by_age(answer),
    })
}

/// Whether the answer says that the cache is keeping what it sends.
pub(crate) fn is_stored(answer: &Answer<'_>) -> Option<bool> {
    let member = last_member(answer);
    if let Some(member) = member
        && parameters(member).any(|parameter| parameter.eq_ignore_ascii_case("stored"))
    {
        return Some(true);
    }
    via_codes(answer).and_then(|codes| codes.fill).map(|fill| matches!(fill, 'W' | 'U'))
}

fn by_cache_status(answer: &Answer<'_>) -> Held {
    let Some(member) = last_member(answer) else { return Held::Unknown };
    for parameter in parameters(member) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        match (name.to_ascii_lowercase().as_str(), value) {
            ("hit", "" | "?1") => return Held::Hit,
            ("fwd", "stale") => return Held::Stale,
            ("fwd", _) => return Held::Miss,
            _ => {}
        }
    }
    Held::Unknown
}

/// The member of `Cache-Status` of the cache nearest to us.
fn last_member<'a>(answer: &Answer<'a>) -> Option<&'a str> {
    let line = answer.values(&CACHE_STATUS).next_back()?;
    Some(outside_quotes(line, ',').last().unwrap_or(line).trim())
}

fn parameters(member: &str) -> impl Iterator<Item = &str> {
    outside_quotes(member, ';').skip(1).map(str::trim)
}

/// The parts between separators that are not within a quoted string.
fn outside_quotes(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |c: char| {
        let ends = c == separator && !quoted;
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
        ends
    })
}

/// What Traffic Server says in brackets behind its name: pairs of a small letter, for what is told, and a code.
struct ViaCodes {
    cache: Option<char>,
    fill: Option<char>,
}

fn via_codes(answer: &Answer<'_>) -> Option<ViaCodes> {
    let line = answer.values(&VIA).rfind(|line| line.contains("TrafficServer"))?;
    let (_, codes) = line.rsplit_once('[')?;
    let mut found = ViaCodes { cache: None, fill: None };
    let mut chars = codes.chars().take_while(|c| !matches!(c, ':' | ']'));
    while let (Some(what), Some(code)) = (chars.next(), chars.next()) {
        match what {
            'c' => found.cache = Some(code),
            'f' => found.fill = Some(code),
            _ => {}
        }
    }
    Some(found)
}

fn by_via(answer: &Answer<'_>) -> Held {
    match via_codes(answer).and_then(|codes| codes.cache) {
        Some('H' | 'R' | 'I') => Held::Hit,
        Some('S') => Held::Stale,
        Some('M' | 'A') => Held::Miss,
        _ => Held::Unknown,
    }
}

fn by_word(answer: &Answer<'_>) -> Held {
    let word = WORDS.into_iter().find_map(|name| answer.value(name)).unwrap_or_default();
    // Several caches in a row write one list; the nearest comes last.
    let word = word.rsplit(',').next().unwrap_or_default().trim().to_ascii_uppercase();
    let word = word.strip_prefix("TCP_").unwrap_or(&word);
    let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| word.starts_with(prefix));
    if begins(&["HIT", "MEM_HIT", "REVALIDATED", "REFRESH_HIT"]) {
        Held::Hit
    } else if begins(&["STALE", "UPDATING", "EXPIRED", "REFRESH"]) {
        Held::Stale
    } else if begins(&["MISS", "BYPASS", "DYNAMIC", "SCARCE", "PASS"]) {
        Held::Miss
    } else {
        Held::Unknown
    }
}

/// One transaction means that the answer was fetched for it, two that it was found: the second is the one that had stored it.
fn by_x_varnish(answer: &Answer<'_>) -> Held {
    match answer.value("x-varnish").map(|ids| ids.split_whitespace().count()) {
        Some(1) => Held::Miss,
        Some(2) => Held::Hit,
        _ => by_age(answer),
    }
}

/// Something that has aged was stored; something that has not may be either.
fn by_age(answer: &Answer<'_>) -> Held {
    let age = answer.values(&AGE).next().and_then(|age| age.trim().parse::<u64>().ok());
    if age.is_some_and(|age| age > 0) { Held::Hit } else { Held::Unknown }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

    use super::*;

    fn with<T>(
        kind: EdgeKind,
        fields: &[(&'static str, &'static str)],
        read: impl Fn(EdgeKind, &Answer<'_>) -> T,
    ) -> T {
        let headers: HeaderMap = fields
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        read(kind, &Answer { status: StatusCode::OK, reason: "", headers: &headers, len: None })
    }

    fn said(kind: EdgeKind, fields: &[(&'static str, &'static str)]) -> Held {
        with(kind, fields, held)
    }

    #[test]
    fn the_codes_of_traffic_server_are_read_at_every_verbosity() {
        let via = |codes: &'static str| said(EdgeKind::Ats, &[("via", codes)]);
        assert_eq!(via("http/1.1 e (ApacheTrafficServer/9.2.9 [uScRs f p eN:t cCHp s ])"), Held::Hit);
        assert_eq!(via("http/1.1 e (ApacheTrafficServer/9.2.9 [uScHs f p eN:t cCHp s ])"), Held::Hit);
        assert_eq!(via("http/1.1 e (ApacheTrafficServer/9.2.9 [uScMsSfWpSeN:t cCMp sS])"), Held::Miss);
        assert_eq!(via("http/1.1 e (ApacheTrafficServer/9.2.9 [cSsNfU])"), Held::Stale);
        assert_eq!(via("http/1.1 e (ApacheTrafficServer/9.2.9 [uSc s f p eN:tNcCMp s ])"), Held::Unknown);
        assert_eq!(via("http/1.1 e (ApacheTrafficServer/9.2.9)"), Held::Unknown);
        assert_eq!(via("1.1 varnish (Varnish/7.1)"), Held::Unknown);
    }

    #[test]
    fn a_fill_is_what_the_cache_says_it_keeps() {
        let stored = |fields| with(EdgeKind::Ats, fields, |_, answer| is_stored(answer));
        assert_eq!(stored(&[("via", "e (ApacheTrafficServer/9.2.9 [uScMsSfWpSeN:t cCMp sS])")]), Some(true));
        assert_eq!(stored(&[("via", "e (ApacheTrafficServer/9.2.9 [uScMsSf pSeN:t cCMp sS])")]), Some(false));
        assert_eq!(stored(&[("cache-status", "s; fwd=uri-miss; stored")]), Some(true));
        assert_eq!(stored(&[("x-cache", "MISS")]), None);
    }

    #[test]
    fn the_nearest_cache_is_the_last_member() {
        let status = |value: &'static str| said(EdgeKind::Generic, &[("cache-status", value)]);
        assert_eq!(status("origin; fwd=uri-miss, edge; hit; ttl=30"), Held::Hit);
        assert_eq!(status("edge; hit, outer; fwd=uri-miss; stored"), Held::Miss);
        assert_eq!(status("\"a, b\"; hit; detail=\"x, fwd=miss\""), Held::Hit);
        assert_eq!(status("edge; fwd=stale"), Held::Stale);
        assert_eq!(status("edge"), Held::Unknown);
        assert_eq!(status(""), Held::Unknown);
    }

    #[test]
    fn words_of_vendors_are_understood_and_silence_is_not_a_miss() {
        let word = |name, value| said(EdgeKind::Generic, &[(name, value)]);
        assert_eq!(word("x-cache-status", "HIT"), Held::Hit);
        assert_eq!(word("x-cache-status", "EXPIRED"), Held::Stale);
        assert_eq!(word("x-cache", "MISS from squid.test"), Held::Miss);
        assert_eq!(word("x-cache", "HIT, MISS"), Held::Miss);
        assert_eq!(word("x-cache", "TCP_MEM_HIT from a"), Held::Hit);
        assert_eq!(word("x-cache", "Hit from cloudfront"), Held::Hit);
        assert_eq!(word("age", "7"), Held::Hit);
        assert_eq!(word("age", "0"), Held::Unknown);
        assert_eq!(said(EdgeKind::Generic, &[]), Held::Unknown);
        assert_eq!(said(EdgeKind::Varnish, &[("x-varnish", "32770")]), Held::Miss);
        assert_eq!(said(EdgeKind::Varnish, &[("x-varnish", "32773 32771"), ("age", "0")]), Held::Hit);
    }
}
