//! The table of every setting, and where its value comes from: a variable, else the variable `config`, else
//! `config.ini`, else the default.

use std::collections::HashMap;
use std::fmt::Display;
use std::str::FromStr;

use ini::{Ini, ParseOption};

use super::ConfigError;

/// What the host gives to resolve settings from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The text of `config.ini`; empty where there is no such file.
    pub file: String,
    /// The variables that have a value, by name. Empty ones count as not given.
    pub variables: HashMap<&'static str, String>,
}

/// The variable that holds INI text laid over `config.ini`.
pub const OVERLAY: &str = "config";

/// What is known of one setting.
pub struct Row {
    setting: Setting,
    section: &'static str,
    key: &'static str,
    default: &'static str,
    variable: Option<&'static str>,
    secret: bool,
}

/// Makes the enumeration [`Setting`] and the table [`TABLE`] from rows of section, key, default, variable and whether
/// it is a secret.
macro_rules! settings {
    ($($name:ident: $section:literal $key:literal $default:literal $variable:expr, $secret:literal;)*) => {
        /// A setting.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Setting {
            $(#[doc = concat!("`[", $section, "] ", $key, "`")] $name,)*
        }

        /// Every setting, in the order of [`Setting`].
        pub const TABLE: &[Row] = &[$(Row {
            setting: Setting::$name,
            section: $section,
            key: $key,
            default: $default,
            variable: $variable,
            secret: $secret,
        },)*];
    };
}

settings! {
    KeyPrefix:     "server" "key_prefix"      "redstart:"                   None,                        false;
    Hosts:         "server" "hosts"           "localhost, 127.0.0.1, [::1]" None,                        false;
    RedisHost:     "redis"  "host"            "127.0.0.1"                   Some("redis_host"),          false;
    RedisPort:     "redis"  "port"            "6379"                        Some("redis_port"),          false;
    RedisUsername: "redis"  "username"        ""                            Some("redis_username"),      false;
    RedisPassword: "redis"  "password"        ""                            Some("redis_password"),      true;
    RedisDatabase: "redis"  "database"        "0"                           Some("redis_database"),      false;
    RedisTls:      "redis"  "tls"             "false"                       Some("redis_tls"),           false;
    RedisTimeout:  "redis"  "timeout_ms"      "2000"                        None,                        false;
    AuthMode:      "auth"   "mode"            "token"                       None,                        false;
    Token:         "auth"   "token"           ""                            Some("api_token"),           true;
    ReadOnlyToken: "auth"   "read_only_token" ""                            Some("api_read_only_token"), true;
    Tokens:        "auth"   "tokens"          ""                            Some("api_tokens"),          true;
    QueryToken:    "auth"   "query_token"     "false"                       None,                        false;
    CorsOrigins:   "cors"   "origins"         ""                            None,                        false;
    CommandsDeny:  "commands" "deny"          "@admin, MIGRATE"             None,                        false;
    CommandsAllow: "commands" "allow"         ""                            None,                        false;
    TokenRequests: "rate_limit" "token_requests" "0"                        None,                        false;
    AddressRequests: "rate_limit" "address_requests" "0"                    None,                        false;
    AddressHeader: "rate_limit" "address_header" ""                         None,                        false;
    RateWindow:    "rate_limit" "window_seconds" "60"                       None,                        false;
    IdempotencyKeep: "idempotency" "keep_seconds" "86400"                   None,                        false;
    IdempotencyRunning: "idempotency" "running_seconds" "60"                None,                        false;
    LogLevel:      "log"    "level"           "info"                        Some("log_level"),           false;
    LogFormat:     "log"    "format"          "text"                        None,                        false;
    BodyBytes:     "limits" "body_bytes"      "16777216"                    None,                        false;
    KeyBytes:      "limits" "key_bytes"       "8192"                        None,                        false;
    JsonValueBytes: "limits" "json_value_bytes" "4194304"                   None,                        false;
    ReplyBytes:    "limits" "reply_bytes"     "33554432"                    None,                        false;
    PipelineCommands: "limits" "pipeline_commands" "10000"                  None,                        false;
}

/// The names of all variables that are read.
pub fn variables() -> impl Iterator<Item = &'static str> {
    TABLE.iter().filter_map(|row| row.variable).chain([OVERLAY])
}

/// The value of each setting as text, with where it stood.
pub struct Settings(Vec<Value>);

struct Value {
    text: String,
    source: String,
}

impl Settings {
    /// Reads the sources.
    ///
    /// # Errors
    /// Text that is not INI, an unknown section or key, or a key given twice.
    pub fn of(sources: &Sources) -> Result<Self, ConfigError> {
        let mut values: Vec<Value> =
            TABLE.iter().map(|row| Value { text: row.default.to_owned(), source: "the default".to_owned() }).collect();
        let given = |name: &str| sources.variables.get(name).filter(|value| !value.is_empty());

        lay_over(&mut values, "config.ini", &sources.file)?;
        if let Some(overlay) = given(OVERLAY) {
            lay_over(&mut values, "the variable `config`", overlay)?;
        }
        for (row, value) in TABLE.iter().zip(&mut values) {
            if let Some((name, text)) = row.variable.and_then(|name| Some((name, given(name)?))) {
                *value = Value { text: text.clone(), source: format!("the variable `{name}`") };
            }
        }
        Ok(Self(values))
    }

    /// The value of a setting, which may be empty.
    pub fn get(&self, setting: Setting) -> &str {
        &self.0[setting as usize].text
    }

    /// The value of a setting that must not be empty.
    ///
    /// # Errors
    /// It is empty.
    pub fn required(&self, setting: Setting) -> Result<&str, ConfigError> {
        match self.get(setting) {
            "" => Err(self.wrong(setting, "anything but an empty value")),
            value => Ok(value),
        }
    }

    /// A setting that is a whole number.
    ///
    /// # Errors
    /// It is none, or out of bounds.
    pub fn number<N>(&self, setting: Setting, least: N, most: N) -> Result<N, ConfigError>
    where
        N: FromStr + PartialOrd + Display,
    {
        match self.get(setting).parse() {
            Ok(number) if least <= number && number <= most => Ok(number),
            _ => Err(self.wrong(setting, &format!("a whole number from {least} to {most}"))),
        }
    }

    /// A setting that is one of a few words.
    ///
    /// # Errors
    /// It is another.
    pub fn one_of<T: Copy>(&self, setting: Setting, words: &[(&str, T)]) -> Result<T, ConfigError> {
        let value = self.get(setting);
        words.iter().find(|(word, _)| *word == value).map(|(_, meaning)| *meaning).ok_or_else(|| {
            let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            self.wrong(setting, &words.join(", "))
        })
    }

    /// The error that a setting's value is not what is allowed.
    pub fn wrong(&self, setting: Setting, allowed: &str) -> ConfigError {
        let (row, value) = (&TABLE[setting as usize], &self.0[setting as usize]);
        // A URL in the place of a host may hold a password.
        let hidden = row.secret || value.text.contains('@') || value.text.contains("://");
        let shown = if hidden { "its value (not shown)".to_owned() } else { format!("`{}`", value.text) };
        ConfigError::new(format!(
            "[{}] {} in {}: {shown} is not allowed; allowed: {allowed}",
            row.section, row.key, value.source
        ))
    }
}

/// Lays the values of an INI text over those so far.
fn lay_over(values: &mut [Value], source: &str, text: &str) -> Result<(), ConfigError> {
    let error = |detail: String| ConfigError::new(format!("{source}: {detail}"));
    let plain = ParseOption { enabled_quote: false, enabled_escape: false, ..ParseOption::default() };
    let ini = Ini::load_from_str_opt(&tidy(text).map_err(error)?, plain)
        .map_err(|wrong| error(format!("line {}: {}", wrong.line, wrong.msg)))?;

    for (section, keys) in &ini {
        for (key, value) in keys {
            let place = match section {
                Some(section) => format!("[{section}] {key}"),
                None => format!("`{key}` before the first section"),
            };
            let Some(row) = TABLE.iter().find(|row| Some(row.section) == section && row.key == key) else {
                return Err(error(format!("{place}: there is no such setting{}", known_keys(section))));
            };
            let times: usize = ini.section_all(section).map(|keys| keys.get_all(key).count()).sum();
            if times > 1 {
                return Err(error(format!("{place}: given {times} times; once is allowed")));
            }
            values[row.setting as usize] = Value { text: value.to_owned(), source: source.to_owned() };
        }
    }
    Ok(())
}

/// The text without comments and indentation, each line of which is a section or a setting. The library alone would
/// take a line without `=` and the next one for one key, and show them, when the line may be a password.
fn tidy(text: &str) -> Result<String, String> {
    let is_name = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let mut tidy = String::with_capacity(text.len());
    for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with([';', '#']) {
            continue;
        }
        let section = line.strip_prefix('[').and_then(|open| open.strip_suffix(']'));
        match section {
            Some(section) if TABLE.iter().any(|row| row.section == section) => {}
            Some(section) if is_name(section) => {
                return Err(format!("[{section}]: there is no such section{}", known_keys(None)));
            }
            _ if line.split_once('=').is_some_and(|(key, _)| is_name(key.trim())) => {}
            _ => return Err(format!("line {}: expected `[section]`, `key = value` or `; comment`", number + 1)),
        }
        tidy.push_str(line);
        // Without escapes, too, the library joins a line that ends in `\` with the next; the space, which it trims, keeps
        // a password that ends so whole.
        tidy.push_str(" \n");
    }
    Ok(tidy)
}

/// What may stand in a section, as the end of an error.
fn known_keys(section: Option<&str>) -> String {
    let keys: Vec<_> = TABLE.iter().filter(|row| Some(row.section) == section).map(|row| row.key).collect();
    if keys.is_empty() {
        let mut sections: Vec<_> = TABLE.iter().map(|row| row.section).collect();
        sections.dedup();
        return format!("; sections: {}", sections.join(", "));
    }
    format!("; keys: {}", keys.join(", "))
}
