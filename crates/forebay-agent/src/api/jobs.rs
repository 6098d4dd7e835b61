//! Jobs, one and many.

use axum::Json;
use axum::extract::{Path, RawQuery, State};

use super::problem::{OF_CHANGE, OF_JOB, Problem, Refusals};
use super::query::Query;
use super::routes::Api;
use super::rows::{cursor, limit};
use super::views::{JobView, PageView, PlaceView, RetriedView};
use crate::queue::{JobFilter, JobId, JobState, Telling};

/// Jobs, the newest first.
#[utoipa::path(
    get, path = "/v1/jobs", operation_id = "listJobs", tag = "jobs",
    params(
        ("state" = inline(Option<JobState>), Query, description = "Only those in this state"),
        ("label" = Option<String>, Query, description = "Only those with exactly this label"),
        ("webhook" = inline(Option<Telling>), Query, description = "Only those whose webhook is so far"),
        ("cursor" = Option<String>, Query, description = "The `next` of the page before", pattern = "^[0-9]{1,10}-[0-9]{1,10}-[0-9]{1,10}$"),
        ("limit" = Option<u32>, Query, description = "Jobs on a page; 100 if nothing is said", minimum = 1, maximum = 1000),
    ),
    responses(
        (status = 200, description = "A page of jobs", body = PageView<JobView>),
        Refusals<0>
    )
)]
pub(super) async fn list(
    State(api): State<Api>,
    RawQuery(query): RawQuery,
) -> Result<Json<PageView<JobView>>, Problem> {
    let query = Query::read(query.as_deref(), &["state", "label", "webhook", "cursor", "limit"])?;
    let filter = JobFilter {
        state: query.word("state", &JobState::ALL, JobState::name)?,
        label: query.text("label")?.map(Into::into),
        telling: query.word("webhook", &Telling::ALL, Telling::name)?,
    };
    let page = api.book().jobs(filter, cursor(&query)?, limit(&query)?).await?;
    Ok(Json(PageView {
        items: page.items.into_iter().map(JobView::from).collect(),
        next: page.next.map(|next| next.to_string()),
    }))
}

/// A job with its counters.
#[utoipa::path(
    get, path = "/v1/jobs/{id}", operation_id = "showJob", tag = "jobs",
    params(("id" = String, Path, description = "The job's name", format = "uuid")),
    responses(
        (status = 200, description = "The job", body = JobView),
        Refusals<OF_JOB>
    )
)]
pub(super) async fn show(
    State(api): State<Api>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<JobView>, Problem> {
    Query::read(query.as_deref(), &[])?;
    Ok(Json(api.book().job(job_id(&id)?).await?.into()))
}

/// A job's edges with their counters.
#[utoipa::path(
    get, path = "/v1/jobs/{id}/edges", operation_id = "listEdgesOfJob", tag = "jobs",
    params(
        ("id" = String, Path, description = "The job's name", format = "uuid"),
        ("cursor" = Option<String>, Query, description = "The `next` of the page before", pattern = "^[0-9]{1,10}-[0-9]{1,10}-[0-9]{1,10}$"),
        ("limit" = Option<u32>, Query, description = "Edges on a page; 100 if nothing is said", minimum = 1, maximum = 1000),
    ),
    responses(
        (status = 200, description = "A page of edges", body = PageView<PlaceView>),
        Refusals<OF_JOB>
    )
)]
pub(super) async fn places(
    State(api): State<Api>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<PageView<PlaceView>>, Problem> {
    let query = Query::read(query.as_deref(), &["cursor", "limit"])?;
    let page = api.book().places(job_id(&id)?, cursor(&query)?, limit(&query)?).await?;
    Ok(Json(PageView {
        items: page.items.into_iter().map(PlaceView::from).collect(),
        next: page.next.map(|next| next.to_string()),
    }))
}

/// Cancels a job: what waits is not done, what is under way ends as it ends. One that has ended stays as it is.
#[utoipa::path(
    post, path = "/v1/jobs/{id}/cancel", operation_id = "cancelJob", tag = "jobs",
    params(("id" = String, Path, description = "The job's name", format = "uuid")),
    responses(
        (status = 200, description = "The job as it stands now", body = JobView),
        Refusals<OF_JOB>
    )
)]
pub(super) async fn cancel(
    State(api): State<Api>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<JobView>, Problem> {
    Query::read(query.as_deref(), &[])?;
    let id = job_id(&id)?;
    api.book().cancel(id).await?;
    Ok(Json(api.book().job(id).await?.into()))
}

/// Does again what failed.
#[utoipa::path(
    post, path = "/v1/jobs/{id}/retry", operation_id = "retryJob", tag = "jobs",
    params(("id" = String, Path, description = "The job's name", format = "uuid")),
    responses(
        (status = 200, description = "How many rows wait again", body = RetriedView),
        Refusals<OF_CHANGE>
    )
)]
pub(super) async fn retry(
    State(api): State<Api>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<RetriedView>, Problem> {
    Query::read(query.as_deref(), &[])?;
    Ok(Json(RetriedView { retried: api.book().retry(job_id(&id)?).await? }))
}

/// What is no name of a job names none.
pub(super) fn job_id(text: &str) -> Result<JobId, Problem> {
    text.parse().map_err(|_| crate::queue::QueueError::NoSuchJob.into())
}
