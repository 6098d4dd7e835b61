//! `forebay ls --versions`: what was there, and what is; a page of it in memory.

use std::sync::Arc;

use forebay_store::remote::{Tenacity, Version, VersionEntry, VersionsAsk};
use forebay_transfer::listing::Versions;
use serde::Serialize;

use super::ls::{Wanted, length, time};
use crate::{
    args::{Detail, Listing},
    output::{self, Failure, Form, Outcome},
    place::escaped,
};

/// One line for machines.
#[derive(Debug, Serialize)]
struct Line<'a> {
    key: &'a str,
    version: &'a str,
    newest: bool,
    deleted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    storage_class: Option<&'a str>,
}

pub(super) async fn list(asked: &Listing, wanted: Wanted) -> Outcome {
    let (prefix, by_directory) = (wanted.prefix.as_str().into(), wanted.by_directory);
    let ask = VersionsAsk { prefix, by_directory, continuation: None };
    let mut versions = Versions::new(Arc::new(wanted.bucket.clone()), ask, Tenacity::default());
    output::lines(async || {
        while let Some(entry) = versions.next().await.map_err(anyhow::Error::new)? {
            if wanted.takes(name(&entry)) {
                return Ok(Some(match asked.base.form {
                    Form::Json => for_machines(&entry)?,
                    Form::Text => for_people(&entry, asked),
                }));
            }
        }
        Ok(None)
    })
    .await
}

fn name(entry: &VersionEntry) -> &str {
    match entry {
        VersionEntry::Version(version) => version.key.as_str(),
        VersionEntry::Prefix(prefix) => prefix,
    }
}

fn for_machines(entry: &VersionEntry) -> Result<String, Failure> {
    let text = match entry {
        VersionEntry::Prefix(prefix) => serde_json::to_string(&serde_json::json!({ "prefix": prefix })),
        VersionEntry::Version(version) => serde_json::to_string(&line(version)),
    };
    Ok(text.map_err(anyhow::Error::from)?)
}

fn line(version: &Version) -> Line<'_> {
    let content = version.content.as_ref();
    Line {
        key: version.key.as_str(),
        version: &version.id,
        newest: version.newest,
        deleted: content.is_none(),
        bytes: content.map(|content| content.len),
        modified: version.modified.map(time),
        etag: content.and_then(|content| content.validator.as_ref()).map(output::etag),
        storage_class: content.and_then(|content| content.storage_class.as_deref()),
    }
}

fn for_people(entry: &VersionEntry, asked: &Listing) -> String {
    let version = match entry {
        VersionEntry::Prefix(prefix) => return format!("{:>20} {:>14}  {}", "", "-", escaped(prefix)),
        VersionEntry::Version(version) => version,
    };
    let held = match &version.content {
        Some(content) => length(content.len, asked.lengths),
        None => "deleted".to_owned(),
    };
    let newest = if version.newest { "  (newest)" } else { "" };
    let mut line = format!(
        "{:>20} {held:>14}  {}  {}{newest}",
        version.modified.map(time).unwrap_or_default(),
        version.key,
        escaped(&version.id)
    );
    if let (Detail::Long, Some(content)) = (asked.detail, &version.content) {
        let tag = content.validator.as_ref().map(output::etag).unwrap_or_default();
        line += &format!("  {}  {tag}", content.storage_class.as_deref().unwrap_or("STANDARD"));
    }
    line
}
