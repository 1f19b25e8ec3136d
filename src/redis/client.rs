//! The kept connection: one for all requests of an instance, opened when first needed and again when it broke.
//!
//! Whether a command ran cannot be told once its connection broke. So a read is repeated, once, on a new connection,
//! and a write is not.

use std::borrow::Cow;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::{
    FutureExt,
    future::{BoxFuture, Either, pending, select},
};

use super::{Access, Command, Redis, RedisError, Reply, error::HostError};
use crate::config::{self, secret::Secret};

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
        command: Cow<'a, Command>,
    ) -> BoxFuture<'a, Result<Vec<Reply>, HostError>>;

    /// Whether it bounds each call and each connect itself by the `socket_timeout` of an address, in seconds.
    fn heeds_socket_timeout(&self) -> bool;

    /// Waits.
    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()>;
}

/// [`Redis`] over a [`Transport`].
pub struct Client<T: Transport> {
    transport: T,
    server: config::Redis,
    /// The host ends a call, and a connect, in time. A timer beside each would be a tenth of a request.
    is_bounded: bool,
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
    /// A client that connects to `server` at the first command.
    pub fn new(transport: T, mut server: config::Redis) -> Self {
        let is_bounded = transport.heeds_socket_timeout();
        if is_bounded {
            let seconds = server.timeout.as_secs_f64();
            server.url = Secret::new(format!("{}?socket_timeout={seconds}", server.url.expose()));
        }
        Self { transport, server, is_bounded, connection: Mutex::new(Kept::None) }
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
        let opened = self.transport.open(self.server.url.expose()).await;
        let connection = Arc::new(opened.map_err(|error| RedisError::from_open(error, &self.server.address))?);
        opening.opened = Some(connection.clone());
        tracing::debug!("connected to Redis");
        Ok(connection)
    }

    /// The end of the time for a command, unless the host ends its one call.
    fn end_of_time(&self) -> BoxFuture<'static, ()> {
        let is_open = matches!(&*lock(&self.connection), Kept::Open(_));
        if self.is_bounded && is_open { pending().boxed() } else { self.transport.sleep(self.server.timeout) }
    }

    /// What comes of `work` before `end`. A connection that is silent then is not used again, as where the host's own time is
    /// over.
    async fn before(
        &self,
        end: BoxFuture<'static, ()>,
        used: &Used<T>,
        work: impl Future<Output = Result<Reply, RedisError>>,
    ) -> Result<Reply, RedisError> {
        if let Either::Left((result, _)) = select(pin!(work), end).await {
            return result;
        }
        let silent = lock(used).take();
        if let Some(connection) = &silent {
            self.forget(connection);
        }
        Err(RedisError::TimedOut { sent: silent.is_some() })
    }

    /// Stops using a connection, unless another request has replaced it already.
    fn forget(&self, broken: &Arc<T::Connection>) {
        let mut kept = lock(&self.connection);
        if matches!(&*kept, Kept::Open(connection) if Arc::ptr_eq(connection, broken)) {
            *kept = Kept::None;
        }
    }

    /// One attempt. `used` becomes the connection that the command was handed to.
    async fn attempt(&self, command: Cow<'_, Command>, used: &Used<T>) -> Result<Reply, RedisError> {
        let connection = self.connection().await?;
        *lock(used) = Some(connection.clone());
        let (shape, arguments) = (command.shape, command.arguments.len());
        match self.transport.execute(&connection, command).await.map_err(RedisError::from_execute) {
            Ok(flat) => shape.restore(arguments, flat),
            Err(error) => {
                // A connection that stays silent may be half-open, and would stay so for many minutes.
                if is_lost(&error) || matches!(error, RedisError::TimedOut { .. }) {
                    self.forget(&connection);
                }
                Err(error)
            }
        }
    }

    async fn attempt_twice_if_read(&self, command: Command, used: &Used<T>) -> Result<Reply, RedisError> {
        if command.access == Access::Write {
            return self.attempt(Cow::Owned(command), used).await;
        }
        match self.attempt(Cow::Borrowed(&command), used).await {
            Err(error) if is_lost(&error) => {
                tracing::debug!("the connection to Redis broke: reading again on a new one");
                let end = self.transport.sleep(self.server.timeout);
                self.before(end, used, self.attempt(Cow::Owned(command), used)).boxed().await
            }
            result => result,
        }
    }
}

fn is_lost(error: &RedisError) -> bool {
    matches!(error, RedisError::Lost(_))
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
            self.before(self.end_of_time(), &used, self.attempt_twice_if_read(command, &used)).await
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::future;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
    use std::task::Poll;

    use futures_util::future::{join, poll_immediate};

    use super::*;
    use crate::redis::command::command;

    /// A host whose answers are written down beforehand; when they are used up it never answers. Connections are
    /// numbered from 1.
    #[derive(Default)]
    struct Script {
        never_opens: AtomicBool,
        opens_slowly: AtomicBool,
        answers: Mutex<VecDeque<Result<Vec<Reply>, HostError>>>,
        opened: AtomicUsize,
        executed: Mutex<Vec<usize>>,
        /// The time is not up as soon as something waits.
        is_patient: AtomicBool,
        /// Ends calls by itself.
        heeds_socket_timeout: bool,
        addresses: Mutex<Vec<String>>,
        timers: AtomicUsize,
    }

    /// Is ready when it is looked at again.
    async fn one_turn() {
        let mut is_ready = false;
        future::poll_fn(|_| if std::mem::replace(&mut is_ready, true) { Poll::Ready(()) } else { Poll::Pending }).await;
    }

    impl Transport for Arc<Script> {
        type Connection = usize;

        fn open<'a>(&'a self, address: &'a str) -> BoxFuture<'a, Result<usize, HostError>> {
            self.addresses.lock().unwrap().push(address.to_owned());
            let number = self.opened.fetch_add(1, Relaxed) + 1;
            async move {
                if self.never_opens.load(Relaxed) {
                    future::pending::<()>().await;
                }
                if self.opens_slowly.load(Relaxed) {
                    one_turn().await;
                }
                Ok(number)
            }
            .boxed()
        }

        fn execute<'a>(
            &'a self,
            number: &'a usize,
            _: Cow<'a, Command>,
        ) -> BoxFuture<'a, Result<Vec<Reply>, HostError>> {
            self.executed.lock().unwrap().push(*number);
            match self.answers.lock().unwrap().pop_front() {
                Some(answer) => future::ready(answer).boxed(),
                None => future::pending().boxed(),
            }
        }

        fn heeds_socket_timeout(&self) -> bool {
            self.heeds_socket_timeout
        }

        fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
            self.timers.fetch_add(1, Relaxed);
            match time {
                LOOK_AGAIN => one_turn().boxed(),
                _ if self.is_patient.load(Relaxed) => future::pending().boxed(),
                _ => future::ready(()).boxed(),
            }
        }
    }

    fn broken() -> Result<Vec<Reply>, HostError> {
        Err(HostError::Other("broken pipe".to_owned()))
    }

    fn client<const N: usize>(answers: [Result<Vec<Reply>, HostError>; N]) -> (Arc<Script>, Client<Arc<Script>>) {
        let script = Arc::new(Script::default());
        script.answers.lock().unwrap().extend(answers);
        (script.clone(), Client::new(script, server(Duration::ZERO)))
    }

    fn server(timeout: Duration) -> config::Redis {
        let (url, address) = (Secret::new("redis://h:1/0".to_owned()), "redis://h:1".to_owned());
        config::Redis { url, address, timeout }
    }

    fn run<T>(work: impl Future<Output = T>) -> T {
        work.now_or_never().expect("nothing in these tests waits")
    }

    async fn execute(client: &Client<Arc<Script>>, command: Command) -> Result<Reply, RedisError> {
        client.execute(command).await
    }

    /// How many connections were opened and how many commands sent.
    fn counts(script: &Script) -> (usize, usize) {
        (script.opened.load(Relaxed), script.executed.lock().unwrap().len())
    }

    #[test]
    fn one_connection_serves_many_commands() {
        let (script, client) = client([Ok(vec![Reply::Nil]), Ok(vec![Reply::Nil]), Ok(vec![Reply::Nil])]);
        let two = join(execute(&client, command!("GET")), execute(&client, command!("GET")));
        assert_eq!(run(two), (Ok(Reply::Nil), Ok(Reply::Nil)));
        assert_eq!(run(execute(&client, command!("SET"))), Ok(Reply::Nil));
        assert_eq!(counts(&script), (1, 3));
    }

    #[test]
    fn a_read_is_repeated_once_on_a_new_connection() {
        let (script, client) = client([broken(), Ok(vec![Reply::Integer(1)])]);
        assert_eq!(run(execute(&client, command!("GET"))), Ok(Reply::Integer(1)));
        assert_eq!(counts(&script), (2, 2));
    }

    #[test]
    fn a_read_is_not_repeated_twice() {
        let (script, client) = client([broken(), broken(), Ok(vec![Reply::Nil])]);
        assert!(matches!(run(execute(&client, command!("GET"))), Err(RedisError::Lost(_))));
        assert_eq!(counts(&script), (2, 2));
    }

    #[test]
    fn a_write_is_never_repeated_and_the_next_gets_a_new_connection() {
        let (script, client) = client([broken(), Ok(vec![Reply::Nil])]);
        assert!(matches!(run(execute(&client, command!("SET"))), Err(RedisError::Lost(_))));
        assert_eq!(counts(&script), (1, 1));
        assert_eq!(run(execute(&client, command!("SET"))), Ok(Reply::Nil));
        assert_eq!(counts(&script), (2, 2));
    }

    #[test]
    fn a_silent_connection_is_given_up_and_not_used_again() {
        let (script, client) = client([]);
        assert_eq!(run(execute(&client, command!("SET"))), Err(RedisError::TimedOut { sent: true }));
        script.answers.lock().unwrap().push_back(Ok(vec![Reply::Nil]));
        assert_eq!(run(execute(&client, command!("SET"))), Ok(Reply::Nil));
        assert_eq!(counts(&script).0, 2);
    }

    #[test]
    fn a_command_that_found_no_connection_in_time_was_not_sent() {
        let (script, client) = client([]);
        script.never_opens.store(true, Relaxed);
        assert_eq!(run(execute(&client, command!("SET"))), Err(RedisError::TimedOut { sent: false }));
        assert_eq!(counts(&script), (1, 0));
    }

    #[test]
    fn requests_that_come_while_a_connection_is_opened_wait_for_it() {
        let (script, client) = client([Ok(vec![Reply::Nil]), Ok(vec![Reply::Nil])]);
        script.opens_slowly.store(true, Relaxed);
        script.is_patient.store(true, Relaxed);
        let mut both = pin!(join(execute(&client, command!("GET")), execute(&client, command!("GET"))));
        assert!(run(poll_immediate(&mut both)).is_none());
        assert_eq!(run(both), (Ok(Reply::Nil), Ok(Reply::Nil)));
        assert_eq!(*script.executed.lock().unwrap(), [1, 1]);
    }

    #[test]
    fn whoever_finds_an_old_connection_broken_does_not_end_the_new_one() {
        let (_script, client) = client([]);
        let old = run(client.connection()).unwrap();
        client.forget(&old);
        let new = run(client.connection()).unwrap();
        client.forget(&old);
        assert_eq!((*new, *run(client.connection()).unwrap()), (2, 2));
    }

    #[test]
    fn a_silence_that_the_host_ends_ends_the_connection_too_and_is_not_repeated() {
        let (script, client) = client([Err(HostError::Other("timed out".to_owned())), Ok(vec![Reply::Nil])]);
        assert_eq!(run(execute(&client, command!("GET"))), Err(RedisError::TimedOut { sent: true }));
        assert_eq!(run(execute(&client, command!("GET"))), Ok(Reply::Nil));
        assert_eq!(counts(&script), (2, 2));
    }

    #[test]
    fn a_host_that_ends_calls_is_told_when_and_needs_no_timer_beside_it() {
        let script = Arc::new(Script { heeds_socket_timeout: true, ..Script::default() });
        script.is_patient.store(true, Relaxed);
        let silence = Err(HostError::Other("timed out".to_owned()));
        script.answers.lock().unwrap().extend([Ok(vec![Reply::Nil]), Ok(vec![Reply::Nil]), silence]);
        let client = Client::new(script.clone(), server(Duration::from_millis(1500)));
        assert_eq!(run(execute(&client, command!("GET"))), Ok(Reply::Nil));
        assert_eq!(script.timers.load(Relaxed), 1, "for the connection");
        assert_eq!(run(execute(&client, command!("GET"))), Ok(Reply::Nil));
        assert_eq!(run(execute(&client, command!("SET"))), Err(RedisError::TimedOut { sent: true }));
        assert_eq!(script.timers.load(Relaxed), 1);
        assert_eq!(*script.addresses.lock().unwrap(), ["redis://h:1/0?socket_timeout=1.5"]);
    }

    #[test]
    fn a_read_that_is_repeated_where_the_host_ends_calls_ends_as_well_while_no_connection_opens() {
        let script = Arc::new(Script { heeds_socket_timeout: true, ..Script::default() });
        let client = Client::new(script.clone(), server(Duration::ZERO));
        script.is_patient.store(true, Relaxed);
        script.answers.lock().unwrap().extend([Ok(vec![Reply::Nil]), broken()]);
        assert_eq!(run(execute(&client, command!("GET"))), Ok(Reply::Nil));
        script.is_patient.store(false, Relaxed);
        script.never_opens.store(true, Relaxed);
        assert!(matches!(run(execute(&client, command!("GET"))), Err(RedisError::TimedOut { .. })));
    }

    #[test]
    fn an_error_reply_leaves_the_connection_alone() {
        let wrong_type = || Err(HostError::Other("WRONGTYPE: no".to_owned()));
        let (script, client) = client([wrong_type(), wrong_type()]);
        assert!(matches!(run(execute(&client, command!("GET"))), Err(RedisError::Server(_))));
        assert!(matches!(run(execute(&client, command!("GET"))), Err(RedisError::Server(_))));
        assert_eq!(counts(&script), (1, 2));
    }
}
