//! A thread that serves connections: its requests, its instances and its connections to Redis stay on it, so that nothing
//! waits for another thread, and what they need is in one processor's caches.

use std::{
    convert::Infallible,
    io,
    net::{SocketAddr, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use http::{HeaderName, HeaderValue, Request};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulConnection, GracefulShutdown},
};
use tokio::{
    runtime,
    sync::{AcquireError, OwnedSemaphorePermit, Semaphore, mpsc, oneshot},
};

use crate::{
    application::Component,
    instance::Instances,
    memory::Total,
    pool::{Hungry, Pool},
    routes::Routes,
    server::Drained,
    service::Service,
    settings::Settings,
    stream::ClientStream,
};

/// A connection that was accepted.
pub(crate) struct Client {
    pub stream: TcpStream,
    pub address: SocketAddr,
    /// Its place among those that are held.
    pub place: Result<OwnedSemaphorePermit, AcquireError>,
}

/// The thread, as others see it.
pub(crate) struct Worker {
    clients: mpsc::UnboundedSender<Client>,
    connections: Arc<AtomicUsize>,
    drained: oneshot::Receiver<Drained>,
}

impl Worker {
    /// Starts it.
    ///
    /// # Errors
    /// There can be no thread, or no event loop for it.
    pub fn start(
        routes: &Routes<Arc<Component>>,
        server_ended: &Arc<AtomicBool>,
        memory: &Arc<Total>,
        hungry: &Hungry,
        running: &Arc<Semaphore>,
        settings: &Settings,
    ) -> io::Result<Self> {
        let pools = routes.map(|component| {
            let (component, ended, memory) = (Arc::clone(component), Arc::clone(server_ended), Arc::clone(memory));
            Pool::new(Instances::new(component, ended, memory, hungry.clone(), settings))
        });
        let connections = Arc::new(AtomicUsize::new(0));
        let serving = Serving {
            service: Arc::new(Service::new(pools, Arc::clone(running), settings)),
            http: http(settings),
            write_timeout: settings.write_timeout,
            connections: Arc::clone(&connections),
        };
        let (clients, accepted) = mpsc::unbounded_channel();
        let (ended, drained) = oneshot::channel();
        let drain_timeout = settings.drain_timeout;
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        thread::Builder::new().name("worker".to_owned()).spawn(move || {
            let drained = runtime.block_on(serving.run(accepted, drain_timeout));
            // What still runs, runs for nobody; a look-up of a name is not waited for.
            runtime.shutdown_background();
            // Nobody may wait for it.
            let _ = ended.send(drained);
        })?;
        Ok(Self { clients, connections, drained })
    }

    /// How many connections it has.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Whether it takes connections: a thread that panicked takes no more.
    pub fn is_alive(&self) -> bool {
        !self.clients.is_closed()
    }

    /// Gives it a connection.
    pub fn take(&self, client: Client) {
        self.connections.fetch_add(1, Ordering::Relaxed);
        // Where it has just panicked, the connection is closed.
        let _ = self.clients.send(client);
    }

    /// Lets it end what it has begun, from now on.
    pub fn drain(self) -> impl Future<Output = Drained> {
        drop(self.clients);
        async { self.drained.await.unwrap_or(Drained::CutOff) }
    }
}

fn http(settings: &Settings) -> http1::Builder {
    // Twice the limit, so that a head beyond it is answered in words: from hyper, which gives up on what it has no room
    // for, a bare 431 or 414 is all that comes.
    // Without `pipeline_flush`: with it, hyper 1.12 closes a connection whose request it cannot read without sending
    // its 400, 414 or 431.
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(settings.header_read_timeout)
        .max_buf_size(2 * settings.http1_max_buf_size)
        .max_headers(settings.max_headers);
    http
}

/// What the thread does.
struct Serving {
    service: Arc<Service>,
    http: http1::Builder,
    write_timeout: Duration,
    connections: Arc<AtomicUsize>,
}

impl Serving {
    /// Serves all clients until no more come, then waits for the requests that have begun.
    async fn run(self, mut accepted: mpsc::UnboundedReceiver<Client>, drain_timeout: Duration) -> Drained {
        let graceful = GracefulShutdown::new();
        while let Some(Client { stream, address, place }) = accepted.recv().await {
            let here = Here(Arc::clone(&self.connections));
            // It fails only on a connection that is gone already.
            let Ok(connection) = self.connection(stream, address) else { continue };
            let connection = graceful.watch(connection);
            tokio::spawn(async move {
                // What goes wrong on a connection is between its client and hyper, which has answered it.
                let _ = connection.await;
                drop((place, here));
            });
        }
        match tokio::time::timeout(drain_timeout, graceful.shutdown()).await {
            Ok(()) => Drained::Cleanly,
            Err(_) => Drained::CutOff,
        }
    }

    fn connection(
        &self,
        stream: TcpStream,
        client: SocketAddr,
    ) -> io::Result<impl GracefulConnection<Error = hyper::Error> + Send + use<>> {
        let stream = tokio::net::TcpStream::from_std(stream)?;
        // A response in two writes must not wait for the client's delayed acknowledgement.
        stream.set_nodelay(true)?;
        let service = Arc::clone(&self.service);
        let client = HeaderValue::try_from(client.to_string()).ok();
        let respond = service_fn(move |mut request: Request<Incoming>| {
            let service = Arc::clone(&service);
            if let Some(client) = &client {
                request.headers_mut().insert(CLIENT_ADDRESS, client.clone());
            }
            async move { Ok::<_, Infallible>(service.respond(request).await) }
        });
        Ok(self.http.serve_connection(TokioIo::new(ClientStream::new(stream, self.write_timeout)), respond))
    }
}

/// A connection among those of its thread.
struct Here(Arc<AtomicUsize>);

impl Drop for Here {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The header in which Spin, too, tells the component who its client is, whatever the client says itself.
const CLIENT_ADDRESS: HeaderName = HeaderName::from_static("spin-client-addr");
