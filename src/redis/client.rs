//! The kept connection: one for all requests of an instance, opened when first needed and again when it broke.
//!
//! Whether a command ran cannot be told once its connection broke. So a read is repeated, once, on a new connection,
//! and a write is not.

use std::sync::{Arc, Mutex as SyncMutex, PoisonError};
use std::time::Duration;

use futures_util::{
    FutureExt,
    future::{BoxFuture, Either, select},
    lock::Mutex,
};

use super::{Access, Command, Redis, RedisError, Reply, error::HostError};

/// What a host offers to reach Redis, and a clock.
pub trait Transport: Send + Sync + 'static {
    /// An open connection that may be used by several requests at once.
    type Connection: Send + Sync;

    /// Opens a connection to `address`, a `redis://` or `rediss://` URL.
    fn open<'a>(&'a self, address: &'a str) -> BoxFuture<'a, Result<Self::Connection, HostError>>;

    /// Sends a command; the reply comes as a flat list.
    fn execute<'a>(
        &'a self,
        connection: &'a Self::Connection,
        command: Command,
    ) -> BoxFuture<'a, Result<Vec<Reply>, HostError>>;

    /// Waits.
    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()>;
}

/// [`Redis`] over a [`Transport`].
pub struct Client<T: Transport> {
    transport: T,
    address: String,
    timeout: Duration,
    /// Locked while it is being opened, so that requests that come together open one.
    connection: Mutex<Option<Arc<T::Connection>>>,
}

impl<T: Transport> Client<T> {
    /// A client that opens `address` at the first command and gives up on a command after `timeout`, the opening
    /// included.
    pub fn new(transport: T, address: String, timeout: Duration) -> Self {
        Self { transport, address, timeout, connection: Mutex::new(None) }
    }

    async fn connection(&self) -> Result<Arc<T::Connection>, RedisError> {
        let mut kept = self.connection.lock().await;
        if let Some(connection) = &*kept {
            return Ok(connection.clone());
        }
        let connection = Arc::new(self.transport.open(&self.address).await.map_err(RedisError::from_open)?);
        tracing::debug!("connected to Redis");
        Ok(kept.insert(connection).clone())
    }

    /// Stops using a connection, unless another request has replaced it already.
    async fn forget(&self, broken: &Arc<T::Connection>) {
        let mut kept = self.connection.lock().await;
        if kept.as_ref().is_some_and(|connection| Arc::ptr_eq(connection, broken)) {
            *kept = None;
        }
    }

    /// One attempt. `used` becomes the connection that the command was handed to.
    async fn attempt(&self, command: Command, used: &Used<T>) -> Result<Reply, RedisError> {
        let shape = command.row.shape;
        let connection = self.connection().await?;
        used.set(&connection);
        let result = self.transport.execute(&connection, command).await.map_err(RedisError::from_execute);
        if matches!(result, Err(RedisError::Lost(_))) {
            self.forget(&connection).await;
        }
        shape.restore(result?)
    }

    async fn attempt_twice_if_read(&self, command: Command, used: &Used<T>) -> Result<Reply, RedisError> {
        if command.row.access == Access::Write {
            return self.attempt(command, used).await;
        }
        match self.attempt(command.clone(), used).await {
            Err(RedisError::Lost(cause)) => {
                tracing::debug!(cause, "the connection to Redis broke: reading again on a new one");
                self.attempt(command, used).await
            }
            result => result,
        }
    }
}

/// The connection that a command was last handed to.
struct Used<T: Transport>(SyncMutex<Option<Arc<T::Connection>>>);

impl<T: Transport> Used<T> {
    fn set(&self, connection: &Arc<T::Connection>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(connection.clone());
    }

    fn take(&self) -> Option<Arc<T::Connection>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl<T: Transport> Redis for Client<T> {
    fn execute(&self, command: Command) -> BoxFuture<'_, Result<Reply, RedisError>> {
        async move {
            let used = Used(SyncMutex::new(None));
            let work = std::pin::pin!(self.attempt_twice_if_read(command, &used));
            if let Either::Left((result, _)) = select(work, self.transport.sleep(self.timeout)).await {
                return result;
            }
            // A connection that stays silent may be half-open, and would stay so for many minutes.
            let silent = used.take();
            if let Some(connection) = &silent {
                self.forget(connection).await;
            }
            Err(RedisError::TimedOut { sent: silent.is_some() })
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::future;

    use futures_util::future::join;

    use super::*;
    use crate::redis::command::{GET, SET};

    /// A host whose answers are written down beforehand; when they are used up it never answers.
    #[derive(Default)]
    struct Script {
        openings: SyncMutex<VecDeque<Result<(), HostError>>>,
        answers: SyncMutex<VecDeque<Result<Vec<Reply>, HostError>>>,
        opened: SyncMutex<usize>,
        executed: SyncMutex<usize>,
    }

    impl Transport for Arc<Script> {
        type Connection = usize;

        fn open<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<usize, HostError>> {
            let mut opened = self.opened.lock().unwrap();
            *opened += 1;
            let number = *opened;
            let outcome = self.openings.lock().unwrap().pop_front();
            match outcome {
                Some(outcome) => async move { outcome.map(|()| number) }.boxed(),
                None => future::pending().boxed(),
            }
        }

        fn execute<'a>(&'a self, _: &'a usize, _: Command) -> BoxFuture<'a, Result<Vec<Reply>, HostError>> {
            *self.executed.lock().unwrap() += 1;
            match self.answers.lock().unwrap().pop_front() {
                Some(answer) => future::ready(answer).boxed(),
                None => future::pending().boxed(),
            }
        }

        fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
            future::ready(()).boxed()
        }
    }

    fn broken() -> Result<Vec<Reply>, HostError> {
        Err(HostError::Other("broken pipe".to_owned()))
    }

    fn client<const N: usize>(answers: [Result<Vec<Reply>, HostError>; N]) -> (Arc<Script>, Client<Arc<Script>>) {
        let script = Arc::new(Script::default());
        script.openings.lock().unwrap().extend([Ok(()), Ok(()), Ok(())]);
        script.answers.lock().unwrap().extend(answers);
        (script.clone(), Client::new(script, String::new(), Duration::ZERO))
    }

    fn run<T>(work: impl Future<Output = T>) -> T {
        work.now_or_never().expect("nothing in these tests waits")
    }

    fn counts(script: &Script) -> (usize, usize) {
        (*script.opened.lock().unwrap(), *script.executed.lock().unwrap())
    }

    #[test]
    fn one_connection_serves_many_commands() {
        let (script, client) = client([Ok(vec![Reply::Nil]), Ok(vec![Reply::Nil]), Ok(vec![Reply::Nil])]);
        let two = join(client.execute(Command::new(&GET)), client.execute(Command::new(&GET)));
        assert_eq!(run(two), (Ok(Reply::Nil), Ok(Reply::Nil)));
        assert_eq!(run(client.execute(Command::new(&SET))), Ok(Reply::Nil));
        assert_eq!(counts(&script), (1, 3));
    }

    #[test]
    fn a_read_is_repeated_once_on_a_new_connection() {
        let (script, client) = client([broken(), Ok(vec![Reply::Integer(1)])]);
        assert_eq!(run(client.execute(Command::new(&GET))), Ok(Reply::Integer(1)));
        assert_eq!(counts(&script), (2, 2));
    }

    #[test]
    fn a_read_is_not_repeated_twice() {
        let (script, client) = client([broken(), broken(), Ok(vec![Reply::Nil])]);
        assert!(matches!(run(client.execute(Command::new(&GET))), Err(RedisError::Lost(_))));
        assert_eq!(counts(&script), (2, 2));
    }

    #[test]
    fn a_write_is_never_repeated_and_the_next_gets_a_new_connection() {
        let (script, client) = client([broken(), Ok(vec![Reply::Nil])]);
        assert!(matches!(run(client.execute(Command::new(&SET))), Err(RedisError::Lost(_))));
        assert_eq!(counts(&script), (1, 1));
        assert_eq!(run(client.execute(Command::new(&SET))), Ok(Reply::Nil));
        assert_eq!(counts(&script), (2, 2));
    }

    #[test]
    fn a_silent_connection_is_given_up_and_not_used_again() {
        let (script, client) = client([]);
        assert_eq!(run(client.execute(Command::new(&SET))), Err(RedisError::TimedOut { sent: true }));
        script.answers.lock().unwrap().push_back(Ok(vec![Reply::Nil]));
        assert_eq!(run(client.execute(Command::new(&SET))), Ok(Reply::Nil));
        assert_eq!(counts(&script).0, 2);
    }

    #[test]
    fn a_command_that_found_no_connection_in_time_was_not_sent() {
        let (script, client) = client([]);
        script.openings.lock().unwrap().clear();
        assert_eq!(run(client.execute(Command::new(&SET))), Err(RedisError::TimedOut { sent: false }));
        assert_eq!(counts(&script), (1, 0));
    }

    #[test]
    fn an_error_reply_leaves_the_connection_alone() {
        let wrong_type = || Err(HostError::Other("WRONGTYPE: no".to_owned()));
        let (script, client) = client([wrong_type(), wrong_type()]);
        assert!(matches!(run(client.execute(Command::new(&GET))), Err(RedisError::Server(_))));
        assert!(matches!(run(client.execute(Command::new(&GET))), Err(RedisError::Server(_))));
        assert_eq!(counts(&script), (1, 2));
    }
}
