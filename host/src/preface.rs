//! Which protocol a client speaks, by what it says first.

use std::{
    io::{self, ErrorKind, IoSlice},
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};

/// How a connection of HTTP/2 begins (RFC 9113, section 3.4).
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A connection of which the first bytes were looked at, and are still to be read.
pub(crate) struct Begun<S> {
    stream: S,
    ahead: Bytes,
}

impl<S: AsyncRead + Unpin> Begun<S> {
    /// Waits until it is clear whether the client speaks HTTP/2, which is given beside the connection.
    ///
    /// # Errors
    /// Of the connection, which has also ended when nothing came.
    pub async fn new(mut stream: S) -> io::Result<(Self, bool)> {
        let mut first = [0; PREFACE.len()];
        let mut read = 0;
        while read < first.len() && first[..read] == PREFACE[..read] {
            match stream.read(&mut first[read..]).await? {
                0 if read == 0 => return Err(ErrorKind::UnexpectedEof.into()),
                0 => break,
                more => read += more,
            }
        }
        Ok((Self { stream, ahead: Bytes::copy_from_slice(&first[..read]) }, first == *PREFACE))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Begun<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !self.ahead.is_empty() {
            let room = self.ahead.len().min(buffer.remaining());
            buffer.put_slice(&self.ahead.split_to(room));
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Begun<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
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
        Pin::new(&mut self.stream).poll_write_vectored(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    /// What is seen of a client that says this, in two parts, and nothing more; and what is read of it then.
    async fn seen(said: &[u8], parts: usize) -> io::Result<(bool, Vec<u8>)> {
        let (mut client, server) = tokio::io::duplex(64);
        let (first, second) = said.split_at(parts.min(said.len()));
        client.write_all(first).await?;
        let server = async {
            let (mut begun, is_http2) = Begun::new(server).await?;
            let mut all = Vec::new();
            begun.read_to_end(&mut all).await?;
            Ok((is_http2, all))
        };
        let client = async {
            client.write_all(second).await?;
            client.shutdown().await
        };
        let (seen, _) = tokio::join!(server, client);
        seen
    }

    #[tokio::test]
    async fn nothing_that_was_looked_at_is_lost() {
        let more = [&PREFACE[..], b"and more"].concat();
        for (said, is_http2) in [
            (&b"GET / HTTP/1.1\r\n\r\n"[..], false),
            (b"P", false),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r", false),
            (b"PRI * HTTP/1.1\r\n\r\nSM\r\n\r\n", false),
            (PREFACE, true),
            (&more, true),
        ] {
            for parts in 1..said.len() {
                let seen = seen(said, parts).await.expect("a connection");
                assert_eq!(seen, (is_http2, said.to_owned()), "{}", String::from_utf8_lossy(said));
            }
        }
        seen(b"", 0).await.expect_err("nothing was said");
    }
}
