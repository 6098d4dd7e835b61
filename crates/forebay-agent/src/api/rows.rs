//! The rows of a job, and those of all jobs that were given up.

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse as _, Response};

use super::export::{self, ExportForm, Source};
use super::jobs::job_id;
use super::problem::{OF_ALL_ROWS, OF_ROWS, Problem, Refusals};
use super::query::Query;
use super::routes::Api;
use super::views::{PageView, RowView};
use crate::failure::FailureClass;
use crate::queue::{Cursor, Page, Row, RowFilter, RowState};
use crate::service::Presence;

/// Items on a page, if nothing is said, and at most.
const PAGE: usize = 100;
const PAGE_MAX: usize = 1000;

/// A job's URLs on its edges, in the order in which they were submitted.
#[utoipa::path(
    get, path = "/v1/jobs/{id}/urls", operation_id = "listUrlsOfJob", tag = "jobs",
    params(
        ("id" = String, Path, description = "The job's name", format = "uuid"),
        ("state" = inline(Option<RowState>), Query, description = "Only those in this state"),
        ("class" = inline(Option<FailureClass>), Query, description = "Only those that failed of this class"),
        ("edge" = Option<String>, Query, description = "Only those on this edge", pattern = "^[A-Za-z0-9._:\\[\\]-]{1,100}$"),
        ("cursor" = Option<String>, Query, description = "The `next` of the page before", pattern = "^[0-9]{1,10}-[0-9]{1,10}-[0-9]{1,10}$"),
        ("limit" = Option<u32>, Query, description = "URLs on a page; 100 if nothing is said", minimum = 1, maximum = 1000),
        ("format" = inline(Option<ExportForm>), Query, description = "All of them in a stream: ndjson or csv"),
    ),
    responses(
        (status = 200, description = "A page of URLs on edges, or all of them",
         content((PageView<RowView> = "application/json"), (String = "application/x-ndjson"), (String = "text/csv"))),
        Refusals<OF_ROWS>
    )
)]
pub(super) async fn of_job(
    State(api): State<Api>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let names = ["state", "class", "edge", "cursor", "limit", "format"];
    let query = Query::read(query.as_deref(), &names)?;
    answer(&api, Source::Job(job_id(&id)?, filter(&query)?), &query).await
}

/// URLs on edges that were given up, of all jobs, those of the oldest first.
#[utoipa::path(
    get, path = "/v1/dead-letters", operation_id = "listDeadLetters", tag = "jobs",
    params(
        ("cursor" = Option<String>, Query, description = "The `next` of the page before", pattern = "^[0-9]{1,10}-[0-9]{1,10}-[0-9]{1,10}$"),
        ("limit" = Option<u32>, Query, description = "URLs on a page; 100 if nothing is said", minimum = 1, maximum = 1000),
        ("format" = inline(Option<ExportForm>), Query, description = "All of them in a stream: ndjson or csv"),
    ),
    responses(
        (status = 200, description = "A page of URLs on edges, or all of them",
         content((PageView<RowView> = "application/json"), (String = "application/x-ndjson"), (String = "text/csv"))),
        Refusals<OF_ALL_ROWS>
    )
)]
pub(super) async fn dead(State(api): State<Api>, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let query = Query::read(query.as_deref(), &["cursor", "limit", "format"])?;
    answer(&api, Source::Dead, &query).await
}

async fn answer(api: &Api, source: Source, query: &Query) -> Result<Response, Problem> {
    let form = query.text("format")?.map(|word| {
        ExportForm::of_word(word).ok_or_else(|| Problem::invalid("format has to be ndjson or csv"))
    });
    let (after, most) = (cursor(query)?, limit(query)?);
    if let Some(form) = form.transpose()? {
        return match query.text("limit")? {
            Some(_) => Err(Problem::impossible("limit is for pages: with format there is all of it")),
            None => export::all(api, source, after, form).await,
        };
    }
    let Page { items, next } = source.page(api, after, most).await?;
    let items = items.into_iter().map(|row| view(api, row)).collect();
    Ok(Json(PageView::<RowView> { items, next: next.map(|next| next.to_string()) }).into_response())
}

/// A row as it is shown: beside what the queue knows of it, whether its edge is there.
pub(super) fn view(api: &Api, row: Row) -> RowView {
    let waits = row.state == RowState::Waiting;
    let presence = if waits { api.service().presence(&row.edge) } else { None };
    let is_away = presence.is_some_and(|presence| presence != Presence::Here);
    RowView { presence: is_away.then_some("away"), ..row.into() }
}

impl Source {
    pub(super) async fn page(
        &self,
        api: &Api,
        after: Option<Cursor>,
        most: usize,
    ) -> Result<Page<Row>, Problem> {
        let page = match self {
            Self::Job(id, filter) => api.book().rows(*id, filter.clone(), after, most).await,
            Self::Dead => api.book().dead_letters(after, most).await,
        };
        page.map_err(Problem::from)
    }
}

fn filter(query: &Query) -> Result<RowFilter, Problem> {
    Ok(RowFilter {
        state: query.word("state", &RowState::ALL, RowState::name)?,
        edge: query.value("edge", "the name of an edge")?,
        class: query.word("class", &FailureClass::ALL, FailureClass::name)?,
    })
}

/// Where the page begins.
pub(super) fn cursor(query: &Query) -> Result<Option<Cursor>, Problem> {
    query.value("cursor", "the `next` of the page before")
}

/// How long it is at most.
pub(super) fn limit(query: &Query) -> Result<usize, Problem> {
    let limit = query.value("limit", "1 to 1000")?.unwrap_or(PAGE);
    if (1..=PAGE_MAX).contains(&limit) {
        Ok(limit)
    } else {
        Err(Problem::invalid("limit has to be 1 to 1000"))
    }
}
