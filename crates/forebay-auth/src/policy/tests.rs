//! Rights by identity and place, by table; tricks with paths; and the law against a reading of it that is slow and plain.

use proptest::prelude::*;

use super::Policy;
use crate::identity::{Identity, Proof};
use crate::name::{Group, Name};
use crate::place::Place;
use crate::right::{Right, Rights};

const LAW: &str = "
    # For everybody.
    / anyone read,list
    / admin administer,purge
    /in/ alice,@ci read,write
    /in/ anyone create
    /private/ * read
    /private/keys bob read,delete
    /a%20b/ alice move
";

fn somebody(name: &str, groups: &[&str]) -> Identity {
    let groups = groups.iter().map(|group| Group::new(group).unwrap()).collect();
    Identity::new(Name::new(name).unwrap(), groups, Proof::Bearer)
}

fn place(name: &[u8]) -> Place<'_> {
    Place::new(name).unwrap()
}

#[test]
fn rights_by_identity_and_place() {
    let policy = Policy::parse(LAW).unwrap();
    let people = [
        None,
        Some(somebody("alice", &[])),
        Some(somebody("bob", &["ci"])),
        Some(somebody("eve", &[])),
        Some(somebody("admin", &[])),
    ];
    let table: [(&[u8], [&str; 5]); 9] = [
        (b"", ["read,list", "read,list", "read,list", "read,list", "read,list,purge,administer"]),
        (b"x/y", ["read,list", "read,list", "read,list", "read,list", "read,list,purge,administer"]),
        (b"in", ["create", "read,create,overwrite", "read,create,overwrite", "create", "create"]),
        (b"in/x/y", ["create", "read,create,overwrite", "read,create,overwrite", "create", "create"]),
        (b"inn", ["read,list", "read,list", "read,list", "read,list", "read,list,purge,administer"]),
        (b"private/x", ["", "read", "read", "read", "read"]),
        (b"private/keys", ["", "", "read,delete", "", ""]),
        (b"private/keys/1", ["", "", "read,delete", "", ""]),
        (b"a b/c", ["", "move", "", "", ""]),
    ];
    for (name, row) in table {
        for (who, expected) in people.iter().zip(row) {
            let rights = policy.rights(who.as_ref(), place(name));
            assert_eq!(rights.to_string(), expected, "{who:?} at {}", name.escape_ascii());
            for right in Right::ALL {
                assert_eq!(policy.may(who.as_ref(), right, place(name)), rights.contains(right));
            }
        }
    }
}

#[test]
fn a_name_that_only_looks_like_another_is_another() {
    let policy = Policy::parse("/ anyone read\n/Private alice read\n").unwrap();
    let may = |name: &[u8]| policy.may(None, Right::Read, place(name));
    assert!(!may(b"Private") && !may(b"Private/a"));
    for other in
        [&b"private"[..], b"Private.", b"Private ", b"Private%2fa", b"Privat", b"Private2", b"x/Private"]
    {
        assert!(may(other), "the store has {} elsewhere", other.escape_ascii());
    }
    for second_form in
        [&b"/Private/a"[..], b"Private//a", b"x/../Private/a", b"./Private", b"Private/", b"x\0"]
    {
        assert!(Place::new(second_form).is_err(), "{}", second_form.escape_ascii());
    }
}

#[test]
fn what_lies_below_is_asked_before_a_folder_is_changed_as_a_whole() {
    let policy =
        Policy::parse("/ alice delete,read\n/a/b alice read\n/a-b alice read\n/c/d alice delete").unwrap();
    let alice = somebody("alice", &[]);
    let below = |right, name: &[u8]| policy.may_below(Some(&alice), right, place(name));
    assert!(below(Right::Delete, b"c") && below(Right::Delete, b"x") && below(Right::Delete, b"a/x"));
    assert!(!below(Right::Delete, b"") && !below(Right::Delete, b"a") && !below(Right::Delete, b"a/b"));
    assert!(below(Right::Read, b"a") && !below(Right::Read, b""), "/c/d allows no reading");
    for (name, has) in [(&b""[..], true), (b"a", true), (b"a/b", false), (b"b", false), (b"c", true)] {
        assert_eq!(policy.has_rules_below(place(name)), has, "{}", name.escape_ascii());
    }
}

#[test]
fn no_law_is_open_and_a_law_without_rules_is_closed() {
    let open = Policy::open();
    assert!(open.is_open() && open.rights(None, Place::ROOT) == Rights::ALL);
    assert!(open.may_below(None, Right::Delete, Place::ROOT) && !open.has_rules_below(Place::ROOT));
    let closed = Policy::parse("# nothing yet\n\n").unwrap();
    assert!(!closed.is_open() && closed.rights(Some(&somebody("alice", &[])), Place::ROOT) == Rights::NONE);
}

#[test]
fn the_first_line_that_is_no_rule_is_named() {
    let error = Policy::parse("/ anyone read\n\n/in alice\n").unwrap_err();
    assert_eq!(
        error.to_string(),
        "line 3: a rule is PATH WHO RIGHTS, for example `/in/ alice,@ci read,write`"
    );
}

fn name() -> impl Strategy<Value = String> {
    proptest::collection::vec("[ab]{1,2}", 0..4).prop_map(|segments| segments.join("/"))
}

proptest! {
    #[test]
    fn the_longest_path_with_rules_decides_alone(
        rules in proptest::collection::vec((name(), 0..3_usize, 0..8_usize), 0..12),
        at in name(),
    ) {
        let who = ["anyone", "*", "alice"];
        let line = |(path, whom, right): &(String, usize, usize)| {
            format!("/{path} {} {}\n", who[*whom], Right::ALL[*right].name())
        };
        let policy = Policy::parse(&rules.iter().map(line).collect::<String>()).unwrap();
        for (knows, identity) in [(1, None), (2, Some(somebody("eve", &[]))), (3, Some(somebody("alice", &[])))] {
            let covers = |path: &str, at: &str| path.is_empty() || at == path || at.starts_with(&format!("{path}/"));
            let at_place = |at: &str| {
                let longest = rules.iter().filter(|rule| covers(&rule.0, at)).map(|rule| rule.0.len()).max();
                let deciding = rules.iter().filter(|rule| covers(&rule.0, at) && Some(rule.0.len()) == longest);
                deciding.filter(|rule| rule.1 < knows).map(|rule| Right::ALL[rule.2]).collect::<Rights>()
            };
            let place = Place::new(at.as_bytes()).unwrap();
            prop_assert_eq!(policy.rights(identity.as_ref(), place), at_place(&at));
            for right in Right::ALL {
                let below = rules.iter().filter(|rule| covers(&at, &rule.0)).all(|rule| at_place(&rule.0).contains(right));
                let expected = at_place(&at).contains(right) && below;
                prop_assert_eq!(policy.may_below(identity.as_ref(), right, place), expected);
            }
        }
    }
}
