//! What a request shows: right, wrong, misplaced or double; links; keys that are not there.

use proptest::prelude::*;

use super::*;

#[test]
fn each_proof_says_who_it_is_and_how_that_was_proved() {
    let house = House::new();
    let said = |caller: Caller| {
        caller.identity().map(|who| format!("{} by {}", who.name(), who.proof())).unwrap_or_default()
    };
    assert_eq!(said(caller(house.ask(&[], |_| ()))), "");
    for scheme in ["Bearer", "bearer", "BEARER "] {
        assert_eq!(said(caller(house.show(&format!("{scheme} {}", house.bob.expose())))), "bob by bearer");
    }
    assert_eq!(said(run(house.show(&basic("alice", "wonderland")), at(0)).unwrap()), "alice by basic");
    let link = house.link(place("shared/a"), &terms());
    assert_eq!(said(caller(house.ask(&[], |ask| ask.query = Some(&link)))), "share by signed");
    let holder = Identity::new(name("host"), [].into(), Proof::Certificate);
    assert_eq!(said(caller(house.ask(&[], |ask| ask.certificate = Some(&holder)))), "host by mtls");
    let token = format!("Bearer {}", house.bob.expose());
    let both = house.ask(&[(AUTHORIZATION, &token)], |ask| ask.certificate = Some(&holder));
    assert_eq!(said(caller(both)), "bob by bearer", "what the request shows comes first");
}

#[test]
fn what_is_wrong_is_refused_even_where_anyone_may_read() {
    let house = House::new();
    assert!(house.doors.may(&Caller::NOBODY, Right::Read, place("x")).is_ok());
    let unknown = format!("Bearer {}", Token::draw().expose());
    for wrong in [
        unknown.as_str(),
        "Bearer",
        "Bearer ",
        "Bearer a b",
        "Bearer a,b",
        "Basic",
        "Basic ???",
        "Basic YWxpY2U",
        "Basic YWxpY2U=",
        "Basic YWxpY2U6YQpi",
        "Digest username=\"alice\"",
        "",
    ] {
        let asked = house.ask(&[(AUTHORIZATION, wrong)], |ask| ask.place = place("x"));
        house.doors.attempts.succeeded(client(1), None);
        let refusal = asked.unwrap_err();
        assert_eq!(refusal.status(), StatusCode::UNAUTHORIZED, "{wrong}");
        assert_eq!(refusal.to_string(), "The credentials are wrong or have expired.");
        let challenges: Vec<_> = refusal.headers().collect();
        assert!(challenges.iter().all(|(name, _)| name == WWW_AUTHENTICATE) && challenges.len() == 2);
        let bearer = match wrong == unknown {
            true => r#"Bearer realm="forebay", error="invalid_token""#,
            false => r#"Bearer realm="forebay""#,
        };
        assert_eq!(challenges[0].1, bearer);
        assert_eq!(challenges[1].1, r#"Basic realm="forebay", charset="UTF-8""#);
    }
    let late = format!("Bearer {}", house.bob.expose());
    for _ in 0..9 {
        let late = house.ask(&[(AUTHORIZATION, &late)], |ask| ask.now = at(60));
        assert_eq!(status(late), 401, "what has expired is no guess, and locks nobody out");
    }
    let refusal = house.doors.may(&Caller::NOBODY, Right::Delete, place("x")).unwrap_err();
    assert_eq!(refusal.headers().next().unwrap().1, r#"Bearer realm="forebay""#, "nothing was wrong");
}

#[test]
fn a_token_in_the_wrong_place_is_none_and_two_are_too_many() {
    let house = House::new();
    let token = house.bob.expose();
    let bearer = format!("Bearer {token}");
    for query in
        [format!("access_token={token}"), format!("token={token}"), format!("Authorization={bearer}")]
    {
        assert_eq!(caller(house.ask(&[], |ask| ask.query = Some(&query))), Caller::NOBODY);
    }
    let misplaced =
        [(COOKIE, bearer.as_str()), (HeaderName::from_static("x-authorization"), bearer.as_str())];
    assert_eq!(caller(house.ask(&misplaced, |_| ())), Caller::NOBODY);
    let twice = [(AUTHORIZATION, bearer.as_str()), (AUTHORIZATION, bearer.as_str())];
    assert_eq!(status(house.ask(&twice, |_| ())), 400);
    let link = house.link(place("shared/a"), &terms());
    assert_eq!(status(house.ask(&[(AUTHORIZATION, &bearer)], |ask| ask.query = Some(&link))), 400);
}

#[test]
fn links_are_for_one_name_and_say_why_not() {
    let house = House::new();
    let folder = house.link(place("shared/a"), &terms());
    let by_link = caller(house.ask(&[], |ask| ask.query = Some(&folder)));
    assert!(house.doors.shows(&by_link, place("shared/a/b")), "the names in a folder");
    assert!(!house.doors.shows(&by_link, place("shared/a/b/c")) && !house.doors.shows(&by_link, place("x")));
    assert!(house.doors.may(&by_link, Right::List, place("shared/a")).is_ok());
    assert!(house.doors.may_below(&by_link, Right::Read, place("shared/a")).is_err(), "no archive of it");
    let said = |query: &str, change: fn(&mut Given<'_>)| {
        let refused = house.ask(&[], |ask| {
            ask.query = Some(query);
            change(ask);
        });
        let refusal = refused.unwrap_err();
        assert_eq!(refusal.headers().count(), 0);
        (refusal.status().as_u16(), refusal.to_string())
    };
    assert_eq!(said(&folder, |ask| ask.now = at(60)), (403, "The link has expired.".into()));
    let not_for_this = (403, "The link is not good for this.".to_owned());
    assert_eq!(said(&folder, |ask| ask.place = place("shared/b")), not_for_this);
    assert_eq!(said(&folder, |ask| ask.method = &Method::PUT), not_for_this);
    assert_eq!(said(&format!("{folder}&fb-x=1"), |_| ()), (400, "The link is damaged.".into()));
    let elsewhere = house.link(place("private/x"), &terms());
    let by_link = caller(house.ask(&[], |ask| {
        ask.query = Some(&elsewhere);
        ask.place = place("private/x");
    }));
    assert!(
        house.doors.may(&by_link, Right::Read, place("private/x")).is_ok(),
        "whoever is known may read it"
    );
    let closed = house.link(place("in/x"), &terms());
    let by_link = caller(house.ask(&[], |ask| {
        ask.query = Some(&closed);
        ask.place = place("in/x");
    }));
    assert!(
        house.doors.may(&by_link, Right::Read, place("in/x")).is_err(),
        "a signature narrows and does not allow"
    );
}

#[test]
fn a_token_by_an_unknown_key_is_a_reason_to_fetch_keys_once() {
    let house = House::new();
    // {"alg":"EdDSA","kid":"new"}.{}
    let token = "Bearer eyJhbGciOiJFZERTQSIsImtpZCI6Im5ldyJ9.e30.AAAA";
    assert!(matches!(house.show(token), Ok(Step::Keys)));
    let refusal = house.show(token).unwrap_err();
    assert_eq!((refusal.status().as_u16(), refusal.retry_after()), (503, Some(Duration::from_secs(1))));
    house.jwt.keep_keys();
    for _ in 0..9 {
        assert_eq!(status(house.show(token)), 401, "and no guess, which would lock its client out");
    }
}

#[test]
fn what_is_printed_has_no_secret() {
    let house = House::new();
    let bearer = format!("Bearer {}", house.bob.expose());
    let link = house.link(place("shared/a"), &terms());
    let headers = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_str(&bearer).unwrap())]);
    let ask = Ask {
        method: &Method::GET,
        place: place("shared/a"),
        query: Some(&link),
        headers: &headers,
        client: client(1),
        certificate: None,
        now: at(0),
    };
    let by_link = caller(house.ask(&[], |ask| ask.query = Some(&link)));
    let printed = format!("{ask:?} {:?} {by_link:?} {:?}", house.doors, house.show(&bearer));
    let signature = link.rsplit('=').next().unwrap();
    for secret in [house.bob.expose(), signature, "$2y$", "fbk_"] {
        assert!(!printed.contains(secret), "{printed}");
    }
    assert!(printed.contains("shared/a") && printed.contains("bob"));
}

proptest! {
    #[test]
    fn nobody_is_let_in_by_foreign_bytes(
        scheme in "(Bearer|Basic|basic|[A-Za-z]{0,5}) {0,2}", rest: Vec<u8>, encoded: bool, query in "(fb-)?\\PC{0,20}",
    ) {
        let rest = if encoded { STANDARD.encode(&rest).into_bytes() } else { rest };
        let Ok(value) = HeaderValue::from_bytes(&[scheme.as_bytes(), &rest].concat()) else { return Ok(()) };
        let house = House::new();
        let headers = HeaderMap::from_iter([(AUTHORIZATION, value)]);
        for headers in [&headers, &HeaderMap::new()] {
            let ask = Ask {
                method: &Method::GET,
                place: Place::ROOT,
                query: Some(&query),
                headers,
                client: None,
                certificate: None,
                now: at(0),
            };
            if let Ok(Step::Caller(caller)) = house.doors.identify(&ask) {
                prop_assert!(caller == Caller::NOBODY && headers.is_empty());
            }
        }
    }
}
