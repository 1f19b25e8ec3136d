//! A client's connection: which protocol it speaks, and how it is served until it ends.

use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use http::{HeaderName, HeaderValue, Request, Response};
use hyper::{
    body::Incoming,
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::graceful::GracefulConnection,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::watch,
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;
use wasmtime_wasi_http::WasiBody;

use crate::{service::Service, settings::Settings, stream::ClientStream, tls::HTTP2};

/// The header in which Spin, too, tells the component who its client is, whatever the client says itself.
const CLIENT_ADDRESS: HeaderName = HeaderName::from_static("spin-client-addr");
/// Requests at once on one connection of HTTP/2.
const MAX_CONCURRENT_STREAMS: u32 = 256;

/// How connections are served.
pub(crate) struct Connections {
    service: Arc<Service>,
    http1: http1::Builder,
    http2: http2::Builder<TokioExecutor>,
    tls: Option<TlsAcceptor>,
    idle_timeout: Duration,
    write_timeout: Duration,
}

impl Connections {
    pub fn new(service: Arc<Service>, tls: Option<TlsAcceptor>, settings: &Settings) -> Self {
        // Twice the limit, so that a head beyond it is answered in words: from hyper, which gives up on what it has no
        // room for, a bare 431 or 414 is all that comes.
        // Without `pipeline_flush`: with it, hyper 1.12 closes a connection whose request it cannot read without sending
        // its 400, 414 or 431.
        let mut http1 = http1::Builder::new();
        http1
            .timer(TokioTimer::new())
            .header_read_timeout(settings.header_read_timeout)
            .max_buf_size(2 * settings.http1_max_buf_size)
            .max_headers(settings.max_headers);
        let mut http2 = http2::Builder::new(TokioExecutor::new());
        http2
            .timer(TokioTimer::new())
            .max_concurrent_streams(MAX_CONCURRENT_STREAMS)
            .max_header_list_size(u32::try_from(2 * settings.http1_max_buf_size).unwrap_or(u32::MAX))
            // A client that has gone without a word is found out.
            .keep_alive_interval(settings.header_read_timeout)
            .keep_alive_timeout(settings.header_read_timeout);
        Self {
            service,
            http1,
            http2,
            tls,
            idle_timeout: settings.header_read_timeout,
            write_timeout: settings.write_timeout,
        }
    }

    /// Serves a connection until it ends, or until `ending` says so and its requests are answered. What goes wrong on it
    /// is between its client and hyper, which has answered it.
    pub async fn serve(&self, stream: TcpStream, client: SocketAddr, ending: watch::Receiver<bool>) {
        // It fails only on a connection that is gone already.
        let _ = self.try_serve(stream, client, ending).await;
    }

    async fn try_serve(&self, stream: TcpStream, client: SocketAddr, ending: watch::Receiver<bool>) -> io::Result<()> {
        // A response in two writes must not wait for the client's delayed acknowledgement.
        stream.set_nodelay(true)?;
        let mut stream = ClientStream::new(stream, self.write_timeout);
        match &self.tls {
            None => {
                let is_http2 = timeout(self.idle_timeout, stream.begins_http2()).await??;
                self.speak(stream, is_http2, client, ending).await;
            }
            Some(tls) => {
                let stream = timeout(self.idle_timeout, tls.accept(stream)).await??;
                let is_http2 = stream.get_ref().1.alpn_protocol() == Some(HTTP2);
                self.speak(stream, is_http2, client, ending).await;
            }
        }
        Ok(())
    }

    async fn speak(
        &self,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        is_http2: bool,
        client: SocketAddr,
        mut ending: watch::Receiver<bool>,
    ) {
        let requests = Arc::<Requests>::default();
        let running = Arc::clone(&requests);
        let service = Arc::clone(&self.service);
        let client = HeaderValue::try_from(client.to_string()).ok();
        let respond = service_fn(move |mut request: Request<Incoming>| {
            let (service, request_runs) = (Arc::clone(&service), running.begin());
            if let Some(client) = &client {
                request.headers_mut().insert(CLIENT_ADDRESS, client.clone());
            }
            async move {
                let response: Response<WasiBody> = service.respond(request).await;
                drop(request_runs);
                Ok::<_, Infallible>(response)
            }
        });
        let ended = async move {
            // The sender goes with the thread that serves.
            let _ = ending.wait_for(|is_ending| *is_ending).await;
        };
        let stream = TokioIo::new(stream);
        if is_http2 {
            let ended = async {
                tokio::select! {
                    () = ended => {}
                    () = requests.rest(self.idle_timeout) => {}
                }
            };
            until_end(self.http2.serve_connection(stream, respond), ended).await;
        } else {
            // hyper itself ends one that is idle.
            until_end(self.http1.serve_connection(stream, respond), ended).await;
        }
    }
}

/// Serves a connection; once `ended` is done, only what it has begun.
async fn until_end(connection: impl GracefulConnection, ended: impl Future<Output = ()>) {
    let mut connection = pin!(connection);
    tokio::select! {
        biased;
        _ = connection.as_mut() => return,
        () = ended => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

/// The requests of a connection of HTTP/2, by which it is seen to be idle.
#[derive(Default)]
struct Requests {
    begun: AtomicUsize,
    running: AtomicUsize,
}

impl Requests {
    fn begin(self: &Arc<Self>) -> Running {
        self.begun.fetch_add(1, Ordering::Relaxed);
        self.running.fetch_add(1, Ordering::Relaxed);
        Running(Arc::clone(self))
    }

    /// Waits until nothing was asked for so long, or up to twice that.
    async fn rest(&self, time: Duration) {
        loop {
            let before = self.begun.load(Ordering::Relaxed);
            sleep(time).await;
            if self.begun.load(Ordering::Relaxed) == before && self.running.load(Ordering::Relaxed) == 0 {
                return;
            }
        }
    }
}

/// A request, until its answer begins.
struct Running(Arc<Requests>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}
