//! `spin.toml`: the part of Spin's manifest that this host runs. Every other key is an error that names it.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::error::Error;

/// The only version of the manifest's format that is read.
const MANIFEST_VERSION: u8 = 2;

/// A manifest as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    #[serde(rename = "spin_manifest_version", deserialize_with = "manifest_version")]
    _version: (),
    pub application: ApplicationDetails,
    #[serde(default)]
    pub variables: BTreeMap<String, Variable>,
    pub trigger: Triggers,
    #[serde(default)]
    pub component: BTreeMap<String, Component>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApplicationDetails {
    pub name: String,
    #[serde(default)]
    pub version: String,
    #[serde(default, rename = "description")]
    _description: String,
    #[serde(default, rename = "authors")]
    _authors: Vec<String>,
}

/// A variable of the application: either it has a default or it is required.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Variable {
    pub default: Option<String>,
    #[serde(default)]
    pub required: bool,
    #[serde(default)]
    pub secret: bool,
    #[serde(default, rename = "description")]
    _description: Option<String>,
}

impl std::fmt::Debug for Variable {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Variable")
            .field("required", &self.required)
            .field("secret", &self.secret)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Triggers {
    pub http: Vec<HttpTrigger>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HttpTrigger {
    #[serde(default, rename = "id")]
    _id: Option<String>,
    pub route: String,
    pub component: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Component {
    /// A path relative to the manifest.
    pub source: String,
    #[serde(default, rename = "description")]
    _description: String,
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    #[serde(default)]
    pub files: Vec<FilesMount>,
    #[serde(default)]
    pub allowed_outbound_hosts: Vec<String>,
    /// How `spin build` makes the source.
    pub build: Option<Build>,
    #[serde(default)]
    pub tool: Tools,
}

/// How something is built. What else there is, `spin build` reads.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Build {
    pub command: Commands,
    /// Where, relative to the manifest.
    pub workdir: Option<PathBuf>,
}

/// A command of the shell, or several.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "`command` is a string or a list of strings")]
pub(crate) enum Commands {
    One(String),
    All(Vec<String>),
}

impl Commands {
    pub fn as_slice(&self) -> &[String] {
        match self {
            Self::One(command) => std::slice::from_ref(command),
            Self::All(commands) => commands,
        }
    }
}

/// What plugins read.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Tools {
    #[serde(rename = "spin-test")]
    pub spin_test: Option<SpinTest>,
}

/// The tests of a component.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SpinTest {
    /// The program that runs them, relative to the manifest.
    pub source: PathBuf,
    /// The command of the shell that builds it.
    pub build: Option<String>,
    /// Where that is run, relative to the manifest.
    pub workdir: Option<PathBuf>,
}

/// An entry of `files`.
#[derive(Clone, Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "an entry of `files` is a path or pattern, or a table of `source` and `destination` alone"
)]
pub(crate) enum FilesMount {
    /// A path or glob pattern relative to the manifest, which is also the path in the component.
    Pattern(String),
    Placement(Placement),
}

/// A file or folder relative to the manifest, and where the component finds it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Placement {
    pub source: String,
    pub destination: String,
}

impl Manifest {
    /// Reads the manifest at `path`.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let text = fs::read_to_string(path).map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
            hint: "; name the application's manifest with --from",
        })?;
        Self::parse(path, &text)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, Error> {
        let manifest: Self = toml::from_str(text).map_err(|error| Error::toml(path, text, &error))?;
        let wrong = |message: String| Err(Error::configuration(path, text, None, message));
        for (name, variable) in &manifest.variables {
            if variable.required == variable.default.is_some() {
                return wrong(format!("variables.{name} must have either `default` or `required = true`"));
            }
        }
        if manifest.trigger.http.is_empty() {
            return wrong("there is no [[trigger.http]]".to_owned());
        }
        for trigger in &manifest.trigger.http {
            if !manifest.component.contains_key(&trigger.component) {
                return wrong(format!(
                    "trigger.http with the route {:?} names the component {:?}, but there is no [component.{}]",
                    trigger.route, trigger.component, trigger.component
                ));
            }
        }
        Ok(manifest)
    }
}

fn manifest_version<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
    match u8::deserialize(deserializer)? {
        MANIFEST_VERSION => Ok(()),
        version => {
            Err(serde::de::Error::custom(format!("spin_manifest_version must be {MANIFEST_VERSION}, not {version}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALLEST: &str = r#"
        spin_manifest_version = 2
        [application]
        name = "a"
        [[trigger.http]]
        route = "/..."
        component = "c"
        [component.c]
        source = "c.wasm"
    "#;

    fn parse(text: &str) -> Result<Manifest, Error> {
        Manifest::parse(Path::new("spin.toml"), text)
    }

    fn message(text: &str) -> String {
        parse(text).expect_err("the manifest is wrong").to_string()
    }

    #[test]
    fn the_smallest_manifest_is_read() {
        let manifest = parse(SMALLEST).expect("the manifest is right");
        assert_eq!(manifest.trigger.http[0].route, "/...");
        assert_eq!(manifest.component["c"].source, "c.wasm");
    }

    #[test]
    fn what_only_other_tools_read_is_ignored() {
        parse(&format!(
            "{SMALLEST}\n[component.c.build]\ncommand = 'make'\nwatch = ['src']\n[component.c.tool.x]\ny = 1\n"
        ))
        .expect("the manifest is right");
    }

    #[test]
    fn errors_name_the_key() {
        for (addition, key) in [
            ("key_value_stores = ['default']", "key_value_stores"),
            ("exclude_files = []", "exclude_files"),
            ("[component.c.dependencies]", "dependencies"),
            ("[[trigger.redis]]\nchannel = 'x'", "redis"),
            ("[application.trigger.redis]\naddress = 'x'", "trigger"),
            ("[variables]\nx = { defualt = '' }", "defualt"),
            ("[variables]\nx = { secret = true }", "variables.x"),
            ("[variables]\nx = { required = true, default = '' }", "variables.x"),
            ("[variables]\nx = { default = 1 }", "expected a string"),
            ("files = [{ source = 'a' }]", "`files`"),
            ("[[trigger.http]]\nroute = '/'\ncomponent = 'd'", "[component.d]"),
            ("[[trigger.http]]\nroute = '/'\ncomponent = 'c'\nexecutor = {}", "executor"),
        ] {
            let message = message(&format!("{SMALLEST}\n{addition}\n"));
            assert!(message.starts_with("spin.toml"), "{message}");
            assert!(message.contains(key), "{message} does not name {key}");
            assert!(!message.contains('\n'), "{message} is one line");
        }
    }

    #[test]
    fn another_version_of_the_format_is_refused() {
        let message = message(&SMALLEST.replace("version = 2", "version = 1"));
        assert!(message.contains("spin_manifest_version must be 2, not 1"), "{message}");
    }

    #[test]
    fn defaults_do_not_show_in_debug_output() {
        let text = format!("{SMALLEST}\n[variables]\nx = {{ default = 'hush' }}\n");
        assert!(!format!("{:?}", parse(&text).expect("the manifest is right")).contains("hush"));
    }
}
