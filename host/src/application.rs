//! An application made ready to be served: its manifest read, its variables resolved, its components compiled.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use tempfile::TempDir;
use tokio::sync::Semaphore;
use wasmtime::Engine;
use wasmtime_wasi_http::handler::ProxyPre;

use crate::{
    allowed_hosts::{Address, AllowedHosts},
    engine::{self, World},
    error::Error,
    files,
    instance::{self, InstanceState},
    manifest::{self, Manifest},
    outbound::{Limits, MAX_OWN_CONNECTIONS, SOCKET_TIMEOUT},
    output::Sink,
    routes::Routes,
    runtime_config::RuntimeConfig,
    settings::Settings,
    template::Template,
    variables::{LOCAL_ONLY_PREFIX, Variables},
};

/// An application, ready to be served by [`Server::bind`](crate::Server::bind).
pub struct Application {
    /// Its name and version.
    pub(crate) title: String,
    /// Its routes as the manifest has them, for the line that the host prints at its start.
    pub(crate) summary: String,
    pub(crate) routes: Routes<Arc<Component>>,
    /// A variable whose value is meant for a developer's machine alone.
    pub(crate) local_only: Option<String>,
    /// The components' files, deleted with the application.
    _mounts: Vec<TempDir>,
}

/// A component with all that its instances share.
pub(crate) struct Component {
    pub id: String,
    pub world: World,
    pub engine: Engine,
    pub pre: ProxyPre<InstanceState>,
    pub variables: BTreeMap<String, String>,
    pub environment: Vec<(String, String)>,
    pub files: Option<PathBuf>,
    pub allowed_hosts: AllowedHosts,
    /// How to allow one more address.
    allow_hint: String,
    pub redis_limits: Limits,
    /// Places for connections to Redis that no instances share.
    pub own_connections: Arc<Semaphore>,
    pub stdout: Sink,
    pub stderr: Sink,
}

impl Application {
    /// Reads the manifest and the runtime configuration, resolves every variable and compiles the components, which
    /// takes seconds the first time and milliseconds once they are in the cache.
    ///
    /// # Errors
    ///
    /// Says in one line what of it is wrong and what to do.
    pub fn load(settings: &Settings) -> Result<Self, Error> {
        settings.check()?;
        let manifest = Manifest::load(&settings.manifest)?;
        let runtime_config = match &settings.runtime_config {
            Some(path) => RuntimeConfig::load(path)?,
            None => RuntimeConfig::default(),
        };
        let variables = Variables::resolve(&manifest.variables, runtime_config, settings)?;
        let root = root_of(&settings.manifest)?;

        let mut components = BTreeMap::new();
        let mut mounts = Vec::new();
        let used: BTreeSet<&String> = manifest.trigger.http.iter().map(|trigger| &trigger.component).collect();
        for id in used {
            let (component, mount) = load_component(id, &manifest.component[id], &root, &variables, settings)?;
            mounts.extend(mount);
            components.insert(id, Arc::new(component));
        }
        let routes = manifest.trigger.http.iter();
        let routes =
            Routes::new(routes.map(|trigger| (trigger.route.clone(), Arc::clone(&components[&trigger.component]))))
                .map_err(|message| Error::Configuration {
                    path: settings.manifest.clone(),
                    place: String::new(),
                    message,
                })?;
        let local_only = variables.local_only().map(ToOwned::to_owned).or_else(|| {
            components.values().find_map(|component| {
                let mut given = component.variables.iter();
                given
                    .find(|(_, value)| value.starts_with(LOCAL_ONLY_PREFIX))
                    .map(|(name, _)| format!("component.{}.variables.{name}", component.id))
            })
        });
        Ok(Self {
            title: format!("{} {}", manifest.application.name, manifest.application.version).trim_end().to_owned(),
            summary: summary(&manifest),
            routes,
            local_only,
            _mounts: mounts,
        })
    }
}

/// The variable of the environment that lists which parameters of Redis's URL this host heeds beyond those of the redis crate.
const URL_PARAMETERS: &str = "REDIS_URL_PARAMETERS";

/// The folder of a manifest.
pub(crate) fn root_of(manifest: &Path) -> Result<PathBuf, Error> {
    let parent = match manifest.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    parent.canonicalize().map_err(|source| Error::Read { path: parent.to_owned(), source, hint: "" })
}

fn load_component(
    id: &str,
    manifest: &manifest::Component,
    root: &Path,
    variables: &Variables,
    settings: &Settings,
) -> Result<(Component, Option<TempDir>), Error> {
    let path = root.join(&manifest.source);
    let (compiled, world) = engine::component(id, &path, settings)?;
    let pre = instance::prepare(&compiled, world).map_err(|error| Error::Component {
        component: id.to_owned(),
        path,
        message: engine::one_line(&error),
    })?;
    let mount =
        files::mount(root, &manifest.files).map_err(|message| Error::Files { component: id.to_owned(), message })?;
    // What no instance has room for is refused as what is too large for the host.
    let reply_bytes = settings.max_reply_bytes.min(settings.max_instance_memory).min(settings.max_memory);
    let component = Component {
        id: id.to_owned(),
        world,
        engine: compiled.engine().clone(),
        pre,
        variables: variables.of_component(id, manifest)?,
        environment: environment(manifest),
        files: mount.as_ref().map(|folder| folder.path().to_owned()),
        allowed_hosts: allowed_hosts(id, manifest, variables)?,
        allow_hint: allow_hint(id, manifest),
        redis_limits: Limits { timeout: settings.redis_timeout, reply_bytes },
        own_connections: Arc::new(Semaphore::new(MAX_OWN_CONNECTIONS)),
        stdout: settings.stdout.clone(),
        stderr: settings.stderr.clone(),
    };
    Ok((component, mount))
}

/// The environment of a component: what the host says of itself, unless the manifest says otherwise, and what the manifest adds.
fn environment(manifest: &manifest::Component) -> Vec<(String, String)> {
    let mut environment = BTreeMap::from([(URL_PARAMETERS.to_owned(), SOCKET_TIMEOUT.to_owned())]);
    environment.extend(manifest.environment.clone());
    environment.into_iter().collect()
}

fn allowed_hosts(id: &str, manifest: &manifest::Component, variables: &Variables) -> Result<AllowedHosts, Error> {
    let mut allowed = AllowedHosts::default();
    for template in &manifest.allowed_outbound_hosts {
        let wrong = |message: String| {
            Error::Variable(format!("component.{id}.allowed_outbound_hosts, {template:?}: {message}"))
        };
        let entry = variables.render(template).map_err(wrong)?;
        allowed.add(&entry.text).map_err(|message| {
            wrong(if entry.secret || entry.text == *template {
                message
            } else {
                format!("{message} (it is {:?} with its variables)", entry.text)
            })
        })?;
    }
    Ok(allowed)
}

fn allow_hint(id: &str, manifest: &manifest::Component) -> String {
    let templates = manifest.allowed_outbound_hosts.iter().filter_map(|entry| entry.parse::<Template>().ok());
    let names: BTreeSet<String> =
        templates.flat_map(|template| template.variables().map(ToOwned::to_owned).collect::<Vec<_>>()).collect();
    let entry = format!("add it to component.{id}.allowed_outbound_hosts in the manifest");
    if names.is_empty() {
        return entry;
    }
    format!("set the variable {} to it, or {entry}", names.into_iter().collect::<Vec<_>>().join(" or "))
}

fn summary(manifest: &Manifest) -> String {
    let routes = manifest.trigger.http.iter();
    let shown: Vec<String> = routes
        .map(|trigger| {
            let source = &manifest.component[&trigger.component].source;
            format!("{} is {} ({source})", trigger.route, trigger.component)
        })
        .collect();
    shown.join(", ")
}

impl Component {
    /// Logs that a component tried to open an address that it may not.
    pub fn log_refused_address(&self, address: Option<&Address>) {
        let address = address.map_or_else(|| "an address that is none of a host".to_owned(), ToString::to_string);
        self.stderr.log(format_args!("the component {} may not open {address}: {}", self.id, self.allow_hint));
    }

    /// Logs that a component tried to open what is no URL of Redis. The text itself may hold a password.
    pub fn log_unreadable_address(&self) {
        self.stderr.log(format_args!(
            "the component {} tried to open what is no URL of Redis; it must be redis://HOST:PORT or \
             rediss://HOST:PORT, and its `socket_timeout`, where it has one, a number of seconds",
            self.id
        ));
    }
}
