//! Spin's runtime configuration: where the values of variables come from.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::error::Error;

/// The providers of a runtime configuration, in their order.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuntimeConfig {
    #[serde(default, rename = "variables_provider")]
    pub providers: Vec<Provider>,
}

/// An entry of `[[variables_provider]]`. There is no `Debug`: values are secrets.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Provider {
    /// Values written in the file.
    Static { values: BTreeMap<String, Value> },
    /// Environment variables.
    Env { prefix: Option<String>, dotenv_path: Option<PathBuf> },
}

/// Text, or anything else: the parser's own message for a value of the wrong type would show the value.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Value {
    Text(String),
    Other(serde::de::IgnoredAny),
}

impl RuntimeConfig {
    /// Reads the runtime configuration at `path`.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let text = fs::read_to_string(path).map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
            hint: "; it was named by --runtime-config-file",
        })?;
        Self::parse(path, &text)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, Error> {
        let config: Self = toml::from_str(text).map_err(|error| Error::toml(path, text, &error))?;
        for provider in &config.providers {
            if let Provider::Static { values } = provider
                && let Some((name, _)) = values.iter().find(|(_, value)| matches!(value, Value::Other(_)))
            {
                let message = format!("variables_provider.values.{name} must be a string");
                return Err(Error::configuration(path, text, None, message));
            }
        }
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<RuntimeConfig, Error> {
        RuntimeConfig::parse(Path::new("runtime-config.toml"), text)
    }

    #[test]
    fn providers_keep_their_order() {
        let config = parse(
            "[[variables_provider]]\ntype = 'env'\nprefix = 'X'\ndotenv_path = 'f'\n\
             [[variables_provider]]\ntype = 'static'\nvalues = { a = 'b' }\n",
        )
        .unwrap_or_else(|error| panic!("{error}"));
        assert!(matches!(&config.providers[..], [Provider::Env { .. }, Provider::Static { .. }]));
    }

    #[test]
    fn errors_name_the_key_and_keep_values_secret() {
        for (text, key) in [
            ("[sqlite_database]", "sqlite_database"),
            ("[[variables_provider]]\ntype = 'vault'\ntoken = 'hush'", "vault"),
            ("[[variables_provider]]\ntype = 'static'", "values"),
            ("[[variables_provider]]\ntype = 'static'\nvalue = { a = 'hush' }", "value"),
            ("[[variables_provider]]\ntype = 'env'\nprefx = 'hush'", "prefx"),
            ("[[variables_provider]]\ntype = 'static'\nvalues = { pass = 5577 }", "values.pass"),
            ("[[variables_provider]]\ntype = 'static'\nvalues = { pass = 'hush\n", "runtime-config.toml:3"),
        ] {
            let message = parse(text).map(|_| ()).expect_err(text).to_string();
            assert!(message.contains(key), "{message} does not name {key}");
            assert!(!message.contains("hush") && !message.contains("5577"), "{message}");
            assert!(!message.contains('\n'), "{message} is one line");
        }
    }
}
