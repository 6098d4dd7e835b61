//! What streams, subjects and consumers are called.
//!
//! Points part the words of a subject, and a consumer is a directory of the server: what is a letter, a digit or a hyphen in the name of an
//! edge stays, every other byte is written as `_` and two digits. A name that would be too long for a directory ends in its hash.

use sha2::{Digest as _, Sha256};

use crate::edge::EdgeName;
use crate::queue::LeaseId;
use crate::task::Lane;

/// Bytes of a word before it is cut.
const WORD_LEN_MAX: usize = 180;

#[derive(Clone, Debug)]
pub(super) struct Names {
    prefix: String,
}

impl Names {
    pub(super) fn new(prefix: &str) -> Self {
        Self { prefix: prefix.into() }
    }

    pub(super) fn work_stream(&self) -> String {
        format!("{}-work", self.prefix)
    }

    pub(super) fn done_stream(&self) -> String {
        format!("{}-done", self.prefix)
    }

    pub(super) fn all_work(&self) -> String {
        format!("{}.work.>", self.prefix)
    }

    pub(super) fn all_done(&self) -> String {
        format!("{}.done.>", self.prefix)
    }

    /// The rows of an edge, for its consumer.
    pub(super) fn work_of(&self, edge: &EdgeName, lane: Lane) -> String {
        format!("{}.work.{}.{}.>", self.prefix, word(edge), lane.name())
    }

    /// One row: no two messages have the same subject, unless they are of the same lease.
    pub(super) fn work(&self, edge: &EdgeName, lane: Lane, book: &str, lease: LeaseId) -> String {
        format!("{}.work.{}.{}.{book}.{lease}", self.prefix, word(edge), lane.name())
    }

    pub(super) fn done(&self, book: &str) -> String {
        format!("{}.done.{book}", self.prefix)
    }

    /// The rows of an edge that are of one book.
    pub(super) fn work_of_book(&self, edge: &EdgeName, lane: Lane, book: &str) -> String {
        format!("{}.work.{}.{}.{book}.*", self.prefix, word(edge), lane.name())
    }

    /// Where it is told that an edge is back.
    pub(super) fn back(&self) -> String {
        format!("{}.back", self.prefix)
    }

    /// The consumer that all workers of an edge share.
    pub(super) fn worker(&self, edge: &EdgeName, lane: Lane) -> String {
        format!("{}-{}", word(edge), lane.name())
    }

    pub(super) fn collector(&self, book: &str) -> String {
        format!("book-{book}")
    }
}

fn word(edge: &EdgeName) -> String {
    let mut word = String::with_capacity(edge.as_str().len());
    for byte in edge.as_str().bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' => word.push(char::from(byte)),
            _ => word.push_str(&format!("_{byte:02X}")),
        }
    }
    if word.len() > WORD_LEN_MAX {
        word.truncate(WORD_LEN_MAX);
        let digest = Sha256::digest(edge.as_str());
        word.push('_');
        word.extend(digest[..8].iter().map(|byte| format!("{byte:02X}")));
    }
    word
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn word_of(edge: &str) -> String {
        word(&edge.parse().unwrap())
    }

    #[test]
    fn the_name_of_an_edge_is_one_word() {
        assert_eq!(word_of("edge-1"), "edge-1");
        assert_eq!(word_of("10.0.0.1:8080"), "10_2E0_2E0_2E1_3A8080");
        let [long, other] = ["a", "b"].map(|end| word_of(&format!("{}{end}", ".".repeat(99))));
        assert!(long.len() < 200 && long != other, "{long}");
    }

    proptest! {
        #[test]
        fn no_two_edges_share_a_word(a in "[a-zA-Z0-9.:_-]{1,100}", b in "[a-zA-Z0-9.:_-]{1,100}") {
            prop_assert_eq!(word_of(&a) == word_of(&b), a == b);
            prop_assert!(word_of(&a).bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
        }
    }
}
