//! A bucket, as a place to read and to write.

use std::fmt;

use aws_sdk_s3::client::customize::CustomizableOperation;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use forebay_net::client::Client;
use forebay_store::StoreError;

use crate::error::{self, About, Asked};
use crate::exchange::{Exchange, Head};
use crate::headers::Headers;
use crate::options::{Payer, S3Options};
use crate::quirks::{Profile, Quirks};
use crate::{BucketName, S3Account};

/// A bucket. Cheap to clone.
#[derive(Clone)]
pub struct S3 {
    pub(crate) account: S3Account,
    pub(crate) name: BucketName,
    place: Box<str>,
    /// Another row of the table than the server's own.
    assumed: Option<Profile>,
}

impl S3 {
    /// A bucket, with an account of its own. See [`S3Account::connect`].
    pub async fn connect(name: BucketName, options: S3Options, client: Client) -> Self {
        S3Account::connect(options, client).await.bucket(name)
    }

    pub(crate) fn new(account: S3Account, name: BucketName) -> Self {
        let place = format!("s3://{name}").into();
        Self { account, name, place, assumed: None }
    }

    /// Its account.
    pub fn account(&self) -> &S3Account {
        &self.account
    }

    /// Its name.
    pub fn name(&self) -> &BucketName {
        &self.name
    }

    /// What its server does and does not.
    pub fn quirks(&self) -> Quirks {
        self.assumed.unwrap_or_else(|| self.account.profile()).quirks()
    }

    /// The same bucket, as if its server were of this kind.
    pub(crate) fn assuming(&self, profile: Profile) -> Self {
        Self { assumed: Some(profile), ..self.clone() }
    }

    /// `s3://bucket`.
    pub(crate) fn s3_place(&self) -> &str {
        &self.place
    }

    pub(crate) fn sdk(&self) -> &aws_sdk_s3::Client {
        self.account.sdk()
    }

    pub(crate) fn bucket(&self) -> String {
        self.name.to_string()
    }

    /// The headers that every request has.
    pub(crate) fn headers(&self) -> Headers {
        let mut headers = Headers::default();
        if self.account.payer() == Payer::Requester {
            headers.put("x-amz-request-payer", "requester");
        }
        headers
    }

    /// Makes an outcome of the SDK one of ours, and learns from the head.
    pub(crate) fn settle<T, E>(
        &self,
        outcome: Result<T, SdkError<E, HttpResponse>>,
        exchange: &Exchange,
        asked: Asked,
    ) -> Result<(T, Head), StoreError>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        self.account.settle(outcome, exchange, self.s3_place(), asked)
    }
}

impl S3Account {
    /// As [`S3::settle`], for a place that is named.
    pub(crate) fn settle<T, E>(
        &self,
        outcome: Result<T, SdkError<E, HttpResponse>>,
        exchange: &Exchange,
        place: &str,
        asked: Asked,
    ) -> Result<(T, Head), StoreError>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let head = exchange.head();
        self.heard(&head);
        match outcome {
            Ok(output) => Ok((output, head)),
            Err(error) => {
                let about = About { place, region: self.region(), condition: asked };
                Err(error::of(&error, &head, &about))
            }
        }
    }
}

/// An operation with our headers, and with the exchange that its request carries.
pub(crate) fn dress<T, E, B>(
    operation: CustomizableOperation<T, E, B>,
    headers: Headers,
    exchange: &Exchange,
) -> Result<CustomizableOperation<T, E, B>, StoreError> {
    headers.check()?;
    let exchange = exchange.clone();
    Ok(operation.mutate_request(move |request| {
        for (name, value) in headers.iter() {
            request.headers_mut().insert(name.to_owned(), value.to_owned());
        }
        request.add_extension(exchange.clone());
    }))
}

impl fmt::Debug for S3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3").field("place", &self.place).field("account", &self.account).finish()
    }
}
