//! Tests of the client, over a host whose answers are written down.

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
    /// Why the next openings fail.
    refusals: Mutex<VecDeque<&'static str>>,
    answers: Mutex<VecDeque<Result<Vec<Reply>, HostError>>>,
    opened: AtomicUsize,
    executed: Mutex<Vec<usize>>,
    /// The time is not up as soon as something waits.
    is_patient: AtomicBool,
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
            match self.refusals.lock().unwrap().pop_front() {
                Some(why) => Err(HostError::Other(why.to_owned())),
                None => Ok(number),
            }
        }
        .boxed()
    }

    fn execute<'a>(&'a self, number: &'a usize, _: Cow<'a, Command>) -> BoxFuture<'a, Result<Vec<Reply>, HostError>> {
        self.executed.lock().unwrap().push(*number);
        match self.answers.lock().unwrap().pop_front() {
            Some(answer) => future::ready(answer).boxed(),
            None => future::pending().boxed(),
        }
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
    (script.clone(), Client::new(script, server(Duration::ZERO), false))
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

/// Two requests, of which one opens the connection, and the other waits for it.
fn one_that_opens_and_one_that_waits(refusal: &'static str) -> (Arc<Script>, [Result<Reply, RedisError>; 2]) {
    let (script, client) = client([Ok(vec![Reply::Nil])]);
    script.opens_slowly.store(true, Relaxed);
    script.is_patient.store(true, Relaxed);
    script.refusals.lock().unwrap().push_back(refusal);
    let mut both = pin!(join(execute(&client, command!("GET")), execute(&client, command!("SET"))));
    assert!(run(poll_immediate(&mut both)).is_none());
    script.opens_slowly.store(false, Relaxed);
    let (one, other) = run(both);
    (script, [one, other])
}

#[test]
fn requests_that_wait_for_a_connection_are_told_why_there_is_none_and_do_not_each_try() {
    let (script, [one, other]) = one_that_opens_and_one_that_waits("Connection refused (os error 111)");
    assert!(matches!(&one, Err(RedisError::Unreachable(text)) if text.contains("refused")));
    assert_eq!((one, counts(&script)), (other, (1, 0)));
}

#[test]
fn a_request_that_waits_for_a_connection_does_not_end_when_the_time_of_another_is_over() {
    let (script, answers) = one_that_opens_and_one_that_waits("timed out");
    assert_eq!(answers, [Err(RedisError::TimedOut { sent: false }), Ok(Reply::Nil)]);
    assert_eq!(counts(&script), (2, 1));
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
    let script = Arc::new(Script::default());
    script.is_patient.store(true, Relaxed);
    let silence = Err(HostError::Other("timed out".to_owned()));
    script.answers.lock().unwrap().extend([Ok(vec![Reply::Nil]), Ok(vec![Reply::Nil]), silence]);
    let client = Client::new(script.clone(), server(Duration::from_millis(1500)), true);
    assert_eq!(run(execute(&client, command!("GET"))), Ok(Reply::Nil));
    assert_eq!(script.timers.load(Relaxed), 1, "for the connection");
    assert_eq!(run(execute(&client, command!("GET"))), Ok(Reply::Nil));
    assert_eq!(run(execute(&client, command!("SET"))), Err(RedisError::TimedOut { sent: true }));
    assert_eq!(script.timers.load(Relaxed), 1);
    assert_eq!(*script.addresses.lock().unwrap(), ["redis://h:1/0?socket_timeout=1.5"]);
}

#[test]
fn a_read_that_is_repeated_where_the_host_ends_calls_ends_as_well_while_no_connection_opens() {
    let script = Arc::new(Script::default());
    let client = Client::new(script.clone(), server(Duration::ZERO), true);
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
