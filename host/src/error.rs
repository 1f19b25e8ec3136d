//! What can keep a host from starting. Each message is one line that says what was wrong and what to do.

use std::{io, net::SocketAddr, path::PathBuf};

/// Why a host did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file that is needed could not be read.
    #[error("cannot read {}: {source}{hint}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
        /// What to do, starting with `; `, or nothing.
        hint: &'static str,
    },
    /// The manifest or the runtime configuration is not what it should be.
    #[error("{}{place}: {message}", path.display())]
    Configuration {
        /// The file.
        path: PathBuf,
        /// `:LINE`, or nothing when the line is not known.
        place: String,
        /// What is wrong, naming the key.
        message: String,
    },
    /// A variable has no value, a value that does not fit, or is not declared.
    #[error("{0}")]
    Variable(String),
    /// A flag's value does not fit.
    #[error("{0}")]
    Setting(String),
    /// A file of the component could not be mounted.
    #[error("component {component:?}, files: {message}")]
    Files {
        /// The component's name in the manifest.
        component: String,
        /// What is wrong.
        message: String,
    },
    /// The component's Wasm could not be made ready.
    #[error("component {component:?} ({}): {message}", path.display())]
    Component {
        /// The component's name in the manifest.
        component: String,
        /// Its Wasm file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// wasmtime could not be set up.
    #[error("cannot set up wasmtime: {0}")]
    Engine(String),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// A value for local use would have been served to others.
    #[error(
        "refusing to listen on {address}: the variable {variable} still has a value for local use (it starts with `local-only-`). Set it to a secret of your own, for instance in the runtime configuration, or listen on 127.0.0.1"
    )]
    LocalOnly {
        /// The address.
        address: SocketAddr,
        /// The variable's name.
        variable: String,
    },
}

impl Error {
    /// An error in a file at the byte `offset` of its text, or at no place in particular.
    pub(crate) fn configuration(
        path: &std::path::Path,
        text: &str,
        offset: Option<usize>,
        message: impl Into<String>,
    ) -> Self {
        let place = offset.map_or_else(String::new, |offset| {
            let line = text.bytes().take(offset).filter(|&byte| byte == b'\n').count() + 1;
            format!(":{line}")
        });
        Self::Configuration { path: path.to_owned(), place, message: message.into() }
    }

    /// An error of the TOML parser. Its own rendering quotes the line, which may hold a secret: only its message is kept.
    pub(crate) fn toml(path: &std::path::Path, text: &str, error: &toml::de::Error) -> Self {
        Self::configuration(path, text, error.span().map(|span| span.start), error.message())
    }
}
