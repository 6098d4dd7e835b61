//! Buckets themselves: to make, to remove, to list, to find.

use std::time::SystemTime;

use aws_sdk_s3::types::{
    BucketLocationConstraint, BucketVersioningStatus, CreateBucketConfiguration, VersioningConfiguration,
};
use forebay_store::StoreError;
use http::header::DATE;

use crate::error::Asked;
use crate::exchange::Exchange;
use crate::quirks::Profile;
use crate::s3::dress;
use crate::{BucketName, S3, S3Account, facts, list};

/// Where AWS keeps buckets whose region is not told.
const REGION_UNTOLD: &str = "us-east-1";

/// A page of buckets.
#[derive(Debug, Clone, Default)]
pub struct BucketsPage {
    /// In the order of their names.
    pub entries: Vec<BucketEntry>,
    /// What continues; `None` at the end.
    pub next: Option<Box<str>>,
}

/// A bucket in a list.
#[derive(Debug, Clone)]
pub struct BucketEntry {
    /// Its name.
    pub name: Box<str>,
    /// When it was made.
    pub made: Option<SystemTime>,
}

impl S3Account {
    /// The buckets of this account, a page at a time.
    ///
    /// # Errors
    ///
    /// `Denied`, `Throttled`, `Unavailable`.
    pub async fn buckets(&self, continuation: Option<&str>) -> Result<BucketsPage, StoreError> {
        let _turn = self.list_turn().await;
        let exchange = Exchange::of_list();
        let operation = self.sdk().list_buckets().set_continuation_token(continuation.map(Into::into));
        let outcome =
            dress(operation.customize(), crate::headers::Headers::default(), &exchange)?.send().await;
        let (output, _) = self.settle(outcome, &exchange, "s3://", Asked::Pin)?;
        let entries = output.buckets().iter().filter_map(|bucket| {
            let made = bucket.creation_date().and_then(list::time);
            Some(BucketEntry { name: bucket.name()?.into(), made })
        });
        Ok(BucketsPage {
            entries: entries.collect(),
            next: output.continuation_token().filter(|next| !next.is_empty()).map(Into::into),
        })
    }
}

impl S3 {
    /// Makes the bucket, in the account's region.
    ///
    /// # Errors
    ///
    /// `Precondition` if the name is taken; else as [`Remote::head`](forebay_store::remote::Remote::head).
    pub async fn make(&self) -> Result<(), StoreError> {
        let region = self.account.region();
        let elsewhere = region != REGION_UNTOLD && self.account.profile() == Profile::Aws;
        let place = elsewhere.then(|| {
            CreateBucketConfiguration::builder()
                .location_constraint(BucketLocationConstraint::from(region))
                .build()
        });
        let exchange = Exchange::of_words();
        let operation = self
            .sdk()
            .create_bucket()
            .bucket(self.bucket())
            .set_create_bucket_configuration(place)
            .customize();
        let outcome = dress(operation, self.headers(), &exchange)?.send().await;
        self.settle(outcome, &exchange, Asked::Write)?;
        Ok(())
    }

    /// Removes the bucket, which must be empty.
    ///
    /// # Errors
    ///
    /// `Precondition` if it is not empty; else as [`Remote::head`](forebay_store::remote::Remote::head).
    pub async fn remove(&self) -> Result<(), StoreError> {
        let exchange = Exchange::of_words();
        let operation = self.sdk().delete_bucket().bucket(self.bucket()).customize();
        let outcome = dress(operation, self.headers(), &exchange)?.send().await;
        self.settle(outcome, &exchange, Asked::Write)?;
        Ok(())
    }

    /// From now on the bucket keeps every version of its objects.
    ///
    /// # Errors
    ///
    /// As [`Remote::head`](forebay_store::remote::Remote::head).
    pub async fn keep_versions(&self) -> Result<(), StoreError> {
        let enabled = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
        let exchange = Exchange::of_words();
        let operation = self
            .sdk()
            .put_bucket_versioning()
            .bucket(self.bucket())
            .versioning_configuration(enabled)
            .customize();
        let outcome = dress(operation, self.headers(), &exchange)?.send().await;
        self.settle(outcome, &exchange, Asked::Write)?;
        Ok(())
    }

    /// The region that the bucket is in, if its server says so. Needs no right to read it.
    ///
    /// # Errors
    ///
    /// `NotFound`, `Throttled`, `Unavailable`; `Denied` and a wrong region only if the answer does not tell.
    pub async fn region(&self) -> Result<Option<Box<str>>, StoreError> {
        self.look().await.0
    }

    /// The region, and what the server's clock says.
    pub(crate) async fn look(&self) -> (Result<Option<Box<str>>, StoreError>, Option<SystemTime>) {
        let exchange = Exchange::of_words();
        let operation = self.sdk().head_bucket().bucket(self.bucket()).customize();
        let outcome = match dress(operation, self.headers(), &exchange) {
            Ok(operation) => operation.send().await,
            Err(error) => return (Err(error), None),
        };
        let (told, date) = exchange.peek(|head| {
            (head.text("x-amz-bucket-region").map(Into::into), facts::date(&head.headers, &DATE))
        });
        // A refusal tells the region as well as a welcome does.
        let region = match (self.settle(outcome, &exchange, Asked::Pin), told) {
            (Ok(_), told) => Ok(told),
            (Err(_), Some(told)) => Ok(Some(told)),
            (Err(error), None) => Err(error),
        };
        (region, date)
    }
}

impl BucketEntry {
    /// Its name, to open it.
    ///
    /// # Errors
    ///
    /// [`BucketNameError`](crate::BucketNameError) if the server lists what is no name.
    pub fn bucket_name(&self) -> Result<BucketName, crate::BucketNameError> {
        BucketName::new(self.name.clone())
    }
}
