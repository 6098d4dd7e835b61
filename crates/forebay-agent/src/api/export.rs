//! All rows of a kind in one answer, as a stream: page by page out of the queue, as fast as the client reads.

use std::fmt::Write as _;

use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use serde::Serialize;
use tokio::sync::OwnedSemaphorePermit;
use utoipa::ToSchema;

use super::problem::Problem;
use super::routes::Api;
use super::rows::view;
use super::views::RowView;
use crate::failure::FailureClass;
use crate::outcome::Held;
use crate::queue::{Cursor, JobId, RowFilter};

/// Rows that are held at once.
const PAGE: usize = 500;
const CSV_HEAD: &str = "job,url,edge,state,presence,attempts,outcome,class,status,bytes,ttfb_ms,took_ms,before,after,ended,message,digest\r\n";

/// Which rows.
#[derive(Clone, Debug)]
pub(super) enum Source {
    Job(JobId, RowFilter),
    Dead,
}

/// How they are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum ExportForm {
    /// A JSON object a line.
    Ndjson,
    /// RFC 4180, with a heading.
    Csv,
}

/// An export under way.
struct Export {
    api: Api,
    source: Source,
    form: ExportForm,
    next: Next,
    _turn: OwnedSemaphorePermit,
}

enum Next {
    From(Option<Cursor>),
    End,
}

impl ExportForm {
    pub(super) fn of_word(word: &str) -> Option<Self> {
        match word {
            "ndjson" => Some(Self::Ndjson),
            "csv" => Some(Self::Csv),
            _ => None,
        }
    }

    const fn media_type(self) -> &'static str {
        match self {
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8",
        }
    }

    fn write(self, row: &RowView, to: &mut String) {
        match self {
            Self::Ndjson => {
                to.push_str(&serde_json::to_string(row).unwrap_or_default());
                to.push('\n');
            }
            Self::Csv => csv(row, to),
        }
    }
}

/// Answers with all of them. What is wrong with the first page is still an answer of its own; later the body breaks off, which its reader sees.
pub(super) async fn all(
    api: &Api,
    source: Source,
    after: Option<Cursor>,
    form: ExportForm,
) -> Result<Response, Problem> {
    let turn = api.export_turn()?;
    let mut export = Export { api: api.clone(), source, form, next: Next::From(after), _turn: turn };
    let mut first = if form == ExportForm::Csv { CSV_HEAD.to_owned() } else { String::new() };
    export.page(&mut first).await?;
    let rest = stream::try_unfold(export, |mut export| async move {
        if matches!(export.next, Next::End) {
            return Ok(None);
        }
        let mut page = String::new();
        match export.page(&mut page).await {
            Ok(()) => Ok(Some((Bytes::from(page), export))),
            Err(problem) => Err(std::io::Error::other(format!("the export broke off: {}", problem.status()))),
        }
    });
    let first = stream::iter([Ok(Bytes::from(first))]);
    let mut response = Response::new(Body::from_stream(futures_util::StreamExt::chain(first, rest)));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(form.media_type()));
    Ok(response)
}

impl Export {
    async fn page(&mut self, to: &mut String) -> Result<(), Problem> {
        let Next::From(after) = self.next else { return Ok(()) };
        let page = self.source.page(&self.api, after, PAGE).await?;
        self.next = page.next.map_or(Next::End, |next| Next::From(Some(next)));
        for row in page.items {
            self.form.write(&view(&self.api, row), to);
        }
        Ok(())
    }
}

fn csv(row: &RowView, to: &mut String) {
    let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    let fields = [
        row.job.clone(),
        row.url.clone(),
        row.edge.clone(),
        row.state.name().to_owned(),
        row.presence.unwrap_or_default().to_owned(),
        row.attempts.to_string(),
        row.outcome.unwrap_or_default().to_owned(),
        row.class.map_or("", FailureClass::name).to_owned(),
        row.status.map(|status| status.to_string()).unwrap_or_default(),
        row.bytes.to_string(),
        number(row.ttfb_ms),
        number(row.took_ms),
        row.before.map_or("", Held::name).to_owned(),
        row.after.map_or("", Held::name).to_owned(),
        row.ended.clone().unwrap_or_default(),
        row.message.clone().unwrap_or_default(),
        row.digest.clone().unwrap_or_default(),
    ];
    for (at, field) in fields.iter().enumerate() {
        let comma = if at == 0 { "" } else { "," };
        // Writing to a string does not fail.
        let _ = if field.contains([',', '"', '\r', '\n']) {
            write!(to, "{comma}\"{}\"", field.replace('"', "\"\""))
        } else {
            write!(to, "{comma}{field}")
        };
    }
    to.push_str("\r\n");
}
