//! Digests, keyed and not, and chance.
//!
//! What is looked up by a secret is looked up by its digest under a key that this process drew: how far two of those agree says nothing
//! about the secrets, so no table has to be searched in constant time.

use std::fmt;

use aws_lc_rs::{constant_time, digest, hmac, rand};

/// A digest, of SHA-256 or of HMAC with it.
pub(crate) type Digest = [u8; 32];

/// A key that nobody else has and that ends with the process.
pub(crate) struct ProcessKey(hmac::Key);

impl ProcessKey {
    /// Draws one.
    pub(crate) fn draw() -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, &random::<32>()))
    }

    /// The digest of parts, none of which can run into the next.
    pub(crate) fn digest(&self, parts: &[&[u8]]) -> Digest {
        let mut context = hmac::Context::with_key(&self.0);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        to_digest(context.sign().as_ref())
    }
}

impl fmt::Debug for ProcessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProcessKey(…)")
    }
}

/// SHA-256.
pub(crate) fn sha256(text: &[u8]) -> Digest {
    to_digest(digest::digest(&digest::SHA256, text).as_ref())
}

/// Whether two are the same, in the same time whatever they are.
pub(crate) fn same(one: &[u8], other: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(one, other).is_ok()
}

/// Bytes that nobody can guess.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).expect("the system gives random bytes");
    bytes
}

/// The first eight bytes of a digest as a number, to find a place in a table by.
pub(crate) fn number(digest: &Digest) -> u64 {
    digest.iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

fn to_digest(bytes: &[u8]) -> Digest {
    bytes.try_into().expect("a digest of 256 bits")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_into_each_other() {
        let key = ProcessKey::draw();
        assert_eq!(key.digest(&[b"ab", b"c"]), key.digest(&[b"ab", b"c"]));
        assert_ne!(key.digest(&[b"ab", b"c"]), key.digest(&[b"a", b"bc"]));
        assert_ne!(key.digest(&[b"ab"]), key.digest(&[b"ab", b""]));
        assert_ne!(key.digest(&[b"ab"]), ProcessKey::draw().digest(&[b"ab"]));
    }

    #[test]
    fn only_the_same_is_the_same() {
        assert!(same(b"ab", b"ab") && !same(b"ab", b"aB") && !same(b"ab", b"abc") && !same(b"ab", b""));
        assert_eq!(number(&[0xff; 32]), u64::MAX);
    }
}
