//! URLs that carry their own signature: whoever has one may do this one thing until it expires.

use std::fmt;
use std::time::Duration;

use aws_sdk_s3::presigning::{PresignedRequest, PresigningConfig};
use forebay_store::StoreError;
use forebay_store::remote::{ObjectKey, Pin, PutAsk};

use crate::S3;
use crate::error::{About, Asked, of};
use crate::exchange::{Exchange, Head};
use crate::headers::Headers;
use crate::s3::dress;

/// The longest that S3 lets a signature live.
const LIFE_MAX: Duration = Duration::from_secs(7 * 24 * 3600);

/// What a signed URL lets its holder do.
#[derive(Debug, Clone, Copy)]
pub enum Presigned<'a> {
    /// Read the object, of this version if one is given.
    Get(&'a Pin),
    /// Write it, with these attributes and on this condition: the headers that go with it must be sent as they are.
    Put(&'a PutAsk),
}

/// A signed URL. It is a secret as long as it lives, and is not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Signed {
    /// The method to use it with.
    pub method: Box<str>,
    /// The URL.
    pub url: Box<str>,
    /// Headers that are part of the signature, besides `Host`.
    pub headers: Vec<(Box<str>, Box<str>)>,
}

impl S3 {
    /// Signs a URL that is good for `life`. Nothing is sent, and nothing is known about whether it will be allowed.
    ///
    /// # Errors
    ///
    /// `Denied` without credentials; `Invalid` if the life is too long for S3.
    pub async fn presign(
        &self,
        key: &ObjectKey,
        what: Presigned<'_>,
        life: Duration,
    ) -> Result<Signed, StoreError> {
        if life.is_zero() || life > LIFE_MAX {
            return Err(self.invalid("a signed URL lives for at least a second and at most seven days"));
        }
        let life = PresigningConfig::expires_in(life).map_err(|error| self.invalid(&error.to_string()))?;
        let exchange = Exchange::of_words();
        let signed = match what {
            Presigned::Get(pin) => {
                let headers = self.signed_read();
                let operation = self.sdk().get_object().bucket(self.bucket()).key(key.as_str());
                let operation = operation.set_version_id(pin.version.as_deref().map(Into::into)).customize();
                let outcome = dress(operation, headers, &exchange)?.presigned(life).await;
                outcome.map_err(|error| of(&error, &Head::default(), &self.about()))
            }
            Presigned::Put(ask) => {
                let headers = self.signed_write(ask)?;
                let operation = self.sdk().put_object().bucket(self.bucket()).key(key.as_str()).customize();
                let outcome = dress(operation, headers, &exchange)?.presigned(life).await;
                outcome.map_err(|error| of(&error, &Head::default(), &self.about()))
            }
        };
        Ok(Signed::of(&signed?))
    }

    fn signed_read(&self) -> Headers {
        let mut headers = self.headers();
        self.account.sse().on_read(&mut headers);
        headers
    }

    fn signed_write(&self, ask: &PutAsk) -> Result<Headers, StoreError> {
        self.require(&ask.condition, self.quirks().put_if)?;
        let mut headers = self.writing(ask)?;
        headers.condition(&ask.condition);
        self.digest(ask.checksum.as_ref(), &mut headers);
        Ok(headers)
    }

    fn about(&self) -> About<'_> {
        About { place: self.s3_place(), region: self.account.region(), condition: Asked::Write }
    }
}

impl Signed {
    fn of(request: &PresignedRequest) -> Self {
        let headers = request.headers().map(|(name, value)| (name.into(), value.into()));
        Self { method: request.method().into(), url: request.uri().into(), headers: headers.collect() }
    }
}

impl fmt::Debug for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signed").field("method", &self.method).finish_non_exhaustive()
    }
}
