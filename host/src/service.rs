//! One request, from its head to the component and back.

use std::{sync::Arc, time::Duration};

use http::{Method, Request, Response, StatusCode, uri::Scheme};
use hyper::body::Incoming;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout},
};
use wasmtime_wasi_http::WasiBody;

use crate::{
    body::{self, BodyLimits, bounded, linger},
    head::{HeadLimits, check_coding, name_host},
    metrics::{Answered, Metrics},
    pool::Pool,
    problem::Problem,
    routes::Routes,
    settings::Settings,
    worker::Common,
};

/// What answers requests.
pub(crate) struct Service {
    routes: Routes<Pool>,
    running: Arc<Semaphore>,
    head_limits: HeadLimits,
    body_limits: BodyLimits,
    request_timeout: Duration,
    metrics: Arc<Metrics>,
    scheme: Scheme,
}

impl Service {
    pub fn new(routes: Routes<Pool>, common: Common, settings: &Settings) -> Self {
        Self {
            metrics: common.metrics,
            scheme: if common.tls.is_some() { Scheme::HTTPS } else { Scheme::HTTP },
            routes,
            running: common.running,
            head_limits: HeadLimits::new(settings),
            body_limits: BodyLimits { bytes: settings.max_body_bytes, timeout: settings.body_read_timeout },
            request_timeout: settings.request_timeout,
        }
    }

    /// Answers a request: the component does, or the host with a problem.
    pub async fn respond(&self, request: Request<Incoming>) -> Response<WasiBody> {
        let is_head = request.method() == Method::HEAD;
        let start = Instant::now();
        let response = self.run(request).await.unwrap_or_else(Problem::response);
        self.metrics.request_duration.observe(start.elapsed().as_secs_f64());
        self.metrics.requests.get_or_create(&Answered { code: response.status().as_u16() }).inc();
        if is_head || matches!(response.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
            // No body belongs on the wire. For HEAD, hyper keeps the length that the component announced.
            return response.map(|_| body::empty());
        }
        response
    }

    async fn run(&self, request: Request<Incoming>) -> Result<Response<WasiBody>, Problem> {
        let (mut head, body) = request.into_parts();
        let head_is_fine = self.head_limits.check(&head.uri, &head.headers).and_then(|()| check_coding(&head.headers));
        if let Err(problem) = head_is_fine {
            linger(body);
            return Err(problem);
        }
        let pool = self.routes.find(head.uri.path()).ok_or(Problem::NoRoute)?;
        let body = bounded(body, self.body_limits, head.version).map_err(|body| {
            linger(body);
            Problem::BodyTooLarge(self.body_limits.bytes)
        })?;
        name_host(&mut head, &self.scheme)?;
        let place = self.place().await?;
        let deadline = Instant::now() + self.request_timeout;
        let answer = pool.push(Request::from_parts(head, body.body), place, deadline).answer().await;
        body.fault.problem().map_or(answer, Err)
    }

    /// Waits for a place among the running requests.
    async fn place(&self) -> Result<OwnedSemaphorePermit, Problem> {
        if let Ok(place) = Arc::clone(&self.running).try_acquire_owned() {
            return Ok(place);
        }
        match timeout(self.request_timeout, Arc::clone(&self.running).acquire_owned()).await {
            Ok(Ok(place)) => Ok(place),
            _ => Err(Problem::Busy),
        }
    }
}
