//! One profile at a time, paid for before it begins.

use std::{io, sync::Arc, time::Duration};

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode};
use serde::Deserialize;
use tokio::sync::OwnedSemaphorePermit;

use super::{REPORT_BYTES_MAX, SECONDS_MAX};
use crate::{
    admission::{Draft, Refusal},
    routes::Admin,
};

/// `?seconds=N`
#[derive(Debug, Deserialize)]
pub(crate) struct Ask {
    pub(crate) seconds: Option<u64>,
}

/// The right to make a profile, and the memory to do it with. It moves into the blocking work, so that a client
/// that leaves does not let the next one in before the work has ended.
pub(crate) struct Turn {
    draft: Draft,
    _permit: OwnedSemaphorePermit,
}

impl Ask {
    /// The time that was asked for, within what is allowed.
    pub(crate) fn time(&self) -> Result<Option<Duration>, Refusal> {
        let Some(seconds) = self.seconds else { return Ok(None) };
        if seconds == 0 || seconds > SECONDS_MAX.as_secs() {
            let text = format!("seconds must be between 1 and {}", SECONDS_MAX.as_secs());
            return Err(Refusal::new(StatusCode::BAD_REQUEST, text));
        }
        Ok(Some(Duration::from_secs(seconds)))
    }
}

impl Turn {
    /// Takes the turn, if nobody has it.
    pub(crate) fn take(admin: &Admin) -> Result<Self, Refusal> {
        let permit = Arc::clone(&admin.profiling).try_acquire_owned().map_err(|_| {
            Refusal::new(
                StatusCode::TOO_MANY_REQUESTS,
                "another profile is being made; one is made at a time",
            )
        })?;
        Ok(Self { draft: Draft::new(admin, REPORT_BYTES_MAX)?, _permit: permit })
    }

    /// Makes the profile on a blocking thread and sends it.
    pub(crate) async fn report(
        self,
        make: impl FnOnce() -> io::Result<Vec<u8>> + Send + 'static,
    ) -> Result<Response, Refusal> {
        let made = tokio::task::spawn_blocking(move || (make(), self)).await?;
        let (Ok(profile), turn) = made else {
            return Err(Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "the profile could not be written"));
        };
        Ok(turn.draft.send_bytes(profile, "application/octet-stream"))
    }
}

/// A refusal that `go tool pprof` prints the text of.
pub(crate) fn refuse(refusal: Refusal) -> Response {
    let mut response = refusal.into_response();
    response.headers_mut().insert("x-go-pprof", HeaderValue::from_static("1"));
    response
}
