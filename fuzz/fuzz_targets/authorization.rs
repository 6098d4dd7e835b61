//! What stands in `Authorization`, of foreign bytes: nobody is let in by guessing, and no answer says more than that.
#![no_main]

use std::sync::{Arc, LazyLock};
use std::time::{Duration, UNIX_EPOCH};

use forebay_auth::{
    Ask, AttemptOptions, Attempts, Claims, Doors, Jwt, KeySet, Name, Passwords, Place, Policy, Proofs, Step,
    Token, Tokens, Where,
};
use http::header::{AUTHORIZATION, HeaderValue};
use http::{HeaderMap, Method};
use libfuzzer_sys::fuzz_target;

static DOORS: LazyLock<Doors> = LazyLock::new(|| {
    let claims =
        Claims { issuer: "i".into(), audiences: vec!["a".into()], name: Where::new("sub"), groups: None };
    let token = Name::new("bob").map(|bob| Token::draw().line(&bob, &[], None)).unwrap_or_default();
    let password = "alice:$2y$05$abcdefghijklmnopqrstuuA0vov2GDneHB3.8.cv9UF9g.RdvScIW";
    let proofs = Proofs {
        tokens: Tokens::parse(&token).ok(),
        passwords: Passwords::parse(password).ok().map(Arc::new),
        jwt: Some(Arc::new(Jwt::new(claims, KeySet::default(), Duration::ZERO))),
        ..Proofs::default()
    };
    let attempts = Attempts::new(AttemptOptions { entries_max: 0, ..AttemptOptions::default() });
    Doors::new(Policy::open(), proofs, Arc::new(attempts))
});

fuzz_target!(|values: Vec<Vec<u8>>| {
    let mut headers = HeaderMap::new();
    for value in values.iter().take(3).filter_map(|value| HeaderValue::from_bytes(value).ok()) {
        headers.append(AUTHORIZATION, value);
    }
    let now = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let ask = Ask {
        method: &Method::GET,
        place: Place::ROOT,
        query: None,
        headers: &headers,
        client: None,
        certificate: None,
        now,
    };
    match DOORS.identify(&ask) {
        Ok(Step::Caller(caller)) => assert!(caller.identity().is_none() && headers.is_empty()),
        Ok(Step::Password(pending)) => assert_eq!(pending.bytes(), 8 << 10),
        Ok(Step::Keys) => assert!(!headers.is_empty()),
        Err(refusal) => assert!(matches!(refusal.status().as_u16(), 400 | 401 | 503)),
    }
});
