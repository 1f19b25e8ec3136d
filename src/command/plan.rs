//! What is sent for a request, and how its answer is made of the replies.

use bytes::Bytes;

use super::encode::Answer;
use super::functions;
use super::parse::Request;
use super::scripts::Scripts;
use crate::auth::Grant;
use crate::redis::commands::{REPEATING, Row, Way};
use crate::redis::{Access, Command, ErrorReply, RedisError, Reply, packed};

/// Why a request has no reply.
pub enum Failure {
    /// Redis said so.
    Reply(ErrorReply),
    /// Redis could not be asked, or not understood.
    Redis(RedisError),
    /// It was not sent, since Redis did not answer what came before.
    NotSent,
    /// Redis did not run it, in words that are not its own: asked so, it says what it would have said.
    AskAgain(Command),
}

impl From<RedisError> for Failure {
    fn from(error: RedisError) -> Self {
        match error {
            RedisError::Server(reply) => Self::Reply(reply),
            error => Self::Redis(error),
        }
    }
}

/// The replies to the commands of a plan, in their order.
type Replies = Vec<Result<Reply, RedisError>>;

/// What is sent for one request, and what its answer is.
pub struct Plan {
    /// What is sent.
    pub commands: Vec<Command>,
    /// Makes the answer of the replies.
    pub finish: Box<dyn FnOnce(Replies) -> Result<Reply, Failure> + Send>,
}

impl Plan {
    /// A plan whose answer is made of all replies.
    pub fn new(
        commands: Vec<Command>,
        finish: impl FnOnce(Replies) -> Result<Reply, Failure> + Send + 'static,
    ) -> Self {
        Self { commands, finish: Box::new(finish) }
    }

    /// A plan whose answer is the first reply.
    pub fn first_of(commands: Vec<Command>) -> Self {
        Self::new(commands, |mut replies| Ok(replies.swap_remove(0)?))
    }

    /// A command as it is.
    pub fn direct(command: Command) -> Self {
        Self::first_of(vec![command])
    }

    /// An answer that is known already.
    pub fn answer(answer: Answer) -> Self {
        Self::new(vec![], |_| answer.map_err(Failure::Reply))
    }

    /// The plan for a request that [`check`] let pass.
    pub fn of(request: &Request, grant: &Grant, scripts: &mut Scripts) -> Self {
        match request.row.map(|row| (row, row.way)) {
            Some((row, Way::Direct(_) | Way::Precise(_))) if repeats_bytes(row, request) => {
                Self::in_script(request, grant)
            }
            Some((row, Way::Precise(_))) if row.name == "RANDOMKEY" => Self::random_key(request, grant.own_key("")),
            Some((_, Way::Direct(shape) | Way::Precise(shape) | Way::Alone(shape))) => {
                Self::direct(Command { shape, ..as_it_is(request) })
            }
            Some((row, Way::Wrapped)) if row.name.starts_with('F') => functions::plan(row.name, request),
            Some((row, Way::Wrapped)) => scripts.plan(row.name, request),
            Some((_, Way::Script)) | None => Self::in_script(request, grant),
            Some((_, Way::Refused(reason))) => Self::answer(Err(refused(request, reason))),
        }
    }

    /// Several draws, of which the first counts that is no key of Redstart's own.
    fn random_key(request: &Request, own: Bytes) -> Self {
        Self::new(vec![as_it_is(request); DRAWS], move |mut replies| {
            let is_own = |reply: &_| matches!(reply, Ok(Reply::Bulk(key)) if key.starts_with(&own));
            let drawn = replies.iter().position(|reply| !is_own(reply)).unwrap_or_default();
            Ok(replies.swap_remove(drawn)?)
        })
    }

    /// The command within a script that packs its reply.
    fn in_script(request: &Request, grant: &Grant) -> Self {
        let reads = request.row.map_or_else(|| grant.only_reads(), |row| row.access == Access::Read);
        let script =
            if reads { Command::scalar("EVAL_RO", Access::Read) } else { Command::scalar("EVAL", Access::Write) };
        let script = script.arg(packed::RUN).arg("0").arg(request.name.clone()).args(request.arguments.iter().cloned());
        let request = request.clone();
        Self::new(vec![script], move |mut replies| match replies.swap_remove(0)? {
            Reply::Bulk(bytes) => outcome(packed::unpack(&bytes)?, &request),
            other => Err(RedisError::unexpected(&other).into()),
        })
    }
}

/// Whether a request may be sent at all.
///
/// # Errors
/// Why not.
pub fn check(request: &Request, grant: &Grant) -> Result<(), ErrorReply> {
    let row = request.row;
    grant.permit(&request.full_name(), row, &request.arguments)?;
    let name = || request.shown_name();
    match row.map(|row| (row, row.way)) {
        Some((_, Way::Refused(reason))) => Err(refused(request, reason)),
        Some((row, Way::Alone(_) | Way::Wrapped)) if repeats_bytes(row, request) => {
            Err(ErrorReply::err(format!("'{}' takes only UTF-8 here", name())))
        }
        Some((_, Way::Script)) | None if !fits_script(request) => {
            let most = packed::MAX_ARGUMENTS - 1;
            Err(ErrorReply::err(format!("'{}' takes at most {most} arguments here", name())))
        }
        _ => Ok(()),
    }
}

/// Whether a script can be given so many arguments.
pub fn fits_script(request: &Request) -> bool {
    request.arguments.len() < packed::MAX_ARGUMENTS
}

/// How often a random key is drawn, in case there are more keys of Redstart's own than others.
const DRAWS: usize = 16;

/// What came of a request that a script ran.
///
/// # Errors
/// The error that it came to, or that Redis has to be asked for its own words of it.
pub fn outcome(reply: Reply, request: &Request) -> Result<Reply, Failure> {
    reply
        .into_result()
        .map_err(|error| if was_not_run(&error) { Failure::AskAgain(as_text(request)) } else { Failure::Reply(error) })
}

/// A reply without keys that are not for the caller to see, where it lists keys.
pub fn visible(reply: Reply, request: &Request, grant: &Grant) -> Reply {
    let is_hidden = |key: &Reply| matches!(key, Reply::Bulk(key) if grant.hides(key));
    match (request.row.map(|row| row.name), reply) {
        (Some("KEYS"), Reply::Array(mut keys)) => {
            keys.retain(|key| !is_hidden(key));
            Reply::Array(keys)
        }
        (Some("SCAN"), Reply::Array(mut page)) => {
            if let Some(Reply::Array(keys)) = page.last_mut() {
                keys.retain(|key| !is_hidden(key));
            }
            Reply::Array(page)
        }
        (Some("RANDOMKEY"), key) if is_hidden(&key) => Reply::Nil,
        (_, reply) => reply,
    }
}

/// Whether a request that [`check`] let pass may share a script with others.
pub fn may_be_together(request: &Request, grant: &Grant) -> bool {
    let by_script = request.row.is_none_or(|row| matches!(row.way, Way::Direct(_) | Way::Script));
    let by_that_script = !grant.only_reads() || request.row.is_none() || request.fits_reading_script();
    by_script && by_that_script && fits_script(request)
}

/// A command that is not served, and why.
fn refused(request: &Request, reason: &str) -> ErrorReply {
    ErrorReply::err(format!("'{}' is not served here: {reason}", request.shown_name()))
}

/// The request as a command of its own, with one reply.
pub fn as_it_is(request: &Request) -> Command {
    let name = String::from_utf8_lossy(&request.name).into_owned();
    let access = request.row.map_or(Access::Write, |row| row.access);
    Command::scalar(name, access).args(request.arguments.iter().cloned())
}

/// The most bytes of a command that Redis repeats where it does not know it. It may end within a character.
const MAX_REPEATED: usize = 128;

/// The same for what Redis does not run, whatever the command: nothing is written, and nothing is left that no error may
/// repeat.
fn as_text(request: &Request) -> Command {
    let mut command = Command { access: Access::Read, ..as_it_is(request) };
    let is_text = command.arguments.iter().all(|argument| std::str::from_utf8(argument).is_ok());
    let bytes = command.name.len() + command.arguments.iter().map(Bytes::len).sum::<usize>();
    if !is_text || bytes >= MAX_REPEATED {
        for argument in &mut command.arguments {
            *argument = argument.iter().map(|byte| if byte.is_ascii() { *byte } else { b'?' }).collect();
        }
    }
    command
}

/// Whether an error of the command could repeat bytes that are not UTF-8.
fn repeats_bytes(row: &Row, request: &Request) -> bool {
    let repeated = match row.name {
        // Their source.
        "EVAL" | "EVAL_RO" => request.arguments.get(..1),
        name if REPEATING.contains(&name) => Some(&request.arguments[..]),
        _ => None,
    };
    repeated.unwrap_or_default().iter().any(|argument| std::str::from_utf8(argument).is_err())
}

/// Whether these are the words with which a script is told that Redis did not run a command.
fn was_not_run(error: &ErrorReply) -> bool {
    const TEXTS: [&str; 3] = [
        "Unknown Redis command called from script",
        "Wrong number of args calling Redis command",
        "The user executing the script can't",
    ];
    TEXTS.iter().any(|text| error.message.starts_with(text))
}
