//! No secret gets through, wherever the text is cut; what is not secret stays as it is.

use proptest::prelude::*;

use super::*;

fn json(text: &str) -> String {
    let mut out = String::new();
    Redaction::default().json(text, |piece| out.push_str(piece));
    out
}

fn form(text: &str) -> String {
    let mut out = String::new();
    Redaction::default().form(text, |piece| out.push_str(piece));
    out
}

#[test]
fn names_are_compared_by_their_end() {
    let redaction = Redaction::default();
    for secret in
        ["password", "userPassword", "X-Amz-Security-Token", "access_token", "api-key", "Set-Cookie"]
    {
        assert!(redaction.is_secret(secret), "{secret}");
    }
    for harmless in ["code", "name", "tokens", "passwordless", "author", ""] {
        assert!(!redaction.is_secret(harmless), "{harmless}");
    }
    assert!(Redaction::default().also(["Card-Number"]).is_secret("cardnumber"));
    assert!(Redaction::default().also(["Contraseña"]).is_secret("contraseña"), "not only ASCII");
    assert!(!Redaction::none().is_secret("password"));
}

#[test]
fn json_values_of_every_kind_are_replaced() {
    assert_eq!(
        json(r#"{"user":"bob","password":"hunter2","n":1}"#),
        r#"{"user":"bob","password":"[redacted]","n":1}"#
    );
    assert_eq!(json(r#"{"token" : 123, "a":[1]}"#), r#"{"token" : "[redacted]", "a":[1]}"#);
    assert_eq!(json(r#"{"secret":{"a":"}","b":[1,{}]},"c":2}"#), r#"{"secret":"[redacted]","c":2}"#);
    assert_eq!(
        json(r#"{"pass\u0077ord":"x\"y","z":"password"}"#),
        r#"{"pass\u0077ord":"[redacted]","z":"password"}"#
    );
    assert_eq!(
        json(r#"[{"token":null},{"token":true}]"#),
        r#"[{"token":"[redacted]"},{"token":"[redacted]"}]"#
    );
}

#[test]
fn a_cut_secret_is_redacted_to_the_cut() {
    assert_eq!(json(r#"{"password":"hunt"#), r#"{"password":"[redacted]""#);
    assert_eq!(json(r#"{"password":"hunt\"#), r#"{"password":"[redacted]""#);
    assert_eq!(json(r#"{"password":{"a":["x"#), r#"{"password":"[redacted]""#);
    assert_eq!(json(r#"{"password": "#), r#"{"password": "#);
    assert_eq!(json(r#"{"passw"#), r#"{"passw"#);
}

#[test]
fn queries_and_forms_too() {
    assert_eq!(form("a=1&token=x&b=2"), "a=1&token=[redacted]&b=2");
    assert_eq!(form("X-Amz-Signature=abc"), "X-Amz-Signature=[redacted]");
    assert_eq!(form("pass%77ord=x&user[password]=y"), "pass%77ord=[redacted]&user[password]=[redacted]");
    assert_eq!(form("token&token=&=x"), "token&token=[redacted]&=x");
}

proptest! {
    /// Wherever a document with a secret in it is cut, not one of the secret's letters is left.
    #[test]
    fn no_cut_lets_a_secret_through(
        before in "[a-y0-9 \\\\\"]{0,20}",
        secret in "Z[Z\\\\\",{}\\[\\]]{0,20}",
        cut in 0usize..200,
    ) {
        let document = serde_json::json!({ "a": before, "nested": { "Api_Key": secret, "b": [1] } }).to_string();
        let cut = document.floor_char_boundary(cut);
        let redacted = json(&document[..cut]);
        prop_assert!(!redacted.contains('Z'), "{redacted}");
    }

    /// A whole document stays a document, with everything else in its place.
    #[test]
    fn whole_documents_stay_documents(name in "[a-z_]{1,12}", value in ".{0,30}") {
        let document = serde_json::json!({ name.clone(): value, "token": [value], "last": 1 });
        let redacted: serde_json::Value = serde_json::from_str(&json(&document.to_string())).unwrap();
        prop_assert_eq!(&redacted["token"], "[redacted]");
        prop_assert_eq!(&redacted["last"], 1);
        if !Redaction::default().is_secret(&name) {
            prop_assert_eq!(&redacted[&name], &document[&name]);
        }
    }

    #[test]
    fn any_text_is_taken(text in "(?s).{0,200}") {
        json(&text);
        form(&text);
        let mut out = String::new();
        Redaction::none().json(&text, |piece| out.push_str(piece));
        prop_assert_eq!(&out, &text);
    }
}
