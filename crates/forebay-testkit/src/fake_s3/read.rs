//! GET and HEAD of an object: conditions, ranges, parts, and what is stored beside the bytes.

use std::time::SystemTime;

use percent_encoding::percent_decode_str;

use super::object::Object;
use super::refusal::{Outcome, Refusal};
use super::shared::Shared;
use super::xml::Xml;
use crate::fake::conditions::{self, Verdict};
use crate::fake::ranges::{self, Asked};
use crate::fake::reply::Reply;
use crate::fake::{Content, RequestHead, Target, Verb};

pub(crate) fn read(shared: &Shared, head: &RequestHead, target: &Target) -> Outcome<Reply> {
    let object = shared.state.lock().bucket(&target.bucket)?.object(&target.key, head.query("versionId"))?;
    if object.field("x-amz-server-side-encryption-customer-key-md5")
        != head.field("x-amz-server-side-encryption-customer-key-md5")
    {
        return Err(Refusal("InvalidRequest"));
    }
    match conditions::judge(head, &object.etag, object.modified) {
        Verdict::Go => {}
        Verdict::Failed => return Err(Refusal("PreconditionFailed")),
        Verdict::NotModified => {
            return Ok(Reply { head_only: true, ..describe(Reply::new(304), head, &object) });
        }
    }
    let part = head.query("partNumber").and_then(|n| n.parse::<usize>().ok());
    let asked = match part {
        Some(number) => Asked::Part(part_range(&object, number)?),
        None => ranges::asked(head.field("range"), object.content.len()),
    };
    let mut reply = match asked {
        Asked::Whole => {
            let mut reply = Reply::new(200).content(object.content.clone());
            add_sum(&mut reply, head, &object);
            reply
        }
        Asked::Part((first, last)) => {
            let content: Content = object.content.slice(first, last - first + 1);
            Reply::new(206)
                .content(content)
                .with("content-range", format!("bytes {first}-{last}/{}", object.content.len()))
        }
        Asked::Beyond => {
            let mut reply = super::app_refusal(shared, "InvalidRange", target);
            reply.set("content-range", format!("bytes */{}", object.content.len()));
            return Ok(reply);
        }
    };
    if part.is_some() && !object.parts.is_empty() {
        reply.set("x-amz-mp-parts-count", object.parts.len().to_string());
    }
    let mut reply = describe(reply, head, &object);
    reply.head_only = target.verb == Verb::Head;
    Ok(reply)
}

/// The tags of an object.
pub(crate) fn tags(shared: &Shared, head: &RequestHead, target: &Target) -> Outcome<Reply> {
    let object = shared.state.lock().bucket(&target.bucket)?.object(&target.key, head.query("versionId"))?;
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let mut xml = Xml::new();
    xml.nest("Tagging", |x| {
        x.nest("TagSet", |x| {
            for (name, value) in object.tags.split('&').filter_map(|tag| tag.split_once('=')) {
                x.nest("Tag", |x| _ = x.text("Key", decoded(name)).text("Value", decoded(value)));
            }
        });
    });
    Ok(Reply::new(200).text("application/xml", xml.finish()))
}

/// The first and last offset of a part; the whole object is part 1 if it was uploaded in one.
fn part_range(object: &Object, number: usize) -> Outcome<(u64, u64)> {
    let whole = [object.content.len()];
    let parts = if object.parts.is_empty() { &whole[..] } else { &object.parts };
    let index = number.checked_sub(1).filter(|i| *i < parts.len()).ok_or(Refusal("InvalidPartNumber"))?;
    let first: u64 = parts[..index].iter().sum();
    Ok((first, (first + parts[index]).saturating_sub(1)))
}

fn add_sum(reply: &mut Reply, head: &RequestHead, object: &Object) {
    if !head.field("x-amz-checksum-mode").is_some_and(|mode| mode.eq_ignore_ascii_case("enabled")) {
        return;
    }
    if let Some(sum) = &object.sum {
        reply.set(sum.kind.field(), sum.value.clone());
        reply.set("x-amz-checksum-type", if sum.full { "FULL_OBJECT" } else { "COMPOSITE" });
    }
}

fn describe(mut reply: Reply, head: &RequestHead, object: &Object) -> Reply {
    reply.set("etag", object.etag.clone());
    reply.set("last-modified", httpdate::fmt_http_date(object.modified.max(SystemTime::UNIX_EPOCH)));
    reply.set("accept-ranges", "bytes");
    reply.set("content-type", "binary/octet-stream");
    for (name, value) in &object.fields {
        if name != "x-amz-storage-class" || value != "STANDARD" {
            reply.set(name, value.clone());
        }
    }
    if let Some(version) = &object.version {
        reply.set("x-amz-version-id", version.clone());
    }
    let tags = object.tags.split('&').filter(|tag| !tag.is_empty()).count();
    if tags > 0 {
        reply.set("x-amz-tagging-count", tags.to_string());
    }
    if head.field("x-amz-request-payer").is_some() {
        reply.set("x-amz-request-charged", "requester");
    }
    for (name, value) in head.query.iter().filter(|(name, _)| name.starts_with("response-")) {
        reply.set(name.trim_start_matches("response-"), value.clone());
    }
    reply
}
