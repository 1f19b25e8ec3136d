//! One request, from its head to the component and back.

use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep, timeout, timeout_at},
};
use wasmtime::PoolConcurrencyLimitError;
use wasmtime_wasi_http::{
    WasiBody,
    handler::{ExpirationError, InstantiationError, ProxyHandler, TrapOrPanicError},
};

use crate::{
    body::{self, BodyLimits, bounded, linger},
    engine::one_line,
    head::{HeadLimits, check_coding, name_host},
    instance::Instances,
    memory::Full,
    output::Sink,
    problem::Problem,
    routes::Routes,
    settings::Settings,
};

/// How long a request waits before it asks again for an instance, when as many exist as may.
const INSTANCE_PAUSE: Duration = Duration::from_millis(2);

/// What answers requests.
pub(crate) struct Service {
    routes: Routes<ProxyHandler<Instances>>,
    running: Arc<Semaphore>,
    head_limits: HeadLimits,
    body_limits: BodyLimits,
    request_timeout: Duration,
    stderr: Sink,
}

impl Service {
    pub fn new(routes: Routes<ProxyHandler<Instances>>, settings: &Settings) -> Self {
        Self {
            routes,
            running: Arc::new(Semaphore::new(settings.max_requests)),
            head_limits: HeadLimits::new(settings),
            body_limits: BodyLimits { bytes: settings.max_body_bytes, timeout: settings.body_read_timeout },
            request_timeout: settings.request_timeout,
            stderr: settings.stderr.clone(),
        }
    }

    /// Answers a request: the component does, or the host with a problem.
    pub async fn respond(&self, request: Request<Incoming>) -> Response<WasiBody> {
        let is_head = request.method() == Method::HEAD;
        let response = self.run(request).await.unwrap_or_else(Problem::response);
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
        let handler = self.routes.find(head.uri.path()).ok_or(Problem::NoRoute)?;
        let body = bounded(body, self.body_limits).map_err(|body| {
            linger(body);
            Problem::BodyTooLarge(self.body_limits.bytes)
        })?;
        name_host(&mut head)?;
        let place = self.place().await?;
        let answer = self.handle(handler, place, Request::from_parts(head, body.body)).await;
        body.fault.problem().map_or(answer, Err)
    }

    /// Hands a request to an instance, and waits for one while as many exist as may.
    async fn handle(
        &self,
        handler: &ProxyHandler<Instances>,
        mut place: OwnedSemaphorePermit,
        mut request: Request<WasiBody>,
    ) -> Result<Response<WasiBody>, Problem> {
        let deadline = Instant::now() + self.request_timeout;
        loop {
            // The instance has the same time limit, but notices it only while no other request keeps it from doing so.
            let error = match timeout_at(deadline, handler.handle(place, request)).await {
                Ok(Ok(response)) => return Ok(response),
                Ok(Err(error)) => error,
                Err(_) => return Err(self.timed_out()),
            };
            let failed = error.downcast::<InstantiationError<_>>().map_err(|error| self.explain(&error))?;
            if !failed.error.is::<PoolConcurrencyLimitError>() && !failed.error.is::<Full>() {
                self.stderr.log(format_args!("an instance could not be made: {}", one_line(&failed.error)));
                return Err(Problem::Failed);
            }
            if Instant::now() + INSTANCE_PAUSE >= deadline {
                self.stderr
                    .log(format_args!("a request was refused for want of an instance: {}", one_line(&failed.error)));
                return Err(Problem::Busy);
            }
            request = failed.request.into_inner().unwrap_or_else(PoisonError::into_inner);
            place = failed.request_data;
            sleep(INSTANCE_PAUSE).await;
        }
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

    fn timed_out(&self) -> Problem {
        self.stderr.log("a request took too long: see --request-timeout");
        Problem::TimedOut
    }

    /// Logs why the component has no answer, and says what to answer instead.
    fn explain(&self, error: &wasmtime::Error) -> Problem {
        if error.is::<TrapOrPanicError>() {
            // The instance logs the cause when it goes.
            return Problem::Failed;
        }
        if error.is::<ExpirationError>() {
            return self.timed_out();
        }
        self.stderr.log(format_args!("a request failed: {}", one_line(error)));
        Problem::Failed
    }
}
