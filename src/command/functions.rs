//! `FUNCTION` and `FCALL`: no script may run them, so each function is registered twice, as it is and packing what it
//! returns; the second is the one that is called here, and is left out of what is shown.

use std::iter::Peekable;

use bytes::Bytes;

use super::parse::Request;
use super::plan::{self, Failure, Plan};
use crate::redis::{Access, Command, ErrorReply, RedisError, Reply, packed};

/// How the names of the packing functions begin.
const PACKING: &str = "redstart__";

/// Stands before a library's code, and what it takes the place of there.
const PRELUDE: &str = include_str!("register_twice.lua");
const REGISTER: &str = "redis.register_function";
const REGISTER_TWICE: &str = "redstart_register";

/// The plan for a request of this family.
pub fn plan(name: &'static str, request: &Request) -> Plan {
    let arguments = &request.arguments;
    match (name, arguments.as_slice()) {
        ("FCALL" | "FCALL_RO", [function, rest @ ..]) if !rest.is_empty() => call(name, function, rest),
        ("FUNCTION|LOAD", [_, options @ .., code]) => load(options, code),
        ("FUNCTION|LIST", [_, options @ ..]) => list(options),
        ("FUNCTION|STATS", [_]) => stats(),
        // Too few arguments, or too many: Redis says so.
        _ => Plan::direct(plan::as_it_is(request)),
    }
}

fn call(name: &'static str, function: &Bytes, rest: &[Bytes]) -> Plan {
    let access = if name == "FCALL_RO" { Access::Read } else { Access::Write };
    let packing = Bytes::from([PACKING.as_bytes(), function].concat());
    let command = Command::scalar(name, access).arg(packing).args(rest.iter().cloned());
    Plan::new(vec![command], |mut replies| match replies.swap_remove(0) {
        Ok(Reply::Bulk(bytes)) => packed::unpack(&bytes)?.into_result().map_err(Failure::Reply),
        Ok(other) => Err(RedisError::unexpected(&other).into()),
        Err(RedisError::Server(error)) => Err(Failure::Reply(without_prefix(error))),
        Err(error) => Err(error.into()),
    })
}

fn without_prefix(mut error: ErrorReply) -> ErrorReply {
    error.message = error.message.replace(PACKING, "");
    error
}

fn load(options: &[Bytes], code: &Bytes) -> Plan {
    let command =
        Command::scalar("FUNCTION", Access::Write).arg("LOAD").args(options.iter().cloned()).arg(doubled(code));
    Plan::new(vec![command], |mut replies| match replies.swap_remove(0) {
        Err(RedisError::Server(error)) => Err(Failure::Reply(without_prefix(error))),
        reply => Ok(reply?),
    })
}

/// A library that registers each of its functions twice. Its lines keep their numbers, and its first stays first.
fn doubled(code: &[u8]) -> Bytes {
    let head = code.iter().position(|byte| *byte == b'\n').map_or(code.len(), |end| end + 1);
    let (head, body) = code.split_at(head);
    [head, prelude().as_bytes(), &replaced(body, REGISTER, REGISTER_TWICE)].concat().into()
}

/// A library as it was before [`doubled`].
fn as_it_was(code: &[u8]) -> Bytes {
    let prelude = prelude();
    let position = code.windows(prelude.len()).position(|window| window == prelude.as_bytes());
    let Some(position) = position else { return Bytes::copy_from_slice(code) };
    let body = &code[position + prelude.len()..];
    [&code[..position], &replaced(body, REGISTER_TWICE, REGISTER)].concat().into()
}

/// The prelude on one line.
fn prelude() -> String {
    PRELUDE.lines().filter(|line| !line.starts_with("--")).flat_map(|line| [line.trim(), " "]).collect()
}

fn replaced(mut text: &[u8], old: &str, new: &str) -> Vec<u8> {
    let mut result = Vec::with_capacity(text.len());
    while let Some(position) = text.windows(old.len()).position(|window| window == old.as_bytes()) {
        result.extend_from_slice(&text[..position]);
        result.extend_from_slice(new.as_bytes());
        text = &text[position + old.len()..];
    }
    result.extend_from_slice(text);
    result
}

fn list(options: &[Bytes]) -> Plan {
    Plan::new(vec![list_command(options)], |mut replies| match replies.swap_remove(0)? {
        Reply::Array(flat) => Ok(Reply::Array(libraries(flat))),
        other => Err(RedisError::unexpected(&other).into()),
    })
}

fn list_command(options: &[Bytes]) -> Command {
    Command::array("FUNCTION", Access::Read).arg("LIST").args(options.iter().cloned())
}

/// The libraries of a flattened `FUNCTION LIST`. A function is its name, its description and its flags, of which there are
/// only certain ones; so it can be told where each ends.
fn libraries(flat: Vec<Reply>) -> Vec<Reply> {
    let mut libraries: Vec<Vec<Reply>> = Vec::new();
    let mut rest = flat.into_iter().peekable();
    while let Some(label) = rest.next() {
        let value = match text(&label) {
            b"functions" => Reply::Array(functions(&mut rest)),
            b"library_code" => match rest.next() {
                Some(Reply::Bulk(code)) => Reply::Bulk(as_it_was(&code)),
                other => other.unwrap_or(Reply::Nil),
            },
            _ => rest.next().unwrap_or(Reply::Nil),
        };
        if text(&label) == b"library_name" {
            libraries.push(Vec::new());
        }
        if let Some(library) = libraries.last_mut() {
            library.extend([label, value]);
        }
    }
    libraries.into_iter().map(Reply::Array).collect()
}

/// The functions that stand next, but for those of ours.
fn functions(rest: &mut Peekable<impl Iterator<Item = Reply>>) -> Vec<Reply> {
    let mut functions = Vec::new();
    while rest.peek().is_some_and(|label| text(label) == b"name") {
        let mut function: Vec<_> = rest.by_ref().take(5).collect();
        let flags = std::iter::from_fn(|| rest.next_if(|flag| matches!(flag, Reply::Status(_)))).collect();
        if !function.get(1).is_some_and(|name| text(name).starts_with(PACKING.as_bytes())) {
            function.push(Reply::Array(flags));
            functions.push(Reply::Array(function));
        }
    }
    functions
}

fn text(reply: &Reply) -> &[u8] {
    match reply {
        Reply::Bulk(bytes) => bytes,
        Reply::Status(text) => text.as_bytes(),
        _ => b"",
    }
}

/// `FUNCTION STATS`, in which functions of ours do not count.
fn stats() -> Plan {
    let stats = Command::array("FUNCTION", Access::Read).arg("STATS");
    Plan::new(vec![stats, list_command(&[])], |mut replies| {
        let (listed, stats) = (replies.pop(), replies.pop());
        let (Some(Ok(Reply::Array(listed))), Some(stats)) = (listed, stats) else {
            return Err(RedisError::unexpected(&Reply::Nil).into());
        };
        let ours = listed.windows(2).filter(|pair| is_name_of_ours(pair)).count();
        match stats? {
            Reply::Array(flat) => Ok(Reply::Array(unflattened_stats(flat, ours))),
            other => Err(RedisError::unexpected(&other).into()),
        }
    })
}

fn is_name_of_ours(pair: &[Reply]) -> bool {
    text(&pair[0]) == b"name" && text(&pair[1]).starts_with(PACKING.as_bytes())
}

/// What runs, if anything does, then the one engine with its two counts.
fn unflattened_stats(mut flat: Vec<Reply>, ours: usize) -> Vec<Reply> {
    let mut counts = flat.split_off(flat.len().saturating_sub(4));
    if let Some(Reply::Integer(functions)) = counts.last_mut() {
        *functions -= i64::try_from(ours).unwrap_or(*functions);
    }
    let engine = flat.pop().unwrap_or(Reply::Nil);
    let engines = flat.pop().unwrap_or(Reply::Nil);
    // Behind its label: nothing, or name, command and time of what runs.
    let mut running = flat.split_off(flat.len().min(1));
    let running = if running.len() < 6 {
        Reply::Nil
    } else {
        let time = running.split_off(running.len() - 2);
        let command = running.split_off(3);
        running.push(Reply::Array(command));
        running.extend(time);
        Reply::Array(running)
    };
    flat.extend([running, engines, Reply::Array(vec![engine, Reply::Array(counts)])]);
    flat
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIBRARY: &[u8] =
        b"#!lua name=l\nredis.register_function('f', function() return 'redis.register_function' end)";

    #[test]
    fn a_library_comes_back_as_it_was() {
        assert_ne!(doubled(LIBRARY), LIBRARY);
        assert_eq!(as_it_was(&doubled(LIBRARY)), LIBRARY);
        assert_eq!(as_it_was(LIBRARY), LIBRARY);
        let lines = |code: &[u8]| code.split(|byte| *byte == b'\n').count();
        assert_eq!(lines(&doubled(LIBRARY)), lines(LIBRARY));
    }

    #[test]
    fn a_flattened_list_gets_its_shape_back_without_functions_of_ours() {
        let bulk = |text: &str| Reply::Bulk(Bytes::from(text.to_owned()));
        let mut flat: Vec<_> = ["library_name", "l", "engine", "LUA", "functions"].map(bulk).into();
        for name in ["redstart__f", "name"] {
            flat.extend([bulk("name"), bulk(name), bulk("description"), Reply::Nil, bulk("flags")]);
            flat.push(Reply::Status("no-writes".to_owned()));
        }
        flat.extend([bulk("library_code"), bulk("name")]);
        let flags = Reply::Array(vec![Reply::Status("no-writes".to_owned())]);
        let function =
            Reply::Array(vec![bulk("name"), bulk("name"), bulk("description"), Reply::Nil, bulk("flags"), flags]);
        let mut library: Vec<_> = ["library_name", "l", "engine", "LUA", "functions"].map(bulk).into();
        library.extend([Reply::Array(vec![function]), bulk("library_code"), bulk("name")]);
        assert_eq!(libraries(flat), [Reply::Array(library)]);
    }
}
