//! Where a request says it comes from, and whom it means to reach.

use http::{HeaderMap, HeaderValue, Uri, header, uri::Authority};

use crate::config::Config;
use crate::problem::{Kind, Problem};

/// While nobody needs a token, a web page must not reach Redis through the browser of somebody who can: its origin
/// gives it away, and, where its name was made to point here, its host does.
pub(super) fn check_host_and_origin(config: &Config, uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
    let hosts = &config.server.hosts;
    if !hosts_are_known(hosts, uri, headers) {
        let detail = "without a token, only the hosts in `[server] hosts` may be used";
        return Err(Problem::new(Kind::Forbidden, detail));
    }
    let is_of_known_host = |origin: &HeaderValue| {
        let authority = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
        authority.is_some_and(|(_, authority)| is_known(hosts, authority))
    };
    if !headers.get_all(header::ORIGIN).iter().all(|origin| config.cors.allow(origin) || is_of_known_host(origin)) {
        let detail = "without a token, only the origins of `[server] hosts` and those in `[cors] origins` may be used";
        return Err(Problem::new(Kind::Forbidden, detail));
    }
    Ok(())
}

/// Whether every name under which the request says it reached us is a known one.
pub(super) fn hosts_are_known(hosts: &[String], uri: &Uri, headers: &HeaderMap) -> bool {
    let in_headers = headers.get_all(header::HOST).iter().map(|host| host.to_str().unwrap_or_default());
    uri.authority().map(Authority::as_str).into_iter().chain(in_headers).all(|authority| is_known(hosts, authority))
}

fn is_known(hosts: &[String], authority: &str) -> bool {
    let authority = authority.parse::<Authority>();
    authority.is_ok_and(|authority| hosts.iter().any(|known| known.eq_ignore_ascii_case(authority.host())))
}
