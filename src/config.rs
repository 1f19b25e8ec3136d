//! The settings, resolved once an instance from `config.ini` and variables into one validated [`Config`].
//!
//! - [`settings`]: the table of every setting and where its value comes from
//! - [`secret`]: text that never shows

pub mod secret;
pub mod settings;

use std::fmt;
use std::net::Ipv6Addr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use tracing::Level;

use crate::auth::policy::{Commands, Rules};
use crate::auth::token::{self, Rights, Token};
use crate::cors::Origins;
use crate::rate_limit::RateLimit;
use secret::Secret;
use settings::{Setting, Settings, Sources};

/// Everything that Redstart can be told.
#[derive(Debug, PartialEq, Eq)]
pub struct Config {
    /// `[server]`
    pub server: Server,
    /// `[redis]`
    pub redis: Redis,
    /// `[auth]`
    pub auth: Auth,
    /// `[log]`
    pub log: Log,
    /// `[commands]`
    pub commands: Commands,
    /// `[cors] origins`
    pub cors: Origins,
    /// `[rate_limit]`
    pub rate_limit: RateLimit,
    /// `[idempotency]`
    pub idempotency: Idempotency,
    /// `[limits]`
    pub limits: Limits,
}

/// What concerns Redstart itself.
#[derive(Debug, PartialEq, Eq)]
pub struct Server {
    /// Keys that begin so are Redstart's own.
    pub key_prefix: String,
    /// The host names that a browser may use while nobody needs a token.
    pub hosts: Vec<String>,
}

/// Where Redis is and how long it may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redis {
    /// The whole URL, with user name and password.
    pub url: Secret,
    /// Scheme, host and port alone: what an operator allows, and what a log may hold.
    pub address: String,
    /// How long one command may take, opening a connection included.
    pub timeout: Duration,
}

/// Who may do what.
#[derive(Debug, PartialEq, Eq)]
pub enum Auth {
    /// Whoever has a token.
    Token {
        /// All tokens there are.
        tokens: Vec<Arc<Token>>,
        /// Whether the command API takes it from the query, too.
        in_query: bool,
    },
    /// Everyone, everything.
    None,
}

/// What is logged, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Log {
    /// The least important level that is written.
    pub level: Level,
    /// The form of a line.
    pub format: LogFormat,
}

impl Default for Log {
    fn default() -> Self {
        Self { level: Level::INFO, format: LogFormat::Text }
    }
}

/// The form of a line in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// logfmt: `key=value` pairs.
    Text,
    /// One JSON object.
    Json,
}

/// How large things may be.
#[derive(Debug, PartialEq, Eq)]
pub struct Limits {
    /// The body of a request, in bytes.
    pub body_bytes: usize,
    /// A key, in bytes.
    pub key_bytes: usize,
    /// A value that is shown in JSON, in bytes.
    pub json_value_bytes: usize,
    /// The answer to a request of the command API, in bytes.
    pub reply_bytes: usize,
    /// Commands in a pipeline or a transaction.
    pub pipeline_commands: usize,
}

/// How long what is known of a request with an `Idempotency-Key` is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// Its answer, in seconds.
    pub keep_seconds: u64,
    /// That it runs, in seconds.
    pub running_seconds: u64,
}

/// Why there is no [`Config`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// Names source, section, key and value, and says what is allowed. Holds no secret: every caller gets it.
    pub message: String,
    /// For the log alone: what the host said.
    pub cause: Option<String>,
}

impl ConfigError {
    /// An error that has nothing more for the log.
    pub fn new(message: String) -> Self {
        Self { message, cause: None }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Some(cause) => write!(f, "{}: {cause}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for ConfigError {}

/// The largest body that can be allowed: Redis takes no larger value (512 MiB).
const MAX_BODY_BYTES: usize = 512 * 1024 * 1024;
/// The longest key that can be allowed: percent-encoded, it still fits in the head of a request.
const MAX_KEY_BYTES: usize = 16 * 1024;
/// The largest value in JSON that can be allowed: there, it may be six times as large.
const MAX_JSON_VALUE_BYTES: usize = 64 * 1024 * 1024;
/// 30 days.
const MAX_IDEMPOTENCY_SECONDS: u64 = 30 * 24 * 60 * 60;
/// The most requests in a window.
const MAX_REQUESTS: u32 = 1_000_000;
/// One day.
const MAX_RATE_WINDOW_SECONDS: u32 = 24 * 60 * 60;
const MAX_REPLY_BYTES: usize = 128 * 1024 * 1024;
const MAX_PIPELINE_COMMANDS: usize = 1_000_000;
/// The longest time for a command that can be allowed, in milliseconds.
const MAX_TIMEOUT_MS: u64 = 600_000;

impl Config {
    /// Resolves and checks every setting.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn resolve(sources: &Sources) -> Result<Self, ConfigError> {
        let settings = Settings::of(sources)?;
        let config = Self {
            server: Server { key_prefix: settings.required(Setting::KeyPrefix)?.to_owned(), hosts: hosts(&settings)? },
            redis: Redis::resolve(&settings)?,
            auth: Auth::resolve(&settings)?,
            log: Log {
                level: settings.one_of(
                    Setting::LogLevel,
                    &[
                        ("error", Level::ERROR),
                        ("warn", Level::WARN),
                        ("info", Level::INFO),
                        ("debug", Level::DEBUG),
                        ("trace", Level::TRACE),
                    ],
                )?,
                format: settings.one_of(Setting::LogFormat, &[("text", LogFormat::Text), ("json", LogFormat::Json)])?,
            },
            commands: Commands {
                deny: rules(&settings, Setting::CommandsDeny)?,
                allow: rules(&settings, Setting::CommandsAllow)?,
            },
            cors: Origins::of(settings.get(Setting::CorsOrigins)).ok_or_else(|| {
                settings.wrong(Setting::CorsOrigins, "a list of origins such as https://app.example, or *")
            })?,
            rate_limit: rate_limit(&settings)?,
            idempotency: Idempotency {
                keep_seconds: settings.number(Setting::IdempotencyKeep, 1, MAX_IDEMPOTENCY_SECONDS)?,
                running_seconds: settings.number(Setting::IdempotencyRunning, 1, MAX_IDEMPOTENCY_SECONDS)?,
            },
            limits: Limits {
                body_bytes: settings.number(Setting::BodyBytes, 1, MAX_BODY_BYTES)?,
                key_bytes: settings.number(Setting::KeyBytes, 1, MAX_KEY_BYTES)?,
                json_value_bytes: settings.number(Setting::JsonValueBytes, 1, MAX_JSON_VALUE_BYTES)?,
                reply_bytes: settings.number(Setting::ReplyBytes, 1024, MAX_REPLY_BYTES)?,
                pipeline_commands: settings.number(Setting::PipelineCommands, 1, MAX_PIPELINE_COMMANDS)?,
            },
        };
        if config.auth == Auth::None && config.cors == Origins::Any {
            let needed = "the origins by name, while `[auth] mode = none` lets their pages do everything";
            return Err(settings.wrong(Setting::CorsOrigins, needed));
        }
        Ok(config)
    }
}

/// How many requests there may be.
fn rate_limit(settings: &Settings) -> Result<RateLimit, ConfigError> {
    let requests = |setting| settings.number(setting, 0, MAX_REQUESTS).map(NonZeroU32::new);
    let address_header = match settings.get(Setting::AddressHeader) {
        "" => None,
        name => {
            let wrong = |_| settings.wrong(Setting::AddressHeader, "the name of a header");
            Some(name.parse().map_err(wrong)?)
        }
    };
    let limit = RateLimit {
        token_requests: requests(Setting::TokenRequests)?,
        address_requests: requests(Setting::AddressRequests)?,
        address_header,
        window_seconds: settings.number(Setting::RateWindow, 1, MAX_RATE_WINDOW_SECONDS)?,
    };
    if limit.address_requests.is_some() && limit.address_header.is_none() {
        return Err(
            settings.wrong(Setting::AddressRequests, "0, unless `address_header` says where the address stands")
        );
    }
    Ok(limit)
}

/// A list of commands and categories.
fn rules(settings: &Settings, setting: Setting) -> Result<Rules, ConfigError> {
    let wrong = || settings.wrong(setting, "names of commands and ACL categories of Redis, such as `@admin, FLUSHALL`");
    Rules::of(settings.get(setting)).ok_or_else(wrong)
}

/// The hosts of `[server] hosts`, as they stand in a request.
fn hosts(settings: &Settings) -> Result<Vec<String>, ConfigError> {
    let wrong = || settings.wrong(Setting::Hosts, "host names and IP addresses without ports, separated by commas");
    settings.get(Setting::Hosts).split(',').map(|host| host_of(host.trim()).ok_or_else(wrong)).collect()
}

/// A host name or an IP address as a URL has it: IPv6 in brackets.
fn host_of(text: &str) -> Option<String> {
    let bare = text.strip_prefix('[').and_then(|open| open.strip_suffix(']')).unwrap_or(text);
    if bare.contains(':') {
        return bare.parse::<Ipv6Addr>().ok().map(|address| format!("[{address}]"));
    }
    let is_name = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    (!text.is_empty() && text.chars().all(is_name)).then(|| text.to_owned())
}

impl Redis {
    fn resolve(settings: &Settings) -> Result<Self, ConfigError> {
        let wrong_host = || settings.wrong(Setting::RedisHost, "a host name or an IP address, without a port");
        let host = host_of(settings.required(Setting::RedisHost)?).ok_or_else(wrong_host)?;
        let port: u16 = settings.number(Setting::RedisPort, 1, u16::MAX)?;
        let tls = settings.one_of(Setting::RedisTls, &[("true", true), ("false", false)])?;
        let database: u32 = settings.number(Setting::RedisDatabase, 0, u32::MAX)?;
        let user = crate::uri::encode(settings.get(Setting::RedisUsername).as_bytes());
        let password = crate::uri::encode(settings.get(Setting::RedisPassword).as_bytes());

        let scheme = if tls { "rediss" } else { "redis" };
        let login = match (user.as_str(), password.as_str()) {
            ("", "") => String::new(),
            _ => format!("{user}:{password}@"),
        };
        Ok(Self {
            url: Secret::new(format!("{scheme}://{login}{host}:{port}/{database}")),
            address: format!("{scheme}://{host}:{port}"),
            timeout: Duration::from_millis(settings.number(Setting::RedisTimeout, 1, MAX_TIMEOUT_MS)?),
        })
    }
}

impl Auth {
    fn resolve(settings: &Settings) -> Result<Self, ConfigError> {
        let needed = settings.one_of(Setting::AuthMode, &[("token", true), ("none", false)])?;
        if !needed {
            return Ok(Self::None);
        }
        let single = |setting, name, rights| match settings.get(setting) {
            "" => Ok(None),
            text => Token::new(name, text, rights).map(Some).map_err(|needed| settings.wrong(setting, &needed)),
        };
        let named = match settings.get(Setting::Tokens) {
            "" => vec![],
            json => Token::list(json).map_err(|needed| settings.wrong(Setting::Tokens, &needed))?,
        };
        let full = single(Setting::Token, token::FULL, Rights::ALL)?;
        let read_only = single(Setting::ReadOnlyToken, token::READ_ONLY, Rights::READ)?;
        let mut tokens: Vec<Arc<Token>> = Vec::new();
        let settings_of = [Setting::Token, Setting::ReadOnlyToken].into_iter().zip([full, read_only]);
        let single = settings_of.filter_map(|(setting, token)| Some((setting, token?)));
        for (setting, token) in single.chain(named.into_iter().map(|token| (Setting::Tokens, token))) {
            if let Some(needed) = tokens.iter().find_map(|other| token.clash(other)) {
                return Err(settings.wrong(setting, needed));
            }
            tokens.push(Arc::new(token));
        }
        let in_query = settings.one_of(Setting::QueryToken, &[("true", true), ("false", false)])?;
        Ok(Self::Token { tokens, in_query })
    }
}

#[cfg(test)]
mod tests;
