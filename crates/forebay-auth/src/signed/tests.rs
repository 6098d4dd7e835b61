//! Links that are good, altered, expired, replayed and rearranged; and that no two asks have one text.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::Method;
use proptest::prelude::*;

use super::{Methods, Narrowed, Request, SignedError, Terms, UrlKeys, UrlSecret, canonical};
use crate::name::{Group, Name};
use crate::place::Place;

// 0x00 to 0x1f.
const SECRET: &str = "fbk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_800_000_000 + seconds)
}

fn keys() -> UrlKeys {
    UrlKeys::parse(&format!("2026-11 share {SECRET} @links"), DAY).unwrap()
}

fn plain() -> Terms {
    Terms { methods: Methods::GET, expires: at(60), network: None, bytes_max: None, file_name: None }
}

fn rich() -> Terms {
    Terms {
        methods: "PUT,POST".parse().unwrap(),
        network: Some("192.0.2.0/24".parse().unwrap()),
        bytes_max: Some(1 << 20),
        file_name: Some("résumé & co.pdf".into()),
        ..plain()
    }
}

/// What comes of a query with a request that is as good as can be but for what is changed.
fn verify<'a>(query: &str, change: impl FnOnce(&mut Request<'a>)) -> Option<Result<Narrowed, SignedError>> {
    let mut request = Request {
        method: &Method::GET,
        place: Place::new(b"a/b c").unwrap(),
        client: Some(IpAddr::from([192, 0, 2, 7])),
        now: at(0),
    };
    change(&mut request);
    Some(keys().verify(query, &request)?.map(|(_, narrowed)| narrowed))
}

fn sign(terms: &Terms) -> String {
    keys().first().unwrap().sign(Place::new(b"a/b c").unwrap(), terms)
}

#[test]
fn a_signature_is_what_others_compute() {
    // printf 'forebay-url-1\nkey=2026-11\nmethods=GET\nexpires=1800000060\npath=a%%2Fb%%20c' |
    //   openssl dgst -sha256 -mac HMAC -macopt hexkey:000102…1f -binary | basenc --base64url
    let expected =
        "fb-expires=1800000060&fb-key=2026-11&fb-signature=EZGWQpbloqz9YTMHgd0sJY2AHidgF3elRYSNeqWybs8";
    assert_eq!(sign(&plain()), expected);
    let text = canonical::text(&Name::new("k").unwrap(), Place::ROOT, &rich());
    assert_eq!(
        text,
        "forebay-url-1\nkey=k\nmethods=POST,PUT\nexpires=1800000060\nnet=192.0.2.0/24\nmax-bytes=1048576\n\
         name=r%C3%A9sum%C3%A9%20%26%20co.pdf\npath="
    );
}

#[test]
fn a_link_opens_its_place_by_its_methods_until_it_expires() {
    let query = sign(&plain());
    assert!(verify(&query, |_| ()).unwrap().is_ok());
    assert!(verify(&query, |request| request.method = &Method::HEAD).unwrap().is_ok(), "with GET goes HEAD");
    assert!(verify(&query, |request| request.client = None).unwrap().is_ok());
    for method in [Method::PUT, Method::POST, Method::DELETE, Method::OPTIONS] {
        assert_eq!(verify(&query, |request| request.method = &method), Some(Err(SignedError::Elsewhere)));
    }
    assert_eq!(verify(&query, |request| request.now = at(60)), Some(Err(SignedError::Expired)));
    for other in [&b""[..], b"a", b"a/b", b"a/b c/d", b"A/b c", b"a/b%20c", b"a/b c."] {
        let replayed = verify(&query, |request| request.place = Place::new(other).unwrap());
        assert_eq!(replayed, Some(Err(SignedError::Wrong)), "{}", other.escape_ascii());
    }
    let (who, narrowed) = keys()
        .verify(
            &query,
            &Request { method: &Method::GET, place: Place::new(b"a/b c").unwrap(), client: None, now: at(0) },
        )
        .unwrap()
        .unwrap();
    assert!(who.name().as_str() == "share" && who.is_in(&Group::new("links").unwrap()));
    assert!(narrowed.is_at(Place::new(b"a/b c").unwrap()) && !narrowed.is_at(Place::ROOT));
}

#[test]
fn the_terms_of_a_link_come_back_as_they_were_signed() {
    let query = sign(&rich());
    let put = |change: fn(&mut Request<'_>)| {
        verify(&query, |request| {
            request.method = &Method::PUT;
            change(request);
        })
    };
    let narrowed = put(|_| ()).unwrap().unwrap();
    assert_eq!((narrowed.bytes_max, narrowed.file_name), (rich().bytes_max, rich().file_name));
    assert_eq!(put(|request| request.method = &Method::GET), Some(Err(SignedError::Elsewhere)));
    let elsewhere = put(|request| request.client = Some([198, 51, 100, 7].into()));
    assert_eq!(elsewhere, Some(Err(SignedError::Elsewhere)));
    assert_eq!(put(|request| request.client = None), Some(Err(SignedError::Elsewhere)));
    let mapped = put(|request| request.client = "::ffff:192.0.2.7".parse().ok());
    assert!(mapped.unwrap().is_ok());
}

#[test]
fn a_link_that_was_altered_opens_nothing() {
    let query = sign(&rich());
    let put = |query: &str| verify(query, |request| request.method = &Method::PUT);
    for (from, to) in [
        ("1800000060", "1800000061"),
        ("POST%2CPUT", "DELETE%2CPUT"),
        ("192.0.2.0%2F24", "192.0.2.0%2F23"),
        ("1048576", "1048577"),
        ("co.pdf", "co.exe"),
        ("&fb-max-bytes=1048576", ""),
        ("&fb-net=192.0.2.0%2F24", ""),
        ("fb-methods=POST%2CPUT&", ""),
        ("fb-key=2026-11", "fb-key=2026-12"),
    ] {
        let altered = query.replace(from, to);
        assert_ne!(altered, query, "{from}");
        assert_eq!(put(&altered), Some(Err(SignedError::Wrong)), "{from} to {to}");
    }
    for cut in 1..44 {
        assert!(put(&query[..query.len() - cut]).unwrap().is_err(), "{cut} characters less");
    }
    assert_eq!(put(&query.replace("fb-signature=", "fb-signature=AAAA")), Some(Err(SignedError::Wrong)));
}

#[test]
fn parameters_come_in_any_order_and_never_twice() {
    let query = sign(&plain());
    let backwards: Vec<&str> = query.split('&').rev().collect();
    assert!(verify(&backwards.join("&"), |_| ()).unwrap().is_ok());
    assert!(verify(&format!("download=x&{query}&&sort=name"), |_| ()).unwrap().is_ok(), "others are others'");
    for more in [
        "fb-expires=1800000060",
        "fb-methods=GET&fb-methods=GET",
        "fb-scope=all",
        "fb-",
        "FB-net=10.0.0.0/8",
        "%66b-max-bytes=1",
        "fb%2Dmax-bytes=1",
        "fb-net=everywhere",
        "fb-max-bytes=-1",
        "fb-max-bytes=99999999999999999999",
        "fb-methods=MOVE",
        "fb-methods=",
        "fb-name=%ff",
        "fb-name=%4",
    ] {
        let asked = verify(&format!("{query}&{more}"), |_| ());
        assert_eq!(asked, Some(Err(SignedError::Malformed)), "{more}");
    }
    for missing in ["fb-expires=1800000060&", "fb-key=2026-11&"] {
        let asked = verify(&query.replace(missing, ""), |_| ());
        assert_eq!(asked, Some(Err(SignedError::Malformed)), "without {missing}");
    }
    assert_eq!(
        verify("fb-expires=soon&fb-key=2026-11&fb-signature=", |_| ()),
        Some(Err(SignedError::Malformed))
    );
    for others in ["", "download", "f=b-key", "a=fb-key", "xfb-key=1", "fbkey=1"] {
        assert_eq!(verify(others, |_| ()), None, "{others}");
    }
}

#[test]
fn a_link_for_longer_than_is_allowed_opens_nothing() {
    let until = |expires| verify(&sign(&Terms { expires, ..plain() }), |_| ()).unwrap();
    assert!(until(at(0) + DAY).is_ok());
    assert_eq!(until(at(1) + DAY), Err(SignedError::Elsewhere));
    assert_eq!(until(UNIX_EPOCH), Err(SignedError::Expired));
}

#[test]
fn keys_change_while_links_of_the_old_one_are_good() {
    let old = keys();
    let query = old.first().unwrap().sign(Place::ROOT, &plain());
    let line = UrlSecret::draw().line(&Name::new("2026-12").unwrap(), &Name::new("share").unwrap(), &[]);
    let request = Request { method: &Method::GET, place: Place::ROOT, client: None, now: at(0) };
    let is_good = |keys: &UrlKeys, query: &str| keys.verify(query, &request).unwrap().is_ok();
    let both = UrlKeys::parse(&format!("{}\n2026-11 share {SECRET}", *line), DAY).unwrap();
    let newer = both.first().unwrap().sign(Place::ROOT, &plain());
    assert!(newer.contains("fb-key=2026-12") && is_good(&both, &newer) && is_good(&both, &query));
    let new = UrlKeys::parse(&line, DAY).unwrap();
    assert!(is_good(&new, &newer) && !is_good(&new, &query) && !is_good(&old, &newer));
}

#[test]
fn a_key_that_is_none_is_refused_and_none_is_shown() {
    use super::UrlKeyLineError as E;
    let error = |text: &str| UrlKeys::parse(text, DAY).unwrap_err();
    for text in [
        "a b fbk_short",
        "a b AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
        "a b fbk_!",
        &format!("a b {SECRET}="),
    ] {
        assert_eq!(error(text).error, E::Secret, "{text}");
    }
    assert_eq!(error("a b").error, E::Form);
    assert!(matches!(error(&format!("a b {SECRET} c")).error, E::Name(_)));
    assert_eq!(
        error(&format!("a b {SECRET}\n\na c {SECRET}")).to_string(),
        "line 3: this key id has a line already"
    );
    let shown = format!("{:?}{:?}", keys(), UrlSecret::draw());
    assert!(!shown.contains("AAEC") && !shown.contains("fbk_"), "{shown}");
}

fn terms() -> impl Strategy<Value = Terms> {
    let methods = proptest::sample::subsequence(vec!["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"], 1..6);
    let network = proptest::option::of("10\\.[0-9]\\.0\\.0/[89]");
    let name = proptest::option::of("[\\n=%a]{0,3}");
    (methods, 0..3_u64, network, proptest::option::of(0..3_u64), name).prop_map(
        |(methods, expires, network, bytes_max, file_name)| Terms {
            methods: methods.join(",").parse().unwrap(),
            expires: at(60 + expires),
            network: network.map(|network| network.parse().unwrap()),
            bytes_max,
            file_name,
        },
    )
}

fn ask() -> impl Strategy<Value = (Name, Vec<u8>, Terms)> {
    (
        "[k1]{1,2}".prop_map(|id| Name::new(&id).unwrap()),
        "[\\n=%a]{0,3}(/[p=\\n]{1,2})?".prop_map(String::into_bytes),
        terms(),
    )
}

proptest! {
    #[test]
    fn no_two_asks_have_one_text(asks in proptest::collection::vec(ask(), 2..60)) {
        let mut seen = HashMap::new();
        for (key, name, terms) in asks {
            let Ok(place) = Place::new(&name) else { continue };
            let text = canonical::text(&key, place, &terms);
            let ask = (key, name, terms);
            if let Some(before) = seen.insert(text, ask.clone()) {
                prop_assert_eq!(before, ask);
            }
        }
    }

    #[test]
    fn whatever_is_signed_is_read_back(name in "\\PC{0,8}", terms in terms()) {
        let Ok(place) = Place::new(name.as_bytes()) else { return Ok(()) };
        let query = keys().first().unwrap().sign(place, &terms);
        let read = super::query::Signed::parse(&query).unwrap().unwrap();
        prop_assert_eq!(&read.terms, &terms);
        prop_assert!(keys().first().unwrap().signed(place, &read.terms, &read.signature));
    }

    #[test]
    fn no_query_makes_the_reader_fall_over(query in "(fb-)?(key|expires|net|name|signature)?=?\\PC{0,20}&?(fb-\\PC{0,9})?") {
        let _ = verify(&query, |_| ());
    }
}
