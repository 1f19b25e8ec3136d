//! `/multi-exec`: all commands in one script, which Redis runs without another command between them.

use super::encode::Answer;
use super::parse::Request;
use super::{plan, together};
use crate::auth::Grant;
use crate::redis::commands::Way;
use crate::redis::script::{Script, script};
use crate::redis::{ErrorReply, RedisError};

static WRITES: Script = script!(Write: "words.lua", "check.lua", "run.lua");
static READS: Script = script!(Read: "words.lua", "check.lua", "run.lua");

/// More bytes than any answers take: all commands are run.
const ANY_BYTES: u64 = 1 << 50;

/// Runs all of `requests`, or none where Redis would not take one of them into a transaction.
///
/// # Errors
/// Why none was run, or why there is no answer.
pub async fn run(requests: &[Request], grant: &Grant) -> Result<Vec<Answer>, RedisError> {
    for request in requests {
        check(request, grant).map_err(RedisError::Server)?;
    }
    let reads = grant.only_reads() || requests.iter().all(Request::fits_reading_script);
    let script = if reads { &READS } else { &WRITES };
    let replies = together::run(requests.iter(), grant, script, ANY_BYTES).await?;
    if replies.len() != requests.len() {
        return Err(RedisError::Unexpected(format!("{} commands have {} replies", requests.len(), replies.len())));
    }
    let answers = replies.into_iter().zip(requests);
    Ok(answers.map(|(reply, request)| plan::visible(reply, request, grant).into_result()).collect())
}

/// Whether a request may be a part of a transaction.
fn check(request: &Request, grant: &Grant) -> Result<(), ErrorReply> {
    plan::check(request, grant)?;
    let by_script = !matches!(request.row.map(|row| row.way), Some(Way::Wrapped | Way::Alone(_)));
    if by_script && plan::fits_script(request) {
        return Ok(());
    }
    Err(ErrorReply::err(format!("'{}' cannot be a part of a transaction here: send it apart", request.shown_name())))
}
