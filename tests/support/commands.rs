//! Calls of the command API.

use serde_json::Value;

use crate::client::{Client, Response};

/// Sends a command as a JSON array.
pub fn run(client: &Client, command: Value) -> Response {
    client.send("POST", "/", &[], command.to_string().as_bytes())
}

/// Sends commands to `/pipeline` or `/multi-exec`.
pub fn run_all(client: &Client, path: &str, commands: Value) -> Response {
    client.send("POST", path, &[], commands.to_string().as_bytes())
}

/// The result in an answer.
///
/// # Panics
/// When it is an error.
#[track_caller]
pub fn result(answer: &Response) -> Value {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("content-type"), "application/json; charset=utf-8");
    answer.json()["result"].clone()
}

/// The error in an answer of this status.
///
/// # Panics
/// When it is none.
#[track_caller]
pub fn error(answer: &Response, status: u16) -> String {
    assert_eq!(answer.status, status, "{answer:?}");
    let document = answer.json();
    assert_eq!(document.as_object().map(serde_json::Map::len), Some(1), "{document}");
    document["error"].as_str().expect("a text").to_owned()
}
