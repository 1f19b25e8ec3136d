//! `config.ini`, as the manifest's `files` mounts it, and Spin's variables.

use std::collections::HashMap;
use std::io::ErrorKind;

use crate::config::settings::Sources;
use crate::config::{Config, ConfigError};

/// Where the manifest mounts the file.
const FILE: &str = "/config.ini";

/// A variable with its value, none where the manifest does not have it, or why it cannot be read.
pub(super) type Variable = (&'static str, Result<Option<String>, String>);

/// Reads the file and resolves everything.
pub(super) fn resolve(variables: Vec<Variable>) -> Result<Config, ConfigError> {
    let file = match std::fs::read_to_string(FILE) {
        Ok(text) => text,
        // A host may give everything by variables.
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => return Err(unreadable("config.ini", error.to_string())),
    };
    let variables = variables.into_iter().filter_map(|(name, value)| match value {
        Ok(value) => value.map(|value| Ok((name, value))),
        Err(cause) => Some(Err(unreadable(&format!("the variable `{name}`"), cause))),
    });
    Config::resolve(&Sources { file, variables: variables.collect::<Result<HashMap<_, _>, _>>()? })
}

fn unreadable(what: &str, cause: String) -> ConfigError {
    ConfigError { message: format!("{what} cannot be read (the log says why)"), cause: Some(cause) }
}

/// What the interfaces of both worlds have under the same names and as types of their own.
macro_rules! variables_of_world {
    ($variables:path) => {
        use $variables as interface;

        /// What became of asking for a variable.
        fn value(name: &'static str, result: Result<String, interface::Error>) -> $crate::wasi::settings::Variable {
            match result {
                Ok(value) => (name, Ok(Some(value))),
                Err(interface::Error::Undefined(_)) => (name, Ok(None)),
                Err(error) => (name, Err(format!("{error:?}"))),
            }
        }
    };
}
pub(super) use variables_of_world;
