//! `redstart-host`: reads the flags, starts the host, and ends it on SIGINT and SIGTERM.

use std::{env, ffi::OsString, path::Path, process::ExitCode};

use clap::Parser as _;
use redstart_host::{Application, Cli, Drained, Error, Server, Settings, Task};
use tokio::signal::unix::{Signal, SignalKind, signal};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The exit code after wrong flags; anything else that keeps the host from starting gives 1.
const WRONG_FLAGS: u8 = 2;

fn main() -> ExitCode {
    let cli = match Cli::try_parse_from(arguments()) {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => {
            let text = error.render().to_string();
            let what = text.split("\n\n").next().unwrap_or(&text);
            let what: Vec<&str> = what.split_whitespace().collect();
            eprintln!("redstart-host: {} (--help lists the flags)", what.join(" "));
            return WRONG_FLAGS.into();
        }
        // What was asked for with --help or --version.
        Err(error) => error.exit(),
    };
    if let Some(Task::Test(flags)) = cli.task() {
        return match flags.run() {
            // A signal that ended the tests has no code.
            Ok(status) => u8::try_from(status.code().unwrap_or(1)).map_or(ExitCode::FAILURE, ExitCode::from),
            Err(error) => failed(&Settings::default(), &error),
        };
    }
    let settings = cli.into_settings();
    // It accepts connections and waits for signals; what serves them has threads of its own.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&settings, &error),
    };
    let code = match runtime.block_on(run(&settings)) {
        Ok(Drained::Cleanly) => ExitCode::SUCCESS,
        Ok(Drained::CutOff) => {
            settings.stderr.log("ended before every request was answered");
            ExitCode::FAILURE
        }
        Err(error) => failed(&settings, &error),
    };
    // What still runs, runs for nobody.
    runtime.shutdown_background();
    code
}

/// The arguments; as Spin's plugin `test`, by whose name it is called then, it is asked for nothing but that.
fn arguments() -> impl Iterator<Item = OsString> {
    let mut arguments = env::args_os();
    let program = arguments.next().unwrap_or_default();
    let is_plugin = Path::new(&program).file_stem() == Some("test".as_ref());
    let asked: [Option<OsString>; 2] =
        if is_plugin { [Some("spin".into()), Some("test".into())] } else { [Some(program), None] };
    asked.into_iter().flatten().chain(arguments)
}

fn failed(settings: &Settings, error: &dyn std::error::Error) -> ExitCode {
    settings.stderr.log(format_args!("error: {error}"));
    ExitCode::FAILURE
}

async fn run(settings: &Settings) -> Result<Drained, Error> {
    let application = Application::load(settings)?;
    let mut signals =
        Signals::listen().map_err(|error| Error::Setting(format!("cannot listen for signals: {error}")))?;
    let server = Server::bind(application, settings).await?;
    settings.stderr.log(server.summary());
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let mut serving = std::pin::pin!(server.serve(async {
        // It is sent, or this future is dropped with the sender.
        let _ = stopped.await;
    }));
    tokio::select! {
        drained = &mut serving => return Ok(drained),
        () = signals.next() => settings.stderr.log("stopping: requests in flight are answered, a second signal ends at once"),
    }
    let _ = stop.send(());
    tokio::select! {
        drained = &mut serving => Ok(drained),
        () = signals.next() => Ok(Drained::CutOff),
    }
}

/// The signals that end the host.
struct Signals(Signal, Signal);

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self(signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?))
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.0.recv() => {}
            _ = self.1.recv() => {}
        }
    }
}
