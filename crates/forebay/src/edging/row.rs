//! One URL on one edge in words: a row for people, a line of JSON for machines.

use std::{io::Write, time::Duration};

use forebay_agent::{Action, fleet::Done};
use forebay_budget::ByteSize;
use serde::Serialize;

use super::counts::Summary;

/// What stands above the rows.
pub(super) const HEADING: &str =
    "OUTCOME    STATUS       BYTES      TTFB      TIME  BEFORE   AFTER    TRIES  EDGE  URL\n";

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum Line<'a> {
    Url(UrlLine<'a>),
    BadUrl { source: &'a str, line: u64, message: String },
    Summary(&'a Summary),
}

/// One URL on one edge. Times are in milliseconds.
#[derive(Serialize)]
pub(super) struct UrlLine<'a> {
    action: &'a str,
    edge: &'a str,
    url: String,
    line: u64,
    outcome: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttfb_ms: Option<f64>,
    took_ms: f64,
    before: &'a str,
    after: &'a str,
    attempts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
}

/// What came of a URL, for machines.
pub(super) fn line<'a>(action: Action, done: &Done<'a>) -> Line<'a> {
    let outcome = done.outcome;
    let failure = outcome.verdict.failure();
    Line::Url(UrlLine {
        action: action.name(),
        edge: done.worker.spec().name.as_str(),
        url: done.entry.target.to_string(),
        line: done.entry.line,
        outcome: outcome.verdict.name(),
        status: outcome.status,
        bytes: outcome.bytes,
        ttfb_ms: outcome.ttfb.map(milliseconds),
        took_ms: milliseconds(outcome.took),
        before: outcome.before.name(),
        after: outcome.after.name(),
        attempts: outcome.attempts,
        digest: outcome.digest.map(|digest| digest.to_string()),
        class: failure.map(|failure| failure.class.name()),
        message: failure.map(|failure| &*failure.detail),
    })
}

/// The same as a row.
pub(super) fn row(rows: &mut Vec<u8>, done: &Done<'_>) {
    let outcome = done.outcome;
    let status = outcome.status.map_or_else(|| "-".to_owned(), |status| status.to_string());
    let ttfb = outcome.ttfb.map_or_else(|| "-".to_owned(), shown);
    push(
        rows,
        format_args!(
            "{:<10} {status:>6} {:>11} {ttfb:>9} {:>9}  {:<8} {:<8} {:>5}  {}  {}",
            outcome.verdict.name(),
            ByteSize::b(outcome.bytes),
            shown(outcome.took),
            outcome.before.name(),
            outcome.after.name(),
            outcome.attempts,
            done.worker.spec().name,
            done.entry.target,
        ),
    );
    if let Some(digest) = outcome.digest {
        push(rows, format_args!("  {digest}"));
    }
    match outcome.verdict.failure() {
        Some(failure) => push(rows, format_args!("  {failure}\n")),
        None => rows.push(b'\n'),
    }
}

/// A `Vec` takes everything.
fn push(rows: &mut Vec<u8>, words: std::fmt::Arguments<'_>) {
    drop(rows.write_fmt(words));
}

/// Writes a line.
pub(super) fn write_json(rows: &mut Vec<u8>, line: &Line<'_>) {
    // Text and numbers can be written as JSON.
    if serde_json::to_writer(&mut *rows, line).is_ok() {
        rows.push(b'\n');
    }
}

fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

fn shown(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds < 1.0 => format!("{:.1} ms", seconds * 1e3),
        seconds => format!("{seconds:.1} s"),
    }
}
