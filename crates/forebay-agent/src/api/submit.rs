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
use super::problem::{OF_SUBMISSION, Problem, Refusals};
use super::query::Query;
use super::routes::Api;
use super::terms::{self, JobRequest};
use super::views::SubmittedView;
use crate::queue::Submission;
use crate::target::Target;
use crate::task::Action;
use crate::work::Proof;

/// A job in one piece of JSON is held as a whole.
const JSON_MAX: usize = 256 << 10;
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Submits a job.
///
/// A list of up to 100,000 URLs is sent as `text/plain`, one a line, with the job in the query; or as `application/x-ndjson`, the job first, then a string or an
/// object with `url` on each line. A small job is one object of `application/json`, of 256 KiB at most. What is no URL is listed in the answer, and the rest is done.
///
/// The parameters of the query are those of a list as `text/plain`; the other kinds of body say it themselves.
#[utoipa::path(
    post, path = "/v1/jobs", tag = "jobs", operation_id = "submitJob",
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "The submitter's own name for this request: sent twice, it is done once",
         pattern = "^[!#-~]([ -~]{0,198}[!#-~])?$"),
        ("action" = inline(Option<Action>), Query, description = "What to do with each URL; a list needs it"),
        ("edge" = Option<Vec<String>>, Query, description = "Names of edges; all that the agent tends, if there are none"),
        ("priority" = Option<u8>, Query, description = "9 goes first, 0 last; 5 if nothing is said", maximum = 9),
        ("label" = Option<String>, Query, description = "What a person calls it", max_length = 200),
        ("at" = Option<String>, Query, description = "Not before this time (RFC 3339)", format = DateTime),
        ("window" = Option<String>, Query, description = "Only in this part of each day, in UTC", example = "02:00-06:00",
         pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$"),
        ("every" = Option<String>, Query, description = "Done again so long after it was due, when it is over; a minute at least", example = "6h",
         pattern = "^([0-9]{1,5}[dhms]){1,4}$"),
        ("webhook" = Option<String>, Query, description = "Whom to tell when it is over: a URL that begins as the agent's operator allows", max_length = 2048),
        ("variant" = Option<Vec<String>>, Query, description = "What to warm: header fields, `Name: value`, of one request each", max_items = 32,
         example = json!(["Accept-Encoding: gzip"])),
        ("proof" = inline(Option<Proof>), Query, description = "How far outcomes are proved; else as the agent's settings say"),
        ("digest" = Option<bool>, Query, description = "Read every byte of what is warmed, and keep its SHA-256"),
    ),
    request_body(description = "The job", content(
        (JobRequest = "application/json"),
        (String = "text/plain", example = "http://www.example.com/a\nhttp://www.example.com/b\n"),
        (String = "application/x-ndjson", example = "{\"action\":\"purge\"}\n\"http://www.example.com/a\"\n"),
    )),
    responses(
        (status = 201, description = "It was taken in", body = SubmittedView, headers(("Location" = String, description = "The job"))),
        (status = 200, description = "It was there already, under the same idempotency key", body = SubmittedView,
         headers(("Location" = String, description = "The job"))),
        Refusals<OF_SUBMISSION>
    )
)]
pub(super) async fn submit(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    let _turn = api.submission_turn()?;
    let (head, body) = request.into_parts();
    let key = idempotency_key(&head.headers)?;
    let most = api.options().body_max.as_u64();
    let query = |known: &[&str]| Query::read(head.uri.query(), known);
    // A body that is a job says all of it.
    let no_query = || match query(&terms::NAMES)?.is_empty() {
        true => Ok(()),
        false => Err(Problem::impossible("the query is for lists in text/plain: say it in the body")),
    };
    let (submission, taken) = match media_type(&head) {
        "text/plain" => {
            let order = JobRequest::of_query(&query(&terms::NAMES)?)?.order(&api, key)?;
            let mut submission = api.book().submit(order).await?;
            let taken = List::new(body, most, Form::Plain).take_in(&mut submission).await?;
            (submission, taken)
        }
        "application/x-ndjson" | "application/jsonl" => {
            no_query()?;
            let mut list = List::new(body, most, Form::Json);
            let order = list.head().await?.order(&api, key)?;
            let mut submission = api.book().submit(order).await?;
            let taken = list.take_in(&mut submission).await?;
            (submission, taken)
        }
        "application/json" => {
            no_query()?;
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
