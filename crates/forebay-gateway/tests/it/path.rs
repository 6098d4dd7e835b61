//! From request targets to names, and the other parameters that come with them.

use forebay_gateway::cache_control::CacheRules;
use forebay_gateway::content_type;
use forebay_gateway::path::{PathError, decode, encode_segment};
use forebay_gateway::query::{Archive, Format, Order, Query, Sort};
use proptest::prelude::*;

#[test]
fn escapes_are_decoded_once() {
    assert_eq!(&*decode("/a/b.txt").unwrap(), b"a/b.txt");
    assert_eq!(&*decode("/a%20b").unwrap(), b"a b");
    assert_eq!(&*decode("/%E6%8A%A5").unwrap(), "报".as_bytes());
    assert_eq!(&*decode("/%ff").unwrap(), b"\xff", "names need not be UTF-8");
    assert_eq!(&*decode("/%2541").unwrap(), b"%41", "once, not twice");
    assert_eq!(&*decode("/a+b").unwrap(), b"a+b", "a plus is a plus in a path");
    assert_eq!(&*decode("/").unwrap(), b"");
}

#[test]
fn what_could_mean_two_things_is_refused() {
    for path in ["/%", "/%2", "/%zz", "/a%", "", "a", "*"] {
        assert_eq!(decode(path), Err(PathError::Malformed), "{path}");
    }
    for path in ["/%00", "/a%2fb", "/a%2F..%2Fb"] {
        assert_eq!(decode(path), Err(PathError::Forbidden), "{path}");
    }
}

#[test]
fn queries_are_read_and_strangers_ignored() {
    assert_eq!(Query::parse(""), Query::default());
    assert_eq!(Query::parse("download").download.as_deref(), Some(&b""[..]));
    assert_eq!(Query::parse("download=a+b%2Fc.txt").download.as_deref(), Some(&b"a b/c.txt"[..]));
    assert_eq!(Query::parse("x=1&archive=zip").archive, Some(Archive::Zip));
    assert_eq!(Query::parse("archive=rar").archive, None);
    let query = Query::parse("sort=size&order=desc&limit=20&after=%41&format=json&utm=x");
    assert_eq!((query.sort, query.order, query.limit), (Sort::Size, Order::Descending, Some(20)));
    assert_eq!((query.after.as_deref(), query.format), (Some(&b"A"[..]), Some(Format::Json)));
    assert_eq!(Query::parse("limit=0").limit, None);
    assert_eq!(Query::parse("limit=-5").limit, None);
}

#[test]
fn a_cache_rule_that_cannot_be_read_shows_one_that_can() {
    let error = CacheRules::parse(["*.css=max-age=60"]).unwrap_err().to_string();
    let example = error.split('"').nth(1).unwrap();
    let rules = CacheRules::parse([example]).unwrap();
    assert!(rules.policy(b"assets/app.js").is_some(), "{error}");
}

#[test]
fn the_first_cache_rule_that_matches_wins() {
    let rules = CacheRules::parse([
        "assets/**: max-age=31536000, immutable",
        "/*.html: no-cache",
        "*.css: max-age=60",
        "**: no-transform",
    ])
    .unwrap();
    let value = |name: &str| rules.policy(name.as_bytes()).map(|p| p.value.to_str().unwrap().to_owned());
    assert_eq!(value("assets/js/app.js").as_deref(), Some("max-age=31536000, immutable"));
    assert_eq!(value("index.html").as_deref(), Some("no-cache"));
    assert_eq!(value("sub/index.html").as_deref(), Some("no-transform"), "* stays within a segment");
    assert_eq!(value("a/b/x.css").as_deref(), Some("max-age=60"), "a pattern without a slash is about names");
    assert!(rules.policy(b"sub/index.html").unwrap().no_transform);
    assert!(CacheRules::default().policy(b"x").is_none());
    assert!(CacheRules::parse(["no colon"]).is_err());
    assert!(CacheRules::parse(["[: x"]).is_err());
    assert!(CacheRules::parse(["a: \u{1}"]).is_err());
}

#[test]
fn types_follow_the_extension() {
    let of = |name: &str| {
        let found = content_type::of(name.as_bytes());
        (found.value.to_str().unwrap().to_owned(), found.compressible)
    };
    assert_eq!(of("a/b.html"), ("text/html; charset=utf-8".into(), true));
    assert_eq!(of("a.TXT"), ("text/plain; charset=utf-8".into(), true));
    assert_eq!(of("a.js").0, "text/javascript; charset=utf-8");
    assert_eq!(of("a.svg"), ("image/svg+xml".into(), true));
    assert_eq!(of("a.json"), ("application/json".into(), true));
    assert_eq!(of("a.png"), ("image/png".into(), false));
    assert_eq!(of("dir.d/noext"), ("application/octet-stream".into(), false));
    assert_eq!(of(".gitignore").0, "application/octet-stream", "a hidden file has no extension");
}

proptest! {
    #[test]
    fn any_segment_survives_the_round_trip(name in prop::collection::vec(1_u8..=255, 1..60)) {
        prop_assume!(!name.contains(&b'/'));
        let path = format!("/{}", encode_segment(&name));
        prop_assert!(path.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~%/".contains(&b)));
        prop_assert_eq!(&*decode(&path).unwrap(), &name[..]);
    }

    #[test]
    fn any_path_is_read_without_panic_and_yields_no_nul(path in "/?([a-z/.]|%[0-9a-fA-F]{2}|%|%2[fF]|%00|\\PC){0,40}") {
        if let Ok(name) = decode(&path) {
            prop_assert!(!path.contains("%00") || !name.contains(&0));
        }
        let _ = Query::parse(&path);
    }
}
