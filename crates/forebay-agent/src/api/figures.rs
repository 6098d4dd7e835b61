//! How often what was asked for, and what the answer was. Addresses are those of the routes, so that nobody makes new ones by asking.

use std::collections::BTreeMap;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use parking_lot::Mutex;

use super::routes::Api;

/// What was asked for at an address that is none.
const NOWHERE: &str = "none";

type Answers = BTreeMap<(&'static str, u16), u64>;

/// Answers by what was asked for, since the start.
#[derive(Debug, Default)]
pub struct ApiFigures(Mutex<BTreeMap<String, Answers>>);

/// How often one answer was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The address, with its parameters' names.
    pub route: String,
    /// The method, or `other`.
    pub method: &'static str,
    /// The status of the answer.
    pub status: u16,
    /// How often.
    pub count: u64,
}

/// Counts an answer when it begins.
pub(super) async fn count(State(api): State<Api>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let method = word(request.method());
    let answer = next.run(request).await;
    api.figures().note(route.as_ref().map_or(NOWHERE, MatchedPath::as_str), method, answer.status());
    answer
}

impl ApiFigures {
    fn note(&self, route: &str, method: &'static str, status: StatusCode) {
        let mut routes = self.0.lock();
        if !routes.contains_key(route) {
            routes.insert(route.to_owned(), Answers::new());
        }
        if let Some(answers) = routes.get_mut(route) {
            *answers.entry((method, status.as_u16())).or_default() += 1;
        }
    }

    /// What was asked for so far.
    pub fn seen(&self) -> Vec<Asked> {
        let routes = self.0.lock();
        let answers = routes.iter().flat_map(|(route, answers)| answers.iter().map(move |it| (route, it)));
        let asked = answers.map(|(route, ((method, status), count))| Asked {
            route: route.clone(),
            method,
            status: *status,
            count: *count,
        });
        asked.collect()
    }
}

fn word(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        _ => "other",
    }
}
