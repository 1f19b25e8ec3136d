//! How many requests a token and a client's address may make in a time: `[rate_limit]` in `config.ini`.
//!
//! Both quotas are kept in Redis, so that all instances count together, and grow back evenly. An answer says how much of
//! them is left (draft-ietf-httpapi-ratelimit-headers-10).

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::auth::Grant;
use crate::problem::{Kind, Problem};
use crate::redis::Reply;
use crate::redis::script::{Script, script};
use crate::rest;

/// What `[rate_limit]` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests with one token, or any number.
    pub token_requests: Option<NonZeroU32>,
    /// Requests from one address, or any number.
    pub address_requests: Option<NonZeroU32>,
    /// The header that holds the address.
    pub address_header: Option<HeaderName>,
    /// In so many seconds.
    pub window_seconds: u32,
}

impl RateLimit {
    /// Whether there is any quota.
    pub fn is_set(&self) -> bool {
        self.token_requests.is_some() || self.address_requests.is_some()
    }
}

/// The header that says what is left.
pub const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
/// The header that says what there is in all.
pub const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

static TAKE: Script = script!(Write: "rest/allow_oom.lua", "rate_limit/take.lua");

/// One quota.
struct Quota {
    name: &'static str,
    /// Whose it is.
    of: String,
    requests: NonZeroU32,
}

/// Whether the quotas cannot be counted since Redis takes no writes. It refuses those of callers as well, and may serve what
/// they read.
pub fn is_uncounted(problem: &Problem) -> bool {
    problem.code.as_deref().is_some_and(|code| ["READONLY", "MISCONF"].contains(&code))
}

/// Takes a request from the quotas of its token and its address. Gives the headers that say what is left; none where there
/// is no quota.
///
/// # Errors
/// A problem where one is used up, or Redis cannot be asked.
pub async fn take(grant: &Grant, limit: &RateLimit, headers: &HeaderMap) -> Result<HeaderMap, Problem> {
    let token = limit.token_requests.filter(|_| grant.has_token());
    let token = token.map(|requests| Quota { name: "token", of: grant.token_name().to_owned(), requests });
    let address = limit.address_requests.zip(limit.address_header.as_ref());
    let address = address.map(|(requests, header)| Quota {
        name: "address",
        of: address_in(headers.get_all(header).iter()),
        requests,
    });
    let quotas: Vec<_> = token.into_iter().chain(address).collect();
    if quotas.is_empty() {
        return Ok(HeaderMap::new());
    }

    let window = limit.window_seconds;
    let keys = quotas.iter().map(|Quota { name, of, .. }| grant.own_key(&format!("rate_limit:{name}:{of}")));
    let numbers = [window].into_iter().chain(quotas.iter().map(|quota| quota.requests.get()));
    let arguments: Vec<_> = numbers.map(|number| Bytes::from(number.to_string())).collect();
    let reply = grant.run_on_own_keys(&TAKE, &keys.collect::<Vec<_>>(), &arguments).await?;
    let Some((wait, left)) = state(&reply, quotas.len()) else { return Err(rest::unexpected(&reply, TAKE.access())) };

    let policies = quotas.iter().map(|Quota { name, requests, .. }| format!("\"{name}\";q={requests};w={window}"));
    let states = quotas
        .iter()
        .zip(left)
        .map(|(Quota { name, .. }, [remaining, full])| format!("\"{name}\";r={remaining};t={full}"));
    let list =
        |items: &mut dyn Iterator<Item = String>| HeaderValue::try_from(items.collect::<Vec<_>>().join(", ")).ok();
    let fields = [(POLICY, list(&mut { policies })), (RATE_LIMIT, list(&mut { states }))];
    let fields = fields.into_iter().filter_map(|(name, value)| Some((name, value?)));
    if wait == 0 {
        return Ok(fields.collect());
    }
    let detail = format!("there were too many requests: {window} seconds have a limit; ask again in {wait} seconds");
    let problem = Problem::new(Kind::TooManyRequests, detail).header(header::RETRY_AFTER, wait.into());
    Err(fields.fold(problem, |problem, (name, value)| problem.header(name, value)))
}

/// The seconds to wait, and for each quota what is left and when it is full again.
fn state(reply: &Reply, quotas: usize) -> Option<(u64, Vec<[u64; 2]>)> {
    let Reply::Bulk(text) = reply else { return None };
    let numbers = std::str::from_utf8(text).ok()?.split(' ').map(str::parse);
    let numbers: Vec<u64> = numbers.collect::<Result<_, _>>().ok()?;
    let (wait, left) = numbers.split_first()?;
    let left: Vec<_> = left.as_chunks().0.to_vec();
    (left.len() == quotas).then_some((*wait, left))
}

/// The address in a header: the last one in a list, which the nearest proxy added. A client that has many of version 6
/// counts as one, and so do all whose address cannot be told.
fn address_in<'a>(values: impl DoubleEndedIterator<Item = &'a HeaderValue>) -> String {
    let last = values.map(HeaderValue::as_bytes).next_back().unwrap_or_default();
    let last = last.rsplit(|byte| *byte == b',').next().unwrap_or_default();
    let last = std::str::from_utf8(last).unwrap_or_default().trim();
    let bare = last.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse().ok().or_else(|| last.parse().ok().map(|address: SocketAddr| address.ip()));
    match address.map(|address: IpAddr| address.to_canonical()) {
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => {
            let network = u128::from(address) & (u128::MAX << 64);
            format!("{}/64", Ipv6Addr::from(network))
        }
        None => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(values: &[&'static str]) -> String {
        let values: Vec<_> = values.iter().map(|value| HeaderValue::from_bytes(value.as_bytes()).unwrap()).collect();
        address_in(values.iter())
    }

    #[test]
    fn the_address_is_the_one_that_the_nearest_proxy_saw() {
        for (values, expected) in [
            (&["192.0.2.1"][..], "192.0.2.1"),
            (&["203.0.113.7, 192.0.2.1"], "192.0.2.1"),
            (&["203.0.113.7", "192.0.2.1"], "192.0.2.1"),
            (&["\u{ff}, 192.0.2.1"], "192.0.2.1"),
            (&["192.0.2.1:50000"], "192.0.2.1"),
            (&["2001:db8:1:2:3:4:5:6"], "2001:db8:1:2::/64"),
            (&["[2001:db8:1:2:ffff::1]:50000"], "2001:db8:1:2::/64"),
            (&["[2001:db8:1:2::9]"], "2001:db8:1:2::/64"),
            (&["::ffff:192.0.2.1"], "192.0.2.1"),
            (&["192.0.2.1, "], "unknown"),
            (&["nonsense"], "unknown"),
            (&[], "unknown"),
        ] {
            assert_eq!(address(values), expected, "{values:?}");
        }
    }

    #[test]
    fn a_reply_that_is_not_the_scripts_is_none() {
        let state = |text: &'static str, quotas| state(&Reply::Bulk(text.into()), quotas);
        assert_eq!(state("0 9 6", 1), Some((0, vec![[9, 6]])));
        assert_eq!(state("3 0 60 5 1", 2), Some((3, vec![[0, 60], [5, 1]])));
        assert_eq!(state("3 0", 1), None);
        assert_eq!(state("3 0 60", 2), None);
        assert_eq!(state("x", 0), None);
    }
}
