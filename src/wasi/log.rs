//! Standard error, without the standard library: that asks the host several times for each line.

use std::sync::OnceLock;

use wasip2::cli::stderr::get_stderr;
use wasip2::io::streams::OutputStream;

/// What the host takes in one write, in bytes.
const PIECE: usize = 4096;

/// Writes a line, and returns once the host has it: what a host only holds ready would be lost with the instance. What the
/// host does not take is lost: there is nowhere to say so.
pub(super) fn write(line: &[u8]) {
    static STDERR: OnceLock<OutputStream> = OnceLock::new();
    let stderr = STDERR.get_or_init(get_stderr);
    for piece in line.chunks(PIECE) {
        if stderr.blocking_write_and_flush(piece).is_err() {
            return;
        }
    }
}
