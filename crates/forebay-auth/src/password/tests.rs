//! Files that others made, files that are refused, and what is remembered for how long.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use proptest::prelude::*;

use super::{Credential, PasswordLineError, Passwords};
use crate::identity::Proof;

// The first by crypt(3) of libxcrypt, the second is a test vector of argon2's own implementation.
const FILE: &str = "
# by hand
alice:$2y$05$abcdefghijklmnopqrstuuA0vov2GDneHB3.8.cv9UF9g.RdvScIW
bob:$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc
";

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_800_000_000 + seconds)
}

fn from(n: u8, name: &str, password: &str) -> Credential {
    let client = Some(IpAddr::from(Ipv4Addr::new(192, 0, 2, n)));
    Credential { name: name.to_owned().into(), password: password.as_bytes().to_vec().into(), client }
}

#[test]
fn the_right_password_of_either_kind_and_no_other_is_let_in() {
    let passwords = Passwords::parse(FILE).unwrap();
    let verify = |name, password| passwords.verify(&from(1, name, password), at(0));
    for (name, password) in [("alice", "wonderland"), ("bob", "password")] {
        let found = verify(name, password).unwrap();
        assert_eq!((found.name().as_str(), found.proof()), (name, Proof::Basic));
    }
    for (name, password) in [
        ("alice", "password"),
        ("alice", ""),
        ("alice", "wonderland "),
        ("Alice", "wonderland"),
        ("bob", "wonderland"),
        ("bob", "Password"),
        ("eve", "wonderland"),
        ("eve", "password"),
        ("", ""),
    ] {
        assert_eq!(verify(name, password), None, "{name} {password}");
    }
}

#[test]
fn a_name_that_nobody_has_costs_what_some_name_costs_and_always_the_same() {
    let passwords = Passwords::parse(FILE).unwrap();
    assert_eq!((passwords.bytes("alice"), passwords.bytes("bob")), (8 << 10, 64 << 20));
    let costs: Vec<u64> = (0..64).map(|n| passwords.bytes(&format!("nobody{n}"))).collect();
    assert!(costs.contains(&(8 << 10)) && costs.contains(&(64 << 20)));
    assert_eq!(costs, (0..64).map(|n| passwords.bytes(&format!("nobody{n}"))).collect::<Vec<_>>());
    let nobody = Passwords::parse("").unwrap();
    assert_eq!((nobody.bytes("alice"), nobody.verify(&from(1, "alice", ""), at(0))), (0, None));
}

#[test]
fn a_proof_is_remembered_for_its_client_and_for_a_minute() {
    let passwords = Passwords::parse(FILE).unwrap();
    let alice = from(1, "alice", "wonderland");
    assert_eq!(passwords.remembered(&alice, at(0)), None);
    passwords.verify(&alice, at(0)).unwrap();
    assert_eq!(passwords.remembered(&alice, at(59)).unwrap().name().as_str(), "alice");
    assert_eq!(passwords.remembered(&alice, at(60)), None, "too old");
    assert_eq!(passwords.remembered(&alice, UNIX_EPOCH), None, "from the future");
    assert_eq!(passwords.remembered(&from(2, "alice", "wonderland"), at(1)), None, "another client");
    assert_eq!(passwords.remembered(&from(1, "alice", "wonderlan"), at(1)), None, "another password");
    assert_eq!(passwords.remembered(&from(1, "bob", "wonderland"), at(1)), None, "another name");
    assert!(passwords.verify(&from(1, "bob", "wrong"), at(0)).is_none());
    assert_eq!(passwords.remembered(&from(1, "bob", "wrong"), at(0)), None);
}

#[test]
fn weak_damaged_and_dear_hashes_are_refused_by_their_line() {
    let bcrypt = FILE.lines().nth(2).unwrap();
    let argon2 = FILE.lines().nth(3).unwrap();
    let refused = |line: &str| {
        let error = Passwords::parse(&format!("# one\n{line}")).unwrap_err();
        let secret = line.split(':').nth(1).unwrap_or("?");
        assert!(error.line == 2 && (secret.is_empty() || !error.to_string().contains(secret)), "{error}");
        error.error
    };
    for weak in [
        "alice:$apr1$2Gj5Q/Bp$Hp2yWXmqWJ4nRuzgYFTfN0",
        "alice:{SHA}IkWSkPVcaPbHRA6zsWvWPPXTIGw=",
        "alice:rqXexS6ZhobKA",
        "alice:$6$salt$hash",
        "alice:$argon2i$v=19$m=4096,t=3,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA",
        "alice:wonderland",
        "alice:",
    ] {
        assert_eq!(refused(weak), PasswordLineError::Weak, "{weak}");
    }
    for damaged in
        [&bcrypt[..bcrypt.len() - 1], "alice:$2y$05$", &argon2[..60], "alice:$argon2id$v=19$m=4096,t=3,p=1"]
    {
        assert_eq!(refused(damaged), PasswordLineError::Damaged, "{damaged}");
    }
    for (text, from, to) in [
        (bcrypt, "$05$", "$04$"),
        (bcrypt, "$05$", "$15$"),
        (argon2, "m=65536", "m=1024"),
        (argon2, "m=65536", "m=65537"),
        (argon2, "t=2", "t=1000"),
        (argon2, "p=1", "p=99"),
    ] {
        assert_eq!(refused(&text.replace(from, to)), PasswordLineError::Cost, "{to}");
    }
    assert_eq!(refused(&argon2.replace("v=19", "v=16")), PasswordLineError::Damaged, "another argon2");
    assert_eq!(refused("alice"), PasswordLineError::Form);
    assert!(matches!(refused("a b:x"), PasswordLineError::Name(_)));
    assert_eq!(Passwords::parse(&format!("{bcrypt}\n{bcrypt}")).unwrap_err().error, PasswordLineError::Twice);
    assert!(!format!("{:?}", Passwords::parse(FILE).unwrap()).contains("$2y$"));
}

proptest! {
    #[test]
    fn no_file_makes_the_reader_fall_over(
        text in "([a-z]{0,3}:?(\\$2y\\$|\\$argon2id\\$v=19\\$m=4096,t=1,p=1\\$)?\\PC{0,70}\n?){0,3}"
    ) {
        let _ = Passwords::parse(&text);
    }
}
