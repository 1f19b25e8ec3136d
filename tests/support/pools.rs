//! What generated arguments are taken from, and the keys that they find.

use crate::plain::{Words, words};

type Pool = &'static [&'static [u8]];

/// The keys of each of Redis's groups of commands; the last is missing.
const KEYS: &[(&[&str], Pool)] = &[
    (&["string", "bitmap"], &[b"s", b"int", b"big", b"float", b"\xff\0key", b"", b"t", b"none"]),
    (&["list"], &[b"l", b"nums", b"none"]),
    (&["set"], &[b"set", b"ints", b"none"]),
    (&["sorted-set"], &[b"z", b"z2", b"none"]),
    (&["geo"], &[b"g", b"none"]),
    (&["hash"], &[b"h", b"none"]),
    (&["hyperloglog"], &[b"hll", b"hll2", b"none"]),
    (&["stream"], &[b"x", b"x", b"none"]),
];

const ALL_KEYS: Pool = &[
    b"s",
    b"int",
    b"big",
    b"float",
    b"\xff\0key",
    b"",
    b"t",
    b"l",
    b"nums",
    b"set",
    b"ints",
    b"z",
    b"z2",
    b"g",
    b"h",
    b"hll",
    b"x",
    b"none",
    b"none2",
];

/// Keys for a command of this group: three times of four such as it is for.
pub fn keys(group: &str, random: u64) -> Pool {
    let own = KEYS.iter().find(|(groups, _)| groups.contains(&group)).filter(|_| !random.is_multiple_of(4));
    own.map_or(ALL_KEYS, |(_, keys)| keys)
}

/// What may stand anywhere. No small positive number: as the time that a key lives, it would make the answer depend on the
/// clock.
pub const ANYTHING: Pool = &[
    b"",
    b"x",
    b"\xff\xfe\0",
    b"0",
    b"-1",
    b"1.5",
    b"9223372036854775807",
    b"-9223372036854775808",
    b"9223372036854775808",
    b"nan",
    b"inf",
    b"a\r\nb",
    b"s",
    b"l",
    b"h",
    b"set",
    b"z",
    b"none",
    b"COUNT",
    b"NX",
    b"*",
    b"100000",
];

const INTEGERS: Pool = &[
    b"0",
    b"1",
    b"2",
    b"3",
    b"5",
    b"-1",
    b"-2",
    b"10",
    b"100",
    b"9223372036854775807",
    b"-9223372036854775808",
    b"x",
    b"1.0",
    b"+1",
    b" 1",
    b"",
];
const INDICES: Pool = &[b"0", b"0", b"1", b"2", b"-1", b"-2", b"10", b"9223372036854775807", b"x"];
const DOUBLES: Pool =
    &[b"0", b"1", b"2.5", b"-1.5", b"13.36", b"38.11", b"1e3", b"inf", b"-inf", b"nan", b"x", b"0x10"];
const STRINGS: Pool = &[b"a", b"b", b"c", b"1", b"2", b"f", b"", b"\xff\xfe\0", b"h\xc3\xa9", b"OK", b"-1", b"a b\r\n"];
/// Far enough away, past, or wrong.
const TIMES: Pool =
    &[b"100000", b"100000000", b"0", b"-1", b"9223372036854775807", b"-9223372036854775808", b"x", b"1.5", b""];
const UNIX_TIMES: Pool = &[b"9000000000", b"9000000000000", b"0", b"1", b"-1", b"9223372036854775807", b"x"];
const STREAM_IDS: Pool =
    &[b"1-1", b"2-1", b"3-1", b"9-1", b"9", b"0", b"0-0", b"$", b">", b"5-*", b"x", b"18446744073709551615-1"];
const BORDERS: Pool =
    &[b"-", b"+", b"(1-1", b"[a", b"(b", b"[c", b"-inf", b"+inf", b"(1", b"0", b"1", b"2", b"-1", b"10", b"3-1", b"x"];
/// Scripts, right and wrong.
pub const SCRIPTS: Pool = &[
    b"return 1",
    b"return {1, 2.9, 'a', {true, false, 'b'}, nil, 'never'}",
    b"return redis.call('GET', KEYS[1])",
    b"return redis.call('LRANGE', 'l', 0, -1)",
    b"return redis.call('XRANGE', 'x', '-', '+')",
    b"return redis.pcall('INCR', 'l')",
    b"return redis.call('INCR', 'l')",
    b"return {redis.pcall('INCR', 'l')}",
    b"return {KEYS, ARGV}",
    b"return {",
    b"error('no')",
    b"error({err = 'MY own'})",
    b"error({err = 'my own bad thing'})",
    b"error({err = 'ERR Error compiling script'})",
    b"error({err = ''})",
    b"error()",
    b"error(7)",
    b"local function f() error('deep') end\n\nf()",
    b"redis.call('SET', 'scripted', 'v') redis.call('INCR', 'l')",
    b"return {1e300, -1e300, 0 / 0, 1 / 0, 2 ^ 53, 9223372036854775807}",
    b"return redis.error_reply('no code')",
    b"return redis.status_reply('FINE')",
    b"return {err = 'no\\nlines'}",
    b"return select('#', ...)",
    b"return redis.call('NONSENSE')",
    b"return redis.call('GET')",
    b"return redis.call('SET', 'scripted', ARGV[1])",
    b"return -1.9",
    b"return 9007199254740993",
    b"return true",
    b"return false",
    b"return nil",
    b"",
    b"-- nothing",
    b"return {ok = 'FINE'}",
    b"return {err = 'MY own'}",
    b"return {err = 'nocode'}",
    b"return redis.error_reply('MY own')",
    b"return redis.status_reply('OK')",
    b"return {}",
    b"return {a = 1}",
    b"return {double = 3.5}",
    b"return '\\255\\0'",
    b"local t = {} t[1] = 'a' t[3] = 'c' return t",
    b"return 1, 2",
    b"return function() end",
    b"#!lua flags=no-writes\nreturn redis.call('SET', 'a', 'b')",
    b"#!lua\nreturn {1, {2}}",
    b"#!nonsense\nreturn 1",
    b"undefined_global = 1",
    b"return undefined_global",
    b"return #ARGV",
    b"return redis.sha1hex('a')",
    b"return {map = {a = 1}}",
    b"redis.setresp(3) return redis.call('HGETALL', 'h')",
    b"redis.setresp(3) return redis.call('ZSCORE', 'z', 'a')",
    b"return 1 -- a comment",
    b"return ...",
];
const SHA1S: Pool = &[
    b"a84b387154bb3ca48e5b957a1c316f2889da0949",
    b"A84B387154BB3CA48E5B957A1C316F2889DA0949",
    b"ffffffffffffffffffffffffffffffffffffffff",
    b"x",
];
/// Libraries of functions, right and wrong.
pub const LIBRARIES: Pool = &[
    b"#!lua name=other\nredis.register_function('o', function(keys, args) return {keys, args, {1.9}} end)",
    b"#!lua name=lib\nredis.register_function('f', function() return 1 end)",
    b"#!lua name=broken\nreturn {",
    b"#!lua name=empty\nlocal a = 1",
    b"#!lua name=raises\nerror('no')",
    b"#!lua\nreturn 1",
    b"#!nonsense name=a\n",
    b"no library",
    b"#!lua name=taken\nredis.register_function('f', function() return 1 end)",
    b"#!lua name=twice\nredis.register_function('a', function() end)\nredis.register_function('a', function() end)",
    b"#!lua name=flags\nredis.register_function{function_name = 'n', callback = function() return 1 end, flags = {'x'}}",
    b"#!lua name=wrong\nredis.register_function('n')",
    b"#!lua name=wrong\nredis.register_function('n', 1)",
    b"#!lua name=wrong\nredis.register_function(1, 2, 3)",
    b"#!lua name=wrong\nredis.register_function{function_name = 'n', callback = function() end, more = 1}",
    b"#!lua name=bad-name\nredis.register_function('n', function() end)",
    b"#!lua name=named\nredis.register_function('bad name', function() end)",
];
/// The library that both servers hold.
pub const LIBRARY: &str = "#!lua name=lib\n\
    redis.register_function('f', function(keys, args) return {1, {keys, args}} end)\n\
    redis.register_function{function_name = 'g', flags = {'no-writes'}, description = 'reads',\n\
      callback = function(keys) return redis.call('GET', keys[1]) end}\n\
    redis.register_function('e', function() error('no') end)\n\
    redis.register_function('n', function() return redis.call('NONSENSE') end)\n\
    redis.register_function('p', function() return redis.error_reply('MY own') end)";

/// Arguments by their names in Redis's documentation.
const NAMED: &[(&[&str], Pool)] = &[
    (&["seconds", "milliseconds", "ttl", "ms"], TIMES),
    (&["min-idle-time"], &[b"0", b"100000", b"-1", b"x"]),
    (&["id", "last-id", "max_deleted_entry_id", "lastid"], STREAM_IDS),
    (&["start", "end", "min", "max", "stop", "threshold"], BORDERS),
    (&["group", "groupname"], &[b"grp", b"grp", b"other"]),
    (&["consumer", "consumername"], &[b"alice", b"alice", b"bob"]),
    (&["script"], SCRIPTS),
    (&["sha1"], SHA1S),
    (&["function"], &[b"f", b"g", b"e", b"n", b"p", b"none"]),
    (&["function-code"], LIBRARIES),
    (&["library-name", "library-name-pattern"], &[b"lib", b"l*", b"none"]),
    (&["cursor"], &[b"0", b"0", b"0", b"x", b"-1"]),
    (&["db", "destination-db", "index1", "index2"], &[b"0", b"1", b"2", b"99", b"-1", b"x"]),
    (&["type"], &[b"string", b"list", b"nonsense"]),
    (&["pattern"], &[b"s*", b"w_*", b"h->f", b"#", b"l*", b"[", b""]),
    (&["encoding"], &[b"u8", b"i64", b"i5", b"u63", b"u64", b"x"]),
    (&["operation"], &[b"AND", b"OR", b"XOR", b"NOT", b"x"]),
    (&["offset", "bit"], &[b"0", b"1", b"7", b"100", b"#1", b"-1", b"9223372036854775807", b"x"]),
    (&["longitude", "latitude"], &[b"13.36", b"38.11", b"15", b"-200", b"x"]),
    (&["radius", "width", "height"], &[b"0", b"100", b"1000", b"-1", b"x"]),
    (&["member", "member1", "member2", "element", "pivot"], &[b"a", b"b", b"Palermo", b"Catania", b"1", b"", b"\xff"]),
    (&["parameter"], &[b"maxmemory-samples", b"hz", b"lfu-*", b"nonsense", b""]),
    (&["command", "command-name"], &[b"get", b"SET", b"config|get", b"eval", b"xread", b"nonsense", b""]),
    (&["username"], &[b"u1", b"nobody"]),
    (&["rule"], &[b"on", b">word", b"~*", b"+@all", b"-get", b"nonsense", b"(+get ~a)"]),
    (&["category", "categoryname"], &[b"read", b"scripting", b"nonsense"]),
    (&["section"], &[b"server", b"keyspace", b"nonsense"]),
    (&["serialized-value"], &[RESTORABLE, RESTORABLE, b"x", b""]),
];
/// What `DUMP` of Redis 7.0 makes of the string `hello`.
const RESTORABLE: &[u8] = b"\0\x05hello\n\0cr\xdfve4 \n";

/// Values for an argument of this name and type.
pub fn values(name: &str, kind: &str) -> Pool {
    if kind == "integer" && ["start", "end", "stop", "count", "limit"].contains(&name) {
        return INDICES;
    }
    let named = NAMED.iter().find(|(names, _)| names.contains(&name)).map(|(_, pool)| *pool);
    named.unwrap_or(match kind {
        "integer" => INTEGERS,
        "double" => DOUBLES,
        "unix-time" => UNIX_TIMES,
        _ => STRINGS,
    })
}

/// What makes a server's data the same each time. Functions are not a part of it.
pub fn seeds() -> Vec<Words> {
    let mut commands: Vec<_> = [
        "FLUSHALL",
        "SCRIPT FLUSH",
        "FUNCTION FLUSH",
        "ACL DELUSER u1",
        "SET s hello",
        "SET int 42",
        "SET big 9223372036854775806",
        "SET float 3.5",
        "SET t volatile EX 100000",
        "SET w_a 3",
        "SET w_1 9",
        "RPUSH l a b c 1 2",
        "RPUSH nums 3 1 2 10",
        "SADD set a b c 1",
        "SADD ints 1 2 3",
        "ZADD z 1 a 2 b 2.5 c",
        "ZADD z2 1 a 9 d",
        "GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania",
        "HSET h f 1 a v 1 2.5",
        "PFADD hll a b c",
        "PFADD hll2 c d",
        "XADD x 1-1 f 1 g 2",
        "XADD x 2-1 f 2",
        "XADD x 3-1 f 3",
        "XGROUP CREATE x grp 0",
        "XREADGROUP GROUP grp alice COUNT 2 STREAMS x >",
        "SCRIPT LOAD return",
    ]
    .iter()
    .map(|line| words(&line.split(' ').collect::<Vec<_>>()))
    .collect();
    commands.extend([
        vec![b"SET".to_vec(), b"\xff\0key".to_vec(), b"\xff\0\xfe".to_vec()],
        words(&["SET", "", "empty"]),
        words(&["HSET", "h", "", "empty"]),
    ]);
    commands
}
