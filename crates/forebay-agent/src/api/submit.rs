//! Taking a job in.

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, HeaderName, LOCATION};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use futures_util::StreamExt as _;

use super::list::{Form, List, Taken};
use super::problem::Problem;
use super::query::Query;
use super::routes::Api;
use super::terms::{self, JobRequest};
use super::views::SubmittedView;
use crate::queue::Submission;
use crate::target::Target;

/// A job in one piece of JSON is held as a whole.
const JSON_MAX: usize = 256 << 10;
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Submits a job.
///
/// A list of up to 100,000 URLs is sent as `text/plain`, one a line, with the job in the query; or as `application/x-ndjson`, the job first, then a string or an
/// object with `url` on each line. A small job is one object of `application/json`. What is no URL is listed in the answer, and the rest is done.
#[utoipa::path(
    post, path = "/v1/jobs", tag = "jobs",
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "The submitter's own name for this request: sent twice, it is done once", max_length = 200),
    ),
    request_body = JobRequest,
    responses(
        (status = 201, description = "It was taken in", body = SubmittedView),
        (status = 200, description = "It was there already, under the same idempotency key", body = SubmittedView),
        (status = "4XX", description = "It was refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not now", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn submit(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    let _turn = api.submission_turn()?;
    let (head, body) = request.into_parts();
    let key = idempotency_key(&head.headers)?;
    let most = api.options().body_max.as_u64();
    let query = |known: &[&str]| Query::read(head.uri.query(), known);
    let (submission, taken) = match media_type(&head) {
        "text/plain" => {
            let order = JobRequest::of_query(&query(&terms::NAMES)?)?.order(&api, key)?;
            let mut submission = api.book().submit(order).await?;
            let taken = List::new(body, most, Form::Plain).take_in(&mut submission).await?;
            (submission, taken)
        }
        "application/x-ndjson" | "application/jsonl" => {
            query(&[])?;
            let mut list = List::new(body, most, Form::Json);
            let order = list.head().await?.order(&api, key)?;
            let mut submission = api.book().submit(order).await?;
            let taken = list.take_in(&mut submission).await?;
            (submission, taken)
        }
        "application/json" => {
            query(&[])?;
            let request = JobRequest::of_json(&whole(body).await?)?;
            let mut submission = api.book().submit(request.order(&api, key)?).await?;
            let taken = take_in(&request.urls, &mut submission).await?;
            (submission, taken)
        }
        _ => return Err(Problem::media_type()),
    };
    if taken.urls == 0 {
        return Err(Problem::no_urls(taken.told));
    }
    answer(submission, taken).await
}

async fn answer(submission: Submission, taken: Taken) -> Result<Response, Problem> {
    let submitted = submission.seal().await?;
    let view = SubmittedView {
        id: submitted.id.to_string(),
        known: submitted.is_known,
        urls: submitted.urls,
        duplicates: submitted.duplicates,
        rejected_count: taken.rejected,
        rejected: taken.told,
    };
    let status = if view.known { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, [(LOCATION, format!("/v1/jobs/{}", view.id))], Json(view)).into_response())
}

async fn take_in(urls: &[String], to: &mut Submission) -> Result<Taken, Problem> {
    let mut taken = Taken::default();
    for (number, url) in (1..).zip(urls) {
        match Target::parse(url) {
            Ok(target) => {
                to.add(&target).await?;
                taken.urls += 1;
            }
            Err(error) => taken.reject(number, error.to_string()),
        }
    }
    Ok(taken)
}

/// A small body in one piece.
async fn whole(body: Body) -> Result<Vec<u8>, Problem> {
    let (mut body, mut whole) = (body.into_data_stream(), Vec::new());
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|_| Problem::invalid("the body broke off: nothing of it was taken"))?;
        if whole.len() + chunk.len() > JSON_MAX {
            let instead = "send the list as text/plain or application/x-ndjson";
            return Err(Problem::too_large(JSON_MAX as u64, instead));
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(whole)
}

/// The media type without its parameters.
fn media_type(head: &Parts) -> &str {
    let value = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim()
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let text = value.to_str().map_err(|_| Problem::invalid("Idempotency-Key has to be ASCII"))?;
    match text.trim().trim_matches('"') {
        "" => Err(Problem::invalid("Idempotency-Key is empty")),
        key => Ok(Some(key.to_owned())),
    }
}
