//! What Redis says of itself: lines of `INFO` (<https://redis.io/commands/info/>).

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::auth::Grant;
use crate::problem::{Kind, Problem};
use crate::redis::command::command;
use crate::redis::{Access, Reply};
use crate::rest::unexpected;

/// The facts of each section, as text.
pub struct Info(BTreeMap<String, BTreeMap<String, String>>);

/// What callers need not know, since it is of the machine and the network: paths, processes, addresses. And modules,
/// which have a line each of the same name.
const LEFT_OUT: [&str; 9] = [
    "config_file",
    "executable",
    "listener",
    "master_host",
    "master_port",
    "module",
    "process_id",
    "slave",
    "tcp_port",
];

/// How the names of facts end that are text even where they look like a number: versions, hashes, ids.
const TEXT: [&str; 5] = ["_version", "_sha1", "_id", "replid", "replid2"];

/// The name of a fact without the number behind it, as in `db0`.
fn stem(name: &str) -> &str {
    name.trim_end_matches(|last: char| last.is_ascii_digit())
}

impl Info {
    /// Asks Redis, for one section or those that it gives by default.
    ///
    /// # Errors
    /// A problem where Redis does not say.
    pub async fn ask(grant: &Grant, section: Option<&'static str>) -> Result<Self, Problem> {
        match grant.execute(command!("INFO").args(section.map(Into::into))).await? {
            Reply::Bulk(text) => Ok(Self::of(&String::from_utf8_lossy(&text))),
            other => Err(unexpected(&other, Access::Read)),
        }
    }

    fn of(text: &str) -> Self {
        let (mut sections, mut section) = (BTreeMap::new(), String::new());
        for line in text.lines() {
            if let Some(title) = line.strip_prefix("# ") {
                section = title.to_ascii_lowercase();
            } else if let Some((name, fact)) = line.split_once(':')
                && !LEFT_OUT.contains(&stem(name))
            {
                let facts: &mut BTreeMap<_, _> = sections.entry(section.clone()).or_default();
                facts.insert(name.to_owned(), fact.to_owned());
            }
        }
        Self(sections)
    }

    /// The fact with this name, in whatever section.
    ///
    /// # Errors
    /// A problem where it is not there, or something else.
    pub fn get<T: FromStr>(&self, name: &str) -> Result<T, Problem> {
        let fact = self.0.values().find_map(|facts| facts.get(name)?.parse().ok());
        fact.ok_or_else(|| {
            Problem::new(Kind::BadGateway, "Redis does not say what was asked for")
                .because(format!("no `{name}` in INFO"))
        })
    }

    /// Whether the fact with this name holds.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub fn is(&self, name: &str) -> Result<bool, Problem> {
        self.get::<u8>(name).map(|number| number != 0)
    }

    /// The sections as they are shown. One without facts is not.
    pub fn into_sections(self) -> BTreeMap<String, Section> {
        let shown = |facts: BTreeMap<String, String>| {
            let facts = facts.into_iter().map(|(name, fact)| {
                let fact = Fact::of(&name, fact);
                (name, fact)
            });
            Section(facts.collect())
        };
        self.0.into_iter().map(|(name, facts)| (name, shown(facts))).collect()
    }
}

/// A section of `INFO`: facts under Redis's own names.
#[derive(Default, Serialize, ToSchema)]
#[schema(as = ServerSection)]
pub struct Section(BTreeMap<String, Fact>);

/// What Redis says of one thing.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = ServerFact)]
enum Fact {
    Number(#[schema(inline)] Digits),
    #[schema(no_recursion)]
    Facts(BTreeMap<String, Fact>),
    Text(String),
}

/// A number, digit by digit.
#[derive(Serialize, ToSchema)]
#[schema(value_type = f64)]
struct Digits(Box<RawValue>);

impl Fact {
    fn of(name: &str, fact: String) -> Self {
        if TEXT.iter().any(|end| name.ends_with(end)) {
            return Self::Text(fact);
        }
        let pairs: Option<Vec<_>> = fact.split(',').map(|pair| pair.split_once('=')).collect();
        if let Some(pairs) = pairs {
            let facts = pairs.into_iter().map(|(name, fact)| (name.to_owned(), Self::of(name, fact.to_owned())));
            return Self::Facts(facts.collect());
        }
        // JSON without anything else in it can only be a number.
        let digits = Some(&fact).filter(|fact| fact.bytes().all(|byte| byte.is_ascii_digit() || b"-.".contains(&byte)));
        match digits.and_then(|digits| RawValue::from_string(digits.clone()).ok()) {
            Some(number) => Self::Number(Digits(number)),
            None => Self::Text(fact),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TEXT: &str = "# Server\r\nredis_version:7.0\r\nredis_git_sha1:12345678\r\nredis_build_id:12e45\r\n\
        executable:/opt/redis-server\r\nconfig_file:/etc/a=b\r\nos:Linux 6.1\r\nuptime_in_seconds:5\r\n\r\n\
        # Stats\r\nratio:1.50\r\nzeros:00\r\nnegative:-1\r\nexponent:1e5\r\npercent:1.5%\r\nempty:\r\ndots:1.2.3\r\n\
        # Replication\r\nrole:master\r\nmaster_replid2:0123\r\nslave0:ip=10.0.0.1,port=1\r\nslave_priority:100\r\n\
        # Modules\r\nmodule:name=a,ver=1\r\nmodule:name=b,ver=1\r\n\r\n\
        # Keyspace\r\ndb0:keys=2,expires=1,avg_ttl=0\r\n";

    #[test]
    fn facts_are_shown_by_section_and_only_what_is_a_number_as_one() {
        let sections = serde_json::to_string(&Info::of(TEXT).into_sections()).unwrap();
        assert!(sections.contains("\"ratio\":1.50"), "{sections}");
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&sections).unwrap(),
            json!({
                "server": {
                    "redis_version": "7.0",
                    "redis_git_sha1": "12345678",
                    "redis_build_id": "12e45",
                    "os": "Linux 6.1",
                    "uptime_in_seconds": 5,
                },
                "stats": {
                    "ratio": 1.5,
                    "zeros": "00",
                    "negative": -1,
                    "exponent": "1e5",
                    "percent": "1.5%",
                    "empty": "",
                    "dots": "1.2.3",
                },
                "replication": {"role": "master", "master_replid2": "0123", "slave_priority": 100},
                "keyspace": {"db0": {"keys": 2, "expires": 1, "avg_ttl": 0}},
            })
        );
    }

    #[test]
    fn a_fact_is_found_in_any_section_and_read_as_what_it_is() {
        let info = Info::of(TEXT);
        assert_eq!(info.get::<String>("redis_version").unwrap(), "7.0");
        assert_eq!(info.get::<i64>("negative").unwrap(), -1);
        assert_eq!(info.is("uptime_in_seconds"), Ok(true));
        assert_eq!(info.get::<u64>("negative").unwrap_err().kind, Kind::BadGateway);
        assert_eq!(info.get::<String>("executable").unwrap_err().kind, Kind::BadGateway);
    }
}
