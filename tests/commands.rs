//! The command API: its forms, its answers, what it refuses. That its replies are Redis's own, `differential.rs` proves.

use std::thread;

use redstart_tests::client::Response;
use redstart_tests::commands::{error, result, run};
use redstart_tests::host::Host;
use redstart_tests::setup;
use serde_json::{Value, json};

#[test]
fn a_command_comes_in_the_path_or_as_an_array() {
    let (server, Host { ref client, .. }) = setup();
    assert_eq!(result(&run(client, json!(["SET", "k", "v"]))), "OK");
    assert_eq!(result(&client.get("/get/k")), "v");
    assert_eq!(result(&client.get("//GeT/k")), "v");
    assert_eq!(result(&client.send("POST", "/get/k", &[], b"")), "v");
    assert_eq!(client.send("HEAD", "/get/k", &[], b"").status, 200);
    assert_eq!(result(&client.send("POST", "/set/a%2Fb", &[], b"\xff\0body")), "OK");
    assert_eq!(server.command::<Vec<u8>>(&[b"GET", b"a/b"]), b"\xff\0body");
    assert_eq!(result(&client.send("PUT", "/set/k?EX=100&NX", &[], b"w")), Value::Null);
    assert_eq!(result(&client.send("PUT", "/set/k?EX=100", &[], b"w")), "OK");
    assert!(server.command::<i64>(&[b"TTL", b"k"]) > 90);
    assert_eq!(result(&run(client, json!(["SET", "n", 1.50]))), "OK");
    assert_eq!(result(&client.get("/get/n")), "1.5");
}

#[test]
fn errors_are_in_redis_words() {
    let (_server, Host { ref client, .. }) = setup();
    client.get("/rpush/list/a");
    for (path, text) in [
        ("/get", "ERR wrong number of arguments for 'get' command"),
        ("/get/list", "WRONGTYPE Operation against a key holding the wrong kind of value"),
        ("/nonsense/a", "ERR unknown command 'nonsense', with args beginning with: 'a' "),
        ("/config/get/maxmemory", "NOPERM this user has no permissions to run the 'config|get' command"),
        ("/xinfo/nonsense", "ERR unknown subcommand 'nonsense'. Try XINFO HELP."),
        ("/xrange/list", "ERR wrong number of arguments for 'xrange' command"),
        ("/xrange/list/-/%2B", "WRONGTYPE Operation against a key holding the wrong kind of value"),
        ("/incr/list", "WRONGTYPE Operation against a key holding the wrong kind of value"),
        ("/evalsha/ffff/0", "NOSCRIPT No matching script. Please use EVAL."),
    ] {
        let text_of = |answer: &Response| error(answer, 400).replace(['`', '\''], "'");
        assert_eq!(text_of(&client.get(path)), text, "{path}");
    }
    assert!(error(&client.get("/"), 400).starts_with("ERR empty command"));
    assert!(error(&run(client, json!(["GET", null])), 400).contains("argument 1"));
    assert!(error(&client.send("POST", "/", &[], b"{"), 400).starts_with("ERR expected a JSON array"));
    assert!(error(&client.send("DELETE", "/get/k", &[], b""), 405).starts_with("ERR"));
    assert!(error(&client.get("/subscribe/channel"), 501).contains("stream"));
}

#[test]
fn replies_keep_their_shape_and_their_digits() {
    let (_server, Host { ref client, .. }) = setup();
    let ask = |command: Value| result(&run(client, command));
    assert_eq!(ask(json!(["SET", "n", "9223372036854775806"])), "OK");
    let exact = run(client, json!(["INCR", "n"]));
    assert_eq!(exact.body, b"{\"result\":9223372036854775807}");
    ask(json!(["XADD", "x", "1-1", "a", "1", "b", "2"]));
    assert_eq!(ask(json!(["XRANGE", "x", "-", "+"])), json!([["1-1", ["a", "1", "b", "2"]]]));
    assert_eq!(ask(json!(["XREAD", "STREAMS", "x", "0"])), json!([["x", [["1-1", ["a", "1", "b", "2"]]]]]));
    assert_eq!(ask(json!(["XREAD", "STREAMS", "x", "9"])), Value::Null);
    ask(json!(["RPUSH", "l", "a", "b", "c"]));
    assert_eq!(ask(json!(["LPOP", "l"])), "a");
    assert_eq!(ask(json!(["LPOP", "l", 1])), json!(["b"]));
    assert_eq!(ask(json!(["LPOP", "none", 1])), Value::Null);
    assert_eq!(ask(json!(["LRANGE", "none", 0, -1])), json!([]));
    assert_eq!(ask(json!(["SSCAN", "none", 0])), json!(["0", []]));
    assert_eq!(ask(json!(["MGET", "none"])), json!([null]));
    ask(json!(["GEOADD", "g", 13.361, 38.116, "Palermo"]));
    let found =
        ask(json!(["GEOSEARCH", "g", "FROMMEMBER", "Palermo", "BYRADIUS", 1, "km", "ASC", "WITHCOORD", "WITHDIST"]));
    assert_eq!(found[0][0], "Palermo");
    assert_eq!(found[0][2].as_array().map(Vec::len), Some(2));
    assert_eq!(ask(json!(["COMMAND", "INFO", "get", "none"]))[0][1], 2);
}

#[test]
fn strings_go_in_base64_where_the_client_asks_for_it() {
    let (_server, Host { ref client, .. }) = setup();
    client.send("POST", "/set/k", &[], b"\xff\xfe");
    let base64 = [("upstash-encoding", "base64")];
    let post = |path: &str, body: Value| client.send("POST", path, &base64, body.to_string().as_bytes()).json();
    assert_eq!(post("/", json!(["GET", "k"])), json!({"result": "//4="}));
    assert_eq!(post("/", json!(["SET", "ok", "OK"])), json!({"result": "OK"}));
    assert_eq!(post("/", json!(["GET", "ok"])), json!({"result": "T0s="}));
    assert_eq!(post("/", json!(["MGET", "k", "none"])), json!({"result": ["//4=", null]}));
    let many = post("/pipeline", json!([["GET", "ok"], ["STRLEN", "k"], ["GET"]]));
    assert_eq!((&many[0], &many[1]), (&json!({"result": "T0s="}), &json!({"result": 2})));
    assert!(many[2]["error"].as_str().unwrap().starts_with("ERR wrong number"));
    assert_eq!(client.get("/get/k").json(), json!({"result": "\u{fffd}\u{fffd}"}));
}

#[test]
fn the_protocol_of_redis_itself_is_to_be_had() {
    let (_server, Host { ref client, .. }) = setup();
    client.send("POST", "/set/k", &[], b"\xff");
    let resp2 = [("upstash-response-format", "resp2")];
    let answer = client.send("GET", "/get/k", &resp2, b"");
    assert_eq!(
        (answer.body.as_slice(), answer.header("content-type")),
        (&b"$1\r\n\xff\r\n"[..], "application/octet-stream")
    );
    let answer = client.send("POST", "/pipeline", &resp2, br#"[["STRLEN","k"],["GET"],["GET","none"]]"#);
    assert_eq!(answer.body, b":1\r\n-ERR wrong number of arguments for 'get' command\r\n$-1\r\n");
    let both = [("upstash-response-format", "resp2"), ("upstash-encoding", "base64")];
    error(&client.send("GET", "/get/k", &both, b""), 400);
    error(&client.send("GET", "/get/k", &[("upstash-response-format", "xml")], b""), 400);
}

#[test]
fn a_pipeline_runs_in_order_and_goes_on_behind_an_error() {
    let (_server, Host { ref client, .. }) = setup();
    let mut commands = vec![json!(["DEL", "n"])];
    for number in 1..=500 {
        commands.push(json!(["INCR", "n"]));
        commands.push(if number % 2 == 0 { json!(["XRANGE", "n", "-", "+"]) } else { json!(["GET", "n"]) });
    }
    let answer = client.send("POST", "/pipeline", &[], Value::from(commands).to_string().as_bytes()).json();
    for number in 1..=500 {
        assert_eq!(answer[2 * number - 1], json!({"result": number}));
        if number % 2 == 0 {
            assert!(answer[2 * number]["error"].as_str().unwrap().starts_with("WRONGTYPE"));
        } else {
            assert_eq!(answer[2 * number], json!({"result": number.to_string()}));
        }
    }
    let large = br#"[["SET","n","9223372036854775806"],["INCR","n"],["HINCRBY","h","f","-9223372036854775808"]]"#;
    let exact = br#"[{"result":"OK"},{"result":9223372036854775807},{"result":-9223372036854775808}]"#;
    for path in ["/pipeline", "/multi-exec"] {
        assert_eq!(client.send("POST", path, &[], large).body, exact);
        assert_eq!(client.get("/del/h").status, 200);
    }
    assert_eq!(client.send("POST", "/pipeline", &[], b"[]").json(), json!([]));
    error(&client.send("POST", "/pipeline", &[], br#"[["GET",null]]"#), 400);
}

#[test]
fn a_transaction_runs_whole_or_not_at_all() {
    let (server, Host { ref client, .. }) = setup();
    let run = |commands: Value| client.send("POST", "/multi-exec", &[], commands.to_string().as_bytes());
    let done = run(json!([["SET", "k", "v"], ["INCR", "k"], ["GET", "k"], ["LRANGE", "none", 0, -1], ["GET", "none"]]));
    assert_eq!(done.status, 200);
    let wrong = "ERR value is not an integer or out of range";
    let expected = json!([{"result": "OK"}, {"error": wrong}, {"result": "v"}, {"result": []}, {"result": null}]);
    assert_eq!(done.json(), expected);
    for commands in [
        json!([["SET", "k", "w"], ["GET"]]),
        json!([["SET", "k", "w"], ["NONSENSE", "k"]]),
        json!([["SET", "k", "w"], ["XINFO", "NONSENSE"]]),
        json!([["SET", "k", "w"], ["XINFO"]]),
    ] {
        let text = error(&run(commands.clone()), 400);
        assert_eq!(text, "EXECABORT Transaction discarded because of previous errors.", "{commands}");
    }
    for refused in [json!(["MULTI"]), json!(["EVAL", "return 1", 0]), json!(["BLPOP", "k", 0])] {
        error(&run(json!([["SET", "k", "w"], refused])), 400);
    }
    assert_eq!(server.command::<String>(&[b"GET", b"k"]), "v");
    assert_eq!(run(json!([])).json(), json!([]));
}

#[test]
fn transactions_are_never_seen_half_done() {
    let (_server, Host { ref client, .. }) = setup();
    let swap = |value: usize| json!([["SET", "a", value], ["SET", "b", value]]).to_string();
    client.send("POST", "/multi-exec", &[], swap(0).as_bytes());
    let writers: Vec<_> = (0..2)
        .map(|writer| {
            let client = client.apart();
            thread::spawn(move || {
                for round in 0..50 {
                    client.send("POST", "/multi-exec", &[], swap(2 * round + writer).as_bytes());
                }
            })
        })
        .collect();
    for _ in 0..100 {
        let both = result(&client.get("/mget/a/b"));
        assert_eq!(both[0], both[1]);
    }
    for writer in writers {
        writer.join().unwrap();
    }
}

#[test]
fn a_sync_token_is_another_each_time() {
    let (_server, Host { ref client, .. }) = setup();
    let tokens: std::collections::HashSet<_> =
        (0..10).map(|_| client.get("/ping").header("upstash-sync-token").to_owned()).collect();
    assert_eq!(tokens.len(), 10);
    assert!(tokens.iter().all(|token| !token.is_empty()));
}
