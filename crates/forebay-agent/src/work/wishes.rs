//! What one job has otherwise than the others: how far it is proved, what is warmed.
//!
//! It is kept with the job as JSON, always the same for the same wishes: rows of several jobs are done together if their wishes are the same text.

use http::HeaderName;
use http::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, EXPECT, HOST, RANGE, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use serde::{Deserialize, Serialize};

use super::request::Variant;
use super::worker::{Proof, WorkOptions};

/// Variants of one job at most.
pub const VARIANTS_MAX: usize = 32;

/// Fields that say where a message goes, how it is framed, or what part is asked for; a variant is chosen by none of them.
const OURS: [HeaderName; 10] =
    [HOST, CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING, TE, TRAILER, UPGRADE, EXPECT, RANGE, CACHE_CONTROL];

/// What a job wants otherwise than the settings say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wishes {
    /// What to warm: header fields, `Name: value`, of one request each. An empty list is one request without anything special.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variants: Option<Vec<String>>,
    /// How far outcomes are proved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proof>,
    /// Read every byte, and keep its SHA-256.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<bool>,
}

/// Wishes that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WishError {
    /// There are too many variants.
    #[error("a job has {VARIANTS_MAX} variants at most")]
    TooMany,
    /// A variant is no header field.
    #[error("variant {0:?}: write it as a header field, 'Name: value'")]
    Variant(String),
    /// A field is not for others to set.
    #[error("variant {0:?}: no variant is chosen by that field")]
    Ours(String),
}

impl Wishes {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether they can be.
    ///
    /// # Errors
    ///
    /// [`WishError`] says which cannot.
    pub fn check(&self) -> Result<(), WishError> {
        let variants = self.variants.as_deref().unwrap_or_default();
        if variants.len() > VARIANTS_MAX {
            return Err(WishError::TooMany);
        }
        for text in variants {
            let variant = Variant::parse(text).map_err(|_| WishError::Variant(text.clone()))?;
            if variant.fields().iter().any(|(name, _)| OURS.contains(name)) {
                return Err(WishError::Ours(text.clone()));
            }
        }
        Ok(())
    }

    /// As the queue keeps them.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What the queue has kept.
    pub(crate) fn of_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    pub(super) fn apply(&self, options: &WorkOptions) -> WorkOptions {
        // They were checked when they were taken in.
        let variants =
            |texts: &Vec<String>| texts.iter().filter_map(|text| Variant::parse(text).ok()).collect();
        WorkOptions {
            variants: self.variants.as_ref().map_or_else(|| options.variants.clone(), variants),
            proof: self.proof.unwrap_or(options.proof),
            digest: self.digest.unwrap_or(options.digest),
            ..options.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_are_written_down_and_read_again() {
        let all = Wishes {
            variants: Some(vec!["Accept-Encoding: gzip".to_owned()]),
            proof: Some(Proof::Always),
            digest: Some(true),
        };
        for wishes in [Wishes::default(), all] {
            assert_eq!(Wishes::of_json(&wishes.to_json()).unwrap(), wishes);
            assert_eq!(wishes.check(), Ok(()));
        }
        assert_eq!(Wishes::default().to_json(), "{}", "jobs without wishes are done together");
        assert!(Wishes::of_json("{\"prof\":\"always\"}").is_err());
    }

    #[test]
    fn a_variant_cannot_change_where_a_request_goes_or_how_it_is_framed() {
        let wishing = |field: &str| Wishes { variants: Some(vec![field.to_owned()]), ..Wishes::default() };
        for wrong in
            ["Host: other.test", "content-length: 7", "Transfer-Encoding: chunked", "Range: bytes=0-0"]
        {
            assert_eq!(wishing(wrong).check(), Err(WishError::Ours(wrong.to_owned())));
        }
        for wrong in ["", "gzip", "a b: c", "X: a\r\nHost: b"] {
            assert_eq!(wishing(wrong).check(), Err(WishError::Variant(wrong.to_owned())));
        }
        let many = Wishes { variants: Some(vec!["X: y".to_owned(); 33]), ..Wishes::default() };
        assert_eq!(many.check(), Err(WishError::TooMany));
    }

    #[test]
    fn what_is_not_wished_is_as_the_settings_say() {
        let settings = WorkOptions { proof: Proof::Never, digest: true, ..WorkOptions::default() };
        let wishes = Wishes { proof: Some(Proof::Always), ..Wishes::default() };
        let applied = wishes.apply(&settings);
        assert_eq!((applied.proof, applied.digest, applied.variants.len()), (Proof::Always, true, 0));
    }
}
