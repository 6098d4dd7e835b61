//! Links: one of foreign bytes opens nothing, one that we signed is good, and one that was altered says the same or nothing.
#![no_main]

use std::sync::{Arc, LazyLock};
use std::time::{Duration, UNIX_EPOCH};

use forebay_auth::{
    Ask, AttemptOptions, Attempts, Doors, Methods, Name, Narrowed, Place, Policy, Proofs, Step, Terms,
    UrlKeys, UrlSecret,
};
use http::{HeaderMap, Method};
use libfuzzer_sys::fuzz_target;

static FILE: LazyLock<String> = LazyLock::new(|| {
    let name = Name::new("share");
    name.map(|name| UrlSecret::draw().line(&name, &name, &[]).to_string()).unwrap_or_default()
});
static KEYS: LazyLock<Option<UrlKeys>> = LazyLock::new(|| UrlKeys::parse(&FILE, Duration::MAX).ok());
static DOORS: LazyLock<Doors> = LazyLock::new(|| {
    let proofs = Proofs { url_keys: UrlKeys::parse(&FILE, Duration::MAX).ok(), ..Proofs::default() };
    Doors::new(Policy::open(), proofs, Arc::new(Attempts::new(AttemptOptions::default())))
});

/// What a link is good for, if it is.
fn opened(query: &str, place: Place<'_>) -> Option<Narrowed> {
    let ask = Ask {
        method: &Method::GET,
        place,
        query: Some(query),
        headers: &HeaderMap::new(),
        client: None,
        certificate: None,
        now: UNIX_EPOCH,
    };
    match DOORS.identify(&ask) {
        Ok(Step::Caller(caller)) => caller.narrowed().cloned(),
        Ok(Step::Password(_) | Step::Keys) | Err(_) => None,
    }
}

fuzz_target!(|input: (&str, &[u8], u32, Option<u64>, Option<String>, u16, u8)| {
    let (query, name, expires, bytes_max, file_name, at, byte) = input;
    let Ok(place) = Place::new(name) else { return };
    assert_eq!(opened(query, place), None);
    let terms = Terms {
        methods: Methods::GET,
        expires: UNIX_EPOCH + Duration::from_secs(1 + u64::from(expires)),
        network: None,
        bytes_max,
        file_name,
    };
    let Some(key) = KEYS.as_ref().and_then(UrlKeys::first) else { return };
    let link = key.sign(place, &terms);
    let good = opened(&link, place);
    let says = good.as_ref().map(|good| (good.bytes_max, good.file_name.clone()));
    assert_eq!(says, Some((terms.bytes_max, terms.file_name)));
    let mut altered = link.into_bytes();
    let at = usize::from(at) % altered.len();
    altered[at] = byte;
    let Ok(altered) = String::from_utf8(altered) else { return };
    let again = opened(&altered, place);
    assert!(again.is_none() || again == good, "{altered}");
});
