//! Listings, a page at a time: only the page that is asked for is made, so that a million keys by rule cost nothing.

use std::ops::Bound;
use std::sync::Arc;
use std::time::SystemTime;

use data_encoding::BASE64URL_NOPAD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::object::Object;
use super::refusal::{Outcome, Refusal};
use super::shared::Shared;
use super::state::Bucket;
use super::xml::Xml;
use crate::fake::reply::Reply;
use crate::fake::{RequestHead, Target};

/// What `encoding-type=url` leaves alone.
pub(super) const PLAIN: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

struct Ask<'a> {
    prefix: &'a str,
    delimiter: &'a str,
    after: String,
    limit: usize,
}

enum Row {
    Object(String, Arc<Object>),
    Group(String),
}

struct Page {
    rows: Vec<Row>,
    /// What the last row ended with, if there are more.
    next: Option<String>,
}

pub(crate) fn list(shared: &Shared, head: &RequestHead, target: &Target) -> Outcome<Reply> {
    let second = head.query("list-type") == Some("2");
    let token = head.query("continuation-token").map(|token| {
        let bytes = BASE64URL_NOPAD.decode(token.as_bytes()).map_err(|_| Refusal("InvalidArgument"))?;
        String::from_utf8(bytes).map_err(|_| Refusal("InvalidArgument"))
    });
    let start = if second { head.query("start-after") } else { head.query("marker") };
    let ask = Ask {
        prefix: head.query("prefix").unwrap_or_default(),
        delimiter: head.query("delimiter").unwrap_or_default(),
        after: token.unwrap_or_else(|| Ok(start.unwrap_or_default().to_owned()))?,
        limit: head.query("max-keys").and_then(|n| n.parse().ok()).unwrap_or(1000).min(1000),
    };
    let mut state = shared.state.lock();
    let page = page(state.bucket(&target.bucket)?, &ask);
    drop(state);
    let encodes = head.query("encoding-type") == Some("url");
    let name =
        |text: &str| if encodes { utf8_percent_encode(text, PLAIN).to_string() } else { text.to_owned() };
    let mut xml = Xml::new();
    xml.nest("ListBucketResult", |x| {
        x.text("Name", &target.bucket).text("Prefix", name(ask.prefix));
        x.text("MaxKeys", ask.limit.to_string()).text("KeyCount", page.rows.len().to_string());
        x.text("IsTruncated", page.next.is_some().to_string());
        if encodes {
            x.text("EncodingType", "url");
        }
        match &page.next {
            Some(next) if second => {
                _ = x.text("NextContinuationToken", BASE64URL_NOPAD.encode(next.as_bytes()))
            }
            Some(next) => _ = x.text("NextMarker", name(next)),
            None => {}
        }
        for row in &page.rows {
            write_row(x, row, &name);
        }
    });
    Ok(Reply::new(200).text("application/xml", xml.finish()))
}

fn write_row(xml: &mut Xml, row: &Row, name: &impl Fn(&str) -> String) {
    match row {
        Row::Group(group) => _ = xml.nest("CommonPrefixes", |x| _ = x.text("Prefix", name(group))),
        Row::Object(key, object) => {
            xml.nest("Contents", |x| {
                x.text("Key", name(key)).text("LastModified", iso(object.modified));
                x.text("ETag", &object.etag).text("Size", object.content.len().to_string());
                x.text("StorageClass", object.field("x-amz-storage-class").unwrap_or("STANDARD"));
            });
        }
    }
}

fn page(bucket: &Bucket, ask: &Ask<'_>) -> Page {
    let mut rows = Vec::new();
    let mut last = ask.after.clone();
    while let Some((key, object)) = next(bucket, ask, &last) {
        if rows.len() == ask.limit {
            return Page { rows, next: Some(last) };
        }
        let group = ask.group(&key);
        match group {
            None => {
                last.clone_from(&key);
                rows.push(Row::Object(key, object));
            }
            Some(group) => {
                // Behind every key that begins with the group.
                last = format!("{group}{}", char::MAX);
                rows.push(Row::Group(group));
            }
        }
    }
    Page { rows, next: None }
}

impl Ask<'_> {
    fn group(&self, key: &str) -> Option<String> {
        if self.delimiter.is_empty() {
            return None;
        }
        let rest = &key[self.prefix.len()..];
        let end = rest.find(self.delimiter)? + self.delimiter.len();
        Some(key[..self.prefix.len() + end].to_owned())
    }
}

/// The first object behind `last` that has the prefix.
fn next(bucket: &Bucket, ask: &Ask<'_>, last: &str) -> Option<(String, Arc<Object>)> {
    let from = if last < ask.prefix { Bound::Included(ask.prefix) } else { Bound::Excluded(last) };
    let from = if last.is_empty() && ask.prefix.is_empty() { Bound::Unbounded } else { from };
    bucket.first(from).filter(|(key, _)| key.starts_with(ask.prefix))
}

/// A moment as S3's XML has it.
pub(crate) fn iso(at: SystemTime) -> String {
    humantime::format_rfc3339_millis(at.max(SystemTime::UNIX_EPOCH)).to_string()
}
