//! Calls that are right, of commands whose generated calls mostly are not; and which commands cannot be called rightly.

use redstart_tests::plain::{Words, words};

/// Each follows those above it, on the data of `pools.rs`. They come before the generated ones of their command.
const EXAMPLES: &[&str] = &[
    "COMMAND GETKEYS MSET a 1 b 2",
    "COMMAND GETKEYS GET a",
    "COMMAND GETKEYSANDFLAGS MSET a 1 b 2",
    "CONFIG SET maxmemory-samples 7",
    "DECRBY int 100",
    "EVALSHA a84b387154bb3ca48e5b957a1c316f2889da0949 0",
    "EVALSHA_RO a84b387154bb3ca48e5b957a1c316f2889da0949 0",
    "GEOADD g NX CH 13.5 38 Trapani",
    "GEOADD g 14 38 Enna",
    "GEORADIUS g 15 37 200 km WITHCOORD WITHDIST WITHHASH ASC",
    "GEORADIUS g 15 37 200 km STORE stored",
    "GEORADIUSBYMEMBER g Palermo 200 km WITHDIST",
    "GEORADIUSBYMEMBER_RO g Palermo 200 km",
    "GEORADIUS_RO g 15 37 200 km WITHCOORD COUNT 1",
    "GEOSEARCH g FROMLONLAT 15 37 BYBOX 400 400 km ASC WITHCOORD WITHDIST WITHHASH",
    "GEOSEARCH g FROMMEMBER Palermo BYRADIUS 1 km ASC",
    "GEOSEARCH g FROMLONLAT 0 0 BYRADIUS 1 km",
    "GEOSEARCHSTORE found g FROMLONLAT 15 37 BYRADIUS 200 km STOREDIST",
    "GEOPOS g Palermo none",
    "GEOPOS none a",
    "GETRANGE s 1 -2",
    "HRANDFIELD h 2 WITHVALUES",
    "LCS s s",
    "LCS s s IDX WITHMATCHLEN",
    "LMPOP 2 none l RIGHT COUNT 2",
    "LMPOP 1 none LEFT",
    "LPOP l 1",
    "LPOP none 1",
    "LPOS l a RANK 1 COUNT 0",
    "LRANGE l 0 -1",
    "LRANGE l 0 0",
    "LTRIM l 1 2",
    "MEMORY STATS",
    "OBJECT ENCODING l",
    "PSETEX s 100000000 v",
    "SETBIT s 7 1",
    "SORT l ALPHA DESC GET # GET w_*",
    "SORT nums LIMIT 0 2 STORE sorted",
    "SORT_RO nums DESC",
    "SUBSTR s 0 2",
    "XADD x 10-1 a 1",
    "XADD x MAXLEN = 2 11-1 a 1",
    "XAUTOCLAIM x grp bob 0 0 COUNT 1",
    "XAUTOCLAIM x grp bob 0 0 JUSTID",
    "XCLAIM x grp bob 0 1-1 2-1",
    "XCLAIM x grp bob 0 1-1 JUSTID",
    "XGROUP CREATE x more $ MKSTREAM",
    "XGROUP CREATECONSUMER x grp bob",
    "XGROUP DELCONSUMER x grp alice",
    "XGROUP DESTROY x grp",
    "XGROUP SETID x grp 1-1",
    "XINFO CONSUMERS x grp",
    "XINFO GROUPS x",
    "XINFO STREAM x FULL",
    "XPENDING x grp",
    "XPENDING x grp - + 10",
    "XRANGE x - + COUNT 2",
    "XRANGE x 1-1 1-1",
    "XREAD COUNT 1 STREAMS x none 0 0",
    "XREAD STREAMS x 9",
    "XREADGROUP GROUP grp bob STREAMS x >",
    "XREADGROUP GROUP grp alice COUNT 1 STREAMS x 0",
    "XREADGROUP GROUP grp bob STREAMS x >",
    "XREVRANGE x + - COUNT 1",
    "XSETID x 20-1 ENTRIESADDED 20 MAXDELETEDID 1-1",
    "ZDIFF 2 z z2 WITHSCORES",
    "ZINTER 2 z z2 WITHSCORES",
    "ZLEXCOUNT z - +",
    "ZMPOP 2 none z MAX COUNT 2",
    "ZMPOP 1 none MIN",
    "ZPOPMIN z",
    "ZPOPMIN z 2",
    "ZRANDMEMBER z 2 WITHSCORES",
    "ZRANGE z 0 -1 WITHSCORES",
    "ZRANGE z 1 +inf BYSCORE LIMIT 0 1",
    "ZRANGEBYLEX z - + LIMIT 0 1",
    "ZRANGEBYSCORE z -inf +inf WITHSCORES",
    "ZRANGESTORE stored z 0 -1",
    "ZREMRANGEBYRANK z 0 0",
    "ZREVRANGE z 0 -1 WITHSCORES",
    "ZREVRANGEBYLEX z + -",
    "ZREVRANGEBYSCORE z +inf -inf",
];

/// Commands of which every call ends with an error on these servers, and why.
const ALWAYS_WRONG: &[(&str, &[&str])] = &[
    (
        "they have subcommands alone",
        &[
            "ACL", "CLIENT", "CLUSTER", "CONFIG", "FUNCTION", "LATENCY", "MEMORY", "MODULE", "OBJECT", "PUBSUB",
            "SCRIPT", "SLOWLOG", "XGROUP", "XINFO",
        ],
    ),
    (
        "there is no user that they could be about, no file for users and none of settings",
        &["ACL|DRYRUN", "ACL|LOAD", "ACL|SAVE", "CONFIG|REWRITE"],
    ),
    ("nothing runs that they could end", &["FUNCTION|KILL", "SCRIPT|KILL"]),
    ("no dump of functions is made up", &["FUNCTION|RESTORE"]),
    (
        "the servers load no modules and have no replicas",
        &["FAILOVER", "MODULE|LOAD", "MODULE|LOADEX", "MODULE|UNLOAD"],
    ),
    ("see `exceptions.rs`", &["BGREWRITEAOF"]),
];

/// All of them.
pub fn examples() -> impl Iterator<Item = Words> {
    EXAMPLES.iter().map(|line| words(&line.split(' ').collect::<Vec<_>>()))
}

/// Whether a call of this command may be right; a server that is none of a cluster has no use for `CLUSTER`.
pub fn can_be_right(name: &str) -> bool {
    !name.starts_with("CLUSTER|") && ALWAYS_WRONG.iter().all(|(_, names)| !names.contains(&name))
}
