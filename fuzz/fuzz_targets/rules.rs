//! The text of rules, foreign: what is allowed to nobody is allowed to everybody, and what is allowed everywhere below is allowed here.
#![no_main]

use forebay_auth::{Identity, Name, Place, Policy, Proof, Right};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &[u8])| {
    let (text, name) = input;
    let (Ok(policy), Ok(place), Ok(alice)) = (Policy::parse(text), Place::new(name), Name::new("alice"))
    else {
        return;
    };
    let alice = Identity::new(alice, [].into(), Proof::Bearer);
    for right in Right::ALL {
        let (nobody, somebody) = (policy.may(None, right, place), policy.may(Some(&alice), right, place));
        assert!(somebody || !nobody);
        assert!(somebody || !policy.may_below(Some(&alice), right, place));
        if !policy.has_rules_below(place) {
            assert_eq!(somebody, policy.may_below(Some(&alice), right, place));
        }
    }
    assert!(!policy.is_open());
});
