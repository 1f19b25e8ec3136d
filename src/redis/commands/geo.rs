//! Places on the earth, in sorted sets (<https://redis.io/commands/?group=geo>).

use super::*;

pub(super) static ROWS: &[Row] = &[
    row("GEOADD", Direct(Scalar), Write, Keys::First, WRITE | GEO | SLOW),
    row("GEODIST", Direct(Scalar), Read, Keys::First, READ | GEO | SLOW),
    row("GEOHASH", Direct(Array), Read, Keys::First, READ | GEO | SLOW),
    row("GEOPOS", Script, Read, Keys::First, READ | GEO | SLOW),
    row("GEORADIUS", Script, Write, Keys::FirstAndStore, WRITE | GEO | SLOW),
    row("GEORADIUSBYMEMBER", Script, Write, Keys::FirstAndStore, WRITE | GEO | SLOW),
    row("GEORADIUSBYMEMBER_RO", Script, Read, Keys::First, READ | GEO | SLOW),
    row("GEORADIUS_RO", Script, Read, Keys::First, READ | GEO | SLOW),
    row("GEOSEARCH", Script, Read, Keys::First, READ | GEO | SLOW),
    row("GEOSEARCHSTORE", Direct(Scalar), Write, Keys::FirstTwo, WRITE | GEO | SLOW),
];
