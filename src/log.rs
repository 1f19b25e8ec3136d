//! The log: one line an event on standard error, as logfmt in the way that logrus writes it, or as JSON.

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::config::{Log, LogFormat};

/// Takes each line whole.
type Write = Box<dyn Fn(&[u8]) + Send + Sync>;

/// The lines of a log.
struct Lines {
    log: Log,
    write: Write,
    space: Mutex<Space>,
}

/// What is kept from one line to the next.
#[derive(Default)]
struct Space {
    /// The space of a line.
    line: Vec<u8>,
    /// The second that the last line was written in, and its text: most lines have it in common with the one before.
    second: u64,
    text: String,
}

/// The log of this instance.
static LOG: OnceLock<Arc<Lines>> = OnceLock::new();

/// Makes `write` the log of this instance, which takes each line whole. Later calls change nothing.
pub fn init(log: Log, write: impl Fn(&[u8]) + Send + Sync + 'static) {
    let lines = Arc::new(Lines::new(log, write));
    tracing::subscriber::set_global_default(Events(lines.clone())).ok();
    LOG.set(lines).ok();
}

/// Writes the line of a request, past `tracing`: it is written each time, and its time is known.
pub fn request(level: Level, now: SystemTime, fields: impl FnOnce(&mut Pairs)) {
    if let Some(lines) = LOG.get().filter(|lines| lines.has(level)) {
        lines.write(level, now, |pairs| {
            pairs.text("msg", "request");
            fields(pairs);
        });
    }
}

impl Lines {
    fn new(log: Log, write: impl Fn(&[u8]) + Send + Sync + 'static) -> Self {
        Self { log, write: Box::new(write), space: Mutex::default() }
    }

    /// Whether events of this level are written.
    fn has(&self, level: Level) -> bool {
        level <= self.log.level
    }

    fn write(&self, level: Level, now: SystemTime, fields: impl FnOnce(&mut Pairs)) {
        let mut space = self.space.lock().unwrap_or_else(PoisonError::into_inner);
        let mut pairs = Pairs { format: self.log.format, line: std::mem::take(&mut space.line) };
        pairs.line.clear();
        if self.log.format == LogFormat::Json {
            pairs.line.push(b'{');
        }
        pairs.key("time");
        space.time(now, &mut pairs.line);
        pairs.text("level", level_name(level));
        fields(&mut pairs);
        pairs.line.extend_from_slice(if self.log.format == LogFormat::Json { b"}\n" } else { b"\n" });
        (self.write)(&pairs.line);
        space.line = pairs.line;
    }
}

impl Space {
    /// Writes the time in quotes: in RFC 3339, in milliseconds.
    fn time(&mut self, now: SystemTime, line: &mut Vec<u8>) {
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        if self.second != now.as_secs() || self.text.is_empty() {
            self.second = now.as_secs();
            let time = i64::try_from(self.second).ok().and_then(|second| Timestamp::from_second(second).ok());
            self.text = time.unwrap_or_default().to_string();
        }
        let millis = now.subsec_millis();
        let digit = |place: u32| b'0' + u8::try_from(millis / place % 10).unwrap_or_default();
        line.push(b'"');
        line.extend_from_slice(self.text.trim_end_matches('Z').as_bytes());
        line.extend_from_slice(&[b'.', digit(100), digit(10), digit(1), b'Z', b'"']);
    }
}

/// The events of `tracing`, each as a line. There are no spans.
struct Events(Arc<Lines>);

impl Subscriber for Events {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && self.0.has(*metadata.level())
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::from_level(self.0.log.level))
    }

    fn event(&self, event: &Event<'_>) {
        self.0.write(*event.metadata().level(), SystemTime::now(), |pairs| event.record(pairs));
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
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

/// The fields of a line, written one after the other.
pub struct Pairs {
    format: LogFormat,
    line: Vec<u8>,
}

impl Pairs {
    /// A field whose value is text.
    pub fn text(&mut self, key: &str, value: &str) {
        let bare = self.format == LogFormat::Text && !value.is_empty() && value.bytes().all(is_bare);
        self.key(key);
        if bare { self.line.extend_from_slice(value.as_bytes()) } else { self.quoted(value) }
    }

    /// A field whose value is a number.
    pub fn number(&mut self, key: &str, value: impl itoa::Integer) {
        self.key(key);
        self.line.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
    }

    fn key(&mut self, key: &str) {
        let first = matches!(self.line[..], [] | [b'{']);
        match self.format {
            LogFormat::Text if first => {}
            LogFormat::Text => self.line.push(b' '),
            LogFormat::Json if first => self.line.push(b'"'),
            LogFormat::Json => self.line.extend_from_slice(b",\""),
        }
        self.line.extend_from_slice(key.as_bytes());
        match self.format {
            LogFormat::Text => self.line.push(b'='),
            LogFormat::Json => self.line.extend_from_slice(b"\":"),
        }
    }

    /// A JSON string: logrus quotes in nearly the same way.
    fn quoted(&mut self, value: &str) {
        // Writing a string to a vector does not fail.
        let _ = serde_json::to_writer(&mut self.line, value);
    }
}

/// Whether logrus leaves a character unquoted.
const fn is_bare(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'/' | b'@' | b'^' | b'+')
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
        self.text(key_of(field), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.number(key_of(field), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.number(key_of(field), value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.key(key_of(field));
        self.line.extend_from_slice(if value { b"true" } else { b"false" });
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn logged(level: Level, format: LogFormat, event: impl FnOnce()) -> String {
        let memory = Arc::new(Mutex::new(Vec::new()));
        let written = memory.clone();
        let lines = Lines::new(Log { level, format }, move |line| written.lock().unwrap().extend_from_slice(line));
        tracing::subscriber::with_default(Events(Arc::new(lines)), event);
        String::from_utf8(memory.lock().unwrap().clone()).unwrap()
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
    fn the_time_is_in_milliseconds_within_the_second_of_the_line_before_and_beyond_it() {
        let mut space = Space::default();
        for (millis, text) in [
            (0, "\"1970-01-01T00:00:00.000Z\""),
            (7, "\"1970-01-01T00:00:00.007Z\""),
            (1_764_078_173_450, "\"2025-11-25T13:42:53.450Z\""),
            (1_764_078_173_999, "\"2025-11-25T13:42:53.999Z\""),
            (1_764_078_174_000, "\"2025-11-25T13:42:54.000Z\""),
        ] {
            let mut line = Vec::new();
            space.time(UNIX_EPOCH + Duration::from_millis(millis), &mut line);
            assert_eq!(String::from_utf8(line).unwrap(), text);
        }
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
