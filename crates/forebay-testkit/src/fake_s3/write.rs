//! Writing and deleting objects.

use std::io;
use std::sync::Arc;

use super::intake::{self, Effort};
use super::object::{Object, stored_fields};
use super::refusal::{Outcome, Refusal};
use super::shared::Shared;
use super::state::State;
use super::sums::{KeptSum, Md5, Sum};
use super::xml::{Xml, elements, text_of};
use crate::fake::conditions::{self, Verdict};
use crate::fake::head::decode;
use crate::fake::reply::Reply;
use crate::fake::wire::Request;
use crate::fake::{Content, RequestHead, Target};

pub(crate) async fn put(
    shared: &Shared,
    request: &mut Request<'_>,
    target: &Target,
) -> io::Result<Outcome<Reply>> {
    let head = request.head.clone();
    if let Err(refusal) = check(&mut shared.state.lock(), &head, target) {
        return Ok(Err(refusal));
    }
    let length = head.field("content-length").and_then(|n| n.parse().ok());
    let algorithm = head.field("x-amz-sdk-checksum-algorithm").and_then(Sum::named);
    let taken =
        match intake::take(request, shared.effort(Effort::Tag), algorithm, shared.room(length)).await? {
            Ok(taken) => taken,
            Err(refusal) => return Ok(Err(refusal)),
        };
    let etag = taken.md5.map_or_else(|| quick_tag(&taken.sum, &taken.content), |md5| Md5::tag(&md5));
    let object = Object { sum: Some(taken.sum), ..Object::new(taken.content, etag).describe(&head) };
    Ok(publish(shared, &head, target, object).map(|object| written(Reply::new(200), &object)))
}

/// A tag that is not the MD5 of the bytes, which would cost more than all the rest; the same bytes have the same tag.
pub(crate) fn quick_tag(sum: &KeptSum, content: &Content) -> String {
    let mut tag = Md5::default();
    tag.update(format!("{}{}", sum.value, content.len()).as_bytes());
    Md5::tag(&tag.finish())
}

/// Whether this may be written now.
pub(crate) fn check(state: &mut State, head: &RequestHead, target: &Target) -> Outcome<()> {
    let there = state.bucket(&target.bucket)?.object(&target.key, None).ok();
    if !conditions::may_write(head, there.as_ref().map(|o| o.etag.as_str())) {
        return Err(Refusal(if there.is_none() { "NoSuchKey" } else { "PreconditionFailed" }));
    }
    Ok(())
}

/// Writes if the conditions hold now, which is the moment that counts.
pub(crate) fn publish(
    shared: &Shared,
    head: &RequestHead,
    target: &Target,
    object: Object,
) -> Outcome<Arc<Object>> {
    let mut state = shared.state.lock();
    check(&mut state, head, target)?;
    state.publish(&target.bucket, &target.key, object)
}

/// Adds what an answer says of something that was written.
pub(crate) fn written(mut reply: Reply, object: &Object) -> Reply {
    reply.set("etag", object.etag.clone());
    if let Some(version) = &object.version {
        reply.set("x-amz-version-id", version.clone());
    }
    if let Some(sum) = &object.sum {
        reply.set(sum.kind.field(), sum.value.clone());
        reply.set("x-amz-checksum-type", if sum.full { "FULL_OBJECT" } else { "COMPOSITE" });
    }
    reply
}

/// The object that `x-amz-copy-source` names, if its conditions hold.
pub(crate) fn source(state: &mut State, head: &RequestHead) -> Outcome<Arc<Object>> {
    let source = head.field("x-amz-copy-source").unwrap_or_default().trim_start_matches('/');
    let (path, version) = match source.split_once("?versionId=") {
        Some((path, version)) => (path, Some(version)),
        None => (source, None),
    };
    let path = decode(path);
    let (bucket, key) = path.split_once('/').ok_or(Refusal("InvalidRequest"))?;
    let object = state.bucket(bucket)?.object(key, version)?;
    let prefix = "x-amz-copy-source-if-";
    let fields =
        head.fields.iter().filter_map(|(n, v)| Some((format!("if-{}", n.strip_prefix(prefix)?), v.clone())));
    let asked = RequestHead { fields: fields.collect(), ..RequestHead::default() };
    match conditions::judge(&asked, &object.etag, object.modified) {
        Verdict::Go => Ok(object),
        _ => Err(Refusal("PreconditionFailed")),
    }
}

pub(crate) fn copy(shared: &Shared, head: &RequestHead, target: &Target) -> Outcome<Reply> {
    let from = source(&mut shared.state.lock(), head)?;
    if from.content.len() > 5 << 30 {
        return Err(Refusal("InvalidRequest"));
    }
    let replaces = |name: &str| head.field(name).is_some_and(|d| d.eq_ignore_ascii_case("replace"));
    // A copy is an object of one part: its tag has no dash, and its digest is of all bytes.
    let etag = format!("\"{}\"", from.etag.trim_matches('"').split('-').next().unwrap_or_default());
    let mut object = Object::new(from.content.clone(), etag);
    let asked = head.field("x-amz-checksum-algorithm").and_then(Sum::named);
    let made = asked.map(|kind| KeptSum { kind, value: kind.of(&from.content), full: true });
    object.sum = made.or_else(|| from.sum.clone().filter(|sum| sum.full));
    object.fields =
        if replaces("x-amz-metadata-directive") { stored_fields(head) } else { from.fields.clone() };
    object.tags = if replaces("x-amz-tagging-directive") {
        head.field("x-amz-tagging").unwrap_or_default().to_owned()
    } else {
        from.tags.clone()
    };
    let object = publish(shared, head, target, object)?;
    let mut xml = Xml::new();
    xml.nest("CopyObjectResult", |x| {
        x.text("ETag", &object.etag).text("LastModified", super::list::iso(object.modified));
    });
    Ok(written(Reply::new(200), &object).text("application/xml", xml.finish()))
}

pub(crate) fn delete(shared: &Shared, head: &RequestHead, target: &Target) -> Outcome<Reply> {
    let mut state = shared.state.lock();
    let there = state.bucket(&target.bucket)?.object(&target.key, None).ok();
    if head.field("if-match").is_some()
        && !conditions::may_write(head, there.as_ref().map(|o| o.etag.as_str()))
    {
        return Err(Refusal("PreconditionFailed"));
    }
    let mark = state.delete(&target.bucket, &target.key, head.query("versionId"))?;
    let mut reply = Reply::new(204);
    if let Some(version) = mark {
        reply.set("x-amz-delete-marker", "true");
        reply.set("x-amz-version-id", version);
    }
    Ok(reply)
}

/// Deletes up to a thousand keys.
pub(crate) fn delete_many(shared: &Shared, body: &str, target: &Target) -> Outcome<Reply> {
    let objects = elements(body, "Object");
    if objects.is_empty() || objects.len() > 1000 {
        return Err(Refusal("MalformedXML"));
    }
    let quiet = text_of(body, "Quiet").is_some_and(|q| q == "true");
    let refused = shared.refused_deletes.lock().clone();
    let mut state = shared.state.lock();
    state.bucket(&target.bucket)?;
    let mut xml = Xml::new();
    let mut done = Vec::new();
    for object in objects {
        let key = text_of(object, "Key").ok_or(Refusal("MalformedXML"))?;
        let outcome = if refused.contains(&key) {
            Err(Refusal("AccessDenied"))
        } else {
            state.delete(&target.bucket, &key, text_of(object, "VersionId").as_deref())
        };
        done.push((key, outcome));
    }
    xml.nest("DeleteResult", |x| {
        for (key, outcome) in &done {
            match outcome {
                Ok(_) if quiet => {}
                Ok(_) => _ = x.nest("Deleted", |x| _ = x.text("Key", key)),
                Err(refusal) => {
                    x.nest("Error", |x| {
                        x.text("Key", key).text("Code", refusal.0).text("Message", "the fake refuses");
                    });
                }
            }
        }
    });
    Ok(Reply::new(200).text("application/xml", xml.finish()))
}
