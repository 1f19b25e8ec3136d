//! Where lines go: the component's standard output and error, and the host's own log.
//!
//! Many instances write to one [`Sink`], and Rust's `eprintln!` in a component arrives in pieces, so every instance
//! collects a line before it hands it on whole.

use std::{
    io::{self, Write},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::{
    async_trait,
    cli::{IsTerminal, StdoutStream},
    p2::{OutputStream, Pollable, StreamResult},
};

/// The longest piece of a line that is held back, in bytes; a longer line leaves in pieces.
const MAX_LINE_BYTES: usize = 64 << 10;
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
        Self(Arc::new(Mutex::new(LineBuffer { sink, pending: Vec::new() })))
    }

    fn push(&self, bytes: &[u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(bytes);
    }
}

struct LineBuffer {
    sink: Sink,
    /// The unfinished line.
    pending: Vec<u8>,
}

impl LineBuffer {
    fn push(&mut self, bytes: &[u8]) {
        let (whole, rest) = bytes.split_at(bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1));
        if !whole.is_empty() {
            if self.pending.is_empty() {
                self.sink.write(whole);
            } else {
                self.pending.extend_from_slice(whole);
                self.sink.write(&self.pending);
                self.pending.clear();
            }
        }
        self.pending.extend_from_slice(rest);
        if self.pending.len() > MAX_LINE_BYTES {
            self.finish();
        }
    }

    fn finish(&mut self) {
        if !self.pending.is_empty() {
            self.pending.push(b'\n');
            self.sink.write(&self.pending);
            self.pending.clear();
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
        drop(one);
        assert_eq!(captured.contents(), "ab\nxy\nc\n");
    }

    #[test]
    fn a_line_without_end_is_not_held_back_for_ever() {
        let captured = Captured::default();
        let stream = LineStream::new(captured.sink());
        stream.push(&vec![b'a'; MAX_LINE_BYTES + 1]);
        assert_eq!(captured.contents().len(), MAX_LINE_BYTES + 2);
    }
}
