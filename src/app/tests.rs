use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::*;
use crate::body::Body;
use crate::config::settings::Sources;
use crate::redis::fake::Fake;
use crate::redis::{Command, ErrorReply, RedisError, Reply};

const TOKENS: &str =
    "[auth]\ntoken = w\nread_only_token = r\n[limits]\nbody_bytes = 64\nkey_bytes = 16\njson_value_bytes = 4";

/// An application over a Redis that gives these answers.
struct Setup {
    app: App,
    redis: Arc<Fake>,
}

/// The same Redis for the application and for the test that looks at it.
struct Shared(Arc<Fake>);

impl Redis for Shared {
    fn execute(&self, command: Command) -> BoxFuture<'_, Result<Reply, RedisError>> {
        self.0.execute(command)
    }
}

fn setup(file: &str, answers: impl IntoIterator<Item = Result<Reply, RedisError>>) -> Setup {
    let redis = Arc::new(Fake::answering(answers));
    let config = Config::resolve(&Sources { file: file.to_owned(), ..Sources::default() });
    Setup { app: App::new(config, |_| Shared(redis.clone())), redis }
}

/// What the script says that reads a string for JSON.
fn string(value: &'static [u8], ttl: i64) -> Reply {
    Reply::Array(vec![bulk(value), Reply::Integer(ttl)])
}

fn bulk(bytes: &'static [u8]) -> Reply {
    Reply::Bulk(Bytes::from_static(bytes))
}

impl Setup {
    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &'static str) -> http::Response<Bytes> {
        let mut request = http::Request::builder().method(method).uri(path).header("authorization", "Bearer w");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::Whole(body.into())).unwrap();
        self.app.respond(request).now_or_never().expect("the fake answers at once")
    }
}

fn status(response: &http::Response<Bytes>) -> u16 {
    response.status().as_u16()
}

const JSON: (&str, &str) = ("content-type", "application/json");

#[test]
fn a_read_is_one_command_in_json_and_in_bytes() {
    let setup = setup(TOKENS, [Ok(string(b"v", 1500)), Ok(bulk(b"v"))]);
    let json = setup.send("GET", "/v1/strings/a%2Fb", &[], "");
    assert_eq!(json.body(), "{\"key\":\"a/b\",\"value\":\"v\",\"ttl\":1.5}");
    let raw = setup.send("GET", "/v1/strings/a%2Fb", &[("accept", "application/octet-stream")], "");
    assert_eq!(raw.body(), "v");
    let names: Vec<_> = setup.redis.asked().iter().map(|command| command.name.clone()).collect();
    assert_eq!(names, ["EVALSHA_RO", "GET"]);
}

#[test]
fn a_key_that_is_not_there_is_not_found_in_json_and_in_bytes() {
    let setup = setup(TOKENS, [Ok(Reply::Array(vec![])), Ok(Reply::Nil)]);
    assert_eq!(status(&setup.send("GET", "/v1/strings/k", &[], "")), 404);
    assert_eq!(status(&setup.send("GET", "/v1/strings/k", &[("accept", "application/octet-stream")], "")), 404);
}

#[test]
fn a_script_that_redis_does_not_know_is_sent_whole() {
    let unknown = ErrorReply { code: "NOSCRIPT".to_owned(), message: String::new() };
    let setup = setup(TOKENS, [Err(RedisError::Server(unknown)), Ok(Reply::Integer(1))]);
    assert_eq!(status(&setup.send("PUT", "/v1/strings/k", &[], "v")), 201);
    let [by_sha1, by_source] = setup.redis.asked().try_into().unwrap();
    assert_eq!((&*by_sha1.name, &*by_source.name), ("EVALSHA", "EVAL"));
    assert_eq!(crate::digest::sha1_hex(&by_source.arguments[0]), by_sha1.arguments[0]);
    assert_eq!(by_source.arguments[1..], by_sha1.arguments[1..]);
}

#[test]
fn what_is_wrong_with_a_request_is_found_before_redis_is_asked() {
    let setup = setup(TOKENS, []);
    let form = ("content-type", "application/x-www-form-urlencoded");
    for (method, path, headers, body, expected) in [
        ("PUT", "/v1/strings/k", &[JSON][..], "{", 400),
        ("PUT", "/v1/strings/%zz", &[], "v", 400),
        ("PUT", "/v1/strings/k?x=%", &[], "v", 400),
        ("GET", "/v1/strings/k", &[("if-none-match", "x")], "", 400),
        ("GET", "/v1/nothing", &[], "", 404),
        ("GET", "/v1/strings/", &[], "", 404),
        ("REPORT", "/v1/strings/k", &[], "", 405),
        ("PATCH", "/v1/strings/k", &[], "v", 415),
        ("PATCH", "/v1/strings/k", &[JSON], "{\"value\":1}", 422),
        ("POST", "/v1/strings/k/increment", &[JSON], "{\"by\":\"1\"}", 422),
        ("POST", "/v1/strings/k/increment", &[JSON], "{\"by\":true}", 422),
        ("POST", "/v1/strings/get", &[JSON], "{\"keys\":[]}", 422),
        ("POST", "/v1/strings/get?x=1", &[JSON], "{\"keys\":[\"a\"]}", 422),
        ("GET", "/v1/strings", &[], "", 422),
        ("GET", "/v1/strings?key=a&key=b&x=1", &[], "", 422),
        ("PUT", "/v1/strings/k", &[form], "a=b", 415),
        ("PUT", "/v1/strings/k", &[], "more than the sixty-four bytes that the limit of these tests allows", 413),
        ("PUT", "/v1/strings/k", &[("content-encoding", "gzip")], "v", 415),
        ("PUT", "/v1/strings/k", &[("content-range", "bytes 0-0/5")], "v", 400),
        ("PUT", "/v1/strings/k", &[JSON], "{\"value\":null}", 422),
        ("PUT", "/v1/strings/k", &[JSON], "[\"v\",null,null]", 422),
        ("POST", "/v1/strings?key=k", &[("if-match", "*")], "v", 422),
        ("PUT", "/v1/strings/key-of-17-bytes---", &[], "v", 422),
        ("PUT", "/v1/strings/k", &[JSON], "{\"value\":1,\"tll\":1}", 422),
        ("PUT", "/v1/strings/k?tll=1", &[], "v", 422),
        ("PUT", "/v1/strings/k?ttl=0", &[], "v", 422),
        ("PUT", "/v1/strings/k?replace=all", &[], "v", 422),
        ("PUT", "/v1/strings", &[], "v", 422),
        ("POST", "/v1/strings?keep_ttl=true", &[], "v", 422),
        ("POST", "/v1/strings?key=a", &[JSON], "{\"key\":\"b\",\"value\":1}", 422),
        ("DELETE", "/v1/strings/k?force=1", &[], "", 422),
    ] {
        let response = setup.send(method, path, headers, body);
        assert_eq!(status(&response), expected, "{method} {path} {body}: {:?}", response.body());
        assert_eq!(response.headers()["content-type"], "application/problem+json");
    }
    assert!(setup.redis.asked().is_empty());
}

#[test]
fn a_path_names_its_methods() {
    let setup = setup(TOKENS, []);
    for (path, allowed) in [
        ("/v1/strings", "POST,GET,HEAD,PUT,PATCH,DELETE"),
        ("/v1/strings/k", "GET,HEAD,PUT,PATCH,DELETE"),
        ("/v1/strings/get", "POST,GET,HEAD,PUT,PATCH,DELETE"),
        ("/v1/strings/k/increment", "POST"),
        ("/healthz", "GET,HEAD"),
    ] {
        let refused = setup.send("REPORT", path, &[], "");
        assert_eq!((status(&refused), refused.headers()["allow"].to_str().unwrap()), (405, allowed));
        let options = setup.send("OPTIONS", path, &[], "");
        assert_eq!((status(&options), options.headers()["allow"].to_str().unwrap()), (204, allowed));
        assert!(options.body().is_empty());
    }
}

#[test]
fn a_request_id_is_kept_where_it_is_sane_and_made_where_not() {
    let setup = setup(TOKENS, []);
    let id = |given: &str| {
        let response = setup.send("GET", "/healthz", &[("x-request-id", given)], "");
        response.headers()["x-request-id"].to_str().unwrap().to_owned()
    };
    assert_eq!(id("abc-1.2_3:4"), "abc-1.2_3:4");
    for given in ["", "a b", "a\"b", &"x".repeat(129)] {
        assert_eq!(id(given).parse::<Uuid>().unwrap().get_version_num(), 7);
    }
}

#[test]
fn a_problem_carries_the_requests_id() {
    let setup = setup(TOKENS, []);
    let response = setup.send("GET", "/v1/nothing", &[("x-request-id", "me")], "");
    let problem: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
    assert_eq!(problem["request_id"], "me");
}

#[test]
fn a_head_has_no_body_and_promises_none() {
    let setup = setup(TOKENS, [Ok(string(b"v", -1))]);
    let response = setup.send("HEAD", "/v1/strings/k", &[], "");
    assert_eq!(status(&response), 200);
    assert!(response.body().is_empty() && !response.headers().contains_key("content-length"));
    assert!(response.headers().contains_key("etag"));
}

#[test]
fn a_wrong_configuration_answers_every_request() {
    let setup = setup("[redis]\nport = x", []);
    for path in ["/healthz", "/v1/strings/k"] {
        let response = setup.send("GET", path, &[], "");
        assert_eq!(status(&response), 503);
        assert!(String::from_utf8_lossy(response.body()).contains("[redis] port in config.ini: `x`"));
        assert_eq!(response.headers()["x-content-type-options"], "nosniff", "as on every answer");
    }
}

#[test]
fn a_host_error_becomes_the_status_that_the_contract_says() {
    for (error, expected, outcome) in [
        (RedisError::AddressRefused("redis://h:1".to_owned()), 503, None),
        (RedisError::TooManyConnections, 503, None),
        (RedisError::Unreachable("Connection refused".to_owned()), 503, None),
        (RedisError::LoginRefused("wrong".to_owned()), 502, None),
        (RedisError::Lost("broken pipe".to_owned()), 503, Some("unknown")),
        (RedisError::TimedOut { sent: true }, 504, Some("unknown")),
        (RedisError::ReplyTooLarge("128 MiB".to_owned()), 502, Some("unknown")),
    ] {
        let setup = setup(TOKENS, [Err(error.clone())]);
        let response = setup.send("PUT", "/v1/strings/k", &[], "v");
        assert_eq!(status(&response), expected, "{error}");
        let problem: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!(problem.get("outcome").and_then(|outcome| outcome.as_str()), outcome, "{error}");
    }
}

#[test]
fn a_large_value_is_shown_as_it_is_and_not_in_json() {
    let setup = setup(TOKENS, [Ok(string(b"large", -1)), Ok(bulk(b"large")), Ok(string(b"large", -1))]);
    let json = setup.send("GET", "/v1/strings/k", &[], "");
    assert_eq!(status(&json), 406);
    assert!(String::from_utf8_lossy(json.body()).contains("application/octet-stream"));
    assert_eq!(setup.send("GET", "/v1/strings/k", &[("accept", "application/octet-stream")], "").body(), "large");
    assert_eq!(status(&setup.send("HEAD", "/v1/strings/k", &[], "")), 200);
}

#[test]
fn a_read_under_a_condition_that_does_not_hold_is_412() {
    let setup = setup(TOKENS, [Ok(string(b"v", -1))]);
    assert_eq!(status(&setup.send("GET", "/v1/strings/k", &[("if-match", "\"other\"")], "")), 412);
}

#[test]
fn what_is_wrong_with_our_own_script_is_not_the_callers_doing() {
    let reply = ErrorReply { code: "ERR".to_owned(), message: "syntax error script: abc".to_owned() };
    let setup = setup(TOKENS, [Err(RedisError::Server(reply))]);
    let response = setup.send("PUT", "/v1/strings/k", &[], "v");
    assert_eq!(status(&response), 502);
    assert!(!String::from_utf8_lossy(response.body()).contains("abc"));
}
