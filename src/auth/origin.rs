//! Where a request says it comes from, and whom it means to reach.

use http::{HeaderMap, Uri, header, uri::Authority};

use crate::problem::{Kind, Problem};

/// While nobody needs a token, a web page must not reach Redis through the browser of somebody who can: its origin
/// gives it away, and, where its name was made to point here, its host does.
pub(super) fn check_host_and_origin(hosts: &[String], uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
    let refused = |what: &str| {
        let detail = format!("without a token, only the {what} in `[server] hosts` may be used");
        Err(Problem::new(Kind::Forbidden, detail))
    };
    if !hosts_are_known(hosts, uri, headers) {
        return refused("hosts");
    }
    let mut origins = headers.get_all(header::ORIGIN).iter().map(|origin| origin.to_str().unwrap_or_default());
    if !origins.all(|origin| origin.split_once("://").is_some_and(|(_, authority)| is_known(hosts, authority))) {
        return refused("origins");
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
