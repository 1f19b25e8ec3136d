//! A client's connection that is given up when the client takes nothing of its answer for too long: hyper would wait for
//! ever, and hold what it has of the answer.

use std::{
    io::{self, ErrorKind, IoSlice},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Sleep, sleep},
};

/// How a connection of HTTP/2 begins.
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The connection.
pub(crate) struct ClientStream {
    stream: TcpStream,
    timeout: Duration,
    /// Runs while a write waits for the client.
    sleep: Option<Pin<Box<Sleep>>>,
    /// What was read to see which protocol the client speaks.
    ahead: Bytes,
}

impl ClientStream {
    pub fn new(stream: TcpStream, timeout: Duration) -> Self {
        Self { stream, timeout, sleep: None, ahead: Bytes::new() }
    }

    /// Whether the client begins as one does that knows that the server speaks HTTP/2 (RFC 9113, section 3.3).
    ///
    /// # Errors
    /// Of the connection, which has also ended when nothing came.
    pub async fn begins_http2(&mut self) -> io::Result<bool> {
        let mut first = [0; PREFACE.len()];
        let mut read = 0;
        while read < first.len() && first[..read] == PREFACE[..read] {
            match self.stream.read(&mut first[read..]).await? {
                0 if read == 0 => return Err(ErrorKind::UnexpectedEof.into()),
                0 => break,
                more => read += more,
            }
        }
        self.ahead = Bytes::copy_from_slice(&first[..read]);
        Ok(first == *PREFACE)
    }

    /// Does `write`; an error when it waits too long.
    fn poll_in_time<T>(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut TcpStream>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let result = write(Pin::new(&mut self.stream), cx);
        if result.is_ready() {
            self.sleep = None;
            return result;
        }
        let timeout = self.timeout;
        let late = self.sleep.get_or_insert_with(|| Box::pin(sleep(timeout))).as_mut().poll(cx);
        late.map(|()| Err(ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for ClientStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !self.ahead.is_empty() {
            let room = self.ahead.len().min(buffer.remaining());
            buffer.put_slice(&self.ahead.split_to(room));
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for ClientStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_in_time(cx, |stream, cx| stream.poll_write(cx, bytes))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A socket has nothing to flush.
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_in_time(cx, |stream, cx| stream.poll_write_vectored(cx, pieces))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
