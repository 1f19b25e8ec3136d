//! `/healthz` and `/readyz`, which need no token.

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use serde_json::json;

use crate::auth::Grant;
use crate::problem::Problem;
use crate::redis::{Command, command::PING};

/// The routes.
pub fn router() -> Router {
    Router::new().route("/healthz", get(healthy)).route("/readyz", get(ready))
}

/// Redstart itself is up.
async fn healthy() -> Response {
    super::json(StatusCode::OK, &json!({"status": "ok"}))
}

/// Redis answered in time.
async fn ready(grant: Grant) -> Result<Response, Problem> {
    grant.execute(Command::new(&PING)).await?;
    Ok(super::json(StatusCode::OK, &json!({"status": "ready"})))
}
