//! Every right by every identity at every place, moves, and doors without proofs.

use super::*;

#[test]
fn every_right_by_every_identity_at_every_place() {
    let house = House::new();
    let someone = |text: &str, groups: &[&str]| {
        let groups = groups.iter().map(|group| Group::new(group).unwrap()).collect();
        Caller::known(Identity::new(name(text), groups, Proof::Jwt))
    };
    let link = house.link(place("shared/a"), &terms());
    let people = [
        Caller::NOBODY,
        someone("alice", &[]),
        someone("bob", &["ci"]),
        someone("eve", &[]),
        someone("root", &[]),
        someone("share", &[]),
        caller(house.ask(&[], |ask| ask.query = Some(&link))),
    ];
    // Letters of the rights that each has: read, list, create, overwrite, delete, move, purge, administer.
    let table: [(&str, [&str; 7]); 8] = [
        ("", ["rl", "rl", "rl", "rl", "rlpa", "rl", ""]),
        ("x", ["rl", "rl", "rl", "rl", "rlpa", "rl", ""]),
        ("in/x", ["c", "rcom", "rcom", "c", "c", "c", ""]),
        ("in/kept/x", ["", "rc", "", "", "", "", ""]),
        ("private", ["", "r", "r", "r", "r", "r", ""]),
        ("private/keys/x", ["", "", "rd", "", "", "", ""]),
        ("shared/a", ["", "", "", "", "", "rlc", "rlc"]),
        ("shared/a/b", ["", "", "", "", "", "rlc", ""]),
    ];
    for (at, row) in table {
        for (who, letters) in people.iter().zip(row) {
            for right in Right::ALL {
                let may = house.doors.may(who, right, place(at));
                let expected = match (letters.contains(&right.name()[..1]), who.identity()) {
                    (true, _) => None,
                    (false, None) => Some(StatusCode::UNAUTHORIZED),
                    (false, Some(_)) => Some(StatusCode::FORBIDDEN),
                };
                let status = may.err().map(|refusal| refusal.status());
                assert_eq!(status, expected, "{right:?} of {at} by {:?}", who.identity());
            }
        }
    }
}

#[test]
fn a_move_needs_rights_at_both_ends_and_below() {
    let doors = House::new().doors;
    let alice = Caller::known(Identity::new(name("alice"), [].into(), Proof::Basic));
    let eve = Caller::known(Identity::new(name("eve"), [].into(), Proof::Basic));
    let may = |who, from, to, existing| doors.may_move(who, place(from), place(to), existing).is_ok();
    assert!(may(&alice, "in/x", "in/y", Existing::Kept) && may(&alice, "in/x", "in/y", Existing::Replaced));
    assert!(may(&alice, "in/x", "in/kept/y", Existing::Kept));
    assert!(!may(&alice, "in/x", "in/kept/y", Existing::Replaced), "no overwriting there");
    assert!(!may(&alice, "in", "in2", Existing::Kept), "/in/kept lies below and may not be moved");
    assert!(!may(&alice, "in/x", "y", Existing::Kept), "nothing may be created there");
    assert!(!may(&alice, "x", "in/y", Existing::Kept), "nothing may be moved away there");
    assert!(
        !may(&alice, "drop/x", "in/y", Existing::Kept),
        "what may not be read may not be moved to where it may"
    );
    assert!(!may(&eve, "in/x", "in/y", Existing::Kept));
}

#[test]
fn without_proofs_the_credentials_of_others_are_left_alone() {
    let attempts = || Arc::new(Attempts::new(AttemptOptions::default()));
    let doors = Doors::new(Policy::open(), Proofs::default(), attempts());
    let mut headers = HeaderMap::new();
    headers.append(AUTHORIZATION, HeaderValue::from_static("Negotiate abc"));
    headers.append(AUTHORIZATION, HeaderValue::from_static("Basic abc"));
    let ask = Ask {
        method: &Method::GET,
        place: Place::ROOT,
        query: Some("fb-key=theirs"),
        headers: &headers,
        client: None,
        certificate: None,
        now: at(0),
    };
    assert_eq!(caller(doors.identify(&ask)), Caller::NOBODY);
    assert!(doors.may(&Caller::NOBODY, Right::Administer, Place::ROOT).is_ok());
    let closed = Doors::new(Policy::parse("").unwrap(), Proofs::default(), attempts());
    let refusal = closed.may(&Caller::NOBODY, Right::Read, Place::ROOT).unwrap_err();
    assert_eq!(refusal.status(), StatusCode::FORBIDDEN, "there is nothing to ask for");
}
