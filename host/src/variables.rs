//! The application's variables: where each gets its value, and what of them a component sees.
//!
//! As in Spin, the first provider that has a value wins: `--variable`, then the runtime configuration's providers in
//! their order, then the environment, then the manifest's default.

use std::{collections::BTreeMap, fmt, sync::Arc};

use wasmtime::component::{Accessor, HasData};

use crate::{
    bindings::{p2::variables as p2, p3::variables as p3},
    error::Error,
    instance::InstanceState,
    manifest::{Component, Variable},
    runtime_config::{Provider, RuntimeConfig, Value},
    settings::Settings,
    template::Template,
    variable_source,
};

/// What precedes a variable's name in the environment, as in Spin.
const ENVIRONMENT_PREFIX: &str = "SPIN_VARIABLE";
/// How the committed values for a developer's machine begin.
pub(crate) const LOCAL_ONLY_PREFIX: &str = "local-only-";

/// Every variable of the application with its value. `Debug` shows names only.
pub(crate) struct Variables(BTreeMap<String, Resolved>);

struct Resolved {
    value: String,
    secret: bool,
}

impl Variables {
    /// Gives each of the `declared` variables its value.
    pub fn resolve(
        declared: &BTreeMap<String, Variable>,
        runtime_config: RuntimeConfig,
        settings: &Settings,
    ) -> Result<Self, Error> {
        let mut providers = vec![Lookup::Values(variable_source::parse(&settings.variables)?)];
        if let Lookup::Values(given) = &providers[0]
            && let Some(name) = given.keys().find(|name| !declared.contains_key(*name))
        {
            return Err(Error::Variable(format!(
                "--variable {name}: the manifest has no variable of this name; it has {}",
                list(declared.keys())
            )));
        }
        for provider in runtime_config.providers {
            providers.push(Lookup::configured(provider)?);
        }
        let dotenv = match &settings.dotenv {
            Some(path) if path.exists() => variable_source::dotenv(path)?,
            _ => BTreeMap::new(),
        };
        providers.push(Lookup::Environment { prefix: ENVIRONMENT_PREFIX.to_owned(), dotenv });

        let value = |(name, variable): (&String, &Variable)| {
            check_name(name).map_err(|message| Error::Variable(format!("variables.{name}: {message}")))?;
            providers
                .iter()
                .find_map(|provider| provider.get(name, &settings.environment))
                .or(variable.default.as_deref())
                .map(|value| Resolved { value: value.to_owned(), secret: variable.secret })
                .map(|resolved| (name.clone(), resolved))
                .ok_or_else(|| {
                    Error::Variable(format!(
                        "the variable {name} is required and has no value: set it with --variable {name}=VALUE, in the runtime configuration, or as {ENVIRONMENT_PREFIX}_{}",
                        name.to_ascii_uppercase()
                    ))
                })
        };
        declared.iter().map(value).collect::<Result<_, _>>().map(Self)
    }

    /// The variables that the manifest gives the component `id`, with their values.
    pub fn of_component(&self, id: &str, component: &Component) -> Result<BTreeMap<String, String>, Error> {
        let value = |(name, template): (&String, &String)| {
            let wrong = |message: String| Error::Variable(format!("component.{id}.variables.{name}: {message}"));
            check_name(name).map_err(wrong)?;
            Ok((name.clone(), self.render(template).map_err(wrong)?.text))
        };
        component.variables.iter().map(value).collect()
    }

    /// Replaces the variables in `template`; an error says what is wrong with the template and shows no value.
    pub fn render(&self, template: &str) -> Result<Rendered, String> {
        let template: Template = template.parse().map_err(|error| format!("{error}"))?;
        let text = template
            .render(|name| self.0.get(name).map(|resolved| resolved.value.as_str()))
            .map_err(|name| format!("the manifest has no variable {name:?}"))?;
        let secret = template.variables().any(|name| self.0.get(name).is_some_and(|resolved| resolved.secret));
        Ok(Rendered { text, secret })
    }

    /// The first variable whose value is one for a developer's machine alone, or holds such a one.
    pub fn local_only(&self) -> Option<&str> {
        let is_of_word = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
        let holds_one = |value: &str| value.split(|c| !is_of_word(c)).any(|word| word.starts_with(LOCAL_ONLY_PREFIX));
        self.0.iter().find(|(_, resolved)| holds_one(&resolved.value)).map(|(name, _)| name.as_str())
    }
}

impl fmt::Debug for Variables {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}

/// A template's text.
pub(crate) struct Rendered {
    pub text: String,
    /// Whether a secret went into it.
    pub secret: bool,
}

/// One place where values are looked up.
enum Lookup {
    Values(BTreeMap<String, String>),
    Environment { prefix: String, dotenv: BTreeMap<String, String> },
}

impl Lookup {
    fn configured(provider: Provider) -> Result<Self, Error> {
        Ok(match provider {
            Provider::Static { values } => Self::Values(
                values
                    .into_iter()
                    .filter_map(|(name, value)| match value {
                        Value::Text(text) => Some((name, text)),
                        Value::Other(_) => None,
                    })
                    .collect(),
            ),
            Provider::Env { prefix, dotenv_path } => Self::Environment {
                prefix: prefix.unwrap_or_else(|| ENVIRONMENT_PREFIX.to_owned()),
                dotenv: dotenv_path.map_or_else(|| Ok(BTreeMap::new()), |path| variable_source::dotenv(&path))?,
            },
        })
    }

    fn get<'a>(&'a self, name: &str, environment: &'a BTreeMap<String, String>) -> Option<&'a str> {
        match self {
            Self::Values(values) => values.get(name),
            Self::Environment { prefix, dotenv } => {
                let name = format!("{prefix}_{}", name.to_ascii_uppercase());
                environment.get(&name).or_else(|| dotenv.get(&name))
            }
        }
        .map(String::as_str)
    }
}

/// How the bindings of `spin:variables` reach an instance's state.
pub(crate) struct VariablesInterface;

impl HasData for VariablesInterface {
    type Data<'a> = &'a mut InstanceState;
}

impl p3::Host for InstanceState {}

impl<T: Send> p3::HostWithStore<T> for VariablesInterface {
    async fn get(store: &Accessor<T, Self>, name: String) -> wasmtime::Result<Result<String, p3::Error>> {
        let component = store.with(|mut access| Arc::clone(&access.get().component));
        Ok(component.variable(&name).map_err(|unknown| match unknown {
            Unknown::Invalid(message) => p3::Error::InvalidName(message),
            Unknown::Undefined(message) => p3::Error::Undefined(message),
        }))
    }
}

impl p2::Host for InstanceState {
    async fn get(&mut self, name: String) -> wasmtime::Result<Result<String, p2::Error>> {
        Ok(self.component.variable(&name).map_err(|unknown| match unknown {
            Unknown::Invalid(message) => p2::Error::InvalidName(message),
            Unknown::Undefined(message) => p2::Error::Undefined(message),
        }))
    }
}

/// Why a component gets no value.
enum Unknown {
    Invalid(String),
    Undefined(String),
}

impl crate::application::Component {
    fn variable(&self, name: &str) -> Result<String, Unknown> {
        check_name(name).map_err(Unknown::Invalid)?;
        let value = self.variables.get(name).cloned();
        value.ok_or_else(|| Unknown::Undefined(format!("no variable for {:?}.{name:?}", self.id)))
    }
}

/// Spin's rule for the names of variables.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    let good = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.ends_with(|last: char| last.is_ascii_lowercase() || last.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && !name.contains("__");
    if good {
        return Ok(());
    }
    Err(format!(
        "{name:?} is no name of a variable: lower-case letters, digits and single underscores, a letter first, no underscore last"
    ))
}

fn list<'a>(names: impl Iterator<Item = &'a String>) -> String {
    let names: Vec<&str> = names.map(String::as_str).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

#[cfg(test)]
#[path = "variables_tests.rs"]
mod tests;
