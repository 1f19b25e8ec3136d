use futures_util::FutureExt;

use super::*;
use crate::config::settings::Sources;
use crate::redis::command::command;
use crate::redis::fake::Fake;

fn grant(file: &str, path: &str, headers: &[(&str, &str)]) -> Result<Grant, Problem> {
    let sources = Sources { file: file.to_owned(), ..Sources::default() };
    let config = Arc::new(Config::resolve(&sources).unwrap());
    let redis: Arc<dyn Redis> = Arc::new(Fake::answering([Ok(Reply::Nil)]));
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(http::HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
    }
    Grant::of(&config, &redis, &path.parse().unwrap(), &map)
}

const TOKENS: &str = "[auth]\ntoken = w\nread_only_token = r";
const IN_QUERY: &str = "[auth]\ntoken = w\nquery_token = true";

fn refusal(file: &str, path: &str, headers: &[(&str, &str)]) -> Kind {
    grant(file, path, headers).map(|grant| grant.calls()).unwrap_err().kind
}

fn sent(grant: &Grant, command: Command) -> Result<Reply, Kind> {
    grant.execute(command).now_or_never().unwrap().map_err(|problem| problem.kind)
}

#[test]
fn a_token_gives_what_it_is_for() {
    let token = |header| grant(TOKENS, "/v1/keys", &[("authorization", header)]).unwrap().token_name().to_owned();
    assert_eq!(token("Bearer w"), "full");
    assert_eq!(token("bearer r"), "read-only");
}

#[test]
fn no_token_a_wrong_one_and_two_are_unauthorized() {
    for headers in [
        &[][..],
        &[("authorization", "Bearer x")],
        &[("authorization", "Bearer ")],
        &[("authorization", "Bearer")],
        &[("authorization", "Basic dzp3")],
        &[("authorization", "Bearer w"), ("authorization", "Bearer w")],
    ] {
        assert_eq!(refusal(TOKENS, "/v1/keys", headers), Kind::Unauthorized, "{headers:?}");
    }
}

#[test]
fn only_the_command_api_takes_a_token_from_the_query_and_only_if_told_to() {
    assert_eq!(grant(IN_QUERY, "/get/k?_token=w", &[]).unwrap().token_name(), "full");
    assert_eq!(grant(IN_QUERY, "/get/k?_token=w", &[("authorization", "Bearer x")]).unwrap().token_name(), "full");
    assert_eq!(refusal(IN_QUERY, "/get/k?_token=x", &[("authorization", "Bearer w")]), Kind::Unauthorized);
    assert_eq!(refusal(IN_QUERY, "/v1/keys?_token=w", &[]), Kind::Unauthorized);
    assert_eq!(refusal(TOKENS, "/get/k?_token=w", &[]), Kind::Unauthorized);
}

#[test]
fn without_a_configured_token_only_what_needs_none_passes() {
    assert_eq!(refusal("", "/v1/keys", &[("authorization", "Bearer ")]), Kind::Unavailable);
    for path in ["/healthz", "/readyz", "/docs", "/docs/page.js", "/openapi.json"] {
        assert_eq!(grant("", path, &[]).unwrap().token_name(), "unneeded", "{path}");
    }
    assert_eq!(refusal("", "/docsx", &[]), Kind::Unavailable);
}

#[test]
fn a_read_only_token_reads_and_does_not_write() {
    let grant = grant(TOKENS, "/v1/keys", &[("authorization", "Bearer r")]).unwrap();
    assert_eq!(sent(&grant, command!("SET").arg("k").arg("v")), Err(Kind::Forbidden));
    assert_eq!(sent(&grant, command!("GET").arg("k")), Ok(Reply::Nil));
    assert_eq!(grant.calls(), 1);
}

#[test]
fn what_needs_no_token_only_pings() {
    let grant = grant("", "/readyz", &[]).unwrap();
    assert_eq!(sent(&grant, command!("GET").arg("k")), Err(Kind::Internal));
    assert_eq!(sent(&grant, command!("PING")), Ok(Reply::Nil));
}

#[test]
fn redstarts_own_keys_are_out_of_reach() {
    let grant = grant(TOKENS, "/v1/keys", &[("authorization", "Bearer w")]).unwrap();
    assert_eq!(sent(&grant, command!("GET").arg("redstart:x")), Err(Kind::Forbidden));
    assert_eq!(sent(&grant, command!("GET").arg("redstart")), Ok(Reply::Nil));
}

#[test]
fn without_tokens_foreign_hosts_and_origins_are_refused() {
    let open = "[auth]\nmode = none";
    for headers in [
        &[("host", "evil.example")][..],
        &[("host", "localhost.evil.example:3000")],
        &[("host", "localhost"), ("origin", "https://evil.example")],
        &[("host", "localhost"), ("origin", "null")],
        &[("host", "")],
    ] {
        assert_eq!(refusal(open, "/v1/keys", headers), Kind::Forbidden, "{headers:?}");
    }
    assert_eq!(refusal(open, "http://evil.example/v1/keys", &[]), Kind::Forbidden);
    for headers in
        [&[][..], &[("host", "LOCALHOST:3000")], &[("host", "[::1]:3000"), ("origin", "http://127.0.0.1:3000")]]
    {
        assert_eq!(grant(open, "/v1/keys", headers).unwrap().token_name(), "anyone", "{headers:?}");
    }
}
