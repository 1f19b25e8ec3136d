//! Tests of the connections, against a server that answers, falls silent or hangs up as told.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

use prometheus_client::metrics::gauge::Gauge;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
};

use super::*;

/// Long enough for anything that happens on one machine.
const LONG: Duration = Duration::from_secs(20);
/// A little more than what makes a connection count as stalled.
const STALLED: Duration = link::STALL.saturating_add(Duration::from_millis(100));

/// A server that answers `+OK` to every command.
#[derive(Default)]
struct Script {
    silent: AtomicBool,
    /// Take longer to greet than makes a connection count as stalled.
    greets_slowly: AtomicBool,
    /// Hang up instead of answering `SET`.
    hangs_up: AtomicBool,
    connections: AtomicUsize,
    sets: AtomicUsize,
}

struct Fake {
    script: Arc<Script>,
    address: SocketAddr,
    connections_end: watch::Sender<()>,
}

impl Fake {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let script = Arc::new(Script::default());
        let (connections_end, ended) = watch::channel(());
        let shared = Arc::clone(&script);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                shared.connections.fetch_add(1, Ordering::SeqCst);
                let (script, mut ended) = (Arc::clone(&shared), ended.clone());
                ended.mark_unchanged();
                tokio::spawn(async move {
                    tokio::select! {
                        _ = answer(stream, &script) => {}
                        _ = ended.changed() => {}
                    }
                });
            }
        });
        Self { script, address, connections_end }
    }

    fn connections(&self) -> usize {
        self.script.connections.load(Ordering::SeqCst)
    }

    fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    fn client(&self) -> Client {
        Client::open(self.url()).expect("a URL")
    }

    fn shared(&self, timeout: Duration) -> Arc<Shared> {
        Arc::new(Shared::new(self.client(), timeout, Gauge::default()))
    }
}

/// Commands arrive in few and small packets here, so counting their heads is parsing enough.
async fn answer(mut stream: TcpStream, script: &Script) -> std::io::Result<()> {
    let mut buffer = vec![0; 4096];
    loop {
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&buffer[..read]);
        let sets = text.matches("SET\r\n").count();
        script.sets.fetch_add(sets, Ordering::SeqCst);
        if sets > 0 && script.hangs_up.load(Ordering::SeqCst) {
            return Ok(());
        }
        if script.greets_slowly.load(Ordering::SeqCst) && text.contains("SETINFO") {
            tokio::time::sleep(2 * STALLED).await;
        }
        if !script.silent.load(Ordering::SeqCst) {
            stream.write_all("+OK\r\n".repeat(text.matches('*').count()).as_bytes()).await?;
        }
    }
}

fn set() -> Cmd {
    Cmd::set("key", "value")
}

async fn call(shared: &Arc<Shared>, timeout: Duration) -> Result<String, String> {
    Target::Shared(Arc::clone(shared), Arc::default()).call(&set(), timeout).await.map_err(|failure| {
        match failure.into() {
            Error::Other(text) => text,
            error => panic!("{error:?}"),
        }
    })
}

async fn until_unusable(link: &Link) {
    let waiting = async {
        while link.is_usable() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(LONG, waiting).await.expect("the connection is known to be dead");
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_that_come_at_once_share_one_opening() {
    let fake = Fake::start().await;
    let shared = fake.shared(LONG);
    let calls: Vec<_> = (0..32)
        .map(|_| {
            let shared = Arc::clone(&shared);
            tokio::spawn(async move { call(&shared, LONG).await })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.expect("no panic").as_deref(), Ok("OK"));
    }
    assert_eq!(fake.connections(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_up_between_commands_costs_none() {
    let fake = Fake::start().await;
    let shared = fake.shared(LONG);
    for connections in 1..5 {
        assert_eq!(call(&shared, LONG).await.as_deref(), Ok("OK"));
        assert_eq!(fake.connections(), connections);
        let link = shared.link().await.unwrap_or_else(|error| panic!("{error}"));
        fake.connections_end.send_replace(());
        until_unusable(&link).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_was_sent_is_not_sent_again() {
    let fake = Fake::start().await;
    let shared = fake.shared(LONG);
    fake.script.hangs_up.store(true, Ordering::SeqCst);
    assert_eq!(call(&shared, LONG).await, Err("broken pipe".to_owned()));
    assert_eq!(fake.script.sets.load(Ordering::SeqCst), 1);
    fake.script.hangs_up.store(false, Ordering::SeqCst);
    assert_eq!(call(&shared, LONG).await.as_deref(), Ok("OK"), "the next one has a new connection");
    assert_eq!(fake.connections(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_connection_is_not_used_again() {
    let fake = Fake::start().await;
    let shared = fake.shared(LONG);
    call(&shared, LONG).await.expect("an answer");
    fake.script.silent.store(true, Ordering::SeqCst);
    // The host's own limit, and then a component that gives up.
    assert_eq!(call(&shared, STALLED).await, Err("timed out".to_owned()));
    fake.script.silent.store(false, Ordering::SeqCst);
    call(&shared, LONG).await.expect("an answer");
    assert_eq!(fake.connections(), 2);
    fake.script.silent.store(true, Ordering::SeqCst);
    tokio::time::timeout(STALLED, call(&shared, LONG)).await.expect_err("no answer");
    fake.script.silent.store(false, Ordering::SeqCst);
    call(&shared, LONG).await.expect("an answer");
    assert_eq!(fake.connections(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_given_up_early_does_not_end_the_connection() {
    let fake = Fake::start().await;
    let shared = fake.shared(LONG);
    call(&shared, LONG).await.expect("an answer");
    fake.script.silent.store(true, Ordering::SeqCst);
    tokio::time::timeout(Duration::from_millis(20), call(&shared, LONG)).await.expect_err("no answer");
    assert!(shared.link().await.is_ok_and(|link| link.is_usable()));
    assert_eq!(fake.connections(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_connection_is_found_out_by_callers_that_each_wait_less() {
    let fake = Fake::start().await;
    let shared = fake.shared(LONG);
    call(&shared, LONG).await.expect("an answer");
    let link = shared.link().await.unwrap_or_else(|error| panic!("{error}"));
    fake.script.silent.store(true, Ordering::SeqCst);
    let impatient = async {
        while link.is_usable() {
            tokio::time::timeout(STALLED / 4, call(&shared, LONG)).await.expect_err("no answer");
        }
    };
    tokio::time::timeout(LONG, impatient).await.expect("the connection counts as stalled");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_connection_takes_no_new_call_while_others_still_wait_on_it() {
    let fake = Fake::start().await;
    let shared = fake.shared(LONG);
    call(&shared, LONG).await.expect("an answer");
    fake.script.silent.store(true, Ordering::SeqCst);
    let link = shared.link().await.unwrap_or_else(|error| panic!("{error}"));
    let waiting = Arc::clone(&shared);
    let waiting = tokio::spawn(async move { call(&waiting, LONG).await });
    until_unusable(&link).await;
    fake.script.silent.store(false, Ordering::SeqCst);
    call(&shared, LONG).await.expect("an answer");
    assert_eq!(fake.connections(), 2);
    assert!(!waiting.is_finished());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opening_that_stalls_does_not_keep_those_waiting_for_whom_a_new_one_would_do() {
    let fake = Fake::start().await;
    let shared = fake.shared(LONG);
    fake.script.silent.store(true, Ordering::SeqCst);
    // Nobody waits so long that they could notice.
    tokio::time::timeout(STALLED / 4, call(&shared, LONG)).await.expect_err("no answer");
    fake.script.silent.store(false, Ordering::SeqCst);
    tokio::time::timeout(2 * STALLED, call(&shared, LONG)).await.expect("in time").expect("an answer");
    assert_eq!(fake.connections(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opening_that_takes_longer_than_anyone_waits_is_used_when_it_is_done() {
    let fake = Fake::start().await;
    let shared = fake.shared(LONG);
    fake.script.greets_slowly.store(true, Ordering::SeqCst);
    let patient = async { while tokio::time::timeout(STALLED, call(&shared, LONG)).await.is_err() {} };
    tokio::time::timeout(LONG, patient).await.expect("a connection");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_waits_no_longer_for_its_connection_than_for_its_reply() {
    let fake = Fake::start().await;
    fake.script.greets_slowly.store(true, Ordering::SeqCst);
    assert_eq!(call(&fake.shared(LONG), STALLED).await, Err("timed out".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opening_outlives_the_caller_that_began_it() {
    let fake = Fake::start().await;
    let shared = fake.shared(LONG);
    // Too short a time, unless this thread is not scheduled just now.
    let _ = tokio::time::timeout(Duration::ZERO, call(&shared, LONG)).await;
    call(&shared, LONG).await.expect("an answer");
    assert_eq!(fake.connections(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_connect_is_told_why_in_the_crates_words() {
    let fake = Fake::start().await;
    let shared = Arc::new(Shared::new(Client::open("redis://127.0.0.1:1").expect("a URL"), LONG, Gauge::default()));
    assert_eq!(call(&shared, LONG).await, Err("Connection refused (os error 111)".to_owned()));
    fake.script.silent.store(true, Ordering::SeqCst);
    assert_eq!(call(&fake.shared(Duration::from_millis(20)), LONG).await, Err("timed out".to_owned()));
}

fn redis() -> Redis {
    let limits = Limits { timeout: LONG, reply_bytes: 1 << 20 };
    Redis::new(limits, Arc::new(Semaphore::new(MAX_OWN_CONNECTIONS)), Arc::new(Metrics::new()))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_waits_no_longer_than_it_may_and_leaves_the_connection_to_others() {
    let fake = Fake::start().await;
    let redis = redis();
    fake.script.greets_slowly.store(true, Ordering::SeqCst);
    let open = async |timeout| redis.open(fake.url(), fake.client(), timeout, &Held::default()).await.map(|_| ());
    let (short, long) = tokio::join!(open(Duration::from_millis(20)), open(LONG));
    assert!(matches!(short, Err(Error::Other(text)) if text == "timed out"));
    long.expect("a connection");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_further_open_is_a_connection_of_its_own() {
    let fake = Fake::start().await;
    let redis = redis();
    let (one, two) = (Held::default(), Held::default());
    let open = async |held: &Held| redis.open(fake.url(), fake.client(), LONG, held).await.expect("a connection");
    let is_shared = |connection: &Connection| matches!(connection.target, Target::Shared(..));

    let first = open(&one).await;
    let second = open(&one).await;
    let elsewhere = open(&two).await;
    assert!(is_shared(&first) && !is_shared(&second) && is_shared(&elsewhere));
    assert_eq!(fake.connections(), 2, "one shared, one of its own");
    drop(first);
    assert!(is_shared(&open(&one).await), "the handle is free again");
}

/// As a component does that gives up what is silent while other requests in it still wait for it.
#[tokio::test(flavor = "multi_thread")]
async fn an_open_after_a_call_without_an_answer_is_on_the_shared_connection_again() {
    let fake = Fake::start().await;
    let redis = redis();
    let held = Held::default();
    let open = async || redis.open(fake.url(), fake.client(), LONG, &held).await.expect("a connection");
    let is_shared = |connection: &Connection| matches!(connection.target, Target::Shared(..));

    let first = open().await;
    fake.script.silent.store(true, Ordering::SeqCst);
    let command = set();
    let call = first.target.call::<String>(&command, LONG);
    tokio::time::timeout(Duration::from_millis(20), call).await.expect_err("no answer");
    fake.script.silent.store(false, Ordering::SeqCst);
    let second = open().await;
    assert!(is_shared(&second), "the first is held, but given up");
    assert!(!is_shared(&open().await), "the second is not");
    drop(first);
    assert!(!is_shared(&open().await), "what was given up takes nothing with it when it goes");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_that_fails_leaves_the_shared_connection_free() {
    let redis = redis();
    let held = Held::default();
    for _ in 0..2 {
        let client = Client::open("redis://127.0.0.1:1").expect("a URL");
        redis
            .open("redis://127.0.0.1:1".to_owned(), client, LONG, &held)
            .await
            .map(|_| ())
            .expect_err("nobody listens");
        assert!(held.claim("redis://127.0.0.1:1").is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_of_their_own_are_bounded() {
    let fake = Fake::start().await;
    let redis = redis();
    let held = Held::default();
    let _claim = held.claim(&fake.url());
    let _all = Arc::clone(&redis.own)
        .try_acquire_many_owned(u32::try_from(MAX_OWN_CONNECTIONS).expect("few"))
        .expect("none is open");
    let error = redis.open(fake.url(), fake.client(), LONG, &held).await.map(|_| ()).expect_err("too many");
    assert!(matches!(error, Error::TooManyConnections));
}

#[tokio::test(flavor = "multi_thread")]
async fn unused_shared_connections_are_not_kept_without_bound() {
    let redis = redis();
    let client = Client::open("redis://127.0.0.1:1").expect("a URL");
    let kept = redis.shared("kept".to_owned(), client.clone());
    for database in 0..10 * MAX_IDLE_SHARED {
        redis.shared(database.to_string(), client.clone());
    }
    assert!(lock(&redis.shared).len() <= MAX_IDLE_SHARED + 1);
    assert!(Arc::ptr_eq(&kept, &redis.shared("kept".to_owned(), client)));
}

#[test]
fn a_url_may_bound_the_time_of_a_call() {
    let timeout = call::socket_timeout;
    assert_eq!(timeout("redis://me:secret@host:1/0"), Ok(None));
    assert_eq!(timeout("rediss://host:1/0?protocol=resp3&socket_timeout=0.25"), Ok(Some(Duration::from_millis(250))));
    for wrong in ["", "soon", "0", "-1", "NaN", "1e300"] {
        assert_eq!(timeout(&format!("redis://host:1/0?socket_timeout={wrong}")), Err(()), "{wrong}");
    }
}
