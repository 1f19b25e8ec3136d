//! Requests one after the other: each in its way, those between that a script may run together in one.

use futures_util::FutureExt;
use futures_util::future::join_all;

use super::encode::Answer;
use super::parse::Request;
use super::plan::{self, Failure, Plan};
use super::scripts::Scripts;
use super::together;
use crate::auth::Grant;
use crate::problem::Problem;
use crate::redis::script::{Script, script};
use crate::redis::{Access, Command, ErrorReply, RedisError, Reply};

static WRITES: Script = script!(Write: "words.lua", "run.lua");
static READS: Script = script!(Read: "words.lua", "run.lua");

/// The most commands in one script, and the most bytes that they may answer but for the last of them, so that none holds
/// Redis up for long.
const MAX_TOGETHER: usize = 100;
const MAX_ANSWERS: u64 = 8 * 1024 * 1024;

/// What came of a request.
type Outcome = Result<Reply, Failure>;

/// The answers to `requests`, in their order.
///
/// # Errors
/// A problem where Redis gave no answer at all.
pub async fn answers(requests: &[Request], grant: &Grant) -> Result<Vec<Answer>, Problem> {
    let mut refusals: Vec<_> = requests.iter().map(|request| plan::check(request, grant).err()).collect();
    let mut scripts = Scripts::named_in(requests, grant).await?;
    let mut outcomes: Vec<Outcome> = Vec::with_capacity(requests.len());
    while outcomes.len() < requests.len() {
        let next = outcomes.len();
        if let Some(refusal) = refusals[next].take() {
            outcomes.push(Err(Failure::Reply(refusal)));
            continue;
        }
        let rest = requests[next..].iter().zip(&refusals[next..]).take(MAX_TOGETHER);
        let together =
            rest.take_while(|(request, refusal)| refusal.is_none() && plan::may_be_together(request, grant)).count();
        if together > 1 {
            outcomes.extend(run_together(&requests[next..][..together], grant).await);
        } else {
            let Plan { commands, finish } = Plan::of(&requests[next], grant, &mut scripts);
            outcomes.push(finish(sent(commands, grant).await));
        }
        if matches!(outcomes.last(), Some(Err(Failure::Redis(error))) if is_gone(error)) {
            outcomes.resize_with(requests.len(), || Err(Failure::NotSent));
        }
    }
    ask_again(&mut outcomes, grant).await;
    match &outcomes[..] {
        [Err(Failure::Redis(error))] => return Err(Problem::from_redis(error, access(requests))),
        [Err(Failure::Redis(error)), ..] if is_gone(error) => return Err(Problem::from_redis(error, access(requests))),
        _ => {}
    }
    let answers = outcomes.into_iter().zip(requests);
    Ok(answers.map(|(outcome, request)| Ok(plan::visible(outcome.map_err(told)?, request, grant))).collect())
}

/// Sends `requests` in one script. There are outcomes of the first of them at least.
async fn run_together(requests: &[Request], grant: &Grant) -> Vec<Outcome> {
    let reads = grant.only_reads() || requests.iter().all(Request::fits_reading_script);
    let script = if reads { &READS } else { &WRITES };
    let replies = together::run(requests.iter(), grant, script, MAX_ANSWERS).await;
    match replies {
        Ok(replies) if (1..=requests.len()).contains(&replies.len()) => {
            replies.into_iter().zip(requests).map(|(reply, request)| plan::outcome(reply, request)).collect()
        }
        Ok(replies) => {
            let error = format!("{} commands have {} replies", requests.len(), replies.len());
            requests.iter().map(|_| Err(RedisError::Unexpected(error.clone()).into())).collect()
        }
        Err(error) => requests.iter().map(|_| Err(error.clone().into())).collect(),
    }
}

/// Whether none of `requests` writes.
fn access(requests: &[Request]) -> Access {
    let reads = requests.iter().all(|request| request.row.is_some_and(|row| row.access == Access::Read));
    if reads { Access::Read } else { Access::Write }
}

/// Whether Redis cannot be had, so that what comes next would only wait.
fn is_gone(error: &RedisError) -> bool {
    !matches!(
        error,
        RedisError::Server(_) | RedisError::ReplyTooLarge(_) | RedisError::NoRoom(_) | RedisError::Unexpected(_)
    )
}

/// The replies to commands that are sent together; mostly there is one.
async fn sent(commands: Vec<Command>, grant: &Grant) -> Vec<Result<Reply, RedisError>> {
    let sent = async |command| Ok(grant.send(command).await?);
    match <[Command; 1]>::try_from(commands) {
        Ok([command]) => vec![sent(command).await],
        Err(commands) => join_all(commands.into_iter().map(sent)).boxed().await,
    }
}

/// Asks for the words of Redis itself where a script worded an error.
async fn ask_again(outcomes: &mut [Outcome], grant: &Grant) {
    let commands = outcomes.iter().filter_map(|outcome| match outcome {
        Err(Failure::AskAgain(command)) => Some(command.clone()),
        _ => None,
    });
    let commands: Vec<_> = commands.collect();
    if commands.is_empty() {
        return;
    }
    let mut replies = sent(commands, grant).boxed().await.into_iter();
    for outcome in outcomes {
        if matches!(outcome, Err(Failure::AskAgain(_)))
            && let Some(Err(error)) = replies.next()
        {
            *outcome = Err(error.into());
        }
    }
}

/// A failure in words.
fn told(failure: Failure) -> ErrorReply {
    match failure {
        Failure::Reply(error) => error,
        Failure::Redis(error) => ErrorReply::err(super::told(&Problem::from_redis(&error, Access::Write))),
        Failure::NotSent => ErrorReply::err("not sent: Redis did not answer what came before"),
        Failure::AskAgain(_) => ErrorReply::err("Redis did not run the command, and does not say why"),
    }
}
