//! Tokens by keys of every kind, what is wrong with them, and keys that change.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RSA_PSS_SHA256, RsaEncoding, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Claims, Jwt, JwtError, KeySet, KeySetError, Where};
use crate::name::Group;

const NOW: u64 = 1_800_000_000;

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

/// An issuer's half of a key.
enum Pair {
    Rsa(RsaKeyPair, &'static dyn RsaEncoding),
    P256(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

impl Pair {
    fn ed() -> Self {
        Self::Ed(Ed25519KeyPair::generate().unwrap())
    }

    /// The published half.
    fn key(&self, id: &str) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match self {
            Self::Rsa(pair, _) => {
                let public = pair.public_key();
                let (n, e) = (public.modulus(), public.exponent());
                json!({"kty": "RSA", "kid": id, "use": "sig",
                    "n": text(n.big_endian_without_leading_zero()), "e": text(e.big_endian_without_leading_zero())})
            }
            Self::P256(pair) => {
                let point = pair.public_key().as_ref();
                json!({"kty": "EC", "crv": "P-256", "kid": id, "x": text(&point[1..33]), "y": text(&point[33..])})
            }
            Self::Ed(pair) => {
                json!({"kty": "OKP", "crv": "Ed25519", "kid": id, "x": text(pair.public_key().as_ref())})
            }
        }
    }

    fn sign(&self, header: &Value, payload: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(payload));
        let chance = SystemRandom::new();
        let signature = match self {
            Self::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &chance, signed.as_bytes(), &mut signature).unwrap();
                signature
            }
            Self::P256(pair) => pair.sign(&chance, signed.as_bytes()).unwrap().as_ref().to_vec(),
            Self::Ed(pair) => pair.sign(signed.as_bytes()).as_ref().to_vec(),
        };
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

fn keys(keys: &[Value]) -> KeySet {
    KeySet::parse(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
}

fn jwt(keys: KeySet) -> Jwt {
    let claims = Claims {
        issuer: "https://issuer.example".into(),
        audiences: vec!["forebay".into(), "files".into()],
        name: Where::new("sub"),
        groups: Some(Where::new("/realm/roles")),
    };
    Jwt::new(claims, keys, Duration::from_secs(60))
}

fn payload() -> Value {
    json!({"iss": "https://issuer.example", "aud": ["other", "files"], "sub": "alice", "exp": NOW + 300,
        "realm": {"roles": ["ci", "not a group", 7]}})
}

fn with(name: &str, value: Value) -> Value {
    let mut payload = payload();
    payload[name] = value;
    payload
}

#[test]
fn a_token_by_a_key_of_each_kind_says_who_it_is_about() {
    let rsa = || RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let p256 = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let pairs = [
        ("RS256", Pair::Rsa(rsa(), &RSA_PKCS1_SHA256)),
        ("PS256", Pair::Rsa(rsa(), &RSA_PSS_SHA256)),
        ("ES256", Pair::P256(p256)),
        ("EdDSA", Pair::ed()),
    ];
    let jwt = jwt(keys(&pairs.iter().map(|(id, pair)| pair.key(id)).collect::<Vec<_>>()));
    for (algorithm, pair) in &pairs {
        let token = pair.sign(&json!({"alg": algorithm, "kid": algorithm}), &payload());
        let found = jwt.verify(&token, at(NOW)).unwrap();
        assert_eq!(found.name().as_str(), "alice", "{algorithm}");
        assert!(found.is_in(&Group::new("ci").unwrap()) && !found.is_in(&Group::new("7").unwrap()));
        for (other, _) in pairs.iter().filter(|(other, _)| other != algorithm) {
            let token = pair.sign(&json!({"alg": other, "kid": algorithm}), &payload());
            assert!(jwt.verify(&token, at(NOW)).is_err(), "{algorithm} said to be {other}");
            let token = pair.sign(&json!({"alg": other, "kid": other}), &payload());
            assert_eq!(
                jwt.verify(&token, at(NOW)),
                Err(JwtError::Wrong),
                "by {algorithm} under the name of {other}"
            );
        }
        let mut altered = token.clone().into_bytes();
        let at_payload = token.find('.').unwrap() + 20;
        altered[at_payload] ^= 1;
        assert!(jwt.verify(std::str::from_utf8(&altered).unwrap(), at(NOW)).is_err(), "altered");
    }
}

#[test]
fn what_went_wrong_elsewhere_goes_wrong_for_the_one_who_tries() {
    let pair = Pair::ed();
    let jwt = jwt(keys(&[pair.key("a")]));
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    for algorithm in ["none", "None", "HS256", "RS512", "ES384", ""] {
        let token = pair.sign(&json!({"alg": algorithm, "kid": "a"}), &payload());
        assert_eq!(jwt.verify(&token, at(NOW)), Err(JwtError::Wrong), "{algorithm}");
    }
    let unsigned = format!("{}.{}.", part(json!({"alg": "none"})), part(payload()));
    assert_eq!(jwt.verify(&unsigned, at(NOW)), Err(JwtError::Wrong));
    let unsigned = format!("{}.{}.", part(json!({"alg": "EdDSA", "kid": "a"})), part(payload()));
    assert_eq!(jwt.verify(&unsigned, at(NOW)), Err(JwtError::Wrong));
    for header in [
        json!({"alg": "EdDSA", "kid": "a", "crit": ["exp"]}),
        json!({"alg": "EdDSA", "kid": "a", "b64": false}),
        json!({"alg": "EdDSA", "kid": 7}),
        json!({"alg": ["EdDSA"], "kid": "a"}),
        json!(["EdDSA"]),
    ] {
        let token = pair.sign(&header, &payload());
        assert_eq!(jwt.verify(&token, at(NOW)), Err(JwtError::Wrong), "{header}");
    }
    let good = pair.sign(&json!({"alg": "EdDSA", "kid": "a", "jwk": Pair::ed().key("a")}), &payload());
    assert!(jwt.verify(&good, at(NOW)).is_ok(), "a key that comes with the token is not looked at");
    for text in ["", ".", "..", "a.b.c", &format!("{good}="), &format!("{good}.x"), &good.repeat(99)] {
        assert_eq!(jwt.verify(text, at(NOW)), Err(JwtError::Wrong));
    }
}

#[test]
fn a_genuine_token_is_for_us_and_has_a_time() {
    let pair = Pair::ed();
    let jwt = jwt(keys(&[pair.key("a")]));
    let verify = |payload: &Value, now| {
        jwt.verify(&pair.sign(&json!({"alg": "EdDSA", "kid": "a"}), payload), at(now)).map(|_| ())
    };
    assert_eq!(verify(&payload(), NOW + 359), Ok(()), "a minute for clocks");
    assert_eq!(verify(&payload(), NOW + 360), Err(JwtError::Time));
    assert_eq!(verify(&with("nbf", json!(NOW + 60)), NOW), Ok(()));
    assert_eq!(verify(&with("nbf", json!(NOW + 61)), NOW), Err(JwtError::Time));
    assert_eq!(verify(&with("aud", json!("forebay")), NOW), Ok(()));
    for wrong in [
        with("iss", json!("https://issuer.example/")),
        with("iss", Value::Null),
        with("aud", json!("others")),
        with("aud", json!([])),
        with("aud", json!({"files": "files"})),
        with("exp", Value::Null),
        with("exp", json!("1900000000")),
        with("nbf", json!("soon")),
        with("sub", json!("a b")),
        with("sub", json!("*")),
        with("sub", json!(7)),
    ] {
        assert_eq!(verify(&wrong, NOW), Err(JwtError::Claims), "{wrong}");
    }
    assert_eq!(verify(&json!([]), NOW), Err(JwtError::Wrong));
}

#[test]
fn keys_that_change_are_fetched_once_in_a_while() {
    let (old, new) = (Pair::ed(), Pair::ed());
    let jwt = jwt(KeySet::default());
    let token = |pair: &Pair, id| pair.sign(&json!({"alg": "EdDSA", "kid": id}), &payload());
    let said = |token: &str, after| jwt.verify(token, at(NOW + after)).map(|_| ());
    assert_eq!(said(&token(&old, "old"), 0), Err(JwtError::Fetch), "none yet");
    assert_eq!(said(&token(&old, "old"), 1), Err(JwtError::Fetching));
    jwt.replace_keys(keys(&[old.key("old")]));
    assert_eq!(said(&token(&old, "old"), 2), Ok(()));
    assert_eq!(said(&token(&new, "new"), 3), Err(JwtError::UnknownKey), "it is not a minute yet");
    assert_eq!(said(&token(&new, "new"), 60), Err(JwtError::Fetch));
    assert_eq!(said(&token(&old, "old"), 61), Ok(()), "others are not in the way");
    jwt.keep_keys();
    assert_eq!(said(&token(&new, "new"), 62), Err(JwtError::UnknownKey), "the issuer does not answer");
    assert_eq!(said(&token(&new, "new"), 120), Err(JwtError::Fetch));
    jwt.replace_keys(keys(&[old.key("old"), new.key("new")]));
    assert_eq!((said(&token(&new, "new"), 121), said(&token(&old, "old"), 121)), (Ok(()), Ok(())));
    jwt.replace_keys(keys(&[new.key("new")]));
    assert!(said(&token(&old, "old"), 122).is_err(), "withdrawn");
    assert_eq!(said(&token(&old, "gone"), 300), Err(JwtError::Fetch));
    assert_eq!(said(&token(&old, "gone"), 305), Err(JwtError::Fetching));
    assert_eq!(
        said(&token(&old, "gone"), 310),
        Err(JwtError::UnknownKey),
        "a fetch that never ended is over"
    );
}

#[test]
fn a_token_without_a_key_id_is_by_the_only_key_that_it_can_be_by() {
    let (one, other) = (Pair::ed(), Pair::ed());
    let token = one.sign(&json!({"alg": "EdDSA"}), &payload());
    assert!(jwt(keys(&[one.key("a")])).verify(&token, at(NOW)).is_ok());
    assert!(jwt(keys(&[one.key("a"), other.key("b")])).verify(&token, at(NOW)).is_err());
}

#[test]
fn only_keys_for_signatures_of_our_kinds_are_taken() {
    let key = Pair::ed().key("a");
    let with = |name: &str, value: Value| {
        let mut key = key.clone();
        key[name] = value;
        json!({ "keys": [key] }).to_string()
    };
    assert!(KeySet::parse(with("key_ops", json!(["verify"])).as_bytes()).is_ok());
    let short = json!({"keys": [{"kty": "RSA", "n": URL_SAFE_NO_PAD.encode([0xff; 128]), "e": "AQAB"}]});
    for document in [
        with("use", json!("enc")),
        with("alg", json!("ES256")),
        with("alg", json!("HS256")),
        with("key_ops", json!(["sign"])),
        with("crv", json!("X25519")),
        with("kty", json!("oct")),
        with("x", json!("AAAA")),
        short.to_string(),
        json!({"keys": []}).to_string(),
    ] {
        assert_eq!(KeySet::parse(document.as_bytes()).unwrap_err(), KeySetError::NoKeys, "{document}");
    }
    for document in ["", "[]", "{}", "{\"keys\": 7}"] {
        assert_eq!(KeySet::parse(document.as_bytes()).unwrap_err(), KeySetError::Form, "{document}");
    }
    let many = json!({ "keys": vec![key; 65] }).to_string();
    assert_eq!(KeySet::parse(many.as_bytes()).unwrap_err(), KeySetError::TooLarge);
    assert_eq!(KeySet::parse(&vec![b' '; 300 << 10]).unwrap_err(), KeySetError::TooLarge);
}

proptest! {
    #[test]
    fn no_token_and_no_document_makes_the_reader_fall_over(
        header in "\\PC{0,30}", payload in "\\PC{0,30}", signature: Vec<u8>, document in "\\{\"keys\":\\[\\PC{0,60}\\]\\}"
    ) {
        let part = |text: &[u8]| URL_SAFE_NO_PAD.encode(text);
        let token = format!("{}.{}.{}", part(header.as_bytes()), part(payload.as_bytes()), part(&signature));
        prop_assert!(jwt(KeySet::default()).verify(&token, at(NOW)).is_err());
        prop_assert!(jwt(KeySet::default()).verify(&payload, at(NOW)).is_err());
        let _ = KeySet::parse(document.as_bytes());
    }
}
