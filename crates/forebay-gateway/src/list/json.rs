//! The listing for programs.
//!
//! ```json
//! {"path":"/photos/","entries":[
//! {"name":"a b.jpg","href":"./a%20b.jpg","type":"file","size":5,"modified":"2026-11-21T03:04:05Z"}
//! ],"next":null}
//! ```
//!
//! `name` is for showing: bytes that are not UTF-8 are replaced. `href` is for fetching: it is relative
//! to the listing and exact. `next` goes into `?after=` for the next page.

use forebay_store::{Entry, Kind};
use serde::Serialize;

use super::Page;
use super::time::rfc3339;
use crate::path::encode_segment;

#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    href: String,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    modified: Option<String>,
}

pub(super) fn start(about: &Page, to: &mut String) {
    let path = String::from_utf8_lossy(about.key.as_bytes());
    let path = if path.is_empty() { "/".to_owned() } else { format!("/{path}/") };
    to.push_str("{\"path\":");
    push(&path, to);
    to.push_str(",\"entries\":[");
}

pub(super) fn row(entry: &Entry, is_first: bool, to: &mut String) {
    to.push_str(if is_first { "\n" } else { ",\n" });
    let slash = if entry.kind == Kind::Directory { "/" } else { "" };
    push(
        &Row {
            name: &String::from_utf8_lossy(&entry.name),
            href: format!("./{}{slash}", encode_segment(&entry.name)),
            kind: if entry.kind == Kind::Directory { "directory" } else { "file" },
            size: (entry.kind == Kind::File).then_some(entry.len),
            modified: entry.modified.map(rfc3339),
        },
        to,
    );
}

pub(super) fn end(about: &Page, to: &mut String) {
    to.push_str("\n],\"next\":");
    push(&about.next.as_ref().map(ToString::to_string), to);
    to.push_str("}\n");
}

fn push(value: &impl Serialize, to: &mut String) {
    // Strings, numbers and structs of them always serialise.
    if let Ok(text) = serde_json::to_string(value) {
        to.push_str(&text);
    }
}
