//! What the host counts, and the port at which Prometheus asks for it (text of `OpenMetrics` 1.0).

use std::{
    convert::Infallible,
    fmt::{self, Write as _},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use crate::server::ACCEPT_PAUSE;

/// What each name begins with.
const PREFIX: &str = "redstart";
/// The upper ends of the histograms' buckets, in seconds.
const BUCKETS: [f64; 14] = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];
/// How long who asks may take to do so.
const READ_TIMEOUT: Duration = Duration::from_secs(10);
/// Who asks at once: one more waits.
const MAX_CONNECTIONS: usize = 8;
const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The metrics of a server. Each is shared by all that count in it.
pub(crate) struct Metrics {
    registry: Registry,
    /// Requests that were answered, by the status.
    pub requests: Family<Answered, Counter>,
    /// From a request's head to that of its answer.
    pub request_duration: Histogram,
    /// Connections of clients.
    pub connections: Gauge,
    pub instances: Gauge,
    pub instances_made: Counter,
    /// Calls of Redis, by what became of them.
    pub redis_calls: Family<Called, Counter>,
    pub redis_call_duration: Histogram,
    /// Connections to Redis.
    pub redis_connections: Gauge,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
pub(crate) struct Answered {
    /// The status.
    pub code: u16,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
pub(crate) struct Called {
    pub outcome: Outcome,
}

/// What became of a call.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Outcome {
    /// There is a reply.
    Reply,
    /// The reply is an error.
    Error,
    /// There is none: no connection, or one that broke.
    Lost,
    /// Its time was over, or the component stopped waiting.
    GivenUp,
}

impl EncodeLabelValue for Outcome {
    fn encode(&self, encoder: &mut LabelValueEncoder) -> fmt::Result {
        encoder.write_str(match self {
            Self::Reply => "reply",
            Self::Error => "error",
            Self::Lost => "lost",
            Self::GivenUp => "given_up",
        })
    }
}

impl Metrics {
    pub fn new() -> Self {
        let histogram = || Histogram::new(BUCKETS);
        let mut metrics = Self {
            registry: Registry::with_prefix(PREFIX),
            requests: Family::default(),
            request_duration: histogram(),
            connections: Gauge::default(),
            instances: Gauge::default(),
            instances_made: Counter::default(),
            redis_calls: Family::default(),
            redis_call_duration: histogram(),
            redis_connections: Gauge::default(),
        };
        let registry = &mut metrics.registry;
        registry.register("http_requests", "Requests that were answered, by status", metrics.requests.clone());
        let duration = metrics.request_duration.clone();
        let help = "From a request's head to that of its answer";
        registry.register_with_unit("http_request_duration", help, Unit::Seconds, duration);
        registry.register("http_connections", "Connections of clients", metrics.connections.clone());
        registry.register("instances", "Instances of the component", metrics.instances.clone());
        registry.register("instances_made", "Instances that were made", metrics.instances_made.clone());
        registry.register("redis_calls", "Calls of Redis, by what became of them", metrics.redis_calls.clone());
        let duration = metrics.redis_call_duration.clone();
        registry.register_with_unit("redis_call_duration", "Calls of Redis", Unit::Seconds, duration);
        registry.register("redis_connections", "Connections to Redis", metrics.redis_connections.clone());
        metrics
    }

    fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }

    fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let plain = |status: StatusCode, text: &'static str| {
            let mut response = Response::new(Full::from(text));
            *response.status_mut() = status;
            response
        };
        if request.uri().path() != "/metrics" {
            return plain(StatusCode::NOT_FOUND, "What is here is at /metrics.\n");
        }
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "GET it.\n");
            response.headers_mut().insert(header::ALLOW, header::HeaderValue::from_static("GET, HEAD"));
            return response;
        }
        let Ok(text) = self.text() else {
            return plain(StatusCode::INTERNAL_SERVER_ERROR, "The metrics cannot be written.\n");
        };
        let mut response = Response::new(Full::from(text));
        response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(MEDIA_TYPE));
        response
    }
}

/// One more in a gauge, until it is dropped.
pub(crate) struct OneMore(Gauge);

impl OneMore {
    pub fn of(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for OneMore {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// The socket at which the metrics are.
pub(crate) struct Endpoint {
    listener: TcpListener,
    metrics: Arc<Metrics>,
}

impl Endpoint {
    /// Listens at `address`, and answers nothing yet.
    pub async fn bind(address: SocketAddr, metrics: Arc<Metrics>) -> std::io::Result<Self> {
        Ok(Self { listener: TcpListener::bind(address).await?, metrics })
    }

    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers until it is dropped.
    pub async fn serve(&self) {
        let mut asking = JoinSet::new();
        loop {
            while asking.len() >= MAX_CONNECTIONS {
                asking.join_next().await;
            }
            // One that cannot be accepted is asked for again by its client. Time is meant: what the system lacks comes back with it.
            let Ok((stream, _)) = self.listener.accept().await else {
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            };
            asking.spawn(answer(stream, Arc::clone(&self.metrics)));
            while asking.try_join_next().is_some() {}
        }
    }
}

async fn answer(stream: TcpStream, metrics: Arc<Metrics>) {
    let respond = service_fn(move |request| {
        let response = metrics.answer(&request);
        async { Ok::<_, Infallible>(response) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(READ_TIMEOUT).keep_alive(false);
    // What goes wrong is between the client and hyper.
    let _ = http.serve_connection(TokioIo::new(stream), respond).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_what_prometheus_reads() {
        let metrics = Metrics::new();
        metrics.requests.get_or_create(&Answered { code: 200 }).inc();
        metrics.redis_calls.get_or_create(&Called { outcome: Outcome::GivenUp }).inc();
        metrics.request_duration.observe(0.0007);
        let more = OneMore::of(&metrics.instances);
        let text = metrics.text().expect("text");
        for line in [
            "# TYPE redstart_http_requests counter",
            "redstart_http_requests_total{code=\"200\"} 1",
            "redstart_redis_calls_total{outcome=\"given_up\"} 1",
            "# UNIT redstart_http_request_duration_seconds seconds",
            "redstart_http_request_duration_seconds_bucket{le=\"0.0005\"} 0",
            "redstart_http_request_duration_seconds_bucket{le=\"0.001\"} 1",
            "redstart_http_request_duration_seconds_count 1",
            "redstart_instances 1",
            "redstart_http_connections 0",
        ] {
            assert!(text.lines().any(|other| other == line), "{line} is not in {text}");
        }
        assert!(text.ends_with("# EOF\n"));
        drop(more);
        assert!(metrics.text().expect("text").contains("redstart_instances 0\n"));
    }
}
