//! Where lines go: the component's standard output and error, and the host's own log.
//!
//! Many instances write to one [`Sink`], and Rust's `eprintln!` in a component arrives in pieces. So every instance collects
//! whole lines, and hands on at once what it wrote in one turn: a write to a file costs as much as a small answer.

use std::{
    io::{self, Write},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::{
    async_trait,
    cli::{IsTerminal, StdoutStream},
    p2::{OutputStream, Pollable, StreamResult},
};

/// The most that is held back, in bytes; a longer line leaves in pieces.
const MAX_PENDING_BYTES: usize = 64 << 10;
/// What a component may write in one call, in bytes.
const WRITE_PERMIT_BYTES: usize = 64 << 10;

/// A destination of whole lines that is shared by cloning it.
#[derive(Clone)]
pub struct Sink(Arc<Mutex<dyn Write + Send>>);

impl Sink {
    /// Writes to `writer`, which gets each line in one call. Its errors are dropped: there is nowhere to report them.
    pub fn new(writer: impl Write + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(writer)))
    }

    /// The standard output of this process.
    #[must_use]
    pub fn stdout() -> Self {
        Self::new(io::stdout())
    }

    /// The standard error of this process.
    #[must_use]
    pub fn stderr() -> Self {
        Self::new(io::stderr())
    }

    /// Writes a line of the host's own.
    pub fn log(&self, message: impl std::fmt::Display) {
        self.write(format!("redstart-host: {message}\n").as_bytes());
    }

    fn write(&self, lines: &[u8]) {
        // A writer that panicked once has not spoiled anything that the next line needs.
        let mut writer = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = writer.write_all(lines).and_then(|()| writer.flush());
    }
}

/// Lines kept in memory, for tests: clones share what was written.
#[derive(Clone, Default)]
pub struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    /// A sink that writes here.
    #[must_use]
    pub fn sink(&self) -> Sink {
        Sink::new(self.clone())
    }

    /// Everything written so far; bytes that are not UTF-8 are replaced.
    #[must_use]
    pub fn contents(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// One instance's standard output or error. Clones continue the same line.
#[derive(Clone)]
pub(crate) struct LineStream(Arc<Mutex<LineBuffer>>);

impl LineStream {
    pub(crate) fn new(sink: Sink) -> Self {
        Self(Arc::new(Mutex::new(LineBuffer { sink, pending: Vec::new(), whole: 0 })))
    }

    fn push(&self, bytes: &[u8]) {
        self.buffer().push(bytes);
    }

    /// Hands on the lines that are whole.
    pub(crate) fn end_turn(&self) {
        self.buffer().hand_on();
    }

    fn buffer(&self) -> MutexGuard<'_, LineBuffer> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct LineBuffer {
    sink: Sink,
    /// Lines, the last of which may be unfinished.
    pending: Vec<u8>,
    /// The length of those that are whole.
    whole: usize,
}

impl LineBuffer {
    fn push(&mut self, bytes: &[u8]) {
        let start = self.pending.len();
        self.pending.extend_from_slice(bytes);
        if let Some(end) = bytes.iter().rposition(|&byte| byte == b'\n') {
            self.whole = start + end + 1;
        }
        if self.pending.len() > MAX_PENDING_BYTES {
            self.hand_on();
            if self.pending.len() > MAX_PENDING_BYTES {
                self.finish();
            }
        }
    }

    fn hand_on(&mut self) {
        if self.whole > 0 {
            self.sink.write(&self.pending[..self.whole]);
            self.pending.drain(..self.whole);
            self.whole = 0;
        }
    }

    fn finish(&mut self) {
        if !self.pending.is_empty() {
            if !self.pending.ends_with(b"\n") {
                self.pending.push(b'\n');
            }
            self.whole = self.pending.len();
            self.hand_on();
        }
    }
}

impl Drop for LineBuffer {
    fn drop(&mut self) {
        self.finish();
    }
}

impl IsTerminal for LineStream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for LineStream {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl OutputStream for LineStream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.push(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_PERMIT_BYTES)
    }
}

#[async_trait]
impl Pollable for LineStream {
    async fn ready(&mut self) {}
}

impl AsyncWrite for LineStream {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.push(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_two_instances_do_not_mix() {
        let captured = Captured::default();
        let (one, two) = (LineStream::new(captured.sink()), LineStream::new(captured.sink()));
        one.push(b"a");
        two.push(b"x");
        one.push(b"b\nc");
        two.push(b"y\n");
        assert_eq!(captured.contents(), "", "the turn is not over");
        one.end_turn();
        two.end_turn();
        drop(one);
        assert_eq!(captured.contents(), "ab\nxy\nc\n");
    }

    #[test]
    fn lines_are_handed_on_within_a_long_turn() {
        let captured = Captured::default();
        let stream = LineStream::new(captured.sink());
        let line = [&vec![b'a'; 99][..], b"\n"].concat();
        for _ in 0..=MAX_PENDING_BYTES / line.len() {
            stream.push(&line);
        }
        assert!(captured.contents().len() > MAX_PENDING_BYTES);
    }

    #[test]
    fn a_line_without_end_is_not_held_back_for_ever() {
        let captured = Captured::default();
        let stream = LineStream::new(captured.sink());
        stream.push(&vec![b'a'; MAX_PENDING_BYTES + 1]);
        assert_eq!(captured.contents().len(), MAX_PENDING_BYTES + 2);
    }
}
