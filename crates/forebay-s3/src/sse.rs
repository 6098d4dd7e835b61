//! Encryption of objects where they lie.

use std::fmt;
use std::io::Read as _;
use std::path::Path;

use aws_smithy_types::base64;
use md5::{Digest as _, Md5};

use crate::headers::Headers;

/// How objects are encrypted where they lie.
#[derive(Debug, Clone, Default)]
pub enum Sse {
    /// As the bucket is set.
    #[default]
    Bucket,
    /// With keys of S3 (SSE-S3).
    S3,
    /// With a key of the key service (SSE-KMS); the account's own if none is named.
    Kms(Option<Box<str>>),
    /// With a key that only the caller has (SSE-C): it goes along with each request, and the object is lost without it.
    Customer(CustomerKey),
}

/// A key of 32 bytes that only the caller has. Never shown.
#[derive(Clone)]
pub struct CustomerKey([u8; 32]);

/// Why a file does not hold a key.
#[derive(Debug, thiserror::Error)]
pub enum CustomerKeyError {
    /// It cannot be read.
    #[error("the key file cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// It holds something else.
    #[error("the key file must hold 32 bytes, or the base64 of 32 bytes")]
    Length,
}

impl CustomerKey {
    /// This key.
    pub const fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// The key in a file: 32 bytes, or their base64 on one line.
    ///
    /// # Errors
    ///
    /// [`CustomerKeyError`] if the file cannot be read or holds something else.
    pub fn from_file(path: &Path) -> Result<Self, CustomerKeyError> {
        // Twice the longest that is allowed, so that what is too long is seen to be.
        let mut bytes = Vec::with_capacity(128);
        std::fs::File::open(path)?.take(128).read_to_end(&mut bytes)?;
        if let Ok(key) = bytes.as_slice().try_into() {
            return Ok(Self(key));
        }
        std::str::from_utf8(&bytes)
            .ok()
            .and_then(|text| base64::decode(text.trim()).ok())
            .and_then(|key| key.try_into().ok())
            .map(Self)
            .ok_or(CustomerKeyError::Length)
    }

    fn put(&self, names: [&'static str; 3], headers: &mut Headers) {
        headers.put(names[0], "AES256");
        headers.put(names[1], base64::encode(self.0));
        headers.put(names[2], base64::encode(Md5::digest(self.0)));
    }
}

impl Sse {
    /// What a request that writes says.
    pub(crate) fn on_write(&self, headers: &mut Headers) {
        match self {
            Self::Bucket => {}
            Self::S3 => headers.put("x-amz-server-side-encryption", "AES256"),
            Self::Kms(key) => {
                headers.put("x-amz-server-side-encryption", "aws:kms");
                if let Some(key) = key {
                    headers.put("x-amz-server-side-encryption-aws-kms-key-id", &**key);
                }
            }
            Self::Customer(_) => self.on_read(headers),
        }
    }

    /// What a request that reads, or that adds a part, says.
    pub(crate) fn on_read(&self, headers: &mut Headers) {
        if let Self::Customer(key) = self {
            key.put(CUSTOMER, headers);
        }
    }

    /// What a request that copies says of its source.
    pub(crate) fn on_source(&self, headers: &mut Headers) {
        if let Self::Customer(key) = self {
            key.put(CUSTOMER_OF_SOURCE, headers);
        }
    }
}

const CUSTOMER: [&str; 3] = [
    "x-amz-server-side-encryption-customer-algorithm",
    "x-amz-server-side-encryption-customer-key",
    "x-amz-server-side-encryption-customer-key-md5",
];

const CUSTOMER_OF_SOURCE: [&str; 3] = [
    "x-amz-copy-source-server-side-encryption-customer-algorithm",
    "x-amz-copy-source-server-side-encryption-customer-key",
    "x-amz-copy-source-server-side-encryption-customer-key-md5",
];

impl fmt::Debug for CustomerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CustomerKey")
    }
}

#[cfg(test)]
mod tests {
    use super::{CustomerKey, CustomerKeyError, Sse};
    use crate::headers::Headers;

    #[test]
    fn a_key_is_read_as_bytes_and_as_base64_and_is_never_shown() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("key");
        for bytes in [&[b'k'; 32][..], b"a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=\n"] {
            std::fs::write(&file, bytes).unwrap();
            let key = CustomerKey::from_file(&file).unwrap();
            assert_eq!(key.0, [b'k'; 32]);
            assert_eq!(format!("{:?}", Sse::Customer(key)), "Customer(CustomerKey)");
        }
        for bytes in [&[b'k'; 31][..], b"", b"a2s=", &[b'k'; 200]] {
            std::fs::write(&file, bytes).unwrap();
            assert!(matches!(CustomerKey::from_file(&file), Err(CustomerKeyError::Length)));
        }
    }

    #[test]
    fn a_customer_key_goes_with_reads_and_other_keys_do_not() {
        let said = |tell: &dyn Fn(&mut Headers)| {
            let mut headers = Headers::default();
            tell(&mut headers);
            headers.iter().count()
        };
        let customer = Sse::Customer(CustomerKey::new([1; 32]));
        let kms = Sse::Kms(Some("alias/k".into()));
        assert_eq!((said(&|h| customer.on_read(h)), said(&|h| customer.on_write(h))), (3, 3));
        assert_eq!((said(&|h| kms.on_read(h)), said(&|h| kms.on_write(h))), (0, 2));
        assert_eq!((said(&|h| customer.on_source(h)), said(&|h| kms.on_source(h))), (3, 0));
    }
}
