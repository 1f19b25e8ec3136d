//! The listening socket, the threads that serve its connections, and how they end.

use std::{
    net::SocketAddr,
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use tokio::{net::TcpListener, sync::Semaphore, task::JoinSet};

use crate::{
    application::Application,
    error::Error,
    memory::Total,
    metrics::{Endpoint, Metrics},
    pool::Hungry,
    settings::Settings,
    tls,
    worker::{Client, Common, Worker},
};

/// How long no connection is accepted after the system refused one, for instance for want of file descriptors.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// An application on a listening socket.
pub struct Server {
    application: Application,
    listener: TcpListener,
    address: SocketAddr,
    settings: Settings,
    workers: Vec<Worker>,
    metrics: Option<Endpoint>,
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
    /// Listens on the address in `settings`, starts the threads, and serves nothing yet.
    ///
    /// # Errors
    ///
    /// A setting makes no sense, the address cannot be had, it is not loopback while a variable still has a value
    /// for local use, or a thread cannot be started.
    pub async fn bind(application: Application, settings: &Settings) -> Result<Self, Error> {
        settings.check()?;
        refuse_local_values(settings.listen, application.local_only.as_deref())?;
        let tls = settings.tls.as_ref().map(tls::acceptor).transpose()?;
        let wrong = |source| Error::Listen { address: settings.listen, source };
        let listener = TcpListener::bind(settings.listen).await.map_err(wrong)?;
        let address = listener.local_addr().map_err(wrong)?;
        let common = Common {
            server_ended: Arc::new(AtomicBool::new(false)),
            memory: Total::new(settings.max_memory),
            hungry: Hungry::default(),
            running: Arc::new(Semaphore::new(settings.max_requests)),
            tls,
            metrics: Arc::new(Metrics::new()),
        };
        // Each needs an instance of its own, or they take turns.
        let most = usize::try_from(settings.max_instances).unwrap_or(usize::MAX);
        let count = settings.workers.or(thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get).min(most);
        let start = |_| Worker::start(&application.routes, &common, settings);
        let workers = (0..count).map(start).collect::<Result<_, _>>();
        let metrics = match settings.metrics_listen {
            None => None,
            Some(address) => {
                let wrong = |source| Error::Listen { address, source };
                Some(Endpoint::bind(address, common.metrics).await.map_err(wrong)?)
            }
        };
        Ok(Self {
            metrics,
            workers: workers.map_err(|error| Error::Setting(format!("cannot start {count} threads: {error}")))?,
            application,
            listener,
            address,
            settings: settings.clone(),
            _ending: Ending(common.server_ended),
        })
    }

    /// The address that it listens on, with the real port.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The address at which the metrics are, with the real port.
    #[must_use]
    pub fn metrics_addr(&self) -> Option<SocketAddr> {
        self.metrics.as_ref().and_then(|endpoint| endpoint.address().ok())
    }

    /// What is served where, in one line.
    #[must_use]
    pub fn summary(&self) -> String {
        let scheme = if self.settings.tls.is_some() { "https" } else { "http" };
        let metrics =
            self.metrics_addr().map_or_else(String::new, |address| format!("; metrics on http://{address}/metrics"));
        let Application { title, summary, .. } = &self.application;
        format!("serving {title} on {scheme}://{}: {summary}{metrics}", self.address)
    }

    /// Serves until `shutdown` is done, then accepts no more and waits for the requests that have begun, at most for
    /// the time in the settings.
    pub async fn serve(mut self, shutdown: impl Future<Output = ()>) -> Drained {
        // Until the end: an operator watches it drain.
        let mut beside = JoinSet::new();
        if let Some(metrics) = self.metrics.take() {
            beside.spawn(async move { metrics.serve().await });
        }
        tokio::select! {
            () = shutdown => {}
            () = self.accept_all() => {}
        }
        drop(self.listener);
        // Each of them drains, beside the others.
        let mut drained = Drained::Cleanly;
        let draining: Vec<_> = self.workers.drain(..).map(Worker::drain).collect();
        for worker in draining {
            if worker.await == Drained::CutOff {
                drained = Drained::CutOff;
            }
        }
        drained
    }

    /// Hands each connection to the thread that has the fewest.
    async fn accept_all(&self) {
        let places = Arc::new(Semaphore::new(self.settings.max_connections));
        loop {
            // The semaphore is never closed.
            let place = Arc::clone(&places).acquire_owned().await;
            let (stream, address) = self.accept().await;
            let alive = self.workers.iter().filter(|worker| worker.is_alive());
            if let Some(worker) = alive.min_by_key(|worker| worker.connections()) {
                worker.take(Client { stream, address, place });
            }
        }
    }

    async fn accept(&self) -> (std::net::TcpStream, SocketAddr) {
        loop {
            let accepted = self.listener.accept().await.and_then(|(stream, address)| Ok((stream.into_std()?, address)));
            match accepted {
                Ok(accepted) => return accepted,
                Err(error) => {
                    self.settings.stderr.log(format_args!("cannot accept a connection: {error}"));
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

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
