//! The description of the interface, made from the types that it reads and writes.

use axum::Json;
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi as _};

use super::{edges, jobs, rows, submit};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(title = "forebay agent", description = "Jobs that warm and purge caches at the edge."),
    paths(
        submit::submit, jobs::list, jobs::show, jobs::places, rows::of_job, jobs::cancel, jobs::retry,
        rows::dead, edges::list
    ),
    tags((name = "jobs", description = "Lists of URLs, and what is to be done with them"),
         (name = "edges", description = "Caches")),
    modifiers(&Bearer),
    security(("token" = []))
)]
struct Described;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut OpenApi) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        document.components.get_or_insert_default().add_security_scheme("token", scheme);
    }
}

/// The description (OpenAPI 3.1).
pub fn document() -> OpenApi {
    Described::openapi()
}

pub(super) async fn show() -> Json<OpenApi> {
    Json(document())
}
