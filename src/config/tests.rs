use super::*;

const SHIPPED: &str = include_str!("../../config.ini");

fn sources(file: &str, variables: &[(&'static str, &str)]) -> Sources {
    let variables = variables.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    Sources { file: file.to_owned(), variables }
}

fn resolve(file: &str, variables: &[(&'static str, &str)]) -> Config {
    Config::resolve(&sources(file, variables)).unwrap()
}

fn error(file: &str, variables: &[(&'static str, &str)]) -> String {
    Config::resolve(&sources(file, variables)).unwrap_err().message
}

#[test]
fn the_shipped_file_holds_the_defaults_but_for_the_port() {
    assert_eq!(resolve(SHIPPED, &[("redis_port", "6379")]), resolve("", &[]));
    assert_eq!(resolve(SHIPPED, &[]).redis.address, "redis://127.0.0.1:6380");
}

#[test]
fn the_shipped_file_holds_every_setting() {
    let keys = SHIPPED.lines().filter(|line| line.contains(" =") && !line.starts_with(';')).count();
    assert_eq!(keys, settings::TABLE.len());
}

#[test]
fn a_variable_beats_the_overlay_and_the_overlay_beats_the_file() {
    let file = "[redis]\nhost = file\nport = 1\ndatabase = 1";
    let overlay = ("config", "[redis]\nhost = overlay\nport = 2");
    assert_eq!(resolve(file, &[]).redis.url.expose(), "redis://file:1/1");
    assert_eq!(resolve(file, &[overlay]).redis.url.expose(), "redis://overlay:2/1");
    assert_eq!(resolve(file, &[overlay, ("redis_port", "3")]).redis.url.expose(), "redis://overlay:3/1");
}

#[test]
fn an_empty_variable_counts_as_not_given() {
    assert_eq!(
        resolve("[redis]\nport = 7", &[("redis_port", ""), ("config", "")]).redis.address,
        "redis://127.0.0.1:7"
    );
}

#[test]
fn passwords_of_any_characters_survive() {
    for password in [r#"a"b'c\n;#=%@:/?[] x"#, r"ends\", "ünïcode", "# first", "; first"] {
        let file = format!("[redis]\npassword = {password}\nusername = me\nport = 1");
        let url = resolve(&file, &[]).redis.url.expose().to_owned();
        assert_eq!(url, format!("redis://me:{}@127.0.0.1:1/0", crate::uri::encode(password.as_bytes())));
    }
}

#[test]
fn tls_and_ipv6_make_the_right_address() {
    for host in ["::1", "[::1]"] {
        let redis = resolve(&format!("[redis]\ntls = true\nhost = {host}"), &[]).redis;
        assert_eq!(redis.address, "rediss://[::1]:6379");
    }
}

#[test]
fn a_wrong_value_is_an_error_that_names_source_section_key_value_and_what_is_allowed() {
    assert_eq!(
        error("[redis]\nport = six", &[]),
        "[redis] port in config.ini: `six` is not allowed; allowed: a whole number from 1 to 65535"
    );
    assert_eq!(
        error("", &[("log_level", "loud")]),
        "[log] level in the variable `log_level`: `loud` is not allowed; allowed: error, warn, info, debug, trace"
    );
    let wrong = [
        ("redis", "port", "0"),
        ("redis", "port", "65536"),
        ("redis", "host", ""),
        ("redis", "host", "redis://x"),
        ("redis", "host", "localhost:6379"),
        ("redis", "host", "::1:"),
        ("server", "hosts", "localhost:3000"),
        ("server", "hosts", "*"),
        ("limits", "key_bytes", "0"),
        ("redis", "tls", "yes"),
        ("redis", "database", "-1"),
        ("redis", "timeout_ms", "0"),
        ("auth", "mode", "open"),
        ("log", "format", "xml"),
        ("limits", "body_bytes", "1 MB"),
        ("server", "key_prefix", ""),
    ];
    for (section, key, value) in wrong {
        let error = error(&format!("[{section}]\n{key} = {value}"), &[]);
        assert!(error.contains(&format!("[{section}] {key}")) && error.contains("config.ini"), "{error}");
    }
}

#[test]
fn an_error_about_a_secret_does_not_show_it() {
    let error = error("", &[("api_token", "top secret")]);
    assert!(error.contains("api_token") && !error.contains("top secret"), "{error}");
    let config = resolve("", &[("api_token", "top-secret"), ("redis_password", "hush")]);
    let shown = format!("{config:?}");
    assert!(!shown.contains("top-secret") && !shown.contains("hush"), "{shown}");
}

#[test]
fn unknown_keys_sections_and_duplicates_are_errors() {
    assert!(error("[redis]\nhots = x", &[]).contains("[redis] hots"));
    assert!(error("[redsi]\nhost = x", &[]).contains("sections: server"));
    let sections: Vec<_> = SHIPPED.lines().filter_map(|line| line.strip_prefix('[')?.strip_suffix(']')).collect();
    assert!(error("[redsi]", &[]).ends_with(&format!("; sections: {}", sections.join(", "))));
    assert!(error("host = x", &[]).contains("before the first section"));
    assert!(error("[redis]\nhost = a\nhost = b", &[]).contains("given twice"));
    assert!(error("[redis]\nhost = a\n[log]\nlevel = info\n[redis]\nhost = b", &[]).contains("given twice"));
    for text in ["[redis\nhost = a", "[redis] x", "[redis]\nhost: a", "[auth]\n  mode none", "[redis]\n= x"] {
        assert!(error(text, &[]).contains("config.ini: line"), "{text}");
    }
}

#[test]
fn both_tokens_may_not_be_the_same() {
    assert!(error("", &[("api_token", "t"), ("api_read_only_token", "t")]).contains("read_only_token"));
}

#[test]
fn a_secret_in_a_line_that_cannot_be_read_is_not_shown() {
    for text in ["[redis]\npassword hush\nport = 1", "[auth]\ntoken hush", "[redis]\npassword hush=", "hush"] {
        assert!(!error(text, &[]).contains("hush"), "{text}");
    }
    assert!(!error("", &[("redis_host", "redis://:hush@h")]).contains("hush"));
}

#[test]
fn indentation_line_ends_and_a_byte_order_mark_change_nothing() {
    let text = "\u{feff}  ; comment\r\n  [redis]\r\n\t# comment\r\n  port=7 \r\n";
    assert_eq!(resolve(text, &[]).redis.address, "redis://127.0.0.1:7");
}

#[test]
fn pages_of_every_origin_may_not_do_everything() {
    let both = error("[auth]\nmode = none\n[cors]\norigins = *", &[]);
    assert!(both.contains("[cors] origins") && both.contains("by name"), "{both}");
    resolve("[auth]\nmode = none\n[cors]\norigins = https://app.example", &[]);
    resolve("[cors]\norigins = *", &[]);
}
