//! Scripts and functions by the command API.

use redstart_tests::commands::{error, result, run};
use redstart_tests::host::Host;
use redstart_tests::setup;
use serde_json::{Value, json};

#[test]
fn scripts_are_run_by_source_and_by_sha_and_return_what_redis_would() {
    let (_server, Host { ref client, .. }) = setup();
    let ask = |command: Value| run(client, command);
    let source = "return {1, 2.9, 'x', false, true, {redis.call('SET', KEYS[1], ARGV[1])}, nil, 'never'}";
    let expected = json!([1, 2, "x", null, 1, ["OK"]]);
    assert_eq!(result(&ask(json!(["EVAL", source, 1, "k", "v"]))), expected);
    let sha = result(&ask(json!(["SCRIPT", "LOAD", source])));
    assert_eq!(sha, redstart::digest::sha1_hex(source.as_bytes()));
    assert_eq!(result(&ask(json!(["EVALSHA", sha, 1, "k", "v"]))), expected);
    let upper = sha.as_str().unwrap().to_uppercase();
    assert_eq!(result(&ask(json!(["EVALSHA", upper, 1, "k", "v"]))), expected);
    assert_eq!(result(&ask(json!(["SCRIPT", "EXISTS", sha, "ffff"]))), json!([1, 0]));
    assert_eq!(error(&ask(json!(["EVAL", "return redis.error_reply('MY own')", 0])), 400), "MY own");
    assert_eq!(
        error(&ask(json!(["EVAL", "return redis.call('GET')", 0])), 400).split(" script:").next().unwrap(),
        "ERR Wrong number of args calling Redis command from script"
    );
    let broken = error(&ask(json!(["EVAL", "return {", 0])), 400);
    assert_eq!(broken, "ERR Error compiling script (new function): user_script:1: unexpected symbol near '<eof>'");
    let raised = "error('no', 0)";
    assert!(error(&ask(json!(["EVAL", raised, 0])), 400).contains(&redstart::digest::sha1_hex(raised.as_bytes())));
    assert_eq!(result(&ask(json!(["SCRIPT", "FLUSH"]))), "OK");
    assert_eq!(result(&ask(json!(["SCRIPT", "EXISTS", sha]))), json!([0]));
    assert_eq!(error(&ask(json!(["EVALSHA", sha, 1, "k", "v"])), 400), "NOSCRIPT No matching script. Please use EVAL.");
    let loaded = json!([["SCRIPT", "LOAD", source], ["EVALSHA", sha, 1, "k", "v"]]).to_string();
    assert_eq!(client.send("POST", "/pipeline", &[], loaded.as_bytes()).json()[1], json!({"result": expected}));
}

#[test]
fn functions_return_what_redis_would_and_are_listed_as_they_were_loaded() {
    let (server, Host { ref client, .. }) = setup();
    let ask = |command: Value| result(&run(client, command));
    let code = "#!lua name=mylib\nredis.register_function('f', function(keys, args) return {1, {args[1]}} end)\n\
                redis.register_function{function_name='g', callback=function(keys) return redis.call('GET', keys[1]) end, \
                flags={'no-writes'}, description='reads'}";
    assert_eq!(ask(json!(["FUNCTION", "LOAD", code])), "mylib");
    assert!(error(&run(client, json!(["FUNCTION", "LOAD", code])), 400).contains("already exists"));
    assert_eq!(ask(json!(["FUNCTION", "LOAD", "REPLACE", code])), "mylib");
    assert_eq!(ask(json!(["FCALL", "f", 0, "x"])), json!([1, ["x"]]));
    assert_eq!(ask(json!(["FCALL_RO", "g", 1, "none"])), Value::Null);
    assert!(error(&run(client, json!(["FCALL_RO", "f", 0, "x"])), 400).contains("write flag"));
    assert_eq!(error(&run(client, json!(["FCALL", "none", 0])), 400), "ERR Function not found");
    // Who is not behind Redstart calls the function as it is.
    assert_eq!(server.command::<(i64, Vec<String>)>(&[b"FCALL", b"f", b"0", b"x"]), (1, vec!["x".to_owned()]));

    let listed = ask(json!(["FUNCTION", "LIST", "WITHCODE"]));
    let library = listed[0].as_array().unwrap();
    assert_eq!((&library[1], &library[3], &library[7]), (&json!("mylib"), &json!("LUA"), &json!(code)));
    let mut functions = library[5].as_array().unwrap().clone();
    functions.sort_by_key(|function| function[1].to_string());
    assert_eq!(
        functions,
        [
            json!(["name", "f", "description", null, "flags", []]),
            json!(["name", "g", "description", "reads", "flags", ["no-writes"]]),
        ]
    );
    let stats = ask(json!(["FUNCTION", "STATS"]));
    assert_eq!(
        stats,
        json!(["running_script", null, "engines", ["LUA", ["libraries_count", 1, "functions_count", 2]]])
    );
    assert_eq!(ask(json!(["FUNCTION", "DELETE", "mylib"])), "OK");
    assert_eq!(ask(json!(["FUNCTION", "LIST"])), json!([]));
}

#[test]
fn a_script_is_known_to_every_instance_also_after_all_data_were_deleted() {
    let (server, _) = setup();
    // Each request in an instance of its own.
    let host = Host::with(server.port, &[], |settings| settings.max_instance_reuse_count = 1);
    let (source, client) = ("return 'known'", &host.client);
    let sha = redstart::digest::sha1_hex(source.as_bytes());
    for _ in 0..2 {
        assert_eq!(result(&run(client, json!(["EVAL", source, 0]))), "known");
        assert_eq!(result(&run(client, json!(["EVALSHA", sha, 0]))), "known");
        assert!(server.command::<i64>(&[b"TTL", b"redstart:scripts"]) > 2_000_000);
        assert_eq!(result(&run(client, json!(["FLUSHALL"]))), "OK");
    }
}

#[test]
fn an_error_that_a_script_raises_may_hold_any_bytes_and_begin_as_it_likes() {
    let (_server, host) = setup();
    let ask = |command: Value| error(&run(&host.client, command), 400);
    let text = ask(json!(["EVAL", "error({err = 'my \\255 own'})", 0]));
    assert!(text.starts_with("my \u{fffd} own script: ") && text.ends_with(", on @user_script:1."), "{text}");
    let text = ask(json!(["EVAL", "error({err = 'ERR Error compiling script'})", 0]));
    assert!(text.starts_with("ERR Error compiling script script: "), "{text}");
    let library = "#!lua name=l\nredis.register_function('f', function() error({err = 'my own'}) end)";
    assert_eq!(result(&run(&host.client, json!(["FUNCTION", "LOAD", library]))), "l");
    let text = ask(json!(["FCALL", "f", 0]));
    assert!(text.starts_with("my own script: f, on @user_function:"), "{text}");
    assert!(!host.log().contains("my own"), "{}", host.log());
}
