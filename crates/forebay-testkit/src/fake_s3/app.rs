//! From a request to its handler: S3's verbs are told apart by method, path, query and a few fields.

use std::io;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, SystemTime};

use super::refusal::{Outcome, Refusal};
use super::shared::Shared;
use super::xml::Xml;
use super::{buckets, list, multipart, read, versions, write};
use crate::fake::head::decode;
use crate::fake::reply::Reply;
use crate::fake::seen::Log;
use crate::fake::server::App;
use crate::fake::wire::Request;
use crate::fake::{Fault, RequestHead, Script, Target, Verb};

impl App for Shared {
    fn script(&self) -> &Script {
        &self.script
    }

    fn log(&self) -> &Log {
        &self.log
    }

    fn target(&self, head: &RequestHead) -> Target {
        let path = head.path.trim_start_matches('/');
        let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
        let target = Target { verb: Verb::Other, bucket: decode(bucket), key: decode(key) };
        Target { verb: verb(head, &target), ..target }
    }

    async fn answer(
        &self,
        request: &mut Request<'_>,
        target: &Target,
        faults: &[Fault],
    ) -> io::Result<Reply> {
        for fault in faults {
            match fault {
                Fault::IgnoreRange => request.head.fields.retain(|(name, _)| name != "range"),
                Fault::ErrorInside(code) => {
                    while request.next().await?.is_some() {}
                    return Ok(Reply { status: 200, ..self.refuse(500, code, target) });
                }
                _ => {}
            }
        }
        let done = match self.admits(&request.head, target) {
            Err(refusal) => Err(refusal),
            Ok(()) => self.handle(request, target).await?,
        };
        Ok(done.unwrap_or_else(|refusal| self.refuse(refusal.status(), refusal.0, target)))
    }

    fn refuse(&self, status: u16, code: &str, target: &Target) -> Reply {
        if matches!(target.verb, Verb::Head | Verb::HeadBucket) || status == 304 {
            // Without a body, as S3 does it: the client must make do with the status.
            return Reply { head_only: true, ..Reply::new(status) };
        }
        let mut xml = Xml::new();
        xml.nest("Error", |x| {
            x.text("Code", code).text("Message", format!("the fake says {code}"));
            x.text("BucketName", &target.bucket).text("Key", &target.key).text("RequestId", "fake");
        });
        Reply::new(status).text("application/xml", xml.finish())
    }

    fn sign(&self, reply: &mut Reply) {
        let shift = self.clock_shift_s.load(Relaxed);
        let by = Duration::from_secs(shift.unsigned_abs());
        let now = if shift < 0 { SystemTime::now() - by } else { SystemTime::now() + by };
        reply.set("date", httpdate::fmt_http_date(now));
        reply.set("server", "fake");
        reply.set("x-amz-request-id", "fake");
    }
}

impl Shared {
    /// Whether the caller may ask at all.
    fn admits(&self, head: &RequestHead, target: &Target) -> Outcome<()> {
        if target.key.len() > 1024 {
            return Err(Refusal("KeyTooLongError"));
        }
        let Some(expected) = self.access_key.lock().clone() else { return Ok(()) };
        let presigned = head.query("X-Amz-Credential").map(str::to_owned);
        let credential = head
            .field("authorization")
            .and_then(|a| a.split_once("Credential="))
            .map(|(_, rest)| rest.to_owned())
            .or(presigned);
        match credential {
            None => Err(Refusal("AccessDenied")),
            Some(c) if c.split('/').next() != Some(expected.as_str()) => Err(Refusal("InvalidAccessKeyId")),
            Some(_) => Ok(()),
        }
    }

    async fn handle(&self, request: &mut Request<'_>, target: &Target) -> io::Result<Outcome<Reply>> {
        Ok(match target.verb {
            Verb::Put => write::put(self, request, target).await?,
            Verb::Part => multipart::part(self, request, target).await?,
            Verb::DeleteMany => write::delete_many(self, &text(request).await?, target),
            Verb::Complete => {
                let body = text(request).await?;
                multipart::complete(self, &request.head, target, &body)
            }
            Verb::CreateBucket => {
                while request.next().await?.is_some() {}
                buckets::create(self, target)
            }
            Verb::Versioning => buckets::versioning(self, &text(request).await?, target),
            _ => self.decide(&request.head, target),
        })
    }

    /// The requests without a body.
    fn decide(&self, head: &RequestHead, target: &Target) -> Outcome<Reply> {
        match target.verb {
            Verb::Get | Verb::Head => read::read(self, head, target),
            Verb::Tags => read::tags(self, head, target),
            Verb::Copy => write::copy(self, head, target),
            Verb::Delete => write::delete(self, head, target),
            Verb::Begin => multipart::begin(self, head, target),
            Verb::CopyPart => multipart::copy_part(self, head, target),
            Verb::Parts => multipart::parts(self, head, target),
            Verb::Abort => multipart::abort(self, head, target),
            Verb::Uploads => multipart::uploads(self, head, target),
            Verb::List => list::list(self, head, target),
            Verb::Versions => versions::list(self, head, target),
            Verb::DeleteBucket => buckets::delete(self, target),
            Verb::HeadBucket => buckets::head(self, target),
            Verb::Buckets => Ok(buckets::all(self)),
            Verb::Location => buckets::location(self, target),
            _ => Err(Refusal("NotImplemented")),
        }
    }
}

/// A small body.
async fn text(request: &mut Request<'_>) -> io::Result<String> {
    let mut body = Vec::new();
    while let Some(bytes) = request.next().await? {
        body.extend_from_slice(&bytes);
    }
    Ok(String::from_utf8_lossy(&body).into_owned())
}

fn verb(head: &RequestHead, target: &Target) -> Verb {
    let has = |name: &str| head.query(name).is_some();
    let copies = head.field("x-amz-copy-source").is_some();
    match (head.method.as_str(), target.bucket.is_empty(), target.key.is_empty()) {
        ("GET", true, _) => Verb::Buckets,
        ("GET", _, true) if has("uploads") => Verb::Uploads,
        ("GET", _, true) if has("location") => Verb::Location,
        ("GET" | "PUT", _, true) if has("versioning") => Verb::Versioning,
        ("GET", _, true) if has("versions") => Verb::Versions,
        ("GET", _, true) if has("acl") || has("policy") => Verb::Other,
        ("GET", _, true) => Verb::List,
        ("HEAD", _, true) => Verb::HeadBucket,
        ("PUT", _, true) => Verb::CreateBucket,
        ("DELETE", _, true) => Verb::DeleteBucket,
        ("POST", _, true) if has("delete") => Verb::DeleteMany,
        ("GET", _, false) if has("uploadId") => Verb::Parts,
        ("GET", _, false) if has("tagging") => Verb::Tags,
        (_, _, false) if has("tagging") || has("acl") || has("attributes") => Verb::Other,
        ("GET", _, false) => Verb::Get,
        ("HEAD", _, false) => Verb::Head,
        ("PUT", _, false) if has("uploadId") && copies => Verb::CopyPart,
        ("PUT", _, false) if has("uploadId") => Verb::Part,
        ("PUT", _, false) if copies => Verb::Copy,
        ("PUT", _, false) => Verb::Put,
        ("POST", _, false) if has("uploads") => Verb::Begin,
        ("POST", _, false) if has("uploadId") => Verb::Complete,
        ("DELETE", _, false) if has("uploadId") => Verb::Abort,
        ("DELETE", _, false) => Verb::Delete,
        _ => Verb::Other,
    }
}
