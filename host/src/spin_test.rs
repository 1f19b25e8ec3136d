//! `redstart-host test`, which is also Spin's plugin `test`: builds an application and its tests, as the manifest says, and runs
//! them over a Redis of their own. (The plugin of that name by Spin's makers has no WASI 0.3, and a Redis that is none.)

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
};

use clap::Args;

use crate::{
    application::root_of,
    error::Error,
    manifest::{Component, Manifest, SpinTest},
    settings::DEFAULT_MANIFEST,
};

/// Where the tests find the manifest of what they test.
const MANIFEST_VARIABLE: &str = "SPIN_TEST_MANIFEST";
/// Where the tests find the program that they start as Redis.
const REDIS_VARIABLE: &str = "REDIS_SERVER";
/// What many connections need; where the system does not give it, a test that needs them says so.
const OPEN_FILES: u32 = 4096;

/// The flags of `test`.
#[derive(Args)]
pub struct TestFlags {
    /// The application's manifest.
    #[arg(short, long, value_name = "FILE", default_value = DEFAULT_MANIFEST)]
    from: PathBuf,
    /// The component whose tests are run; without it, the one that has some.
    #[arg(short, long, value_name = "ID")]
    component_id: Option<String>,
    /// The redis-server that the tests start; without it, the one on PATH.
    #[arg(long, value_name = "PROGRAM", env = REDIS_VARIABLE)]
    redis_server: Option<PathBuf>,
    /// Run what was built before.
    #[arg(long)]
    skip_build: bool,
    /// Parts of names: only tests with one of them are run. What follows `--` goes to the tests' own program.
    #[arg(value_name = "FILTER")]
    filters: Vec<String>,
    /// For the tests' own program.
    #[arg(last = true, value_name = "ARGUMENT")]
    arguments: Vec<String>,
}

impl TestFlags {
    /// Builds what is tested and its tests, and runs them: how they ended.
    ///
    /// # Errors
    /// There are none, something cannot be built, or there is no Redis; in one line, with what to do.
    pub fn run(&self) -> Result<ExitStatus, Error> {
        let manifest = Manifest::load(&self.from)?;
        let root = root_of(&self.from)?;
        let (id, component, tests) = self.tests(&manifest)?;
        let redis = self.redis()?;
        if !self.skip_build {
            if let Some(build) = &component.build {
                for command in build.command.as_slice() {
                    shell(id, command, &root, build.workdir.as_deref())?;
                }
            }
            if let Some(command) = &tests.build {
                shell(id, command, &root, tests.workdir.as_deref())?;
            }
        }
        let program = root.join(&tests.source);
        if !program.is_file() {
            let build = if self.skip_build { "; leave out --skip-build" } else { ": its `build` did not make it" };
            return Err(failed(id, format!("there is no {}{build}", program.display())));
        }
        let manifest = root.join(self.from.file_name().unwrap_or_default());
        let mut command = Command::new("sh");
        // A process gets few open files unless it asks.
        let enough = format!("[ \"$(ulimit -n)\" = unlimited ] || [ \"$(ulimit -n)\" -ge {OPEN_FILES} ]");
        command.args(["-c", &format!("{enough} || ulimit -S -n {OPEN_FILES} 2>/dev/null; exec \"$0\" \"$@\"")]);
        command.arg(program).args(&self.filters).args(&self.arguments).current_dir(&root);
        command.env(MANIFEST_VARIABLE, manifest).env(REDIS_VARIABLE, redis);
        command.status().map_err(|error| failed(id, format!("the tests cannot be run: {error}")))
    }

    /// The component that has tests.
    fn tests<'a>(&self, manifest: &'a Manifest) -> Result<(&'a str, &'a Component, &'a SpinTest), Error> {
        let path = self.from.display();
        let wanted = |id: &str| self.component_id.as_ref().is_none_or(|wanted| wanted == id);
        let mut found = manifest
            .component
            .iter()
            .filter_map(|(id, component)| Some((id.as_str(), component, component.tool.spin_test.as_ref()?)))
            .filter(|(id, ..)| wanted(id));
        match (found.next(), found.next()) {
            (Some(one), None) => Ok(one),
            (None, _) => {
                let id = self.component_id.as_deref().unwrap_or("COMPONENT");
                Err(Error::Setting(format!(
                    "{path} has no tests: say where they are in [component.{id}.tool.spin-test], as `source`"
                )))
            }
            (Some((one, ..)), Some((other, ..))) => Err(Error::Setting(format!(
                "{path} has tests of {one:?} and {other:?} and maybe more: choose with --component-id"
            ))),
        }
    }

    /// The program that the tests start as Redis.
    fn redis(&self) -> Result<PathBuf, Error> {
        let named = self.redis_server.clone().unwrap_or_else(|| "redis-server".into());
        let on_path = || {
            // A name alone, as a shell takes it.
            let folders = env::var_os("PATH").filter(|_| named.components().count() == 1);
            env::split_paths(&folders.unwrap_or_default()).map(|folder| folder.join(&named)).find(|path| path.is_file())
        };
        let found = on_path().or_else(|| named.is_file().then(|| named.clone()));
        // The tests run in another folder.
        let absolute = found.and_then(|program| std::path::absolute(program).ok());
        absolute.ok_or_else(|| {
            let tried =
                self.redis_server.as_ref().map_or_else(|| "on PATH".to_owned(), |path| path.display().to_string());
            Error::Setting(format!("there is no redis-server {tried}: install Redis, or name it with --redis-server"))
        })
    }
}

/// Runs a command of the manifest's, whose output is its own.
fn shell(id: &str, command: &str, root: &Path, workdir: Option<&Path>) -> Result<(), Error> {
    let folder = workdir.map_or_else(|| root.to_owned(), |workdir| root.join(workdir));
    eprintln!("redstart-host: {command}");
    let status = Command::new("sh").args(["-c", command]).current_dir(&folder).stdin(Stdio::null()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(failed(id, format!("{status}: {command}"))),
        Err(error) => Err(failed(id, format!("{error}: {command} (in {})", folder.display()))),
    }
}

fn failed(id: &str, message: String) -> Error {
    Error::Setting(format!("the tests of {id:?}: {message}"))
}
