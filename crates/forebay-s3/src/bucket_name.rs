//! The name of a bucket.

use std::fmt;

/// The name of a bucket, or the ARN of an access point. Checked for what would end up elsewhere in a URL, not for the rules of one server.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BucketName(Box<str>);

/// Why a text is not the name of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the name of a bucket: use letters, digits, `.` and `-`, as in s3://my-bucket/key")]
pub struct BucketNameError;

impl BucketName {
    /// Checks a name.
    ///
    /// # Errors
    ///
    /// [`BucketNameError`] if it is empty, too long, or holds what no bucket's name may.
    pub fn new(name: impl Into<Box<str>>) -> Result<Self, BucketNameError> {
        let name = name.into();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        let of_arn = |byte: u8| plain(byte) || matches!(byte, b':' | b'/');
        let fits = match name.strip_prefix("arn:") {
            Some(rest) => !rest.is_empty() && name.len() <= 2048 && rest.bytes().all(of_arn),
            None => {
                (1..=255).contains(&name.len()) && name.bytes().all(plain) && !matches!(&*name, "." | "..")
            }
        };
        if fits { Ok(Self(name)) } else { Err(BucketNameError) }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BucketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for BucketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BucketName({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::BucketName;

    #[test]
    fn a_name_stays_within_its_place_in_a_url() {
        for name in
            ["a-bucket.example", "x", "Old_Bucket", "arn:aws:s3:eu-west-1:123456789012:accesspoint/ap"]
        {
            assert!(BucketName::new(name).is_ok(), "{name}");
        }
        let long = "x".repeat(256);
        for name in ["", "a/b", "a b", "a?b", "a@b", "a:80", "..", "b\u{fc}cket", "a\nb", "arn:", &long] {
            assert!(BucketName::new(name).is_err(), "{name}");
        }
    }
}
