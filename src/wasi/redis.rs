//! What Redis's interfaces have in common in both worlds.

use crate::redis::client::SOCKET_TIMEOUT;

/// The variable of the environment in which a host lists what parameters of an address it heeds, as `redstart-host` does.
const URL_PARAMETERS: &str = "REDIS_URL_PARAMETERS";

/// Whether the host bounds calls by the `socket_timeout` of an address.
pub(super) fn heeds_socket_timeout() -> bool {
    std::env::var(URL_PARAMETERS).is_ok_and(|names| names.split(',').any(|name| name == SOCKET_TIMEOUT))
}

/// What the interfaces have under the same names and as types of their own.
macro_rules! redis_of_world {
    ($redis:path) => {
        use interface::{Connection, Error, RedisParameter, RedisResult};
        use $redis as interface;

        /// The name and the arguments. What is owned need not be copied: it may be large.
        fn parts(
            command: std::borrow::Cow<'_, $crate::redis::Command>,
        ) -> (std::borrow::Cow<'static, str>, Vec<RedisParameter>) {
            use std::borrow::Cow;
            let binary = RedisParameter::Binary;
            match command {
                Cow::Borrowed(command) => {
                    (command.name.clone(), command.arguments.iter().map(|argument| binary(argument.to_vec())).collect())
                }
                Cow::Owned(command) => {
                    (command.name, command.arguments.into_iter().map(|argument| binary(argument.into())).collect())
                }
            }
        }

        fn replies(
            result: Result<Vec<RedisResult>, Error>,
        ) -> Result<Vec<$crate::redis::Reply>, $crate::redis::error::HostError> {
            use $crate::redis::Reply;
            let reply = |result| match result {
                RedisResult::Nil => Reply::Nil,
                RedisResult::Status(text) => Reply::Status(text),
                RedisResult::Int64(number) => Reply::Integer(number),
                RedisResult::Binary(bytes) => Reply::Bulk(bytes.into()),
            };
            result.map(|results| results.into_iter().map(reply).collect()).map_err(host_error)
        }

        fn host_error(error: Error) -> $crate::redis::error::HostError {
            use $crate::redis::error::HostError;
            match error {
                Error::InvalidAddress => HostError::InvalidAddress,
                Error::TooManyConnections => HostError::TooManyConnections,
                Error::TypeError => HostError::TypeError,
                Error::Other(text) => HostError::Other(text),
            }
        }
    };
}
pub(super) use redis_of_world;
