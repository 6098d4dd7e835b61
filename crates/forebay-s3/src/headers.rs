//! The headers of a request that say what to store, and when.
//!
//! `PutObject`, `CopyObject` and `CreateMultipartUpload` take the same two dozen headers through three builders of the SDK, which
//! want a date where S3 takes any text (`Expires: 0`). They are written once here, and set on the request before it is signed.

use forebay_store::remote::{Attributes, Condition, Pin};
use forebay_store::{Strength, Validator};

use crate::error::Refused;
use crate::metadata;

/// Headers to set on a request before it is signed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Headers(Vec<(String, String)>);

impl Headers {
    pub(crate) fn put(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.push((name.into(), value.into()));
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// Whether all of them can be sent.
    pub(crate) fn check(&self) -> Result<(), Refused> {
        for (name, value) in self.iter() {
            let sendable =
                http::HeaderName::try_from(name).is_ok() && http::HeaderValue::try_from(value).is_ok();
            if !sendable {
                return Err(Refused(format!(
                    "{name} cannot be sent: it holds a character that no header may"
                )));
            }
        }
        Ok(())
    }

    /// What to store beside the bytes.
    pub(crate) fn attributes(&mut self, attributes: &Attributes) {
        let plain = [
            ("content-type", &attributes.content_type),
            ("cache-control", &attributes.cache_control),
            ("content-disposition", &attributes.content_disposition),
            ("content-encoding", &attributes.content_encoding),
            ("content-language", &attributes.content_language),
            ("expires", &attributes.expires),
            ("x-amz-storage-class", &attributes.storage_class),
        ];
        for (name, value) in plain {
            if let Some(value) = value {
                self.put(name, &**value);
            }
        }
        for (name, value) in &attributes.user {
            self.put(format!("{}{name}", metadata::PREFIX), metadata::encode(value));
        }
        if !attributes.tags.is_empty() {
            self.put("x-amz-tagging", metadata::tagging(&attributes.tags));
        }
    }

    /// When to write.
    pub(crate) fn condition(&mut self, condition: &Condition) {
        match condition {
            Condition::Always => {}
            Condition::Absent => self.put("if-none-match", "*"),
            Condition::Matches(validator) => self.put("if-match", tag(validator)),
        }
    }

    /// Of which version to read.
    pub(crate) fn pin(&mut self, pin: &Pin) {
        match (&pin.validator, pin.modified) {
            (Some(validator), _) if validator.strength() == Strength::Strong => {
                self.put("if-match", tag(validator));
            }
            (_, Some(modified)) => self.put("if-unmodified-since", httpdate::fmt_http_date(modified)),
            (_, None) => {}
        }
    }

    /// Of which version of the source to copy.
    pub(crate) fn pin_of_source(&mut self, pin: &Pin) {
        let mut plain = Self::default();
        plain.pin(pin);
        self.0.extend(plain.0.into_iter().map(|(name, value)| (format!("x-amz-copy-source-{name}"), value)));
    }
}

fn tag(validator: &Validator) -> String {
    String::from_utf8_lossy(validator.text()).into_owned()
}
