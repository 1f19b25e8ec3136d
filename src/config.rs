//! The settings, resolved once an instance from `config.ini` and variables into one validated [`Config`].
//!
//! - [`settings`]: the table of every setting and where its value comes from
//! - [`secret`]: text that never shows

pub mod secret;
pub mod settings;

use std::fmt;
use std::time::Duration;

use tracing::Level;

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
#[derive(Debug, PartialEq, Eq)]
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
        /// Reads and writes.
        full: Option<Secret>,
        /// Reads only.
        read_only: Option<Secret>,
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
}

/// Why there is no [`Config`]: it names source, section, key and value, and says what is allowed. Holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(pub String);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

/// The largest body that can be allowed: Redis takes no larger value (512 MiB).
const MAX_BODY_BYTES: usize = 512 * 1024 * 1024;
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
            server: Server {
                key_prefix: settings.required(Setting::KeyPrefix)?.to_owned(),
                hosts: settings.get(Setting::Hosts).split(',').map(|host| host.trim().to_owned()).collect(),
            },
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
            limits: Limits { body_bytes: settings.number(Setting::BodyBytes, 1, MAX_BODY_BYTES)? },
        };
        Ok(config)
    }
}

impl Redis {
    fn resolve(settings: &Settings) -> Result<Self, ConfigError> {
        let host = settings.required(Setting::RedisHost)?;
        let is_host = |c: char| c.is_ascii_alphanumeric() || ".-_:".contains(c);
        if !host.chars().all(is_host) {
            return Err(settings.wrong(Setting::RedisHost, "a host name or an IP address, without a port"));
        }
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
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
        let token = |setting| match settings.get(setting) {
            "" => Ok(None),
            token if token.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(Some(Secret::new(token.to_owned()))),
            _ => Err(settings.wrong(setting, "visible ASCII characters without spaces, as a header can carry them")),
        };
        let (full, read_only) = (token(Setting::Token)?, token(Setting::ReadOnlyToken)?);
        if full.is_some() && full == read_only {
            return Err(settings.wrong(Setting::ReadOnlyToken, "a token other than the one that may write"));
        }
        Ok(Self::Token { full, read_only })
    }
}

#[cfg(test)]
mod tests;
