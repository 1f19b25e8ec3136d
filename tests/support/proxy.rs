//! A line between the host and Redis that a test can make slow or lossy.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use crate::host::RUNTIME;

/// What the line does with the bytes that it is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// Hands them on.
    Clear,
    /// Hands what comes from Redis on after this time, or once the line is clear.
    Slow(Duration),
    /// Swallows them on the way to Redis, from Redis, or both. A connection of which it swallowed a part hands on nothing
    /// any more, as one whose other end has forgotten it.
    Lossy {
        /// On the way to Redis.
        requests: bool,
        /// On the way from Redis.
        replies: bool,
    },
}

/// A proxy before the Redis at one port.
pub struct Proxy {
    /// Its own port on loopback.
    pub port: u16,
    line: Arc<watch::Sender<Line>>,
}

#[derive(Clone, Copy)]
enum Way {
    Requests,
    Replies,
}

impl Proxy {
    /// Starts one on a clear line.
    ///
    /// # Panics
    /// When it cannot listen.
    pub fn new(redis_port: u16) -> Self {
        let listener = RUNTIME.block_on(TcpListener::bind(("127.0.0.1", 0))).expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let line = Arc::new(watch::Sender::new(Line::Clear));
        let lines = Arc::clone(&line);
        RUNTIME.spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let lines = Arc::clone(&lines);
                tokio::spawn(async move { connect(client, redis_port, &lines).await });
            }
        });
        Self { port, line }
    }

    /// Changes the line, of open connections too.
    pub fn set(&self, line: Line) {
        self.line.send_replace(line);
    }
}

/// Hands on between both ends until one of them is closed; then both are.
async fn connect(client: TcpStream, redis_port: u16, line: &watch::Sender<Line>) {
    let Ok(redis) = TcpStream::connect(("127.0.0.1", redis_port)).await else { return };
    client.set_nodelay(true).ok();
    redis.set_nodelay(true).ok();
    let ((from_client, to_client), (from_redis, to_redis)) = (client.into_split(), redis.into_split());
    tokio::select! {
        () = hand_on(from_client, to_redis, Way::Requests, line.subscribe()) => {}
        () = hand_on(from_redis, to_client, Way::Replies, line.subscribe()) => {}
    }
}

async fn hand_on(from: OwnedReadHalf, to: OwnedWriteHalf, way: Way, line: watch::Receiver<Line>) {
    let (queue, queued) = mpsc::unbounded_channel();
    tokio::select! {
        () = take(from, queue, way, line.clone()) => {}
        () = give(to, queued, line) => {}
    }
}

/// Reads until the end, and queues what is to be handed on, with the time when it is.
async fn take(
    mut from: OwnedReadHalf,
    queue: mpsc::UnboundedSender<(Instant, Vec<u8>)>,
    way: Way,
    line: watch::Receiver<Line>,
) {
    let mut buffer = vec![0; 64 << 10];
    let mut is_broken = false;
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        let delay = match (*line.borrow(), way) {
            (Line::Slow(delay), Way::Replies) => delay,
            (Line::Lossy { requests: true, .. }, Way::Requests) | (Line::Lossy { replies: true, .. }, Way::Replies) => {
                is_broken = true;
                continue;
            }
            _ => Duration::ZERO,
        };
        if !is_broken && queue.send((Instant::now() + delay, buffer[..read].to_vec())).is_err() {
            return;
        }
    }
}

async fn give(
    mut to: OwnedWriteHalf,
    mut queued: mpsc::UnboundedReceiver<(Instant, Vec<u8>)>,
    mut line: watch::Receiver<Line>,
) {
    while let Some((due, bytes)) = queued.recv().await {
        tokio::select! {
            () = sleep_until(due) => {}
            _ = line.wait_for(|line| *line == Line::Clear) => {}
        }
        if to.write_all(&bytes).await.is_err() {
            return;
        }
    }
}
