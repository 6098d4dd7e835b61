//! The record: one line of JSON, `timestamp level message trace_id …`.

use std::time::{Duration, SystemTime};

use super::capturing::{Capture, Style};
use super::classify::{Exchange, Keep, Level};
use super::format::{field, millis, number, string_field, timestamp, with_scratch};
use super::inbound::Rest;
use super::recorder::{Answered, Pending};
use crate::body::End;

const ERROR_MAX: usize = 1024;
const USER_MAX: usize = 256;

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
pub(super) fn dropped(newly: u64, total: u64) -> Vec<u8> {
    let mut out = Vec::with_capacity(160);
    opening(&mut out, SystemTime::now(), Level::Warn);
    out.extend_from_slice(b"access log records were dropped\"");
    field(&mut out, "dropped");
    number(&mut out, newly);
    field(&mut out, "dropped_total");
    number(&mut out, total);
    out.extend_from_slice(b"}\n");
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

fn opening(out: &mut Vec<u8>, at: SystemTime, level: Level) {
    out.extend_from_slice(b"{\"timestamp\":\"");
    timestamp(out, at);
    out.extend_from_slice(b"\",\"level\":\"");
    out.extend_from_slice(level.name().as_bytes());
    out.extend_from_slice(b"\",\"message\":\"");
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
        opening(out, self.pending.started + self.latency, level);
        self.message(out);
        out.push(b'"');
        out.extend_from_slice(self.pending.head.text());
        self.status_and_sizes(out);
        if let Some(user) = &self.pending.user {
            string_field(out, "user", user.as_bytes(), USER_MAX);
        }
        if let Some(error) = self.error {
            string_field(out, "error", error.as_bytes(), ERROR_MAX);
        }
        self.bodies(out, keep);
        out.extend_from_slice(b"}\n");
    }

    /// `GET /path 200`, and the outcome if it is not as it should be. The parts are escaped already.
    fn message(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.pending.head.method.as_str().as_bytes());
        out.push(b' ');
        out.extend_from_slice(self.pending.head.target().as_bytes());
        if let Some(status) = self.answer.status {
            out.push(b' ');
            out.extend_from_slice(status.as_str().as_bytes());
        }
        if self.end != End::Complete {
            out.push(b' ');
            out.extend_from_slice(self.end.name().as_bytes());
        }
    }

    fn status_and_sizes(&self, out: &mut Vec<u8>) {
        let moved = self.pending.moved.as_ref().map(|moved| &moved.0);
        let received = self.pending.inbound.as_ref().map_or(0, |seen| seen.bytes());
        if let Some(status) = self.answer.status {
            field(out, "status");
            out.extend_from_slice(status.as_str().as_bytes());
        }
        if let Some(latency) = self.answer.latency_head {
            field(out, "latency_head_ms");
            millis(out, latency);
        }
        field(out, "latency_ms");
        millis(out, self.latency);
        field(out, "bytes_in");
        number(out, moved.map_or(received, |moved| moved.received()));
        field(out, "bytes_out");
        number(out, moved.map_or(self.answer.produced, |moved| moved.sent()));
        field(out, "outcome");
        out.push(b'"');
        out.extend_from_slice(self.end.name().as_bytes());
        out.push(b'"');
    }

    fn bodies(&self, out: &mut Vec<u8>, keep: Keep) {
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
            capture.write(out, "request_body", ended, &style(options.capture.request));
        }
        if let Some(capture) = self.answer.capture.as_ref().filter(|_| response) {
            let ended = self.end == End::Complete;
            capture.write(out, "response_body", ended, &style(options.capture.response));
        }
    }
}

fn kept(capture: Option<&Capture>) -> &[u8] {
    capture.map_or(&[], |capture| capture.prefix.kept())
}
