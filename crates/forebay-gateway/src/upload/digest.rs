//! Digests that come with a body: `Content-Digest` and `Repr-Digest` (RFC 9530), in the head or in a trailer, and `Content-MD5`.
//!
//! A client that sends a digest wants it compared. So each that is known is, and a field of which none is known is refused, with the
//! algorithms that are. The body is the representation here, so both fields mean the same.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderMap, HeaderName};
use md5::{Digest as _, Md5};
use sha2::{Digest, Sha256, Sha512};

use crate::error::Failure;

const CONTENT_DIGEST: HeaderName = HeaderName::from_static("content-digest");
const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");
const CONTENT_MD5: HeaderName = HeaderName::from_static("content-md5");
/// A trailer may bring any of the algorithms, so the announcement of one has to say which is to be made.
const TRAILER: HeaderName = http::header::TRAILER;

/// As many digests of one body.
const DIGESTS_MAX: usize = 8;

/// What a body's digests must be, and what they are so far.
#[derive(Clone, Default)]
pub(super) struct Digests {
    wanted: Vec<(Algorithm, Box<[u8]>)>,
    sha256: Option<Sha256>,
    sha512: Option<Sha512>,
    md5: Option<Md5>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    Sha256,
    Sha512,
    Md5,
}

impl Digests {
    /// Reads what a head says of the body that follows.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Failure> {
        let mut digests = Self::default();
        digests.read(headers)?;
        let is_announced = |name: &HeaderName| {
            let listed = headers.get_all(TRAILER).iter().filter_map(|field| field.to_str().ok());
            listed
                .flat_map(|field| field.split(','))
                .any(|field| field.trim().eq_ignore_ascii_case(name.as_str()))
        };
        if is_announced(&CONTENT_DIGEST) || is_announced(&REPR_DIGEST) {
            digests.sha256.get_or_insert_default();
            digests.sha512.get_or_insert_default();
        }
        for (algorithm, _) in &digests.wanted {
            match algorithm {
                Algorithm::Sha256 => drop(digests.sha256.get_or_insert_default()),
                Algorithm::Sha512 => drop(digests.sha512.get_or_insert_default()),
                Algorithm::Md5 => drop(digests.md5.get_or_insert_default()),
            }
        }
        Ok(digests)
    }

    /// Reads what a trailer says of the body before it.
    pub(super) fn read(&mut self, fields: &HeaderMap) -> Result<(), Failure> {
        for name in [CONTENT_DIGEST, REPR_DIGEST] {
            let mut is_there = false;
            let before = self.wanted.len();
            for field in fields.get_all(&name) {
                is_there = true;
                dictionary(field.as_bytes(), |key, value| self.want(key, value))?;
            }
            if is_there && self.wanted.len() == before {
                return Err(Failure::BadDigest);
            }
        }
        for field in fields.get_all(&CONTENT_MD5) {
            let digest = BASE64_STANDARD.decode(field.as_bytes().trim_ascii());
            self.push(Algorithm::Md5, digest.map_err(|_| Failure::BadDigest)?)?;
        }
        Ok(())
    }

    fn want(&mut self, key: &[u8], value: Vec<u8>) -> Result<(), Failure> {
        match key {
            b"sha-256" => self.push(Algorithm::Sha256, value),
            b"sha-512" => self.push(Algorithm::Sha512, value),
            _ => Ok(()),
        }
    }

    fn push(&mut self, algorithm: Algorithm, digest: Vec<u8>) -> Result<(), Failure> {
        if digest.len() != algorithm.len() || self.wanted.len() == DIGESTS_MAX {
            return Err(Failure::BadDigest);
        }
        self.wanted.push((algorithm, digest.into()));
        Ok(())
    }

    /// More of the body.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        if let Some(running) = &mut self.sha256 {
            running.update(bytes);
        }
        if let Some(running) = &mut self.sha512 {
            running.update(bytes);
        }
        if let Some(running) = &mut self.md5 {
            running.update(bytes);
        }
    }

    /// Whether the body was what was said of it.
    pub(super) fn check(self) -> Result<(), Failure> {
        let sha256 = self.sha256.map(|running| running.finalize().to_vec());
        let sha512 = self.sha512.map(|running| running.finalize().to_vec());
        let md5 = self.md5.map(|running| running.finalize().to_vec());
        let is_so = |(algorithm, wanted): &(Algorithm, Box<[u8]>)| {
            let found = match algorithm {
                Algorithm::Sha256 => &sha256,
                Algorithm::Sha512 => &sha512,
                Algorithm::Md5 => &md5,
            };
            found.as_deref() == Some(&**wanted)
        };
        if self.wanted.iter().all(is_so) { Ok(()) } else { Err(Failure::DigestMismatch) }
    }
}

impl Algorithm {
    const fn len(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha512 => 64,
            Self::Md5 => 16,
        }
    }
}

/// Reads a dictionary of byte sequences (RFC 9651 §3.2), `key=:base64:`, with parameters that are skipped.
fn dictionary(
    field: &[u8],
    mut each: impl FnMut(&[u8], Vec<u8>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    for member in field.split(|&byte| byte == b',') {
        let member = member.trim_ascii();
        let at = member.iter().position(|&byte| byte == b'=').ok_or(Failure::BadDigest)?;
        let (key, value) = (&member[..at], &member[at + 1..]);
        let value = value.strip_prefix(b":").ok_or(Failure::BadDigest)?;
        let end = value.iter().position(|&byte| byte == b':').ok_or(Failure::BadDigest)?;
        if !matches!(value.get(end + 1), None | Some(b';')) {
            return Err(Failure::BadDigest);
        }
        each(key, BASE64_STANDARD.decode(&value[..end]).map_err(|_| Failure::BadDigest)?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
        fields.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    fn judged(fields: &[(&'static str, &str)], body: &[u8]) -> &'static str {
        let Ok(mut digests) = Digests::of(&headers(fields)) else { return "bad" };
        digests.update(body);
        digests.check().map_or("other", |()| "same")
    }

    /// Of `{"hello": "world"}\n`, from RFC 9530.
    const SHA256: &str = "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:";
    const BODY: &[u8] = b"{\"hello\": \"world\"}\n";

    #[test]
    fn a_digest_is_compared_whichever_field_brings_it() {
        let both = format!("unknown=:AA==:, {SHA256};q=1");
        for name in ["content-digest", "repr-digest"] {
            assert_eq!(judged(&[(name, SHA256)], BODY), "same");
            assert_eq!(judged(&[(name, &both)], BODY), "same");
            assert_eq!(judged(&[(name, SHA256)], b"{}"), "other");
            for bad in [
                "sha-256=abc",
                "sha-256=:AA==:",
                "md5=:AA==:",
                "sha-256",
                "",
                "sha-256=:AA",
                "sha-256=:AA==:x",
            ] {
                assert_eq!(judged(&[(name, bad)], BODY), "bad", "{bad}");
            }
        }
        assert_eq!(judged(&[("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg==")], b""), "same");
        assert_eq!(judged(&[("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg==")], b"x"), "other");
        assert_eq!(judged(&[("content-md5", "AA==")], b""), "bad");
        assert_eq!(judged(&[], b"x"), "same");
    }

    #[test]
    fn a_digest_in_a_trailer_is_compared_if_it_was_announced() {
        let trailer = headers(&[("content-digest", SHA256)]);
        for (announced, body, expected) in [(true, BODY, true), (true, b"x", false), (false, BODY, false)] {
            let mut head = HeaderMap::new();
            if announced {
                head.insert(TRAILER, HeaderValue::from_static("Expires, Content-Digest"));
            }
            let mut digests = Digests::of(&head).unwrap();
            digests.update(body);
            digests.read(&trailer).unwrap();
            assert_eq!(digests.check().is_ok(), expected);
        }
    }

    proptest! {
        #[test]
        fn any_field_is_read_or_refused(field in "[ -~]{0,80}") {
            let _either = Digests::of(&headers(&[("content-digest", field.trim())]));
        }

        #[test]
        fn the_digest_of_any_body_is_its_digest(body: Vec<u8>) {
            let field = format!("sha-256=:{}:", BASE64_STANDARD.encode(Sha256::digest(&body)));
            prop_assert_eq!(judged(&[("repr-digest", &field)], &body), "same");
        }
    }
}
