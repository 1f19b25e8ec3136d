//! The application of this instance.

use std::sync::OnceLock;

use super::redis::heeds_socket_timeout;
use super::{log, settings};
use crate::app::App;
use crate::redis::client::{Client, Transport};

static APP: OnceLock<App> = OnceLock::new();

/// The application, once it was made.
pub(super) fn made() -> Option<&'static App> {
    APP.get()
}

/// Makes the application with the `variables` that the host has, unless it was made meanwhile.
pub(super) fn make(variables: Vec<settings::Variable>, transport: impl Transport) -> &'static App {
    let config = settings::resolve(variables);
    APP.get_or_init(|| {
        crate::log::init(config.as_ref().map(|config| config.log).unwrap_or_default(), log::write);
        App::new(config, |config| Client::new(transport, config.redis.clone(), heeds_socket_timeout()))
    })
}
