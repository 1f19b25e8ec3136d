//! The kept connection: one for all requests of an instance, opened when first needed and again when it broke.
//!
//! Whether a command ran cannot be told once its connection broke. So a read is repeated, once, on a new connection,
//! and a write is not.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::{
    FutureExt,
    future::{BoxFuture, Either, select},
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
    connection: Mutex<Kept<T::Connection>>,
}

/// The connection that all requests use.
enum Kept<C> {
    None,
    Opening,
    Open(Arc<C>),
}

/// How often a request looks whether the connection that another one is opening is there. It cannot be woken: a task of
/// the component model cannot wake another (wit-bindgen 0.57 has a feature for it, which traps under wasmtime 48).
const LOOK_AGAIN: Duration = Duration::from_millis(1);

impl<T: Transport> Client<T> {
    /// A client that opens `address` at the first command and gives up on a command after `timeout`, the opening
    /// included.
    pub fn new(transport: T, address: String, timeout: Duration) -> Self {
        Self { transport, address, timeout, connection: Mutex::new(Kept::None) }
    }

    async fn connection(&self) -> Result<Arc<T::Connection>, RedisError> {
        loop {
            match self.take_turn() {
                Kept::Open(connection) => return Ok(connection),
                Kept::None => return self.open().await,
                Kept::Opening => self.transport.sleep(LOOK_AGAIN).await,
            }
        }
    }

    /// What there is; where there is nothing, the caller is the one to open it.
    fn take_turn(&self) -> Kept<T::Connection> {
        let mut kept = lock(&self.connection);
        match &*kept {
            Kept::Open(connection) => Kept::Open(connection.clone()),
            Kept::Opening => Kept::Opening,
            Kept::None => std::mem::replace(&mut *kept, Kept::Opening),
        }
    }

    async fn open(&self) -> Result<Arc<T::Connection>, RedisError> {
        let mut opening = Opening { kept: &self.connection, opened: None };
        let connection = Arc::new(self.transport.open(&self.address).await.map_err(RedisError::from_open)?);
        opening.opened = Some(connection.clone());
        tracing::debug!("connected to Redis");
        Ok(connection)
    }

    /// Stops using a connection, unless another request has replaced it already.
    fn forget(&self, broken: &Arc<T::Connection>) {
        let mut kept = lock(&self.connection);
        if matches!(&*kept, Kept::Open(connection) if Arc::ptr_eq(connection, broken)) {
            *kept = Kept::None;
        }
    }

    /// One attempt. `used` becomes the connection that the command was handed to.
    async fn attempt(&self, command: Command, used: &Used<T>) -> Result<Reply, RedisError> {
        let shape = command.row.shape;
        let connection = self.connection().await?;
        *lock(used) = Some(connection.clone());
        let result = self.transport.execute(&connection, command).await.map_err(RedisError::from_execute);
        if matches!(result, Err(RedisError::Lost(_))) {
            self.forget(&connection);
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

/// Ends [`Kept::Opening`], also when the request that opens is given up.
struct Opening<'a, C> {
    kept: &'a Mutex<Kept<C>>,
    opened: Option<Arc<C>>,
}

impl<C> Drop for Opening<'_, C> {
    fn drop(&mut self) {
        *lock(self.kept) = self.opened.take().map_or(Kept::None, Kept::Open);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The connection that a command was last handed to.
type Used<T> = Mutex<Option<Arc<<T as Transport>::Connection>>>;

impl<T: Transport> Redis for Client<T> {
    fn execute(&self, command: Command) -> BoxFuture<'_, Result<Reply, RedisError>> {
        async move {
            let used = Used::<T>::default();
            let work = std::pin::pin!(self.attempt_twice_if_read(command, &used));
            if let Either::Left((result, _)) = select(work, self.transport.sleep(self.timeout)).await {
                return result;
            }
            // A connection that stays silent may be half-open, and would stay so for many minutes.
            let silent = lock(&used).take();
            if let Some(connection) = &silent {
                self.forget(connection);
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
        openings: Mutex<VecDeque<Result<(), HostError>>>,
        answers: Mutex<VecDeque<Result<Vec<Reply>, HostError>>>,
        opened: Mutex<usize>,
        executed: Mutex<usize>,
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
