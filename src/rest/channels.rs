//! `/v1/channels`: messages to whoever listens.

use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::entity_tag::Condition;
use super::operation::{Operation, Side, operations};
use super::payload::{self, Payload};
use super::target::Target;
use super::text::NewText;
use super::{json, unexpected};
use crate::answer::Response;
use crate::auth::Grant;
use crate::handler::Headers;
use crate::problem::Problem;
use crate::redis::command::command;
use crate::redis::{Access, Reply};

/// What is served.
pub fn operations<S: Side>() -> Vec<Operation<S>> {
    operations![publish]
}

/// The body that holds a message.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewMessage {
    message: NewText,
}

/// The answer to a message.
#[derive(Serialize, ToSchema)]
struct Published {
    /// How many subscribers got it. In a cluster, only those on the same server count.
    receivers: i64,
}

/// Publishes a message
///
/// To those who subscribe to the channel at that moment; nobody keeps it. Redis's command:
/// [`PUBLISH`](https://redis.io/commands/publish/).
#[utoipa::path(
    post,
    path = "/v1/channels/{channel}/messages",
    operation_id = "publish",
    tag = "channels",
    params(("channel" = String, Path, description = "The channel, percent-encoded: any bytes", example = "news")),
    request_body(content(
        (NewMessage = "application/json", example = json!({"message": "hello"})),
        (Vec<u8> = "application/octet-stream"),
    )),
    responses((status = 200, description = "Published, perhaps to nobody", body = Published)),
)]
async fn publish(grant: Grant, target: Target, headers: Headers, payload: Payload) -> Result<Response, Problem> {
    let channel = target.only_key()?;
    Condition::refuse(&headers)?;
    let message = match payload {
        Payload::Raw(message) => message,
        Payload::Json(json) => payload::read::<NewMessage>(&json)?.message.0,
    };
    match grant.execute(command!("PUBLISH").arg(channel).arg(message)).await? {
        Reply::Integer(receivers) => Ok(json(StatusCode::OK, &Published { receivers })),
        other => Err(unexpected(&other, Access::Write)),
    }
}
