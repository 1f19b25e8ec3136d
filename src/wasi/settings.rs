//! `config.ini`, as the manifest's `files` mounts it, and Spin's variables.

use std::collections::HashMap;
use std::io::ErrorKind;

use futures_util::future::join_all;

use super::bindings::variables::{self, Error};
use crate::config::settings::{self, Sources};
use crate::config::{Config, ConfigError};

/// Where the manifest mounts the file.
const FILE: &str = "/config.ini";

/// Reads everything and resolves it.
pub(super) async fn resolve() -> Result<Config, ConfigError> {
    let file = match std::fs::read_to_string(FILE) {
        Ok(text) => text,
        // A host may give everything by variables.
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => return Err(unreadable("config.ini", error.to_string())),
    };
    let values = join_all(settings::variables().map(async |name| (name, variables::get(name.to_owned()).await))).await;
    let variables = values.into_iter().filter_map(|(name, value)| match value {
        Ok(value) => Some(Ok((name, value))),
        // The manifest need not have them all.
        Err(Error::Undefined(_)) => None,
        Err(error) => Some(Err(unreadable(&format!("the variable `{name}`"), format!("{error:?}")))),
    });
    Config::resolve(&Sources { file, variables: variables.collect::<Result<HashMap<_, _>, _>>()? })
}

fn unreadable(what: &str, cause: String) -> ConfigError {
    ConfigError { message: format!("{what} cannot be read (the log says why)"), cause: Some(cause) }
}
