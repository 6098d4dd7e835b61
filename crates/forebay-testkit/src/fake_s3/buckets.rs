//! Buckets themselves.

use std::time::SystemTime;

use super::list::iso;
use super::refusal::{Outcome, Refusal};
use super::shared::Shared;
use super::state::Bucket;
use super::xml::{Xml, text_of};
use crate::fake::Target;
use crate::fake::reply::Reply;

/// Where all buckets of the fake are.
pub(crate) const REGION: &str = "us-east-1";

pub(crate) fn create(shared: &Shared, target: &Target) -> Outcome<Reply> {
    let mut state = shared.state.lock();
    if state.buckets.contains_key(&target.bucket) {
        return Err(Refusal("BucketAlreadyOwnedByYou"));
    }
    let bucket = Bucket { created: Some(SystemTime::now()), ..Bucket::default() };
    state.buckets.insert(target.bucket.clone(), bucket);
    Ok(Reply::new(200).with("location", format!("/{}", target.bucket)))
}

pub(crate) fn delete(shared: &Shared, target: &Target) -> Outcome<Reply> {
    let mut state = shared.state.lock();
    if !state.bucket(&target.bucket)?.is_empty() {
        return Err(Refusal("BucketNotEmpty"));
    }
    state.buckets.remove(&target.bucket);
    Ok(Reply::new(204))
}

pub(crate) fn head(shared: &Shared, target: &Target) -> Outcome<Reply> {
    shared.state.lock().bucket(&target.bucket)?;
    Ok(Reply { head_only: true, ..Reply::new(200) }.with("x-amz-bucket-region", REGION))
}

pub(crate) fn location(shared: &Shared, target: &Target) -> Outcome<Reply> {
    shared.state.lock().bucket(&target.bucket)?;
    let mut xml = Xml::new();
    // us-east-1 is told by saying nothing.
    xml.text("LocationConstraint", "");
    Ok(Reply::new(200).text("application/xml", xml.finish()))
}

/// Tells or sets whether versions are kept.
pub(crate) fn versioning(shared: &Shared, body: &str, target: &Target) -> Outcome<Reply> {
    let mut state = shared.state.lock();
    let bucket = state.bucket(&target.bucket)?;
    if let Some(status) = text_of(body, "Status") {
        bucket.keeps_versions = status == "Enabled";
    }
    let keeps = bucket.keeps_versions;
    let mut xml = Xml::new();
    xml.nest("VersioningConfiguration", |x| {
        if keeps {
            x.text("Status", "Enabled");
        }
    });
    Ok(Reply::new(200).text("application/xml", xml.finish()))
}

pub(crate) fn all(shared: &Shared) -> Reply {
    let state = shared.state.lock();
    let mut xml = Xml::new();
    xml.nest("ListAllMyBucketsResult", |x| {
        x.nest("Owner", |x| _ = x.text("ID", "fake"));
        x.nest("Buckets", |x| {
            for (name, bucket) in &state.buckets {
                x.nest("Bucket", |x| {
                    x.text("Name", name);
                    x.text("CreationDate", iso(bucket.created.unwrap_or(SystemTime::UNIX_EPOCH)));
                });
            }
        });
    });
    Reply::new(200).text("application/xml", xml.finish())
}
