//! The answers of a plain web server.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;

use super::page::{Page, Ranges};
use crate::fake::conditions::{self, Verdict};
use crate::fake::ranges::{self, Asked};
use crate::fake::reply::Reply;
use crate::fake::seen::Log;
use crate::fake::server::App;
use crate::fake::wire::Request;
use crate::fake::{Fault, RequestHead, Script, Target, Verb};

/// What the server's threads and the test have in common.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(crate) pages: Mutex<BTreeMap<String, Arc<Page>>>,
    pub(crate) script: Script,
    pub(crate) log: Log,
    /// Seconds that its clock is ahead.
    pub(crate) clock_shift_s: AtomicI64,
    /// What `Authorization` must be.
    pub(crate) authorization: Mutex<Option<String>>,
}

impl App for Shared {
    fn script(&self) -> &Script {
        &self.script
    }

    fn log(&self) -> &Log {
        &self.log
    }

    fn target(&self, head: &RequestHead) -> Target {
        let verb = match head.method.as_str() {
            "GET" => Verb::Get,
            "HEAD" => Verb::Head,
            _ => Verb::Other,
        };
        Target { verb, bucket: String::new(), key: head.decoded_path() }
    }

    async fn answer(
        &self,
        request: &mut Request<'_>,
        target: &Target,
        faults: &[Fault],
    ) -> io::Result<Reply> {
        if faults.iter().any(|fault| matches!(fault, Fault::IgnoreRange)) {
            request.head.fields.retain(|(name, _)| name != "range");
        }
        let mut reply = self.read(&request.head, target);
        reply.head_only |= target.verb == Verb::Head;
        Ok(reply)
    }

    fn refuse(&self, status: u16, code: &str, target: &Target) -> Reply {
        let reply = Reply::new(status).text("text/html", format!("<h1>{code}</h1>\n"));
        Reply { head_only: target.verb == Verb::Head, ..reply }
    }

    fn sign(&self, reply: &mut Reply) {
        let shift = self.clock_shift_s.load(Relaxed);
        let by = Duration::from_secs(shift.unsigned_abs());
        let now = if shift < 0 { SystemTime::now() - by } else { SystemTime::now() + by };
        reply.set("date", httpdate::fmt_http_date(now));
    }
}

impl Shared {
    fn read(&self, head: &RequestHead, target: &Target) -> Reply {
        if target.verb == Verb::Other {
            return self.refuse(405, "Method Not Allowed", target);
        }
        let expected = self.authorization.lock().clone();
        if expected.is_some_and(|expected| head.field("authorization") != Some(expected.as_str())) {
            return self.refuse(401, "Unauthorized", target).with("www-authenticate", "Basic");
        }
        let Some(page) = self.pages.lock().get(&target.key).cloned() else {
            return self.refuse(404, "Not Found", target);
        };
        if let Some((status, location)) = &page.redirect {
            return self.refuse(*status, "Moved", target).with("location", location.clone());
        }
        let etag = page.etag.as_deref().unwrap_or("\"\"");
        match conditions::judge(head, etag, page.modified.unwrap_or(SystemTime::UNIX_EPOCH)) {
            Verdict::Failed => self.refuse(412, "Precondition Failed", target),
            Verdict::NotModified => Reply { head_only: true, ..describe(Reply::new(304), &page) },
            Verdict::Go => self.part(head, target, &page),
        }
    }

    fn part(&self, head: &RequestHead, target: &Target, page: &Page) -> Reply {
        let range = head.field("range").filter(|_| page.ranges != Ranges::Ignored && same(head, page));
        let total = page.content.len();
        let reply = match ranges::asked(range, total) {
            Asked::Whole => Reply::new(200).content(page.content.clone()),
            Asked::Beyond => {
                let refused = self.refuse(416, "Range Not Satisfiable", target);
                return refused.with("content-range", format!("bytes */{total}"));
            }
            Asked::Part((first, last)) => {
                let reply = Reply::new(206).content(page.content.slice(first, last - first + 1));
                reply.with("content-range", format!("bytes {first}-{last}/{total}"))
            }
        };
        describe(reply, page)
    }
}

/// Whether `If-Range` names what is there (RFC 9110 §13.1.5): a strong tag, or the date to the letter.
fn same(head: &RequestHead, page: &Page) -> bool {
    let Some(named) = head.field("if-range") else { return true };
    let date = page.modified.map(httpdate::fmt_http_date);
    !named.starts_with("W/") && (page.etag.as_deref() == Some(named) || date.as_deref() == Some(named))
}

fn describe(mut reply: Reply, page: &Page) -> Reply {
    reply.framing = page.framing;
    reply.set("content-type", "application/octet-stream");
    if let Some(etag) = &page.etag {
        reply.set("etag", etag.clone());
    }
    if let Some(modified) = page.modified {
        reply.set("last-modified", httpdate::fmt_http_date(modified));
    }
    if page.ranges == Ranges::Answered {
        reply.set("accept-ranges", "bytes");
    }
    for (name, value) in &page.fields {
        reply.set(name, value.clone());
    }
    reply
}
