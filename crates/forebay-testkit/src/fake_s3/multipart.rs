//! Uploads in parts.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::Ordering::Relaxed;
use std::time::SystemTime;

use super::intake::{self, Effort};
use super::list::iso;
use super::object::{Object, stored_fields};
use super::refusal::{Outcome, Refusal};
use super::shared::Shared;
use super::state::{State, Upload, UploadedPart};
use super::sums::{KeptSum, Md5, Sum};
use super::write::{publish, quick_tag, source, written};
use super::xml::{Xml, elements, text_of};
use crate::fake::ranges::{self, Asked};
use crate::fake::reply::Reply;
use crate::fake::wire::Request;
use crate::fake::{Content, RequestHead, Target};

/// S3's smallest part, but for the last.
const PART_MIN: u64 = 5 << 20;

pub(crate) fn begin(shared: &Shared, head: &RequestHead, target: &Target) -> Outcome<Reply> {
    let mut state = shared.state.lock();
    let id = state.name("upload");
    let sum = head.field("x-amz-checksum-algorithm").and_then(Sum::named);
    let full = match head.field("x-amz-checksum-type") {
        Some(kind) => kind == "FULL_OBJECT",
        None => sum == Some(Sum::Crc64Nvme),
    };
    let upload = Upload {
        key: target.key.clone(),
        begun: SystemTime::now(),
        fields: stored_fields(head),
        tags: head.field("x-amz-tagging").unwrap_or_default().to_owned(),
        sum: sum.map(|sum| (sum, full)),
        parts: BTreeMap::new(),
    };
    state.bucket(&target.bucket)?.uploads.insert(id.clone(), upload);
    let mut xml = Xml::new();
    xml.nest("InitiateMultipartUploadResult", |x| {
        x.text("Bucket", &target.bucket).text("Key", &target.key).text("UploadId", &id);
    });
    let mut reply = Reply::new(200).text("application/xml", xml.finish());
    if let Some(sum) = sum {
        reply.set("x-amz-checksum-algorithm", sum.name());
        reply.set("x-amz-checksum-type", if full { "FULL_OBJECT" } else { "COMPOSITE" });
    }
    Ok(reply)
}

/// The upload that the request names.
fn upload<'a>(state: &'a mut State, head: &RequestHead, target: &Target) -> Outcome<&'a mut Upload> {
    let id = head.query("uploadId").unwrap_or_default();
    let upload = state.bucket(&target.bucket)?.uploads.get_mut(id);
    upload.filter(|upload| upload.key == target.key).ok_or(Refusal("NoSuchUpload"))
}

fn part_number(head: &RequestHead) -> Outcome<u32> {
    let number = head.query("partNumber").and_then(|n| n.parse().ok());
    number.filter(|n| (1..=10_000).contains(n)).ok_or(Refusal("InvalidArgument"))
}

pub(crate) async fn part(
    shared: &Shared,
    request: &mut Request<'_>,
    target: &Target,
) -> io::Result<Outcome<Reply>> {
    let head = request.head.clone();
    let begun = upload(&mut shared.state.lock(), &head, target).map(|upload| upload.sum);
    let (number, sum) = match (part_number(&head), begun) {
        (Ok(number), Ok(sum)) => (number, sum),
        (Err(refusal), _) | (_, Err(refusal)) => return Ok(Err(refusal)),
    };
    let length = head.field("content-length").and_then(|n| n.parse().ok());
    let taken = match intake::take(
        request,
        shared.effort(Effort::Declared),
        sum.map(|(sum, _)| sum),
        shared.room(length),
    )
    .await?
    {
        Ok(taken) => taken,
        Err(refusal) => return Ok(Err(refusal)),
    };
    Ok(store(shared, &head, target, number, taken.content, taken.sum).map(|part| {
        let reply = Reply::new(200).with("etag", part.etag);
        reply.with(part.sum.kind.field(), part.sum.value)
    }))
}

/// The upload may be gone by now.
fn store(
    shared: &Shared,
    head: &RequestHead,
    target: &Target,
    number: u32,
    content: Content,
    sum: KeptSum,
) -> Outcome<UploadedPart> {
    let etag = quick_tag(&sum, &content);
    let part = UploadedPart { content, etag, sum, modified: SystemTime::now() };
    upload(&mut shared.state.lock(), head, target)?.parts.insert(number, part.clone());
    Ok(part)
}

pub(crate) fn copy_part(shared: &Shared, head: &RequestHead, target: &Target) -> Outcome<Reply> {
    let number = part_number(head)?;
    let mut state = shared.state.lock();
    let from = source(&mut state, head)?;
    let sum = upload(&mut state, head, target)?.sum.map_or(Sum::Crc64Nvme, |(sum, _)| sum);
    drop(state);
    let content = match ranges::asked(head.field("x-amz-copy-source-range"), from.content.len()) {
        Asked::Whole => from.content.clone(),
        Asked::Part((first, last)) => from.content.slice(first, last - first + 1),
        Asked::Beyond => return Err(Refusal("InvalidRange")),
    };
    let value = sum.of(&content);
    let part = store(shared, head, target, number, content, KeptSum { kind: sum, value, full: true })?;
    let mut xml = Xml::new();
    xml.nest("CopyPartResult", |x| {
        x.text("ETag", &part.etag).text("LastModified", iso(part.modified));
        x.text(part.sum.kind.element(), &part.sum.value);
    });
    Ok(Reply::new(200).text("application/xml", xml.finish()))
}

pub(crate) fn parts(shared: &Shared, head: &RequestHead, target: &Target) -> Outcome<Reply> {
    let mut state = shared.state.lock();
    let upload = upload(&mut state, head, target)?;
    let after = head.query("part-number-marker").and_then(|n| n.parse().ok()).unwrap_or(0u32);
    let limit = head.query("max-parts").and_then(|n| n.parse().ok()).unwrap_or(1000usize).min(1000);
    let behind: Vec<_> = upload.parts.range(after + 1..).collect();
    let page = &behind[..behind.len().min(limit)];
    let mut xml = Xml::new();
    xml.nest("ListPartsResult", |x| {
        x.text("Bucket", &target.bucket).text("Key", &target.key);
        x.text("UploadId", head.query("uploadId").unwrap_or_default());
        x.text("IsTruncated", (behind.len() > page.len()).to_string());
        if let Some((last, _)) = page.last() {
            x.text("NextPartNumberMarker", last.to_string());
        }
        if let Some((sum, full)) = upload.sum {
            x.text("ChecksumAlgorithm", sum.name());
            x.text("ChecksumType", if full { "FULL_OBJECT" } else { "COMPOSITE" });
        }
        for (number, part) in page {
            x.nest("Part", |x| {
                x.text("PartNumber", number.to_string()).text("LastModified", iso(part.modified));
                x.text("ETag", &part.etag).text("Size", part.content.len().to_string());
                x.text(part.sum.kind.element(), &part.sum.value);
            });
        }
    });
    Ok(Reply::new(200).text("application/xml", xml.finish()))
}

pub(crate) fn abort(shared: &Shared, head: &RequestHead, target: &Target) -> Outcome<Reply> {
    let mut state = shared.state.lock();
    upload(&mut state, head, target)?;
    state.bucket(&target.bucket)?.uploads.remove(head.query("uploadId").unwrap_or_default());
    Ok(Reply::new(204))
}

pub(crate) fn uploads(shared: &Shared, head: &RequestHead, target: &Target) -> Outcome<Reply> {
    let mut state = shared.state.lock();
    let prefix = head.query("prefix").unwrap_or_default();
    let markers =
        (head.query("key-marker").unwrap_or_default(), head.query("upload-id-marker").unwrap_or_default());
    let limit = head.query("max-uploads").and_then(|n| n.parse().ok()).unwrap_or(1000usize).min(1000);
    let all = &state.bucket(&target.bucket)?.uploads;
    let mut rows: Vec<(&str, &str, &Upload)> =
        all.iter().map(|(id, upload)| (upload.key.as_str(), id.as_str(), upload)).collect();
    rows.retain(|(key, id, _)| key.starts_with(prefix) && (*key, *id) > markers);
    rows.sort_by_key(|(key, id, _)| (*key, *id));
    let page = &rows[..rows.len().min(limit)];
    let mut xml = Xml::new();
    xml.nest("ListMultipartUploadsResult", |x| {
        x.text("Bucket", &target.bucket).text("Prefix", prefix);
        x.text("IsTruncated", (rows.len() > page.len()).to_string());
        if let (Some((key, id, _)), true) = (page.last(), rows.len() > page.len()) {
            x.text("NextKeyMarker", key).text("NextUploadIdMarker", id);
        }
        for (key, id, upload) in page {
            x.nest("Upload", |x| {
                x.text("Key", key).text("UploadId", id).text("Initiated", iso(upload.begun));
            });
        }
    });
    Ok(Reply::new(200).text("application/xml", xml.finish()))
}

pub(crate) fn complete(shared: &Shared, head: &RequestHead, target: &Target, body: &str) -> Outcome<Reply> {
    let begun = upload(&mut shared.state.lock(), head, target)?.clone();
    let chosen = choose(&begun, body, shared.small_parts.load(Relaxed))?;
    let mut content = Content::default();
    let mut tag = Md5::default();
    for part in &chosen {
        content.append(part.content.clone());
        tag.update(part.etag.as_bytes());
    }
    let announced = head.field("x-amz-mp-object-size").and_then(|n| n.parse::<u64>().ok());
    if announced.is_some_and(|n| n != content.len()) {
        return Err(Refusal("InvalidRequest"));
    }
    let sum = whole_sum(head, &begun, &chosen)?;
    let etag = format!("{}-{}\"", Md5::tag(&tag.finish()).trim_end_matches('"'), chosen.len());
    let parts = chosen.iter().map(|part| part.content.len()).collect();
    let object = Object { fields: begun.fields, tags: begun.tags, sum, parts, ..Object::new(content, etag) };
    let object = publish(shared, head, target, object)?;
    let id = head.query("uploadId").unwrap_or_default();
    shared.state.lock().bucket(&target.bucket)?.uploads.remove(id);
    let mut xml = Xml::new();
    xml.nest("CompleteMultipartUploadResult", |x| {
        x.text("Bucket", &target.bucket).text("Key", &target.key).text("ETag", &object.etag);
        if let Some(sum) = &object.sum {
            x.text(sum.kind.element(), &sum.value);
            x.text("ChecksumType", if sum.full { "FULL_OBJECT" } else { "COMPOSITE" });
        }
    });
    Ok(written(Reply::new(200), &object).text("application/xml", xml.finish()))
}

/// The parts that the body names, if they are what has arrived.
fn choose<'a>(upload: &'a Upload, body: &str, small: bool) -> Outcome<Vec<&'a UploadedPart>> {
    let mut chosen = Vec::new();
    let mut before = 0;
    for named in elements(body, "Part") {
        let number =
            text_of(named, "PartNumber").and_then(|n| n.parse().ok()).ok_or(Refusal("MalformedXML"))?;
        if number <= before {
            return Err(Refusal("InvalidPartOrder"));
        }
        before = number;
        let part = upload.parts.get(&number).ok_or(Refusal("InvalidPart"))?;
        let tag = text_of(named, "ETag").unwrap_or_default();
        let sum = text_of(named, part.sum.kind.element());
        if tag.trim_matches('"') != part.etag.trim_matches('"') || sum.is_some_and(|s| s != part.sum.value) {
            return Err(Refusal("InvalidPart"));
        }
        chosen.push(part);
    }
    let short = chosen.iter().rev().skip(1).any(|part| part.content.len() < PART_MIN);
    match chosen.len() {
        0 => Err(Refusal("MalformedXML")),
        _ if short && !small => Err(Refusal("EntityTooSmall")),
        _ => Ok(chosen),
    }
}

/// The digest of the object, checked against the one that the request declares.
fn whole_sum(head: &RequestHead, upload: &Upload, parts: &[&UploadedPart]) -> Outcome<Option<KeptSum>> {
    let (kind, full) = upload.sum.unwrap_or((Sum::Crc64Nvme, true));
    if parts.iter().any(|part| part.sum.kind != kind) {
        return if upload.sum.is_some() { Err(Refusal("InvalidRequest")) } else { Ok(None) };
    }
    let values: Vec<_> = parts.iter().map(|p| (p.sum.value.clone(), p.content.len())).collect();
    let value = if full { kind.combine(&values)? } else { kind.compose(&values)? };
    match Sum::declared(head) {
        Some((declared, Some(expected))) if declared != kind || expected != value => {
            Err(Refusal("BadDigest"))
        }
        _ => Ok(Some(KeptSum { kind, value, full })),
    }
}
