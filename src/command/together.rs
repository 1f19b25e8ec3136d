//! Several commands in one script: one round trip, and their order is certain, which that of calls sent at once is not.

use bytes::Bytes;

use super::parse::Request;
use crate::auth::Grant;
use crate::redis::script::Script;
use crate::redis::{RedisError, Reply, packed};

/// Runs `requests` in a script that takes them as `words.lua` says and answers as `run.lua` does: once the answers take more
/// than `most` bytes, no further one is run.
///
/// # Errors
/// Why none was run, or why there is no answer.
pub async fn run<'a>(
    requests: impl Iterator<Item = &'a Request>,
    grant: &Grant,
    script: &Script,
    most: u64,
) -> Result<Vec<Reply>, RedisError> {
    let mut arguments = vec![Bytes::from(most.to_string())];
    for request in requests {
        arguments.push(Bytes::from((request.arguments.len() + 1).to_string()));
        arguments.push(request.name.clone());
        arguments.extend(request.arguments.iter().cloned());
    }
    let reply = match grant.script(script, &[], &arguments).await? {
        // A script that reads is taken to give a list.
        Reply::Array(mut replies) if replies.len() == 1 => replies.swap_remove(0),
        reply => reply,
    };
    match reply {
        Reply::Bulk(packed) => packed::unpack_all(&packed),
        other => Err(RedisError::unexpected(&other)),
    }
}
