//! One request, from its head to the component and back.

use std::{
    str::FromStr as _,
    sync::PoisonError,
    time::{Duration, Instant},
};

use http::{Method, Request, Response, StatusCode, Uri, Version, header, uri::Authority, uri::Scheme};
use hyper::body::Incoming;
use tokio::sync::{Semaphore, SemaphorePermit};
use wasmtime::PoolConcurrencyLimitError;
use wasmtime_wasi_http::{
    WasiBody,
    handler::{ExpirationError, InstantiationError, ProxyHandler, TrapOrPanicError},
};

use crate::{
    body::{self, bounded, linger},
    engine::one_line,
    instance::Instances,
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
    running: Semaphore,
    max_body_bytes: u64,
    request_timeout: Duration,
    stderr: Sink,
}

impl Service {
    pub fn new(routes: Routes<ProxyHandler<Instances>>, settings: &Settings) -> Self {
        Self {
            routes,
            running: Semaphore::new(settings.max_requests),
            max_body_bytes: settings.max_body_bytes,
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
        let handler = self.routes.find(request.uri().path()).ok_or(Problem::NoRoute)?;
        let (mut head, body) = request.into_parts();
        let too_large = Problem::BodyTooLarge(self.max_body_bytes);
        let body = bounded(body, self.max_body_bytes).map_err(|body| {
            linger(body);
            too_large
        })?;
        name_host(&mut head)?;
        let _running = self.permit().await?;
        let answer = self.handle(handler, Request::from_parts(head, body.body)).await;
        if body.overrun.happened() {
            return Err(too_large);
        }
        answer
    }

    /// Hands a request to an instance, and waits for one while as many exist as may.
    async fn handle(
        &self,
        handler: &ProxyHandler<Instances>,
        mut request: Request<WasiBody>,
    ) -> Result<Response<WasiBody>, Problem> {
        let begun = Instant::now();
        loop {
            let error = match handler.handle((), request).await {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            let failed = error.downcast::<InstantiationError<()>>().map_err(|error| self.explain(&error))?;
            if !failed.error.is::<PoolConcurrencyLimitError>() {
                self.stderr.log(format_args!("an instance could not be made: {}", one_line(&failed.error)));
                return Err(Problem::Failed);
            }
            if begun.elapsed() >= self.request_timeout {
                self.stderr.log("a request was refused, all instances are in use: see --max-instances");
                return Err(Problem::Busy);
            }
            request = failed.request.into_inner().unwrap_or_else(PoisonError::into_inner);
            tokio::time::sleep(INSTANCE_PAUSE).await;
        }
    }

    /// Waits for a place among the running requests.
    async fn permit(&self) -> Result<SemaphorePermit<'_>, Problem> {
        if let Ok(permit) = self.running.try_acquire() {
            return Ok(permit);
        }
        match tokio::time::timeout(self.request_timeout, self.running.acquire()).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(Problem::Busy),
        }
    }

    /// Logs why the component has no answer, and says what to answer instead.
    fn explain(&self, error: &wasmtime::Error) -> Problem {
        if error.is::<TrapOrPanicError>() {
            // The instance logs the cause when it goes.
            return Problem::Failed;
        }
        if error.is::<ExpirationError>() {
            self.stderr.log("a request took too long: see --request-timeout");
            return Problem::TimedOut;
        }
        self.stderr.log(format_args!("a request failed: {}", one_line(error)));
        Problem::Failed
    }
}

/// Puts the host that the client named into the target, where the component looks for it: WASI hides the `Host` header.
fn name_host(head: &mut http::request::Parts) -> Result<(), Problem> {
    let mut hosts = head.headers.get_all(header::HOST).iter();
    let named = match (hosts.next(), hosts.next()) {
        (None, _) => None,
        (Some(host), None) => {
            let host = host.to_str().ok().and_then(|host| Authority::from_str(host).ok());
            Some(host.ok_or(Problem::BadAuthority)?)
        }
        (Some(_), Some(_)) => return Err(Problem::BadAuthority),
    };
    let mut target = std::mem::take(&mut head.uri).into_parts();
    target.authority = match (target.authority, named) {
        (None, None) if head.version >= Version::HTTP_11 => return Err(Problem::BadAuthority),
        (Some(target), Some(named)) if target != named => return Err(Problem::BadAuthority),
        (target, named) => target.or(named),
    };
    target.scheme = target.authority.is_some().then_some(Scheme::HTTP);
    // Every part was part of a target already, but `*` and `CONNECT`'s form do not go with an authority.
    head.uri = Uri::from_parts(target).map_err(|_| Problem::BadAuthority)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(target: &str, hosts: &[&str], version: Version) -> Option<String> {
        let mut request = Request::builder().uri(target).version(version);
        for host in hosts {
            request = request.header(header::HOST, *host);
        }
        let mut head = request.body(()).expect("a request").into_parts().0;
        name_host(&mut head).ok().map(|()| head.uri.to_string())
    }

    #[test]
    fn the_host_comes_from_the_header_or_the_target() {
        for (target, hosts, expected) in [
            ("/a?b", &["h:1"][..], Some("http://h:1/a?b")),
            ("http://h:1/a", &[], Some("http://h:1/a")),
            ("http://h:1/a", &["H:1"], Some("http://h:1/a")),
            ("http://h:1/a", &["g"], None),
            ("/", &["h", "h"], None),
            ("/", &["a b"], None),
            ("/", &[""], None),
            ("/", &[], None),
        ] {
            assert_eq!(named(target, hosts, Version::HTTP_11).as_deref(), expected, "{target} {hosts:?}");
        }
        assert_eq!(named("/a", &[], Version::HTTP_10).as_deref(), Some("/a"));
    }
}
