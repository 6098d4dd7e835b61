//! Versions and marks of deletion, a page at a time.

use std::sync::Arc;

use percent_encoding::utf8_percent_encode;

use super::list::{PLAIN, iso};
use super::object::Object;
use super::refusal::Outcome;
use super::shared::Shared;
use super::state::Bucket;
use super::xml::Xml;
use crate::fake::reply::Reply;
use crate::fake::{RequestHead, Target};

enum Row {
    Version { key: String, object: Arc<Object>, newest: bool },
    Group(String),
}

pub(crate) fn list(shared: &Shared, head: &RequestHead, target: &Target) -> Outcome<Reply> {
    let prefix = head.query("prefix").unwrap_or_default();
    let limit = head.query("max-keys").and_then(|n| n.parse().ok()).unwrap_or(1000usize).min(1000);
    let after = (head.query("key-marker").unwrap_or_default(), head.query("version-id-marker"));
    let mut state = shared.state.lock();
    let mut rows = rows(state.bucket(&target.bucket)?, prefix, head.query("delimiter"), after);
    drop(state);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let encodes = head.query("encoding-type") == Some("url");
    let name =
        |text: &str| if encodes { utf8_percent_encode(text, PLAIN).to_string() } else { text.to_owned() };
    let mut xml = Xml::new();
    xml.nest("ListVersionsResult", |x| {
        x.text("Name", &target.bucket).text("Prefix", name(prefix)).text("IsTruncated", more.to_string());
        if encodes {
            x.text("EncodingType", "url");
        }
        match rows.last().filter(|_| more) {
            Some(Row::Version { key, object, .. }) => {
                x.text("NextKeyMarker", name(key)).text("NextVersionIdMarker", id(object));
            }
            Some(Row::Group(group)) => _ = x.text("NextKeyMarker", name(group)),
            None => {}
        }
        for row in &rows {
            write_row(x, row, &name);
        }
    });
    Ok(Reply::new(200).text("application/xml", xml.finish()))
}

fn write_row(xml: &mut Xml, row: &Row, name: &impl Fn(&str) -> String) {
    let Row::Version { key, object, newest } = row else {
        let Row::Group(group) = row else { return };
        xml.nest("CommonPrefixes", |x| _ = x.text("Prefix", name(group)));
        return;
    };
    xml.nest(if object.deleted { "DeleteMarker" } else { "Version" }, |x| {
        x.text("Key", name(key)).text("VersionId", id(object)).text("IsLatest", newest.to_string());
        x.text("LastModified", iso(object.modified));
        if !object.deleted {
            x.text("ETag", &object.etag).text("Size", object.content.len().to_string());
            x.text("StorageClass", object.field("x-amz-storage-class").unwrap_or("STANDARD"));
        }
    });
}

/// All that come behind the marker.
fn rows(bucket: &Bucket, prefix: &str, delimiter: Option<&str>, after: (&str, Option<&str>)) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for (key, versions) in
        bucket.objects.range(prefix.to_owned()..).take_while(|(key, _)| key.starts_with(prefix))
    {
        let group = delimiter
            .and_then(|by| Some(key[..prefix.len() + key[prefix.len()..].find(by)? + by.len()].to_owned()));
        if let Some(group) = group {
            let seen = matches!(rows.last(), Some(Row::Group(last)) if *last == group);
            if !seen && group.as_str() > after.0 {
                rows.push(Row::Group(group));
            }
            continue;
        }
        let mut behind = key.as_str() > after.0;
        for (index, object) in versions.iter().enumerate().rev() {
            if behind {
                rows.push(Row::Version {
                    key: key.clone(),
                    object: Arc::clone(object),
                    newest: index + 1 == versions.len(),
                });
            }
            behind |= key == after.0 && after.1 == Some(id(object));
        }
    }
    rows
}

fn id(object: &Object) -> &str {
    object.version.as_deref().unwrap_or("null")
}
