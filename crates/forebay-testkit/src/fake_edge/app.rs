//! From a request to the answer of a cache.

use std::io;
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;

use super::FakeEdge;
use super::flavour::{Flavour, Told};
use super::shelf::Shelf;
use crate::fake::ranges::{self, Asked};
use crate::fake::reply::Reply;
use crate::fake::seen::Log;
use crate::fake::server::App;
use crate::fake::wire::Request;
use crate::fake::{Content, Fault, RequestHead, Script, Target, Verb};
use crate::pattern::Pattern;

/// What the server's threads and the test have in common.
#[derive(Debug)]
pub(super) struct Shared {
    flavour: Flavour,
    pub(super) shelf: Shelf,
    /// The hosts that it knows; all when there is none.
    pub(super) hosts: Mutex<Vec<String>>,
    pub(super) script: Script,
    pub(super) log: Log,
}

impl FakeEdge {
    /// The bytes of every object.
    pub const BODY: Pattern = Pattern::new(0xed6e);
}

impl App for Shared {
    fn script(&self) -> &Script {
        &self.script
    }

    fn log(&self) -> &Log {
        &self.log
    }

    fn target(&self, head: &RequestHead) -> Target {
        let looks = head.field("cache-control").is_some_and(|value| value.contains("only-if-cached"));
        let verb = match head.method.as_str() {
            "GET" | "HEAD" if looks => Verb::Look,
            "GET" => Verb::Get,
            "HEAD" => Verb::Head,
            "PURGE" => Verb::Purge,
            "REFRESH" => Verb::Refresh,
            _ => Verb::Other,
        };
        Target { verb, bucket: head.host().to_owned(), key: head.path_and_query().to_owned() }
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
        let mut reply = self.decide(&request.head, target);
        reply.head_only |= request.head.method == "HEAD";
        Ok(reply)
    }

    fn refuse(&self, status: u16, code: &str, target: &Target) -> Reply {
        let reply = Reply::new(status).text("text/html", format!("<h1>{code}</h1>\n"));
        Reply { head_only: target.verb == Verb::Head, ..reply }
    }

    fn sign(&self, reply: &mut Reply) {
        reply.set("server", self.flavour.server());
        reply.set("date", httpdate::fmt_http_date(SystemTime::now()));
    }
}

impl Shared {
    pub(super) fn new(flavour: Flavour) -> Self {
        Self {
            flavour,
            shelf: Shelf::default(),
            hosts: Mutex::default(),
            script: Script::default(),
            log: Log::default(),
        }
    }

    fn decide(&self, head: &RequestHead, target: &Target) -> Reply {
        let (told, mut reply) = if !self.knows(&target.bucket) {
            (Told::NoSuchHost, self.flavour.refusal(Told::NoSuchHost))
        } else if target.verb == Verb::Other {
            (Told::Miss { stored: false }, self.refuse(405, "Method Not Allowed", target))
        } else {
            let keeping = self.flavour.keeping(target.verb, head);
            let found = self.shelf.ask(target.verb, &target.key, keeping);
            let told = Told::of(target.verb, found);
            match (told, found.bytes) {
                (Told::Hit | Told::Miss { .. }, Some(bytes)) => (told, object(head, bytes, found.kept)),
                (Told::Hit | Told::Miss { .. }, None) => (told, self.refuse(404, "Not Found", target)),
                _ => (told, self.flavour.refusal(told)),
            }
        };
        self.flavour.sign(&mut reply, told);
        reply
    }

    fn knows(&self, host: &str) -> bool {
        let hosts = self.hosts.lock();
        hosts.is_empty() || hosts.iter().any(|known| known.eq_ignore_ascii_case(host))
    }
}

/// The object, or the part of it that is asked for.
fn object(head: &RequestHead, bytes: u64, kept: Option<Duration>) -> Reply {
    let content = Content::pattern(FakeEdge::BODY, bytes);
    let reply = match ranges::asked(head.field("range"), bytes) {
        Asked::Whole => Reply::new(200).content(content),
        Asked::Beyond => return Reply::new(416).with("content-range", format!("bytes */{bytes}")),
        Asked::Part((first, last)) => {
            let part = Reply::new(206).content(content.slice(first, last - first + 1));
            part.with("content-range", format!("bytes {first}-{last}/{bytes}"))
        }
    };
    reply
        .with("content-type", "application/octet-stream")
        .with("cache-control", "max-age=3600")
        .with("age", kept.unwrap_or_default().as_secs().to_string())
}
