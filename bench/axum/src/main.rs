//! What Redstart is measured against: the least that a native service in Rust does for the same work, with axum and the redis
//! crate. No tokens, no log, no conditions, no limits. Arguments: the address to listen on; the URL of Redis is in `REDIS_URL`.

use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt as _;
use axum::{Json, Router};
use bytes::Bytes;
use redis::AsyncCommands as _;
use redis::aio::MultiplexedConnection;
use serde::{Deserialize, Serialize};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listen = std::env::args().nth(1).ok_or("which address to listen on?")?;
    let redis = redis::Client::open(std::env::var("REDIS_URL")?)?;
    let connection = redis.get_multiplexed_async_connection().await?;
    let routes = Router::new()
        .route("/strings/{key}", get(read_string).put(write_string))
        .route("/bytes/{key}", get(read_bytes).put(write_bytes))
        .route("/hashes/{key}/fields", get(read_fields))
        .route("/pipeline", post(run_pipeline))
        .layer(DefaultBodyLimit::max(16 << 20))
        .with_state(connection);
    let listener = tokio::net::TcpListener::bind(listen).await?.tap_io(|stream| {
        // Without it small answers wait; where it cannot be set they only wait.
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, routes).await?;
    Ok(())
}

type Redis = State<MultiplexedConnection>;

#[derive(Serialize)]
struct Entry {
    key: String,
    value: String,
}

async fn read_string(State(mut redis): Redis, Path(key): Path<String>) -> Result<Json<Entry>, Failure> {
    let value: Option<String> = redis.get(&key).await?;
    let value = value.ok_or(Failure::NotFound)?;
    Ok(Json(Entry { key, value }))
}

#[derive(Deserialize)]
struct Write {
    value: String,
}

async fn write_string(
    State(mut redis): Redis,
    Path(key): Path<String>,
    Json(write): Json<Write>,
) -> Result<Json<Entry>, Failure> {
    let () = redis.set(&key, &write.value).await?;
    Ok(Json(Entry { key, value: write.value }))
}

async fn read_bytes(State(mut redis): Redis, Path(key): Path<String>) -> Result<Vec<u8>, Failure> {
    let value: Option<Vec<u8>> = redis.get(&key).await?;
    value.ok_or(Failure::NotFound)
}

async fn write_bytes(State(mut redis): Redis, Path(key): Path<String>, body: Bytes) -> Result<StatusCode, Failure> {
    let () = redis.set(&key, &body[..]).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
struct Page {
    limit: usize,
    #[serde(default)]
    cursor: u64,
}

#[derive(Serialize)]
struct Fields {
    items: Vec<Field>,
    next_cursor: Option<String>,
}

#[derive(Serialize)]
struct Field {
    field: String,
    value: String,
}

async fn read_fields(
    State(mut redis): Redis,
    Path(key): Path<String>,
    Query(page): Query<Page>,
) -> Result<Json<Fields>, Failure> {
    let mut scan = redis::cmd("HSCAN");
    scan.arg(&key).arg(page.cursor).arg("COUNT").arg(page.limit);
    let (next, pairs): (u64, Vec<(String, String)>) = scan.query_async(&mut redis).await?;
    let items = pairs.into_iter().map(|(field, value)| Field { field, value }).collect();
    Ok(Json(Fields { items, next_cursor: (next != 0).then(|| next.to_string()) }))
}

#[derive(Serialize)]
struct Outcome {
    result: Option<String>,
}

async fn run_pipeline(
    State(mut redis): Redis,
    Json(commands): Json<Vec<Vec<String>>>,
) -> Result<Json<Vec<Outcome>>, Failure> {
    let mut pipeline = redis::pipe();
    for command in commands {
        let mut words = command.iter();
        let mut command = redis::cmd(words.next().ok_or(Failure::NotFound)?);
        command.arg(words.as_slice());
        pipeline.add_command(command);
    }
    let results: Vec<Option<String>> = pipeline.query_async(&mut redis).await?;
    Ok(Json(results.into_iter().map(|result| Outcome { result }).collect()))
}

/// What ends a request without its answer; any of them fails the measurement.
enum Failure {
    NotFound,
    Redis(redis::RedisError),
}

impl From<redis::RedisError> for Failure {
    fn from(error: redis::RedisError) -> Self {
        Self::Redis(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND.into_response(),
            Self::Redis(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
        }
    }
}
