//! The description of the interface, made from the types that it reads and writes.

use axum::Json;
use serde_json::{Value, json};
use utoipa::openapi::schema::{Schema, SchemaType, Type};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{OneOf, OpenApi, RefOr};
use utoipa::{Modify, OpenApi as _};

use super::problem::Problem;
use super::{edges, jobs, rows, submit};
use crate::hook::Message;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(title = "forebay agent", description = "Jobs that warm and purge caches at the edge."),
    paths(
        submit::submit, jobs::list, jobs::show, jobs::places, rows::of_job, jobs::cancel, jobs::retry,
        rows::dead, edges::list
    ),
    components(schemas(Problem, Message)),
    tags((name = "jobs", description = "Lists of URLs, and what is to be done with them"),
         (name = "edges", description = "Caches")),
    modifiers(&Bearer, &Absent),
    security(("token" = []))
)]
struct Described;

/// Who may ask.
struct Bearer;

/// A parameter of a query is there or not: there is no text that stands for nothing.
struct Absent;

impl Modify for Bearer {
    fn modify(&self, document: &mut OpenApi) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        document.components.get_or_insert_default().add_security_scheme("token", scheme);
    }
}

impl Modify for Absent {
    fn modify(&self, document: &mut OpenApi) {
        let operations = document.paths.paths.values_mut().flat_map(|path| [&mut path.get, &mut path.post]);
        let parameters = operations.flatten().filter_map(|operation| operation.parameters.as_mut()).flatten();
        for schema in parameters.filter_map(|parameter| parameter.schema.as_mut()) {
            said(schema);
        }
    }
}

/// Without the case that it is null.
fn said(schema: &mut RefOr<Schema>) {
    let is_null = |schema: &RefOr<Schema>| matches!(schema, RefOr::T(Schema::Object(object)) if object.schema_type == SchemaType::Type(Type::Null));
    let only = |kind: &mut SchemaType| {
        if let SchemaType::Array(kinds) = kind {
            kinds.retain(|kind| *kind != Type::Null);
            if let [one] = &kinds[..] {
                *kind = SchemaType::Type(one.clone());
            }
        }
    };
    match schema {
        RefOr::T(Schema::Object(object)) => only(&mut object.schema_type),
        RefOr::T(Schema::Array(array)) => only(&mut array.schema_type),
        RefOr::T(Schema::OneOf(OneOf { items, .. })) => {
            items.retain(|item| !is_null(item));
            if let [one] = &items[..] {
                *schema = one.clone();
            }
        }
        _ => {}
    }
}

/// The description (OpenAPI 3.1).
pub fn document() -> Value {
    let mut document = json!(Described::openapi());
    document["webhooks"] = json!({ "job.ended": { "post": told() } });
    for status in ["200", "201"] {
        document["paths"]["/v1/jobs"]["post"]["responses"][status]["links"] = links();
    }
    document
}

/// What can be done with a job that was taken in.
fn links() -> Value {
    let link =
        |operation: &str| json!({ "operationId": operation, "parameters": { "id": "$response.body#/id" } });
    let operations = ["showJob", "listEdgesOfJob", "listUrlsOfJob", "cancelJob", "retryJob"];
    operations.into_iter().map(|operation| (operation.to_owned(), link(operation))).collect()
}

/// What a webhook gets, and what is made of its answer.
fn told() -> Value {
    let field = |name: &str, description: &str| json!({ "name": name, "in": "header", "required": true, "description": description, "schema": { "type": "string" } });
    json!({
        "summary": "A job is over",
        "description": "Sent to the webhook of the job, as Standard Webhooks has it: at least once, and again until it is acknowledged, for a bounded time.",
        "security": [],
        "parameters": [
            field("webhook-id", "The same in every try to tell of this end"),
            field("webhook-timestamp", "When it was sent, in seconds since 1970"),
            field("webhook-signature", "`v1,` and the HMAC-SHA256 of `ID.TIMESTAMP.BODY` in base64, for each secret there is; separated by spaces"),
        ],
        "requestBody": { "required": true, "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Message" } } } },
        "responses": {
            "2XX": { "description": "It was heard" },
            "410": { "description": "It is not to be told again" },
            "default": { "description": "It is told again later; `Retry-After` is honoured, redirects are not followed" },
        },
    })
}

pub(super) async fn show() -> Json<Value> {
    Json(document())
}
