//! `EVAL`, `EVALSHA` and `SCRIPT`: the caller's script is sent within one that packs what it returns.
//!
//! Redis knows a script by the SHA-1 of what was sent, the caller by that of its own. A hash in Redis maps the one to the
//! other, and each instance remembers what it saw of it.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::parse::Request;
use super::plan::{self, Failure, Plan};
use crate::auth::Grant;
use crate::digest::sha1_hex;
use crate::problem::Problem;
use crate::redis::command::command;
use crate::redis::{Access, Command, ErrorReply, RedisError, Reply, packed};

/// What the map is called, behind the prefix of our own keys.
const MAP: &str = "scripts";
/// How long it lives after a script was last added, in seconds: 30 days.
const MAP_TTL: &str = "2592000";
/// The most scripts that an instance remembers; past that it begins anew.
const MAX_REMEMBERED: usize = 10_000;

/// The SHA-1s of callers' scripts, and of what was sent for each.
type Shas = HashMap<Bytes, Bytes>;

static REMEMBERED: LazyLock<Mutex<Shas>> = LazyLock::new(Mutex::default);

fn remembered() -> MutexGuard<'static, Shas> {
    REMEMBERED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn remember(sha: Bytes, sent: Bytes) {
    let mut remembered = remembered();
    if remembered.len() >= MAX_REMEMBERED {
        remembered.clear();
    }
    remembered.insert(sha, sent);
}

/// The SHA-1s by which requests name scripts, in lower case.
fn named(request: &Request) -> Vec<Bytes> {
    let lower = |sha: &Bytes| Bytes::from(sha.to_ascii_lowercase());
    match request.row.map(|row| row.name) {
        Some("EVALSHA" | "EVALSHA_RO") => request.arguments.first().map(lower).into_iter().collect(),
        Some("SCRIPT|EXISTS") => request.arguments.iter().skip(1).map(lower).collect(),
        _ => vec![],
    }
}

/// What is known of the scripts that some requests name.
pub struct Scripts {
    map: Bytes,
    known: Shas,
}

impl Scripts {
    /// Looks up every script that one of `requests` names.
    ///
    /// # Errors
    /// A problem where Redis does not answer.
    pub async fn named_in(requests: &[Request], grant: &Grant) -> Result<Self, Problem> {
        let mut wanted: Vec<_> = requests.iter().flat_map(named).collect();
        let known: Shas = {
            let remembered = remembered();
            wanted.iter().filter_map(|sha| Some((sha.clone(), remembered.get(sha)?.clone()))).collect()
        };
        let mut scripts = Self { map: grant.own_key(MAP), known };
        wanted.retain(|sha| !scripts.known.contains_key(sha));
        if wanted.is_empty() {
            return Ok(scripts);
        }
        let lookup = command!("HMGET").arg(scripts.map.clone()).args(wanted.iter().cloned()).on_own_key();
        if let Reply::Array(found) = grant.execute(lookup).await? {
            for (sha, sent) in wanted.into_iter().zip(found) {
                if let Reply::Bulk(sent) = sent {
                    remember(sha.clone(), sent.clone());
                    scripts.known.insert(sha, sent);
                }
            }
        }
        Ok(scripts)
    }

    /// The plan for a request of this family.
    pub fn plan(&mut self, name: &'static str, request: &Request) -> Plan {
        let arguments = &request.arguments;
        match (name, arguments.as_slice()) {
            ("EVAL" | "EVAL_RO", [source, rest @ ..]) if !rest.is_empty() => self.eval(name, source, rest),
            ("EVALSHA" | "EVALSHA_RO", [sha, rest @ ..]) if !rest.is_empty() => self.evalsha(name, sha, rest),
            ("SCRIPT|LOAD", [_, source]) => self.load(source),
            ("SCRIPT|EXISTS", [_, shas @ ..]) if !shas.is_empty() => self.exists(shas),
            ("SCRIPT|FLUSH", [_, mode @ ..]) => self.flush(mode),
            // Too few arguments, or too many: Redis says so.
            _ => Plan::direct(plan::as_it_is(request)),
        }
    }

    fn eval(&mut self, name: &'static str, source: &Bytes, rest: &[Bytes]) -> Plan {
        let Wrapped { plain, sha, sent, sent_sha } = Wrapped::of(source);
        let mut commands = vec![script_command(name, sent, rest)];
        commands.extend(self.keep(&sha, &sent_sha));
        Plan::new(commands, move |mut replies| unpacked(replies.swap_remove(0), &plain, &sha, &sent_sha))
    }

    fn evalsha(&self, name: &'static str, sha: &Bytes, rest: &[Bytes]) -> Plan {
        let lower = Bytes::from(sha.to_ascii_lowercase());
        // One that is not known is looked for under a name that no script has: Redis says what else is wrong first.
        let none = || Bytes::from("-".repeat(sha.len()));
        let sent = self.known.get(&lower).cloned().unwrap_or_else(none);
        let command = script_command(name, sent.clone(), rest);
        Plan::new(vec![command], move |mut replies| unpacked(replies.swap_remove(0), &Bytes::new(), &lower, &sent))
    }

    fn load(&mut self, source: &Bytes) -> Plan {
        let Wrapped { plain, sha, sent, sent_sha } = Wrapped::of(source);
        let mut commands = vec![script("LOAD").arg(sent)];
        commands.extend(self.keep(&sha, &sent_sha));
        Plan::new(commands, move |replies| {
            for reply in replies {
                match reply {
                    Ok(_) => {}
                    Err(RedisError::Server(error)) => return Err(failure(error, &plain)),
                    Err(error) => return Err(error.into()),
                }
            }
            Ok(Reply::Bulk(sha))
        })
    }

    fn exists(&self, shas: &[Bytes]) -> Plan {
        let sent = |sha: &Bytes| {
            let lower = Bytes::from(sha.to_ascii_lowercase());
            // What the map does not know cannot be run either.
            self.known.get(&lower).cloned().unwrap_or_else(|| Bytes::from_static(b"-"))
        };
        Plan::direct(Command::array("SCRIPT", Access::Read).arg("EXISTS").args(shas.iter().map(sent)))
    }

    fn flush(&mut self, mode: &[Bytes]) -> Plan {
        self.known.clear();
        remembered().clear();
        let forget = command!("UNLINK").arg(self.map.clone()).on_own_key();
        Plan::first_of(vec![script("FLUSH").args(mode.iter().cloned()), forget])
    }

    /// Puts a script into the map, whatever this instance remembers: the map is data, and goes with `FLUSHALL`. Where it is
    /// there already, nothing is written.
    fn keep(&mut self, sha: &Bytes, sent: &Bytes) -> [Command; 2] {
        self.known.insert(sha.clone(), sent.clone());
        remember(sha.clone(), sent.clone());
        let add = command!("HSETNX").arg(self.map.clone()).arg(sha.clone()).arg(sent.clone());
        let keep = command!("EXPIRE").arg(self.map.clone()).arg(MAP_TTL).arg("NX");
        [add.on_own_key(), keep.on_own_key()]
    }
}

/// A script of a caller's, and the one that is sent for it.
struct Wrapped {
    /// The caller's, without what Redis does not know.
    plain: Bytes,
    /// The SHA-1 by which the caller knows it.
    sha: Bytes,
    sent: Bytes,
    sent_sha: Bytes,
}

impl Wrapped {
    fn of(source: &Bytes) -> Self {
        let plain = without_upstash_flag(source);
        let sha = sha(source);
        let sent = wrapped(&plain, &sha);
        Self { sent_sha: self::sha(&sent), plain, sha, sent }
    }
}

fn sha(source: &[u8]) -> Bytes {
    sha1_hex(source).into()
}

/// The script without the flag that Upstash alone knows, and that libraries of theirs set. It lets Upstash lock a script's
/// keys in place of the database: nothing that could be seen here.
fn without_upstash_flag(source: &Bytes) -> Bytes {
    let mut lines = source.splitn(2, |byte| *byte == b'\n');
    let head = lines.next().and_then(|line| std::str::from_utf8(line).ok()).filter(|line| line.starts_with("#!"));
    let Some((start, flags)) = head.and_then(|head| head.split_once(" flags=")) else { return source.clone() };
    let (flags, end) = flags.split_at(flags.find(char::is_whitespace).unwrap_or(flags.len()));
    let kept: Vec<_> = flags.split(',').filter(|flag| *flag != "allow-key-locking").collect();
    let head = format!("{start} flags={}{end}", kept.join(","));
    [head.as_bytes()].into_iter().chain(lines).collect::<Vec<_>>().join(&b'\n').into()
}

/// The caller's script within a function whose result is packed, and the error that it raises, in the words in which Redis
/// would tell it: what is packed may hold any bytes, which an error reply that the host is to read may not. The script's
/// lines keep their numbers; a first line that begins with `#!` tells Redis of the script, and stays first.
fn wrapped(source: &[u8], sha: &[u8]) -> Bytes {
    const WRAP: &str = include_str!("wrap_script.lua");
    let (before, after) = WRAP.split_once("--[[the caller's script]]").unwrap_or_default();
    let (after, end) = after.split_once("--[[its SHA-1]]").unwrap_or_default();
    let head = match source.strip_prefix(b"#!") {
        Some(_) => source.iter().position(|byte| *byte == b'\n').map_or(source.len(), |end| end + 1),
        None => 0,
    };
    let (head, body) = source.split_at(head);
    [head, before.as_bytes(), body, after.as_bytes(), sha, end.as_bytes()].concat().into()
}

/// A subcommand of `SCRIPT` with a scalar reply.
fn script(subcommand: &'static str) -> Command {
    Command::scalar("SCRIPT", Access::Write).arg(subcommand)
}

fn script_command(name: &'static str, script: Bytes, rest: &[Bytes]) -> Command {
    let access = if name.ends_with("_RO") { Access::Read } else { Access::Write };
    Command::scalar(name, access).arg(script).args(rest.iter().cloned())
}

/// What a script returned; an error that Redis raised speaks of the caller's script.
fn unpacked(reply: Result<Reply, RedisError>, source: &Bytes, sha: &Bytes, sent: &Bytes) -> Result<Reply, Failure> {
    match reply {
        Ok(Reply::Bulk(packed)) => packed::unpack(&packed)?.into_result().map_err(Failure::Reply),
        Ok(other) => Err(RedisError::unexpected(&other).into()),
        Err(RedisError::Server(mut error)) => {
            let text = |sha: &Bytes| String::from_utf8_lossy(sha).into_owned();
            error.message = error.message.replace(&text(sent), &text(sha));
            Err(failure(error, source))
        }
        Err(error) => Err(error.into()),
    }
}

/// What cannot be compiled was not run: asked for as it is, Redis says where the caller's own mistake is.
fn failure(error: ErrorReply, source: &Bytes) -> Failure {
    if error.message.starts_with("Error compiling script") && !source.is_empty() {
        return Failure::AskAgain(script("LOAD").arg(source.clone()));
    }
    Failure::Reply(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_keeps_its_lines_and_its_first_line() {
        let text = |source: &str| String::from_utf8(wrapped(source.as_bytes(), b"sha").to_vec()).unwrap();
        let plain = text("return 1 -- one\nreturn 2");
        assert!(
            plain.starts_with("local ok, reply = xpcall(function(...) return 1 -- one\nreturn 2\nend, "),
            "{plain}"
        );
        assert!(plain.contains("'sha'"), "{plain}");
        let marked = text("#!lua flags=no-writes\nreturn 1");
        assert!(
            marked.starts_with("#!lua flags=no-writes\nlocal ok, reply = xpcall(function(...) return 1\nend"),
            "{marked}"
        );
    }

    #[test]
    fn the_flag_of_upstash_alone_is_left_out() {
        for (source, expected) in [
            ("#!lua flags=allow-key-locking\nreturn 1\n", "#!lua flags=\nreturn 1\n"),
            ("#!lua flags=allow-key-locking", "#!lua flags="),
            ("#!lua flags=no-writes,allow-key-locking name=x\n", "#!lua flags=no-writes name=x\n"),
            ("#!lua flags=no-writes,nonsense\n\n", "#!lua flags=no-writes,nonsense\n\n"),
            ("#!lua\n-- flags=allow-key-locking", "#!lua\n-- flags=allow-key-locking"),
            ("return ' flags=allow-key-locking'", "return ' flags=allow-key-locking'"),
            ("", ""),
        ] {
            assert_eq!(without_upstash_flag(&Bytes::from(source)), expected, "{source}");
        }
    }
}
