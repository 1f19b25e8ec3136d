//! The listening socket, its connections, and how they end.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use http::{HeaderName, HeaderValue, Request};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulConnection, GracefulShutdown},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use wasmtime_wasi_http::handler::ProxyHandler;

use crate::{
    application::Application, error::Error, instance::Instances, memory::Total, output::Sink, service::Service,
    settings::Settings, stream::ClientStream,
};

/// How long no connection is accepted after the system refused one, for instance for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// An application on a listening socket.
pub struct Server {
    application: Application,
    listener: TcpListener,
    address: SocketAddr,
    service: Arc<Service>,
    http: http1::Builder,
    max_connections: usize,
    write_timeout: Duration,
    drain_timeout: Duration,
    stderr: Sink,
    _ending: Ending,
}

/// Tells the instances that what ends them from now on is the end of the server.
struct Ending(Arc<AtomicBool>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// How a server ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Drained {
    /// Every request that had begun was answered.
    Cleanly,
    /// Some were cut off by the time limit.
    CutOff,
}

impl Server {
    /// Listens on the address in `settings` and serves nothing yet.
    ///
    /// # Errors
    ///
    /// A setting makes no sense, the address cannot be had, or it is not loopback while a variable still has a value
    /// for local use.
    pub async fn bind(application: Application, settings: &Settings) -> Result<Self, Error> {
        settings.check()?;
        refuse_local_values(settings.listen, application.local_only.as_deref())?;
        let wrong = |source| Error::Listen { address: settings.listen, source };
        let listener = TcpListener::bind(settings.listen).await.map_err(wrong)?;
        let address = listener.local_addr().map_err(wrong)?;
        let ended = Arc::new(AtomicBool::new(false));
        let memory = Total::new(settings.max_memory);
        let routes = application.routes.map(|component| {
            let (component, ended, memory) = (Arc::clone(component), Arc::clone(&ended), Arc::clone(&memory));
            ProxyHandler::new(Instances::new(component, ended, memory, settings))
        });
        // Twice the limit, so that a head beyond it is answered in words: from hyper, which gives up on what it has no room
        // for, a bare 431 or 414 is all that comes.
        // Without `pipeline_flush`: with it, hyper 1.12 closes a connection whose request it cannot read without sending
        // its 400, 414 or 431.
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(settings.header_read_timeout)
            .max_buf_size(2 * settings.http1_max_buf_size)
            .max_headers(settings.max_headers);
        Ok(Self {
            application,
            listener,
            address,
            service: Arc::new(Service::new(routes, settings)),
            http,
            max_connections: settings.max_connections,
            write_timeout: settings.write_timeout,
            drain_timeout: settings.drain_timeout,
            stderr: settings.stderr.clone(),
            _ending: Ending(ended),
        })
    }

    /// The address that it listens on, with the real port.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// What is served where, in one line.
    #[must_use]
    pub fn summary(&self) -> String {
        format!("serving {} on http://{}: {}", self.application.title, self.address, self.application.summary)
    }

    /// Serves until `shutdown` is done, then accepts no more and waits for the requests that have begun, at most for
    /// the time in the settings.
    pub async fn serve(self, shutdown: impl Future<Output = ()>) -> Drained {
        let graceful = GracefulShutdown::new();
        let places = Arc::new(Semaphore::new(self.max_connections));
        let accepting = async {
            loop {
                // The semaphore is never closed.
                let place = Arc::clone(&places).acquire_owned().await;
                let (stream, client) = self.accept().await;
                let connection = graceful.watch(self.connection(stream, client));
                tokio::spawn(async move {
                    // What goes wrong on a connection is between its client and hyper, which has answered it.
                    let _ = connection.await;
                    drop(place);
                });
            }
        };
        tokio::select! {
            () = shutdown => {}
            () = accepting => {}
        }
        drop(self.listener);
        match tokio::time::timeout(self.drain_timeout, graceful.shutdown()).await {
            Ok(()) => Drained::Cleanly,
            Err(_) => Drained::CutOff,
        }
    }

    async fn accept(&self) -> (TcpStream, SocketAddr) {
        loop {
            match self.listener.accept().await {
                Ok(accepted) => return accepted,
                Err(error) => {
                    self.stderr.log(format_args!("cannot accept a connection: {error}"));
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn connection(
        &self,
        stream: TcpStream,
        client: SocketAddr,
    ) -> impl GracefulConnection<Error = hyper::Error> + Send + use<> {
        // A response in two writes must not wait for the client's delayed acknowledgement. It fails only on a
        // connection that is gone already.
        let _ = stream.set_nodelay(true);
        let service = Arc::clone(&self.service);
        let client = HeaderValue::try_from(client.to_string()).ok();
        let respond = service_fn(move |mut request: Request<Incoming>| {
            let service = Arc::clone(&service);
            if let Some(client) = &client {
                request.headers_mut().insert(CLIENT_ADDRESS, client.clone());
            }
            async move { Ok::<_, Infallible>(service.respond(request).await) }
        });
        self.http.serve_connection(TokioIo::new(ClientStream::new(stream, self.write_timeout)), respond)
    }
}

/// The header in which Spin, too, tells the component who its client is, whatever the client says itself.
const CLIENT_ADDRESS: HeaderName = HeaderName::from_static("spin-client-addr");

/// Refuses to serve others while `variable` has a value that is in the repository for everyone to read.
fn refuse_local_values(address: SocketAddr, variable: Option<&str>) -> Result<(), Error> {
    match variable {
        Some(variable) if !address.ip().to_canonical().is_loopback() => {
            Err(Error::LocalOnly { address, variable: variable.to_owned() })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_for_local_use_are_not_served_to_others() {
        for (address, refused) in [
            ("127.0.0.1:80", false),
            ("127.9.9.9:80", false),
            ("[::1]:80", false),
            ("[::ffff:127.0.0.1]:80", false),
            ("0.0.0.0:80", true),
            ("[::]:80", true),
            ("10.0.0.1:80", true),
        ] {
            let address = address.parse().expect("an address");
            refuse_local_values(address, None).expect("nothing to refuse");
            let result = refuse_local_values(address, Some("api_token"));
            assert_eq!(result.is_err(), refused, "{address}");
            if let Err(error) = result {
                assert!(error.to_string().contains("api_token"), "{error}");
            }
        }
    }
}
