//! A thread that serves connections: its requests, its instances and its connections to Redis stay on it, so that nothing
//! waits for another thread, and what they need is in one processor's caches.

use std::{
    io,
    net::{SocketAddr, TcpStream as StdTcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use prometheus_client::metrics::gauge::Gauge;
use tokio::{
    net::TcpStream,
    runtime,
    sync::{AcquireError, OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch},
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

use crate::{
    application::Component,
    connection::Connections,
    instance::Instances,
    memory::Total,
    metrics::{Metrics, OneMore},
    pool::{Hungry, Pool},
    routes::Routes,
    server::Drained,
    service::Service,
    settings::Settings,
};

/// A connection that was accepted.
pub(crate) struct Client {
    pub stream: StdTcpStream,
    pub address: SocketAddr,
    /// Its place among those that are held.
    pub place: Result<OwnedSemaphorePermit, AcquireError>,
}

/// What all threads of a server have in common.
#[derive(Clone)]
pub(crate) struct Common {
    /// Tells instances that what ends them is no failure.
    pub server_ended: Arc<AtomicBool>,
    pub memory: Arc<Total>,
    pub hungry: Hungry,
    /// Places for requests that run.
    pub running: Arc<Semaphore>,
    pub tls: Option<TlsAcceptor>,
    pub metrics: Arc<Metrics>,
}

/// The thread, as others see it.
pub(crate) struct Worker {
    clients: mpsc::UnboundedSender<Client>,
    held: Arc<AtomicUsize>,
    drained: oneshot::Receiver<Drained>,
}

impl Worker {
    /// Starts it.
    ///
    /// # Errors
    /// There can be no thread, or no event loop for it.
    pub fn start(routes: &Routes<Arc<Component>>, common: &Common, settings: &Settings) -> io::Result<Self> {
        let pools = routes.map(|component| Pool::new(Instances::new(Arc::clone(component), common.clone(), settings)));
        let held = Arc::new(AtomicUsize::new(0));
        let service = Arc::new(Service::new(pools, common.clone(), settings));
        let serving = Serving {
            connections: Arc::new(Connections::new(service, common.tls.clone(), settings)),
            held: Arc::clone(&held),
            open: common.metrics.connections.clone(),
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
        Ok(Self { clients, held, drained })
    }

    /// How many connections it has.
    pub fn connections(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// Whether it takes connections: a thread that panicked takes no more.
    pub fn is_alive(&self) -> bool {
        !self.clients.is_closed()
    }

    /// Gives it a connection.
    pub fn take(&self, client: Client) {
        self.held.fetch_add(1, Ordering::Relaxed);
        // Where it has just panicked, the connection is closed.
        let _ = self.clients.send(client);
    }

    /// Lets it end what it has begun, from now on.
    pub fn drain(self) -> impl Future<Output = Drained> {
        drop(self.clients);
        async { self.drained.await.unwrap_or(Drained::CutOff) }
    }
}

/// What the thread does.
struct Serving {
    connections: Arc<Connections>,
    held: Arc<AtomicUsize>,
    open: Gauge,
}

impl Serving {
    /// Serves all clients until no more come, then waits for the requests that have begun.
    async fn run(self, mut accepted: mpsc::UnboundedReceiver<Client>, drain_timeout: Duration) -> Drained {
        let (ending, is_ending) = watch::channel(false);
        let mut tasks = JoinSet::new();
        loop {
            let client = tokio::select! {
                client = accepted.recv() => client,
                // So that what has ended is forgotten.
                Some(_) = tasks.join_next() => continue,
            };
            let Some(Client { stream, address, place }) = client else { break };
            let here = (Here(Arc::clone(&self.held)), OneMore::of(&self.open));
            // It fails only on a connection that is gone already.
            let Ok(stream) = TcpStream::from_std(stream) else { continue };
            let (connections, is_ending) = (Arc::clone(&self.connections), is_ending.clone());
            tasks.spawn(async move {
                connections.serve(stream, address, is_ending).await;
                drop((place, here));
            });
        }
        ending.send_replace(true);
        match tokio::time::timeout(drain_timeout, async { while tasks.join_next().await.is_some() {} }).await {
            Ok(()) => Drained::Cleanly,
            Err(_) => Drained::CutOff,
        }
    }
}

/// A connection among those of its thread.
struct Here(Arc<AtomicUsize>);

impl Drop for Here {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
