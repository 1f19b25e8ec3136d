//! `/v1/server`: Redis itself, and what it has on disk.
//!
//! - `info`: what Redis says of itself

mod info;

use std::collections::BTreeMap;

use http::{HeaderValue, StatusCode, header};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::entity_tag::Condition;
use super::operation::{Operation, Side, operations};
use super::payload::Payload;
use super::{json, unexpected};
use crate::answer::{Response, With};
use crate::auth::Grant;
use crate::handler::Headers;
use crate::problem::Problem;
use crate::redis::command::command;
use crate::redis::{Access, Command, Reply};
use crate::uri::Query;
use info::{Info, Section};

/// What is served.
pub fn operations<S: Side>() -> Vec<Operation<S>> {
    operations![show, show_persistence, begin_snapshot, begin_rewrite]
}

/// What Redis says of itself: each section of `INFO` under its name, after the most important.
#[derive(Serialize, ToSchema)]
#[schema(as = Server)]
struct Facts {
    /// Redis's version.
    #[schema(example = "7.0.15")]
    version: String,
    /// `master` or `slave`.
    #[schema(example = "master")]
    role: String,
    /// Seconds since it started.
    uptime_seconds: u64,
    clients: Section,
    memory: Section,
    /// The databases that hold keys.
    keyspace: Section,
    #[serde(flatten)]
    others: BTreeMap<String, Section>,
}

/// Shows what Redis says of itself
///
/// Without paths and addresses. A fact is a number where it is one, an object where it has parts, else a string; versions,
/// hashes and ids are always strings. Redis's command: [`INFO`](https://redis.io/commands/info/).
#[utoipa::path(
    get,
    path = "/v1/server",
    operation_id = "show_server",
    tag = "server",
    responses((status = 200, description = "What it says", body = Facts)),
)]
async fn show(grant: Grant, query: Query, headers: Headers) -> Result<Response, Problem> {
    query.finish()?;
    Condition::refuse(&headers)?;
    let info = Info::ask(&grant, None).await?;
    let (version, role) = (info.get("redis_version")?, info.get("role")?);
    let uptime_seconds = info.get("uptime_in_seconds")?;
    let mut others = info.into_sections();
    let [clients, memory, keyspace] =
        ["clients", "memory", "keyspace"].map(|name| others.remove(name).unwrap_or_default());
    Ok(json(StatusCode::OK, &Facts { version, role, uptime_seconds, clients, memory, keyspace, others }))
}

/// What Redis has on disk.
#[derive(Serialize, ToSchema)]
struct Persistence {
    /// Whether it is still reading its data from there.
    loading: bool,
    snapshots: Snapshots,
    append_only_file: AppendOnlyFile,
}

/// Its snapshots.
#[derive(Serialize, ToSchema)]
struct Snapshots {
    /// When the last one succeeded; `null` until one has ended in the background since Redis started.
    #[schema(required, format = DateTime)]
    last_save: Option<String>,
    /// Whether one is being made.
    in_progress: bool,
    /// `ok` or `err`: how the last one ended.
    #[schema(pattern = "^(ok|err)$")]
    last_status: String,
    changes_since_last_save: i64,
    /// How long the last one took.
    #[schema(required)]
    last_duration_seconds: Option<i64>,
}

/// Its log of every write.
#[derive(Serialize, ToSchema)]
struct AppendOnlyFile {
    /// Whether it is written.
    enabled: bool,
    /// Whether it is being rewritten, to be as small as it can.
    rewrite_in_progress: bool,
    /// Whether that will begin when a snapshot has ended.
    rewrite_scheduled: bool,
    /// `ok` or `err`: how the last rewrite ended.
    #[schema(pattern = "^(ok|err)$")]
    last_rewrite_status: String,
    /// `ok` or `err`: how the last write ended.
    #[schema(pattern = "^(ok|err)$")]
    last_write_status: String,
    /// Its size; `null` where it is not written.
    #[schema(required)]
    current_size_bytes: Option<i64>,
    /// Its size after the last rewrite.
    #[schema(required)]
    base_size_bytes: Option<i64>,
}

/// Shows what Redis has on disk
///
/// Redis's command: [`INFO persistence`](https://redis.io/commands/info/).
#[utoipa::path(
    get,
    path = "/v1/server/persistence",
    operation_id = "show_persistence",
    tag = "server",
    responses((status = 200, description = "How it stands", body = Persistence)),
)]
async fn show_persistence(grant: Grant, query: Query, headers: Headers) -> Result<Response, Problem> {
    query.finish()?;
    Condition::refuse(&headers)?;
    let info = Info::ask(&grant, Some("persistence")).await?;
    // -1 where none has ended: only Redis's start is known then, as if it had been a snapshot.
    let last_duration_seconds = Some(info.get("rdb_last_bgsave_time_sec")?).filter(|seconds| *seconds >= 0);
    let last_save =
        Timestamp::from_second(info.get("rdb_last_save_time")?).ok().filter(|_| last_duration_seconds.is_some());
    let snapshots = Snapshots {
        last_save: last_save.map(|time| time.to_string()),
        in_progress: info.is("rdb_bgsave_in_progress")?,
        last_status: info.get("rdb_last_bgsave_status")?,
        changes_since_last_save: info.get("rdb_changes_since_last_save")?,
        last_duration_seconds,
    };
    let append_only_file = AppendOnlyFile {
        enabled: info.is("aof_enabled")?,
        rewrite_in_progress: info.is("aof_rewrite_in_progress")?,
        rewrite_scheduled: info.is("aof_rewrite_scheduled")?,
        last_rewrite_status: info.get("aof_last_bgrewrite_status")?,
        last_write_status: info.get("aof_last_write_status")?,
        current_size_bytes: info.get("aof_current_size").ok(),
        base_size_bytes: info.get("aof_base_size").ok(),
    };
    Ok(json(StatusCode::OK, &Persistence { loading: info.is("loading")?, snapshots, append_only_file }))
}

/// The answer to what was begun.
#[derive(Serialize, ToSchema)]
struct Begun {
    /// Redis's words: whether it has started or is scheduled.
    #[schema(example = "Background saving started")]
    status: String,
}

/// Begins a snapshot
///
/// In the background, and while the append-only file is being rewritten, after that: `/v1/server/persistence` shows how it
/// goes. Redis's command: [`BGSAVE SCHEDULE`](https://redis.io/commands/bgsave/).
#[utoipa::path(
    post,
    path = "/v1/server/snapshots",
    operation_id = "begin_snapshot",
    tag = "server",
    responses(
        (
            status = 202,
            description = "Begun, or scheduled",
            body = Begun,
            headers(("Location", description = "Where to see how it goes")),
        ),
        (status = 409, description = "One is being made already"),
    ),
)]
async fn begin_snapshot(grant: Grant, query: Query, headers: Headers, payload: Payload) -> Result<Response, Problem> {
    begin(grant, query, headers, payload, command!("BGSAVE").arg("SCHEDULE")).await
}

/// Begins a rewrite of the append-only file
///
/// In the background, and while a snapshot is being made, after that: `/v1/server/persistence` shows how it goes. Redis's
/// command: [`BGREWRITEAOF`](https://redis.io/commands/bgrewriteaof/).
#[utoipa::path(
    post,
    path = "/v1/server/aof-rewrites",
    operation_id = "begin_aof_rewrite",
    tag = "server",
    responses(
        (
            status = 202,
            description = "Begun, or scheduled",
            body = Begun,
            headers(("Location", description = "Where to see how it goes")),
        ),
        (status = 409, description = "It is being rewritten already"),
    ),
)]
async fn begin_rewrite(grant: Grant, query: Query, headers: Headers, payload: Payload) -> Result<Response, Problem> {
    begin(grant, query, headers, payload, command!("BGREWRITEAOF")).await
}

async fn begin(
    grant: Grant,
    query: Query,
    headers: Headers,
    payload: Payload,
    command: Command,
) -> Result<Response, Problem> {
    query.finish()?;
    Condition::refuse(&headers)?;
    payload.into_nothing()?;
    match grant.execute(command).await? {
        Reply::Status(status) => {
            let place = [(header::LOCATION, HeaderValue::from_static("/v1/server/persistence"))];
            Ok(json(StatusCode::ACCEPTED, &Begun { status }).with(place))
        }
        other => Err(unexpected(&other, Access::Write)),
    }
}
