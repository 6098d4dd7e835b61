//! `/log-level`: more words while it hurts, fewer afterwards, without a restart.

use std::sync::Arc;

use axum::{
    extract::{Query, State},
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use serde::Deserialize;

use crate::{admission::Refusal, routes::Admin};

/// The levels that the console offers.
pub(crate) const CHOICES: [&str; 5] = ["error", "warn", "info", "debug", "trace"];

/// `?filter=` of the console's buttons.
#[derive(Deserialize)]
pub(crate) struct Choice {
    filter: String,
}

/// `GET /log-level`: the directives in effect.
pub(crate) async fn show(State(admin): State<Arc<Admin>>) -> String {
    format!("{}\n", admin.sources.log_level.current())
}

/// `PUT /log-level`: the body is the new directives.
pub(crate) async fn replace(State(admin): State<Arc<Admin>>, body: String) -> Result<String, Refusal> {
    set(&admin, body.trim())?;
    Ok(format!("{}\n", admin.sources.log_level.current()))
}

/// `POST /log-level?filter=debug`: as a button of the console does it.
pub(crate) async fn choose(
    State(admin): State<Arc<Admin>>,
    Query(choice): Query<Choice>,
) -> Result<Response, Refusal> {
    set(&admin, &choice.filter)?;
    Ok(Redirect::to("/").into_response())
}

fn set(admin: &Admin, directives: &str) -> Result<(), Refusal> {
    let before = admin.sources.log_level.current();
    admin
        .sources
        .log_level
        .replace(directives)
        .map_err(|why| Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, format!("not a log filter: {why}")))?;
    tracing::info!(%before, now = directives, "log level changed");
    Ok(())
}
