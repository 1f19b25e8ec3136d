//! `allowed_outbound_hosts`: which addresses of Redis a component may open, by Spin's rules.
//!
//! An entry is `SCHEME://HOST[:PORT]`. The scheme is a name or `*`; the host a name, an IP address, `*`, `*.DOMAIN` or
//! a network in CIDR notation; the port a number, a range `FIRST..END` without its end, or `*`. Without a port the
//! scheme's own one is meant, which only some schemes have.

use std::{net::IpAddr, ops::Range};

use ipnet::IpNet;
use redis::ConnectionAddr;
use url::Host;

/// The schemes whose port need not be given. `rediss` is not among them, as in Spin.
const DEFAULT_PORTS: [(&str, u16); 6] =
    [("redis", 6379), ("http", 80), ("https", 443), ("mqtt", 1883), ("mysql", 3306), ("postgres", 5432)];

/// The addresses that a component may open.
#[derive(Debug, Default)]
pub(crate) struct AllowedHosts(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    /// `None` is any.
    scheme: Option<String>,
    host: AllowedHost,
    port: AllowedPort,
}

#[derive(Debug)]
enum AllowedHost {
    Any,
    /// The suffix that a name must have, with its leading dot.
    Below(String),
    Network(IpNet),
    Exactly(Host),
    /// The application itself, which is no address of Redis.
    Own,
}

#[derive(Debug)]
enum AllowedPort {
    Any,
    Exactly(u16),
    Within(Range<u16>),
}

impl AllowedHosts {
    /// Adds an entry whose variables are already replaced; an empty one allows nothing. An error does not show it.
    pub fn add(&mut self, entry: &str) -> Result<(), String> {
        // What a template with an empty variable leaves means, in Spin too, that there is no such address.
        if !matches!(entry, "" | "http://" | "https://") {
            self.0.push(Entry::parse(entry.trim())?);
        }
        Ok(())
    }

    /// Whether `address` may be opened.
    pub fn allow(&self, address: &Address) -> bool {
        self.0.iter().any(|entry| entry.allows(address))
    }
}

/// Where a connection of the Redis crate would go. Made from the crate's own reading of the URL, so that what is checked
/// is what is opened, whatever the password holds; Spin reads the URL by itself.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Address {
    scheme: &'static str,
    host: Host,
    port: u16,
}

impl Address {
    /// The address, unless it is that of a socket file or no name of a host.
    pub fn of(address: &ConnectionAddr) -> Option<Self> {
        let (scheme, host, port) = match address {
            ConnectionAddr::Tcp(host, port) => ("redis", host, *port),
            ConnectionAddr::TcpTls { host, port, .. } => ("rediss", host, *port),
            ConnectionAddr::Unix(_) => return None,
        };
        let host = match host.parse() {
            Ok(IpAddr::V4(ip)) => Host::Ipv4(ip),
            Ok(IpAddr::V6(ip)) => Host::Ipv6(ip),
            Err(_) => Host::parse(host).ok()?,
        };
        Some(Self { scheme, host, port })
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}://{}:{}", self.scheme, self.host, self.port)
    }
}

fn default_port(scheme: &str) -> Option<u16> {
    DEFAULT_PORTS.iter().find(|(name, _)| *name == scheme).map(|&(_, port)| port)
}

impl Entry {
    fn parse(entry: &str) -> Result<Self, String> {
        let (scheme, rest) =
            entry.split_once("://").ok_or("it must be SCHEME://HOST[:PORT], for instance redis://127.0.0.1:6379")?;
        // An address of version 6 has colons of its own: what parses whole as a host has no port.
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !port.is_empty() && AllowedHost::parse(rest).is_err() => (host, port),
            Some((host, "")) => (host, ""),
            _ => (rest, ""),
        };
        Ok(Self {
            scheme: parse_scheme(scheme)?,
            port: AllowedPort::parse(port.strip_suffix('/').unwrap_or(port), scheme)?,
            host: AllowedHost::parse(host)?,
        })
    }

    fn allows(&self, address: &Address) -> bool {
        self.scheme.as_ref().is_none_or(|scheme| scheme == address.scheme)
            && self.host.allows(&address.host)
            && self.port.allows(address.port)
    }
}

fn parse_scheme(scheme: &str) -> Result<Option<String>, String> {
    match scheme {
        "*" => Ok(None),
        _ if scheme.chars().all(char::is_alphabetic) => Ok(Some(scheme.to_owned())),
        _ => Err("its scheme must be a name or `*`".to_owned()),
    }
}

impl AllowedHost {
    fn parse(host: &str) -> Result<Self, String> {
        let host = host.trim();
        if let Ok(network) = host.parse::<IpNet>() {
            return Ok(Self::Network(network));
        }
        let host = host.strip_suffix('/').unwrap_or(host);
        let name = |name: &str| Host::parse(name).map_err(|error| format!("its host is wrong: {error}"));
        match host {
            "*" => Ok(Self::Any),
            "self" | "self.alt" => Ok(Self::Own),
            _ if host.contains('/') => Err("it must not have a path".to_owned()),
            _ => match host.strip_prefix("*.") {
                Some(domain) if !domain.contains('*') => match name(domain)? {
                    Host::Domain(domain) => Ok(Self::Below(format!(".{domain}"))),
                    _ => Err("what follows `*.` must be a domain".to_owned()),
                },
                None if !host.contains('*') => Ok(Self::Exactly(name(host)?)),
                _ => Err("`*` may stand alone or as `*.` before a domain".to_owned()),
            },
        }
    }

    fn allows(&self, host: &Host) -> bool {
        match (self, host) {
            (Self::Any, _) => true,
            (Self::Below(suffix), Host::Domain(domain)) => domain.ends_with(suffix.as_str()),
            (Self::Network(network), Host::Ipv4(ip)) => network.contains(&IpAddr::V4(*ip)),
            (Self::Network(network), Host::Ipv6(ip)) => network.contains(&IpAddr::V6(*ip)),
            (Self::Exactly(exactly), host) => exactly == host,
            (Self::Below(_) | Self::Network(_) | Self::Own, _) => false,
        }
    }
}

impl AllowedPort {
    fn parse(port: &str, scheme: &str) -> Result<Self, String> {
        let number =
            |port: &str| port.parse::<u16>().map_err(|_| "its port must be a number, FIRST..END or `*`".to_owned());
        match port {
            "" => default_port(scheme).map(Self::Exactly).ok_or_else(|| {
                format!("it needs a port: the scheme {scheme:?} has none of its own; `:*` allows every port")
            }),
            "*" => Ok(Self::Any),
            _ => match port.split_once("..") {
                Some((first, end)) => Ok(Self::Within(number(first)?..number(end)?)),
                None => Ok(Self::Exactly(number(port)?)),
            },
        }
    }

    fn allows(&self, port: u16) -> bool {
        match self {
            Self::Any => true,
            Self::Exactly(exactly) => port == *exactly,
            Self::Within(range) => range.contains(&port),
        }
    }
}

#[cfg(test)]
#[path = "allowed_hosts_tests.rs"]
mod tests;
