//! The log: one line an event on standard error, as logfmt in the way that logrus writes it, or as JSON.

use std::fmt::{self, Write as _};

use jiff::Timestamp;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter, format::Writer};
use tracing_subscriber::registry::LookupSpan;

use crate::config::{Log, LogFormat};

/// A subscriber that writes events of the configured level and above to what `writer` makes.
pub fn subscriber<W>(log: Log, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    tracing_subscriber::fmt().event_format(Line(log.format)).with_max_level(log.level).with_writer(writer).finish()
}

/// Makes standard error the log of this instance. Later calls change nothing.
pub fn init(log: Log) {
    tracing::subscriber::set_global_default(subscriber(log, std::io::stderr)).ok();
}

/// The space that is kept for a line, in bytes: most need no more.
const LINE: usize = 512;

/// Writes one event as one line.
struct Line(LogFormat);

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let (open, close) = match self.0 {
            LogFormat::Text => ("", "\n"),
            LogFormat::Json => ("{", "}\n"),
        };
        let mut pairs = Pairs { format: self.0, line: String::with_capacity(LINE) };
        pairs.line.push_str(open);
        pairs.pair("time", &now());
        pairs.pair("level", level_name(*event.metadata().level()));
        event.record(&mut pairs);
        pairs.line.push_str(close);
        writer.write_str(&pairs.line)
    }
}

/// The time in RFC 3339, in milliseconds.
fn now() -> String {
    format!("{:.3}", Timestamp::now())
}

fn level_name(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}

/// The fields of an event, written one after the other. The message is the first of them, as `tracing` has it.
struct Pairs {
    format: LogFormat,
    line: String,
}

impl Pairs {
    /// A field whose value is text.
    fn pair(&mut self, key: &str, value: &str) {
        let bare = self.format == LogFormat::Text && !value.is_empty() && value.bytes().all(is_bare);
        self.key(key);
        if bare { self.line.push_str(value) } else { self.quoted(value) }
    }

    /// A field whose value stands for itself in both forms, such as a number.
    fn literal(&mut self, key: &str, value: impl fmt::Display) {
        self.key(key);
        // Writing to a string does not fail.
        let _ = write!(self.line, "{value}");
    }

    fn key(&mut self, key: &str) {
        let first = self.line.is_empty() || self.line == "{";
        let before = match self.format {
            LogFormat::Text if first => "",
            LogFormat::Text => " ",
            LogFormat::Json if first => "\"",
            LogFormat::Json => ",\"",
        };
        let after = if self.format == LogFormat::Text { "=" } else { "\":" };
        for part in [before, key, after] {
            self.line.push_str(part);
        }
    }

    /// A JSON string: logrus quotes in nearly the same way.
    fn quoted(&mut self, value: &str) {
        self.line.push_str(&serde_json::to_string(value).unwrap_or_default());
    }
}

/// Whether logrus leaves a character unquoted.
fn is_bare(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._/@^+".contains(&byte)
}

/// The name of a field, as logrus has it.
fn key_of(field: &Field) -> &'static str {
    match field.name() {
        "message" => "msg",
        name => name,
    }
}

impl Visit for Pairs {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.pair(key_of(field), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.literal(key_of(field), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.literal(key_of(field), value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.literal(key_of(field), value);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Memory(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(level: Level, format: LogFormat, event: impl FnOnce()) -> String {
        let memory = Memory::default();
        let writer = memory.clone();
        tracing::subscriber::with_default(subscriber(Log { level, format }, move || writer.clone()), event);
        String::from_utf8(memory.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn text_is_logfmt_with_time_level_and_message_first() {
        let line = logged(Level::INFO, LogFormat::Text, || {
            tracing::info!(status = 200, route = "/v1/strings/{key}", error = "a \"b\"\nc", empty = "", "request");
        });
        let (time, rest) = line.split_once(" level=").unwrap();
        assert_eq!(
            rest,
            "info msg=request status=200 route=\"/v1/strings/{key}\" error=\"a \\\"b\\\"\\nc\" empty=\"\"\n"
        );
        let time: Timestamp = time.strip_prefix("time=\"").unwrap().trim_end_matches('"').parse().unwrap();
        assert!(Timestamp::now().duration_since(time).as_secs() < 60);
    }

    #[test]
    fn json_is_one_object_a_line() {
        let line = logged(Level::INFO, LogFormat::Json, || {
            tracing::error!(status = 503, up = false, error = "a \"b\"\nc", "request");
            tracing::warn!("no fields");
        });
        let lines: Vec<serde_json::Value> = line.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0]["level"], "error");
        assert_eq!(lines[0]["msg"], "request");
        assert_eq!(lines[0]["status"], 503);
        assert_eq!(lines[0]["up"], false);
        assert_eq!(lines[0]["error"], "a \"b\"\nc");
        assert_eq!(lines[1]["msg"], "no fields");
    }

    #[test]
    fn what_is_below_the_level_is_not_written() {
        let line = logged(Level::WARN, LogFormat::Text, || {
            tracing::info!("quiet");
            tracing::warn!("loud");
        });
        assert!(!line.contains("quiet") && line.contains("loud"));
    }
}
