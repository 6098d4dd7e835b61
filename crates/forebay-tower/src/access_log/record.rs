//! The record: one line, `timestamp level message` and then the fields.

use std::time::{Duration, SystemTime};

use super::capturing::{Capture, Style};
use super::classify::{Exchange, Keep, Level};
use super::form::{Fields, LogForm};
use super::format::with_scratch;
use super::inbound::Rest;
use super::recorder::{Answered, Pending};
use crate::body::End;

const ERROR_MAX: usize = 1024;
const USER_MAX: usize = 256;
const PLACE_MAX: usize = 256;

/// The facts of an exchange that has ended.
struct Facts<'a> {
    pending: &'a Pending,
    answer: &'a Answered,
    request: Rest,
    end: End,
    error: Option<&'a str>,
    latency: Duration,
}

/// Classifies an exchange and hands its record to the queue.
pub(super) fn write(pending: &Pending, answer: &Answered, end: End) {
    let latency = pending.start.elapsed();
    let mut request = pending.inbound.as_deref().map(super::inbound::Seen::take).unwrap_or_default();
    let request_error = request.error.take();
    let (end, undelivered) = delivered(pending, answer.produced, end);
    let error = answer.error.as_deref().or(request_error.as_deref()).or(undelivered);
    let facts = Facts { pending, answer, request, end, error, latency };
    let verdict = pending.shared.options.classifier.classify(&facts.exchange());
    if verdict.keep != Keep::Nothing {
        with_scratch(|out| {
            facts.record(out, verdict.level, verdict.keep);
            pending.shared.queue.push(out);
        });
    }
}

/// The record about records that are missing.
pub(super) fn dropped(newly: u64, total: u64, form: LogForm) -> Vec<u8> {
    let mut out = Vec::with_capacity(160);
    let mut fields = Fields::new(&mut out, form);
    fields.opening(SystemTime::now(), Level::Warn);
    fields.raw("access log records were dropped");
    fields.message_ends();
    fields.number("dropped", newly);
    fields.number("dropped_total", total);
    fields.closing();
    out
}

/// A body that was produced to its end is complete only if the socket has taken it, where that is known.
fn delivered(pending: &Pending, produced: u64, end: End) -> (End, Option<&'static str>) {
    let lost = pending.moved.as_ref().is_some_and(|moved| !moved.0.delivered(produced));
    if end == End::Complete && lost {
        (End::Abandoned, Some("the connection ended before the client had the whole response"))
    } else {
        (end, None)
    }
}

// ===== impl Facts =====

impl Facts<'_> {
    fn exchange(&self) -> Exchange<'_> {
        Exchange {
            method: &self.pending.head.method,
            target: self.pending.head.target(),
            status: self.answer.status,
            outcome: self.end,
            error: self.error,
            request: kept(self.request.capture.as_ref()),
            response: kept(self.answer.capture.as_ref()),
            latency: self.latency,
        }
    }

    fn record(&self, out: &mut Vec<u8>, level: Level, keep: Keep) {
        let mut fields = Fields::new(out, self.pending.shared.queue.form());
        fields.opening(self.pending.started + self.latency, level);
        self.message(&mut fields);
        fields.message_ends();
        fields.out.extend_from_slice(self.pending.head.fields());
        self.status_and_sizes(&mut fields);
        self.behind(&mut fields);
        if let Some(user) = &self.pending.user {
            fields.string("user", user.as_bytes(), USER_MAX);
        }
        if let Some(error) = self.error {
            fields.string("error", error.as_bytes(), ERROR_MAX);
        }
        self.bodies(&mut fields, keep);
        fields.closing();
    }

    /// `GET /path 200`, and the outcome if it is not as it should be. The parts are escaped already.
    fn message(&self, fields: &mut Fields<'_>) {
        fields.raw(self.pending.head.method.as_str());
        fields.raw(" ");
        fields.raw(self.pending.head.target());
        if let Some(status) = self.answer.status {
            fields.raw(" ");
            fields.raw(status.as_str());
        }
        if self.end != End::Complete {
            fields.raw(" ");
            fields.raw(self.end.name());
        }
    }

    fn status_and_sizes(&self, fields: &mut Fields<'_>) {
        let moved = self.pending.moved.as_ref().map(|moved| &moved.0);
        let received = self.pending.inbound.as_ref().map_or(0, |seen| seen.bytes());
        if let Some(status) = self.answer.status
            && fields.form == LogForm::Json
        {
            fields.number("status", status.as_u16().into());
        }
        if let Some(latency) = self.answer.latency_head {
            fields.millis("latency_head_ms", latency);
        }
        fields.millis("latency_ms", self.latency);
        fields.number("bytes_in", moved.map_or(received, |moved| moved.received()));
        fields.number("bytes_out", moved.map_or(self.answer.produced, |moved| moved.sent()));
        fields.plain("outcome", self.end.name());
    }

    fn behind(&self, fields: &mut Fields<'_>) {
        let Some(behind) = self.answer.behind.as_ref().map(|behind| &behind.0) else { return };
        fields.string("upstream", behind.place().as_bytes(), PLACE_MAX);
        fields.number("upstream_requests", behind.requests().into());
        fields.number("upstream_continued", behind.continued().into());
        if let Some(first) = behind.first_answer() {
            fields.millis("upstream_latency_ms", first);
        }
    }

    fn bodies(&self, fields: &mut Fields<'_>, keep: Keep) {
        let options = &self.pending.shared.options;
        let style = |max: forebay_budget::ByteSize| Style {
            max: max.as_usize(),
            white_space: options.capture.white_space,
            redaction: &options.redaction,
        };
        let (request, response) = match keep {
            Keep::Everything => (true, true),
            Keep::WithoutResponse => (true, false),
            Keep::WithoutBodies | Keep::Nothing => (false, false),
        };
        if let Some(capture) = self.request.capture.as_ref().filter(|_| request) {
            let ended = self.request.end == Some(End::Complete);
            capture.write(fields, "request_body", ended, &style(options.capture.request));
        }
        if let Some(capture) = self.answer.capture.as_ref().filter(|_| response) {
            let ended = self.end == End::Complete;
            capture.write(fields, "response_body", ended, &style(options.capture.response));
        }
    }
}

fn kept(capture: Option<&Capture>) -> &[u8] {
    capture.map_or(&[], |capture| capture.prefix.kept())
}
