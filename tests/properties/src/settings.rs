//! `config.ini`: right or refused, the same wherever it stands, and no secret of it in an error.

use std::collections::HashMap;

use redstart::config::settings::{OVERLAY, Sources};
use redstart::config::{Config, ConfigError};

/// A secret that no other text holds by chance.
const SECRET: &str = "hush-hush-hush";

/// The text of a `config.ini`.
///
/// # Panics
/// Where the property does not hold.
pub fn check(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let config = of_file(text);
    if let Ok(config) = &config {
        check_bounds(config);
    }
    check_overlay(text, &config);
    check_tokens(text);
    for secret in ["[redis]\npassword", "[auth]\ntoken", "[auth]\nread_only_token", "[auth]\ntokens"] {
        // In front of the text and behind it.
        for file in [format!("{secret} = {SECRET}\n{text}"), format!("{text}\n{secret} = {SECRET}")] {
            check_secret(text, &of_file(&file));
        }
    }
}

fn of_file(file: &str) -> Result<Config, ConfigError> {
    Config::resolve(&Sources { file: file.to_owned(), variables: HashMap::new() })
}

/// What `config.ini` says of the limits.
fn check_bounds(config: &Config) {
    let limits = &config.limits;
    assert!((1..=536_870_912).contains(&limits.body_bytes), "{limits:?}");
    assert!((1..=16_384).contains(&limits.key_bytes), "{limits:?}");
    assert!((1..=67_108_864).contains(&limits.json_value_bytes), "{limits:?}");
    assert!((1_024..=134_217_728).contains(&limits.reply_bytes), "{limits:?}");
    assert!((1..=1_000_000).contains(&limits.pipeline_commands), "{limits:?}");
    assert!((1..=600_000).contains(&config.redis.timeout.as_millis()), "{:?}", config.redis);
    assert!(!config.server.key_prefix.is_empty());
    // The address goes to the log: the login is not in it.
    assert!(!config.redis.address.contains('@'), "{}", config.redis.address);
}

/// In the variable that is laid over the file the same text means the same.
fn check_overlay(text: &str, config: &Result<Config, ConfigError>) {
    let variables = HashMap::from([(OVERLAY, text.to_owned())]);
    match (config, Config::resolve(&Sources { file: String::new(), variables })) {
        (Ok(config), overlaid) => assert_eq!(Ok(config), overlaid.as_ref()),
        (Err(_), overlaid) => assert!(overlaid.is_err(), "{text:?}"),
    }
}

/// What is wrong with a list of tokens is said without showing what stands there, wherever it stands; `@@` is the secret.
fn check_tokens(text: &str) {
    let variables = HashMap::from([("api_tokens", text.replace("@@", SECRET))]);
    if let Err(error) = Config::resolve(&Sources { file: String::new(), variables }) {
        assert!(text.contains(SECRET) || !error.to_string().contains(SECRET), "{text:?}: {error}");
    }
}

fn check_secret(text: &str, config: &Result<Config, ConfigError>) {
    let shown = format!("{config:?}");
    let told = config.as_ref().err().map(ToString::to_string).unwrap_or_default();
    assert!(text.contains(SECRET) || !(shown + &told).contains(SECRET), "{text:?}");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use redstart::config::settings;

    use super::*;

    const SHIPPED: &str = include_str!("../../../config.ini");

    /// Lines as a file has them, right ones and wrong ones.
    fn line() -> impl Strategy<Value = String> {
        let of_file = |of_line: fn(&'static str) -> Option<&'static str>| {
            prop::sample::select(SHIPPED.lines().filter_map(of_line).collect::<Vec<_>>())
        };
        let section = of_file(|line| line.strip_prefix('[')?.strip_suffix(']'));
        let key = of_file(|line| line.split_once(" =").map(|(key, _)| key).filter(|key| !key.starts_with(';')));
        let value = prop_oneof![
            prop::sample::select(vec![
                "",
                "true",
                "none",
                "token",
                "json",
                "@admin",
                "GET, config|set",
                "*",
                "https://a.example",
                "[::1]",
                "a:b@c",
            ])
            .prop_map(str::to_owned),
            "[0-9]{1,12}",
            "\\PC{0,8}",
        ];
        prop_oneof![
            section.prop_map(|section| format!("[{section}]")),
            (key, value).prop_map(|(key, value)| format!("{key} = {value}")),
            "[;#\\[\\]= \\\\\"'\t]{0,4}\\PC{0,8}",
        ]
    }

    /// A token as an operator writes it, with the secret where it belongs and where it does not.
    fn token() -> impl Strategy<Value = String> {
        let field =
            prop::sample::select(vec!["name", "token", "sha256", "access", "prefixes", "commands", "expires", "@@"]);
        let value = prop::sample::select(vec![
            "\"a\"",
            "\"@@\"",
            "\"@@ @@\"",
            "[\"@@\"]",
            "[\"@read\",\"@@\"]",
            "[]",
            "{\"@@\":1}",
            "\"read\"",
            "\"2027-01-01T00:00:00Z\"",
            "1",
            "null",
        ]);
        let pair = (field, value).prop_map(|(field, value)| format!("\"{field}\":{value}"));
        let pairs = prop::collection::vec(pair, 0..5).prop_map(|pairs| pairs.join(","));
        prop_oneof![
            pairs.clone().prop_map(|pairs| format!("{{{pairs}}}")),
            pairs.prop_map(|pairs| format!("{{\"name\":\"a\",\"token\":\"@@\",\"access\":\"read\",{pairs}}}")),
            Just("\"@@\"".to_owned()),
        ]
    }

    proptest! {
        #[test]
        fn what_is_wrong_with_a_list_of_tokens_shows_none(
            tokens in prop::collection::vec(token(), 0..3), behind in "[\\]} @]{0,2}",
        ) {
            check(format!("[{}]{behind}", tokens.join(",")).as_bytes());
        }

        #[test]
        fn every_file_is_right_or_refused(lines in prop::collection::vec(line(), 0..8)) {
            check(lines.join("\n").as_bytes());
        }

        #[test]
        fn a_value_in_the_file_means_what_it_means_as_a_variable(value in "[^\\s\\p{Cc}](\\PC{0,20}[^\\s\\p{Cc}])?") {
            let variable = settings::variables().find(|name| *name == "redis_password").unwrap();
            let variables = HashMap::from([(variable, value.clone())]);
            let by_variable = Config::resolve(&Sources { file: String::new(), variables }).unwrap();
            prop_assert_eq!(of_file(&format!("[redis]\npassword = {value}\n")), Ok(by_variable));
        }
    }
}
