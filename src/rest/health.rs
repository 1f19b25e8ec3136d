//! `/healthz` and `/readyz`, which need no token.

use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::operation::{Operation, Side, operations};
use crate::answer::Response;
use crate::auth::Grant;
use crate::problem::Problem;
use crate::redis::command::command;

/// What is served.
pub fn operations<S: Side>() -> Vec<Operation<S>> {
    operations![healthy, ready]
}

/// Whether a path is one of these, which need no token.
pub fn is_at(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz")
}

/// How it is.
#[derive(Serialize, ToSchema)]
struct Health {
    #[schema(example = "ready")]
    status: &'static str,
}

/// Whether Redstart itself is up
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, description = "It is", body = Health)))]
async fn healthy() -> Response {
    super::json(StatusCode::OK, &Health { status: "ok" })
}

/// Whether Redis answers in time
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "health",
    responses(
        (status = 200, description = "It does", body = Health),
        (status = 502, description = "Redis refuses Redstart"),
        (status = 503, description = "Redis cannot be reached"),
        (status = 504, description = "Redis did not answer in time"),
    ),
)]
async fn ready(grant: Grant) -> Result<Response, Problem> {
    grant.execute(command!("PING")).await?;
    Ok(super::json(StatusCode::OK, &Health { status: "ready" }))
}
