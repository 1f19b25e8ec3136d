//! The table of every setting, and where its value comes from: a variable, else the variable `config`, else
//! `config.ini`, else the default.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Display;
use std::str::FromStr;

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
pub struct Settings<'a>(Vec<Value<'a>>);

struct Value<'a> {
    text: &'a str,
    source: Cow<'static, str>,
}

impl<'a> Settings<'a> {
    /// Reads the sources.
    ///
    /// # Errors
    /// Text that is not INI, an unknown section or key, or a key given twice.
    pub fn of(sources: &'a Sources) -> Result<Self, ConfigError> {
        let mut values: Vec<_> =
            TABLE.iter().map(|row| Value { text: row.default, source: "the default".into() }).collect();
        let given = |name: &str| sources.variables.get(name).filter(|value| !value.is_empty());

        lay_over(&mut values, "config.ini", &sources.file)?;
        if let Some(overlay) = given(OVERLAY) {
            lay_over(&mut values, "the variable `config`", overlay)?;
        }
        for (row, value) in TABLE.iter().zip(&mut values) {
            if let Some((name, text)) = row.variable.and_then(|name| Some((name, given(name)?))) {
                *value = Value { text, source: format!("the variable `{name}`").into() };
            }
        }
        Ok(Self(values))
    }

    /// The value of a setting, which may be empty.
    pub fn get(&self, setting: Setting) -> &'a str {
        self.0[setting as usize].text
    }

    /// The value of a setting that must not be empty.
    ///
    /// # Errors
    /// It is empty.
    pub fn required(&self, setting: Setting) -> Result<&'a str, ConfigError> {
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

/// Lays the values of a text like `config.ini` over those so far.
fn lay_over<'a>(values: &mut [Value<'a>], source: &'static str, text: &'a str) -> Result<(), ConfigError> {
    let mut section = None;
    let mut is_given = [false; TABLE.len()];
    for (line, number) in text.trim_start_matches('\u{feff}').lines().map(str::trim).zip(1..) {
        let wrong = |detail: String| Err(ConfigError::new(format!("{source}: line {number}: {detail}")));
        match Line::of(line) {
            Some(Line::Empty) => {}
            Some(Line::Section(name)) if TABLE.iter().any(|row| row.section == name) => section = Some(name),
            Some(Line::Section(name)) => {
                return wrong(format!("[{name}]: there is no such section{}", known_keys(None)));
            }
            Some(Line::Setting(key, text)) => {
                let Some(section) = section else {
                    return wrong(format!("`{key}` stands before the first section{}", known_keys(None)));
                };
                let Some(row) = TABLE.iter().find(|row| row.section == section && row.key == key) else {
                    return wrong(format!("[{section}] {key}: there is no such setting{}", known_keys(Some(section))));
                };
                if std::mem::replace(&mut is_given[row.setting as usize], true) {
                    return wrong(format!("[{section}] {key} is given twice; once is allowed"));
                }
                values[row.setting as usize] = Value { text, source: source.into() };
            }
            // It is not shown: it may be a password.
            None => return wrong("expected `[section]`, `key = value` or `; comment`".to_owned()),
        }
    }
    Ok(())
}

/// A line, trimmed.
enum Line<'a> {
    /// Nothing, or a comment.
    Empty,
    Section(&'a str),
    Setting(&'a str, &'a str),
}

impl<'a> Line<'a> {
    fn of(line: &'a str) -> Option<Self> {
        let is_name =
            |name: &&str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        if line.is_empty() || line.starts_with([';', '#']) {
            return Some(Self::Empty);
        }
        if let Some(name) = line.strip_prefix('[').and_then(|open| open.strip_suffix(']')).filter(is_name) {
            return Some(Self::Section(name));
        }
        let (key, value) = line.split_once('=')?;
        Some(key.trim()).filter(is_name).map(|key| Self::Setting(key, value.trim()))
    }
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
